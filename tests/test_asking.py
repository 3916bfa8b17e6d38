"""The words of asking, and what is remembered of a slot."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ghibli_prep.asking import duration, in_words, slots_of, stand
from ghibli_prep.captioning import Key, Slot
from ghibli_prep.captioning.posts import Exhausted
from ghibli_prep.ledger import name_of
from ghibli_prep.settings import CaptionSettings
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace

KEYS = (Key(1, "A", "first-0123456789"), Key(2, "B", "second-0123456789"))
SETTINGS = CaptionSettings(models=("best", "next"))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (9.4, "9 s"),
        (59.6, "1 min 00 s"),
        (200, "3 min 20 s"),
        (36_180, "10 h 03 min"),
        (90_000, "25 h 00 min"),
    ],
)
def test_durations_are_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_every_end_has_words() -> None:
    assert {in_words(Exhausted(None, why)) for why in ("quota", "service", "keys", "models")} == {
        "the quota of every key and model is spent",
        "the service is down",
        "no key is accepted",
        "no model can be used by any key",
    }


def test_slots_are_every_key_with_every_model_and_their_names_hold_no_key() -> None:
    slots = slots_of(KEYS, SETTINGS)
    assert [str(slot) for slot in slots] == ["key 1, best", "key 1, next", "key 2, best", "key 2, next"]
    assert not any(key.secret in name_of(slot) for slot in slots for key in KEYS)


def stands(home: Any, *arguments: Any) -> dict[str, Any]:
    with Workspace(home.workspace, hash_file) as workspace:
        stand(workspace, *arguments)
    found: dict[str, Any] = json.loads((home.workspace / "checkpoint.json").read_text())
    return {
        name: found[name] for name in ("last_processed", "current_key_index", "current_model_index", "current_model")
    }


def test_the_checkpoint_follows_keys_and_models_to_their_new_places(home: Any) -> None:
    stands(home, SETTINGS, KEYS, 0.0, (7, Slot(KEYS[1], "next")))
    moved = (Key(1, "B", KEYS[1].secret),)
    now = stands(home, CaptionSettings(models=("new", "next")), moved, 1.0)
    assert now == {"last_processed": 7, "current_key_index": 0, "current_model_index": 1, "current_model": "next"}
    now = stands(home, CaptionSettings(models=("new",)), KEYS[:1], 1.0)
    assert now == {"last_processed": 7, "current_key_index": 0, "current_model_index": 0, "current_model": "new"}


def test_the_originals_checkpoint_is_taken_over(home: Any) -> None:
    home.workspace.mkdir(parents=True)
    original = {"last_processed": 12, "total_images": 90, "current_key_index": 1, "current_model_index": 0}
    (home.workspace / "checkpoint.json").write_text(json.dumps(original))
    assert stands(home, SETTINGS, KEYS, 0.0)["last_processed"] == 12
    assert list((home.workspace / ".ghibli-prep").glob("checkpoint.v0.json"))
