"""A key's text is shown by nothing."""

from __future__ import annotations

import logging
import pprint
from pathlib import Path

import pytest

from ghibli_prep.captioning import Key, Slot, Usage
from ghibli_prep.captioning.calls import Call
from ghibli_prep.captioning.dispatch import Answer
from ghibli_prep.captioning.posts import Ask, Post
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.samples import Captioned, Resized
from ghibli_prep.settings import Limits

SECRET = "AQ.very-secret_0123456789"
KEY = Key(2, "GEMINI_API_KEY_2", SECRET)
SLOT = Slot(KEY, "gemini-2.5-flash")


@pytest.mark.parametrize("thing", [KEY, SLOT, [KEY], {KEY: SLOT}, (SLOT,), Ask(SLOT), Post(SLOT, Limits())], ids=type)
def test_no_way_of_writing_a_key_shows_its_text(thing: object) -> None:
    ways = [str(thing), repr(thing), f"{thing}", f"{thing!r:>400}", "%s %r" % (thing, thing), ascii(thing)]  # noqa: UP031 - logs do it this way
    ways.append(pprint.pformat(thing, width=20))
    assert SECRET not in " ".join(ways)


def test_no_word_of_the_rota_or_the_dispatcher_shows_a_key(caplog: pytest.LogCaptureFixture) -> None:
    rota = Rota([SLOT], "sequential", [5], 1, {})
    call = Call((Resized(1, Path("1.jpg")),), SLOT, 0.0)
    answer = Answer(Captioned(1, "x"), SLOT, 1.0, Usage(), "v")
    logging.getLogger("test").error("%s %r %r", rota.posts, call, answer)
    assert "key 2" in str(KEY)
    assert SECRET not in caplog.text


def test_a_fingerprint_tells_keys_apart_and_is_stable() -> None:
    assert KEY.fingerprint == Key(7, "OTHER", SECRET).fingerprint
    assert KEY.fingerprint != Key(2, "GEMINI_API_KEY_2", SECRET + "x").fingerprint
    assert len(KEY.fingerprint) == 8
    assert KEY.fingerprint not in SECRET


def test_a_message_that_quotes_the_key_is_redacted() -> None:
    assert KEY.redact(f"Key {SECRET} was reported as leaked: {SECRET}") == "Key [key 2] was reported as leaked: [key 2]"
    assert Key(1, "EMPTY", "").redact("left alone") == "left alone"


def test_a_slot_is_named_by_its_keys_position_and_its_model() -> None:
    assert str(SLOT) == "key 2, gemini-2.5-flash"
