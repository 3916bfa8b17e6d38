"""What a run does about each thing that can go wrong with keys, models, quotas, the service and the place."""

from __future__ import annotations

from typing import Any

import pytest

STRATEGIES = ("sequential", "parallel-keys", "parallel-all")
BACKENDS = ("google-genai", "google-generativeai")


def by_model(api: Any) -> list[tuple[str, str]]:
    return [(call.model, call.outcome) for call in api.calls]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_spent_day_pauses_and_a_second_run_probes_each_slot_once_at_most(
    home: Any, sandbox: Any, strategy: str
) -> None:
    api = sandbox(best={"rpd": 1}, next={"rpd": 1})
    home.keys(2, api.url)
    home.settings(f'strategy = "{strategy}"\nmax_in_flight = 2')
    home.frames(*range(6))
    said = home.run("run")
    assert said.code == 75
    assert "Paused: the quota of every key and model is spent. Still to caption: 2 of 6 pictures." in said.err
    assert "The next quota is back at 20" in said.err
    assert len(home.captions) == 4
    assert (home.checkpoint["pending"], home.checkpoint["total_images"]) == (2, 6)
    asked = len(api.calls)
    assert home.run("run").code == 75
    again = [(call.key, call.model) for call in api.calls[asked:]]
    assert len(again) == len(set(again)) <= 4
    slots = home.run("status", "--json").json["slots"]
    assert [bool(slot["spent_until"]) for slot in slots] == [True] * 4


def test_sequential_goes_through_the_models_and_then_the_keys(home: Any, sandbox: Any) -> None:
    api = sandbox(best={"rpd": 2}, next={"rpd": 1})
    home.keys(2, api.url)
    home.settings('strategy = "sequential"')
    home.frames(*range(6))
    assert home.run("run").code == 0
    assert [model for model, outcome in by_model(api) if outcome == "ok"] == ["best"] * 2 + ["next"] + ["best"] * 2 + [
        "next"
    ]
    assert [call.key for call in api.calls] == sorted([call.key for call in api.calls], key=api.calls[0].key.__ne__)


def test_limits_of_the_settings_are_kept_without_asking_in_vain(home: Any, sandbox: Any) -> None:
    api = sandbox(best={"rpd": 2}, next={"rpd": 1})
    home.keys(1, api.url)
    home.settings("[caption.limits.best]\nrpd = 2\n[caption.limits.next]\nrpd = 1")
    home.frames(*range(4))
    assert home.run("run").code == 75
    assert [outcome for _, outcome in by_model(api)] == ["ok"] * 3
    assert home.run("run").code == 75
    assert len(api.calls) == 3


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["429_bare", "503", "500", "html", "reset", "empty", "truncated"])
def test_what_passes_is_waited_for(home: Any, sandbox: Any, backend: str, kind: str) -> None:
    api = sandbox(best={}, next={}, faults=[{"kind": kind, "calls": (1,)}])
    home.keys(1, api.url)
    home.settings(f'backend = "{backend}"\nmax_in_flight = 1')
    home.frames(0, 1)
    said = home.run("run")
    assert said.code == 0
    assert len(home.captions) == 2
    assert len(api.calls) == 3


def test_a_service_that_hangs_is_not_waited_for_for_ever(home: Any, sandbox: Any) -> None:
    api = sandbox(faults=[{"kind": "hang", "calls": (1,)}])
    home.keys(1, api.url)
    home.settings()
    text = (home.folder / "ghibli.toml").read_text()
    (home.folder / "ghibli.toml").write_text(text.replace("timeout_seconds = 5", "timeout_seconds = 0.4"))
    home.frames(0)
    assert home.run("run").code == 0


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_service_that_stays_down_pauses_the_run(home: Any, sandbox: Any, strategy: str) -> None:
    home.keys(2, sandbox(faults=[{"kind": "503"}]).url)
    home.settings(f'strategy = "{strategy}"')
    home.frames(0)
    said = home.run("run")
    assert said.code == 75
    assert "Paused: the service is down. Still to caption: 1 of 1 picture." in said.err
    assert home.checkpoint["pending"] == 1


def test_nobody_at_the_address_is_a_service_that_is_down(home: Any) -> None:
    home.keys(1, "http://127.0.0.1:9")
    home.frames(0)
    assert home.run("run").code == 75
    said = home.run("keys")
    assert said.code == 75
    assert "No key could be checked" in said.err


@pytest.mark.parametrize("dead", ["invalid", "expired", "suspended", "leaked"])
def test_a_dead_key_is_left_out_and_named(home: Any, sandbox: Any, dead: str) -> None:
    keys = {"bad": {"text": "first-key-0123456789abcdef", "dead": dead}}
    home.keys(2, sandbox(keys=keys).url)
    home.frames(0, 1)
    said = home.run("run")
    assert said.code == 0
    assert said.err.count("is left out of this run") == 1
    assert "key 1 (" in said.err
    assert "Check GEMINI_API_KEY_1." in said.err


def test_no_accepted_key_is_an_exit_of_2_with_the_pictures_ready(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(keys={"bad": {"text": "first-key-0123456789abcdef", "dead": "leaked"}}).url)
    home.frames(0)
    said = home.run("run")
    assert said.code == 2
    assert "No key is accepted" in said.err
    assert home.pictures == ["1.jpg"]
    assert home.run("keys").code == 2
    for file in home.workspace.rglob("*"):
        assert not file.is_file() or b"first-key-0123456789abcdef" not in file.read_bytes()


def test_a_retired_model_is_left_out_after_one_answer_for_each_key(home: Any, sandbox: Any) -> None:
    api = sandbox(best={"gone": "not_found"}, next={})
    home.keys(2, api.url)
    home.settings("max_in_flight = 2")
    home.frames(*range(5))
    assert home.run("run").code == 0
    assert by_model(api).count(("best", "not_found")) == 2
    assert len(home.captions) == 5


def test_only_retired_models_end_the_run_with_a_remedy(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(best={"gone": "not_found"}, next={"rpd": 0}).url)
    home.frames(0)
    said = home.run("run")
    assert said.code == 2
    assert "No key may use any of the models in caption.models: `ghibli-prep keys` shows which it may." in said.err


def test_a_place_that_is_not_served_stops_the_run(home: Any, sandbox: Any) -> None:
    api = sandbox(faults=[{"kind": "location"}])
    home.keys(2, api.url)
    home.settings('strategy = "sequential"')
    home.frames(0, 1, 2)
    said = home.run("run")
    assert said.code == 75
    assert "the provider does not serve this machine" in said.err
    assert len(api.calls) == 1


def test_answers_without_a_caption_fail_the_picture_in_the_end(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(best={}, next={}, faults=[{"kind": "empty", "calls": (1, 2, 3)}]).url)
    home.settings("max_in_flight = 1")
    home.frames(0)
    said = home.run("run")
    assert said.code == 0
    assert "1.jpg gets no caption:" in said.err
    assert "1 failed" in said.out


def test_each_trouble_is_told_once(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(best={}, faults=[{"kind": "429_bare", "every": 2}]).url)
    home.settings("max_in_flight = 1")
    home.frames(*range(6))
    said = home.run("run")
    assert said.code == 0
    assert said.err.count("resting") == 1
