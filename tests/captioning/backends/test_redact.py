"""A provider's words are shown without the key, however they spell it."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import Key
from ghibli_prep.captioning.backends.redact import in_short, redacted

SECRET = 'AQ./very+secret=&"0123~'
KEY = Key(2, "GEMINI_API_KEY_2", SECRET)


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        repr(SECRET.encode())[2:-1],
    ],
)
def test_every_spelling_of_a_key_is_redacted(spelling: str) -> None:
    assert redacted(f"GET /v1beta/models?key={spelling} failed", KEY) == "GET /v1beta/models?key=[key 2] failed"


@given(before=st.text(max_size=300))
def test_no_cut_leaves_a_key_behind(before: str) -> None:
    assert SECRET not in in_short(f"{before}{SECRET} tail {quote(SECRET)}", KEY)


def test_an_empty_key_redacts_nothing() -> None:
    assert redacted("left alone", Key(1, "EMPTY", "")) == "left alone"
