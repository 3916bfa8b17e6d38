"""Which calls a rule hits: by number, by rhythm, by share, and by whom and what they are about."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest

from ghibli_prep.captioning import groups
from ghibli_prep.sandbox import trouble
from ghibli_prep.sandbox.answers import Asked
from ghibli_prep.sandbox.faults import Faults
from ghibli_prep.sandbox.keyring import Caller, Keyring, fingerprint
from ghibli_prep.sandbox.refusals import Reply
from ghibli_prep.sandbox.settings import Fault, FaultKind, KeySettings, ModelSettings, SandboxSettings

ANN, BOB = Caller("aaaaaaaa", "ann", "p", None), Caller("bbbbbbbb", "bob", "p", None)


def hits(rule: Fault, calls: int, seed: int = 0) -> list[int]:
    faults = Faults((rule,), seed)
    return [number for number in range(1, calls + 1) if faults.next(ANN, "m", "")]


def test_a_rule_hits_the_calls_with_its_numbers() -> None:
    assert hits(Fault(kind="500", calls=(2, 5)), 8) == [2, 5]


def test_a_rule_hits_every_nth_call() -> None:
    assert hits(Fault(kind="500", every=3), 10) == [3, 6, 9]


def test_a_rule_without_numbers_hits_every_call() -> None:
    assert hits(Fault(kind="500"), 3) == [1, 2, 3]


def test_a_share_of_calls_is_hit_the_same_ones_for_the_same_seed() -> None:
    rule = Fault(kind="500", share=0.3)
    assert 240 <= len(hits(rule, 1000)) <= 360
    assert hits(rule, 1000) == hits(rule, 1000) != hits(rule, 1000, seed=1)
    assert hits(Fault(kind="500", share=0.0), 100) == []


def test_a_rule_counts_only_the_calls_that_it_looks_at() -> None:
    rule = Fault(kind="500", calls=(2,), model="m", key="ann", picture="0" * 64)
    faults = Faults((rule,), 0)
    about = [(ANN, "m", "0" * 64), (BOB, "m", "0" * 64), (ANN, "n", "0" * 64), (ANN, "m", ""), (ANN, "m", "0" * 64)]
    assert [faults.next(*call) for call in about] == [None] * 4 + [rule]


def test_a_key_may_be_named_by_its_fingerprint() -> None:
    faults = Faults((Fault(kind="500", key="bbbbbbbb"),), 0)
    assert faults.next(ANN, "m", "") is None
    assert faults.next(BOB, "m", "") is not None


def test_the_first_rule_that_fires_decides_and_the_others_go_on_counting() -> None:
    first, second = Fault(kind="500", calls=(1,)), Fault(kind="503", every=2)
    faults = Faults((first, second), 0)
    assert [faults.next(ANN, "m", "") for _ in range(4)] == [first, second, None, second]


def test_two_keys_of_one_project_share_it_and_unknown_keys_have_their_own() -> None:
    keys = {"a": KeySettings(text="1", project="p"), "b": KeySettings(text="2", project="p")}
    ring = Keyring(SandboxSettings(keys=keys, models={"m": ModelSettings()}))
    assert ring.caller("1").project == ring.caller("2").project == "p"
    assert len({ring.caller(key).project for key in ("3", "4", "1")}) == 3
    assert (ring.caller("1").name, ring.caller("3").name, ring.caller("3").dead) == ("a", "", None)


def test_unknown_keys_are_invalid_where_the_settings_say_so() -> None:
    ring = Keyring(SandboxSettings(accept_unknown_keys=False, keys={"a": KeySettings(text="1")}))
    assert (ring.caller("1").dead, ring.caller("2").dead) == (None, "invalid")


def test_fingerprints_are_those_of_the_rest_of_the_program() -> None:
    from ghibli_prep.captioning import Key

    assert fingerprint("AQ.x") == Key(1, "GEMINI_API_KEY_1", "AQ.x").fingerprint


JSON_KINDS: tuple[FaultKind, ...] = ("json_cut", "json_count", "json_swapped")


@pytest.mark.parametrize("kind", JSON_KINDS)
def test_faults_of_an_answer_for_several_pictures_make_it_one_that_is_never_taken(kind: FaultKind) -> None:
    fault, whole = Fault(kind=kind), groups.written(["a", "b", "c"])
    assert isinstance(groups.captions(whole, 3), list)
    assert isinstance(groups.captions(trouble.garbled(fault, whole), 3), str)
    assert trouble.garbled(fault, "a lone caption") == "a lone caption"
    usual = Reply(200, b"{}", "ok")
    about = Asked("m", 1, 3, 0, enum_numbers=False)
    assert trouble.answer(fault, about, usual) == dataclasses.replace(usual, outcome=kind)


@pytest.mark.parametrize("kind", [kind for kind in get_args(FaultKind) if kind not in JSON_KINDS])
def test_every_kind_of_fault_looks_like_something(kind: FaultKind) -> None:
    usual = Reply(200, b"{} " * 9, "ok")
    scene = trouble.Scene("AQ.secret", "p", "m", "v1beta", "free", ())
    about = Asked("m", 1, 1, 0, enum_numbers=False)
    wrong = trouble.refusal(Fault(kind=kind), scene) or trouble.answer(Fault(kind=kind), about, usual)
    assert wrong.outcome in (kind, "blocked")
    assert dataclasses.replace(wrong, outcome="ok") != usual
    assert "AQ.secret" not in repr(scene)
