"""What is said with several pictures, how the answer is read, each one's share, and models that cannot do it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import Usage
from ghibli_prep.captioning.groups import MISSES, Sizes, addition, captions, label, shares, written

TEXTS = st.lists(st.text(), min_size=1, max_size=32)


def objects(*numbers: Any) -> str:
    return json.dumps([{"picture": number, "caption": f"c{number}"} for number in numbers])


@given(TEXTS)
def test_what_is_asked_for_is_read_as_it_was_written(texts: list[str]) -> None:
    plain = [text.encode("utf-8", "ignore").decode() for text in texts]
    assert captions(written(plain), len(plain)) == plain
    assert captions(f"```json\n{written(plain)}\n```", len(plain)) == plain


@given(TEXTS, st.data())
def test_an_answer_that_ends_too_early_is_never_taken(texts: list[str], data: st.DataObject) -> None:
    whole = written(texts)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert isinstance(captions(whole[:cut], len(texts)), str)


@given(st.lists(st.integers(-1, 9), max_size=9), st.integers(1, 8))
def test_only_every_label_once_and_in_order_will_do(numbers: list[int], count: int) -> None:
    assert isinstance(captions(objects(*numbers), count), list) == (numbers == list(range(1, count + 1)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a girl in a field", "no JSON"),
        ("[" * 200_000, "no JSON"),
        ("{}", "not the list"),
        ('{"picture": 1, "caption": "x"}', "not the list"),
        ("[1, 2]", "not the list"),
        ('[{"picture": true, "caption": "x"}, {"picture": 2, "caption": "y"}]', "not the list"),
        ('[{"picture": 1, "caption": null}, {"picture": 2, "caption": "y"}]', "not the list"),
        ('[{"caption": "x"}, {"picture": 2, "caption": "y"}]', "not the list"),
        ("[]", "has 0 captions"),
        (objects(1), "has 1 captions"),
        (objects(1, 2, 3), "has 3 captions"),
        (objects(2, 1), "mixes up"),
        (objects(1, 1), "mixes up"),
        (objects(1, 3), "mixes up"),
    ],
)
def test_an_answer_that_will_not_do_says_why(text: str, why: str) -> None:
    found = captions(text, 2)
    assert isinstance(found, str) and why in found


def test_the_addition_names_the_labels_and_their_number_and_one_picture_needs_none() -> None:
    assert addition(1) == ""
    assert label(1) in addition(8) and label(8) in addition(8) and "exactly 8 objects" in addition(8)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 32))
def test_the_shares_are_the_whole_and_nearly_alike(tokens: int, out: int, count: int) -> None:
    found = shares(Usage(tokens, out), count)
    assert (sum(one.input_tokens for one in found), sum(one.output_tokens for one in found)) == (tokens, out)
    assert len(found) == count and max(found, key=lambda one: one.output_tokens).output_tokens <= out // count + 1


def test_a_model_that_cannot_do_it_is_asked_for_fewer_and_at_last_for_one() -> None:
    sizes = Sizes(8)
    told = [sizes.missed("m", sizes.at_most("m"), time, time + 0.5) for time in range(30)]
    assert sizes.at_most("m") == 1 and sizes.at_most("other") == 8
    assert [bool(notice) for notice in told] == [n % MISSES == MISSES - 1 and n < 3 * MISSES for n in range(30)]
    assert told[2] == "m: no answer for 8 pictures at once could be used; it is asked for 4 pictures at once"
    assert "one picture at once" in str(told[8])


def test_one_good_answer_of_that_size_forgives_and_answers_sent_together_count_once() -> None:
    sizes = Sizes(8)
    for time in (1.0, 2.0):
        sizes.missed("m", 8, time, time + 0.5)
    sizes.used("m", 8)
    for _ in range(9):
        sizes.missed("m", 8, 3.0, 9.0)
    sizes.missed("m", 8, 10.0, 11.0)
    assert sizes.at_most("m") == 8
    sizes.missed("m", 8, 12.0, 13.0)
    assert sizes.at_most("m") == 4
