"""What is spent, written down before it is: across runs, kills, and keys that turn out to share a project."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import Key, KeyDead, Slot
from ghibli_prep.captioning.days import next_reset, pacific_day
from ghibli_prep.captioning.posts import Ask
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.ledger import AHEAD, Ledger, name_of, remind
from ghibli_prep.settings import Limits
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace, quota
from ghibli_prep.workspace.quota import Spent

NOON = datetime.fromisoformat("2026-06-10T12:00:00-07:00").timestamp()
TODAY = pacific_day(NOON)
ALONE = (Key(1, "K1", "first"), Key(2, "K2", "second"))
TOGETHER = (Key(1, "K1", "first", "mine"), Key(2, "K2", "second", "mine"))


def rota_of(keys: tuple[Key, ...], **limits: int) -> Rota:
    return Rota([Slot(key, "m") for key in keys], "parallel-all", [5], 8, {"m": Limits(**limits)})


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path, hash_file) as held:
        yield held


def on_disk(workspace: Workspace) -> dict[str, Spent]:
    return quota.read(workspace.state / "quota.json")


def send(rota: Rota, ledger: Ledger, now: float) -> bool:
    turn = rota.turn(now)
    if isinstance(turn, Ask):
        rota.sent(turn.slot, now)
        ledger.reserve(turn.slot, now)
        rota.hung_up(turn.slot)
    return isinstance(turn, Ask)


@pytest.mark.parametrize(("rpd", "ahead"), [(None, AHEAD), (20, 1), (250, 5), (10_000, AHEAD)])
def test_what_a_kill_leaves_counts_every_request_sent_and_only_a_few_more(
    workspace: Workspace, rpd: int | None, ahead: int
) -> None:
    rota = rota_of(ALONE[:1], **({"rpd": rpd} if rpd else {}))
    ledger, writes = Ledger(workspace, rota), set()
    (slot,) = rota.posts
    for sent in range(1, (rpd or 60) + 1):
        rota.sent(slot, NOON + sent)
        ledger.reserve(slot, NOON + sent)
        kept = on_disk(workspace)[name_of(slot)].asked
        writes.add(kept)
        assert sent <= kept < sent + ahead
        assert kept <= (rpd or 10**9)
        rota.hung_up(slot)
    assert len(writes) <= (rpd or 60) / ahead + 1
    ledger.settle()
    ledger.save(NOON)
    assert on_disk(workspace)[name_of(slot)].asked == (rpd or 60)


def test_the_count_begins_anew_with_the_pacific_day(workspace: Workspace) -> None:
    rota = rota_of(ALONE[:1], rpd=500)
    ledger = Ledger(workspace, rota)
    assert send(rota, ledger, NOON) and send(rota, ledger, next_reset(NOON))
    (kept,) = on_disk(workspace).values()
    assert kept.day == pacific_day(next_reset(NOON)) > TODAY
    assert 1 <= kept.asked <= AHEAD


def test_the_next_run_goes_on_with_the_count_of_the_project(workspace: Workspace) -> None:
    rota = rota_of(TOGETHER, rpd=5)
    ledger = Ledger(workspace, rota)
    while send(rota, ledger, NOON):
        pass
    assert list(on_disk(workspace)) == ["project mine/m"]
    again = rota_of(TOGETHER[1:], rpd=5)  # with one key of the two
    remind(again, on_disk(workspace), NOON + 60)
    assert not isinstance(again.turn(NOON + 60), Ask)


@given(st.integers(0, 30), st.integers(0, 30), st.sampled_from([TODAY, "2026-06-09"]))
def test_keys_that_turn_out_to_share_a_project_bring_along_what_each_has_spent(one: int, two: int, day: str) -> None:
    before = {
        name_of(Slot(ALONE[0], "m")): Spent(TODAY, one),
        name_of(Slot(ALONE[1], "m")): Spent(day, two, NOON - 5, "spent"),
    }
    rota = rota_of(TOGETHER)
    remind(rota, before, NOON)
    (post,) = rota.posts.values()
    assert post.asked == one + (two if day == TODAY else 0)


def test_what_was_brought_along_is_not_brought_along_twice(workspace: Workspace) -> None:
    workspace.save_quota({name_of(Slot(key, "m")): Spent(TODAY, 7) for key in ALONE})
    for run in range(3):
        rota = rota_of(TOGETHER, rpd=50)
        remind(rota, workspace.quota, NOON)
        ledger = Ledger(workspace, rota)
        assert send(rota, ledger, NOON)
        ledger.settle()
        ledger.save(NOON)
        assert on_disk(workspace)["project mine/m"].asked == 15 + run


def test_a_dead_key_is_kept_with_the_reason_until_it_lives(workspace: Workspace) -> None:
    rota = rota_of(ALONE)
    rota.sent(Slot(ALONE[0], "m"), NOON)
    rota.heard(Slot(ALONE[0], "m"), KeyDead("expired"), NOON, NOON + 1)
    Ledger(workspace, rota).save(NOON)
    assert on_disk(workspace)[ALONE[0].fingerprint].out == "expired"
    assert ALONE[1].fingerprint not in on_disk(workspace)
    Ledger(workspace, rota_of(ALONE)).save(NOON)
    assert on_disk(workspace)[ALONE[0].fingerprint].out == ""
