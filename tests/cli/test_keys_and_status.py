"""`ghibli-prep keys` and `ghibli-prep status`, for people and for scripts."""

from __future__ import annotations

import json
import re
from typing import Any

KEYS = ("first-key-0123456789abcdef", "second-key-0123456789abcdef")


def test_keys_are_shown_by_position_name_and_fingerprint_with_the_models_they_may_use(home: Any, sandbox: Any) -> None:
    keys = {"bad": {"text": "second-key-0123456789abcdef", "dead": "leaked"}}
    api = sandbox(best={"gone": "not_found", "listed": False}, next={}, keys=keys)
    home.keys(2, api.url)
    said = home.run("keys")
    assert said.code == 0
    head, first, second, gone = said.out.splitlines()
    assert head.split() == ["key", "best", "next"]
    assert first.split()[-2:] == ["no", "yes"]
    assert "GEMINI_API_KEY_2" in second
    assert "leaked" in second
    assert "Offered to none of your keys (retired, perhaps): best." in gone
    assert not any(line.endswith(" ") for line in said.out.splitlines())
    assert api.calls == []
    assert not home.workspace.exists()


def test_keys_as_json_are_one_object_and_nothing_else(home: Any, sandbox: Any) -> None:
    home.keys(2, sandbox(keys={"bad": {"text": "second-key-0123456789abcdef", "dead": "invalid"}}).url)
    said = home.run("keys", "--json")
    assert said.code == 0
    assert said.err == ""
    first, second = said.json["keys"]
    assert said.json["models"] == ["best", "next"]
    assert first["models"] == {"best": True, "next": True}
    assert (first["ok"], first["dead"], second["ok"], second["dead"]) == (True, False, False, True)
    assert second["problem"]


def test_json_stays_on_stdout_when_no_key_is_accepted(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(keys={"bad": {"text": "first-key-0123456789abcdef", "dead": "invalid"}}).url)
    said = home.run("keys", "--json")
    assert said.code == 2
    assert said.json["keys"][0]["dead"]
    assert "No key is accepted." in said.err


def test_a_key_as_short_as_a_word_does_not_tear_json_apart(home: Any, sandbox: Any) -> None:
    url = sandbox().url
    home.monkeypatch.setenv("GEMINI_API_KEY_1", "key")
    home.monkeypatch.setenv("GEMINI_API_KEY_2", 'o"k')
    home.monkeypatch.setenv("GEMINI_BASE_URL", url)
    said = home.run("keys", "--json")
    assert said.code == 0
    assert [row["position"] for row in json.loads(said.out)["keys"]] == [1, 2]


def test_status_says_where_the_workspace_stands(home: Any, sandbox: Any) -> None:
    faults = [{"kind": "blocked_prompt", "calls": (2,)}, {"kind": "unreadable_image", "calls": (3,)}]
    home.keys(1, sandbox(faults=faults).url)
    home.settings("max_in_flight = 1")
    home.frames(0, 1, 2, 3)
    home.run("run", "--limit", 3)
    before = home.everything()
    said = home.run("status", "--json")
    assert (said.code, said.err) == (0, "")
    now = said.json
    assert (now["total_images"], now["captioned"], now["blocked"], now["pending"]) == (4, 1, 1, 1)
    assert list(now["failed"]) == ["3"]
    assert [slot["asked_today"] for slot in now["slots"]] == [3, 0]
    words = home.run("status").out
    assert "still to caption    1\n" in words
    assert "  3.jpg: " in words
    assert "key 1, best: 3 requests today" in words
    assert home.everything() == before


def test_status_names_what_is_spent_and_until_when(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(best={"rpd": 1}, next={}).url)
    home.frames(0, 1)
    home.run("run")
    (line,) = [line for line in home.run("status").out.splitlines() if line.startswith("key 1, best")]
    assert ", spent until 20" in line


def test_status_needs_no_key_but_a_workspace(home: Any) -> None:
    said = home.run("status", "-w", "nowhere")
    assert said.code == 2
    assert said.out == ""
    assert "nowhere: no such workspace" in said.err
    assert not (home.folder / "nowhere").exists()
    home.frames(0)
    assert home.run("status", "--json").json["total_images"] == 0


def test_status_keeps_over_runs_what_is_used_and_tells_what_the_last_run_found(home: Any, sandbox: Any) -> None:
    api = sandbox(keys={"two": {"text": KEYS[1], "dead": "expired"}}, best={"gone": "not_found"}, next={"rpd": 5})
    home.settings("[caption.limits.next]\nrpd = 5")
    home.keys(2, api.url)
    home.frames(*range(3))
    assert home.run("run").code == 0
    words = home.run("status").out
    assert "key 1, next: 3 requests today, 2 left" in words
    assert re.search(r"key 1, best: \d requests today, in the last run left out: models/best is not found", words)
    assert "dead, as the last run found: " in words
    now = home.run("status", "--json").json
    assert [slot["dead"] is None for slot in now["slots"]] == [True, True, False, False]
    home.run("caption")
    home.frames(3)
    assert home.run("run").code == 0
    assert "key 1, next: 4 requests today, 1 left" in home.run("status").out


def test_keys_of_one_project_share_its_day_in_runs_and_in_status(home: Any, sandbox: Any) -> None:
    home.settings("[caption.limits.best]\nrpd = 2\n[caption.limits.next]\nrpd = 1\n")
    api = sandbox(
        keys={"one": {"text": KEYS[0], "project": "mine"}, "two": {"text": KEYS[1], "project": "mine"}},
        best={"rpd": 2},
        next={"rpd": 1},
    )
    home.keys(2, api.url)
    for number in (1, 2):
        home.monkeypatch.setenv(f"GEMINI_API_KEY_{number}_PROJECT", "mine")
    home.frames(*range(5))
    assert home.run("run").code == 75
    assert {call.outcome for call in api.calls} == {"ok"}  # no 429 was drawn by the second key
    assert len(home.captions) == 3
    words = home.run("status").out
    assert "keys 1, 2 (project mine), best: 2 requests today, spent until 20" in words


def test_a_foreign_checkpoint_alone_is_named_as_what_it_is(home: Any) -> None:
    (home.folder / "w").mkdir()
    (home.folder / "w" / "checkpoint.json").write_text('{"foo": 1}')
    said = home.run("status", "-w", "w")
    assert said.code == 2
    assert "checkpoint.json" in said.err
    assert "not a checkpoint of ghibli-prep" in said.err
