"""Rules whose break has a picture asked again: what they find, and what they leave alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning.rules import Profile
from ghibli_prep.captioning.rules.asks import ASKS, loop, max_words, min_words, refusal
from ghibli_prep.settings import CaptionSettings

GHIBLI = Profile.of(CaptionSettings())


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that",
        "I’m sorry, I cannot describe this picture",
        "Sorry, but I can't",
        "I am unable to see the image",
        "I can't assist with that request",
        "I cannot identify people in pictures",
        "As an AI language model, I do not see pictures",
        "Unfortunately, I cannot view it",
        "I apologize, this is not possible",
        "a picture, but as an AI model it is hard to say",
        "this violates our guidelines",
        "申し訳ありませんが、お手伝いできません",
    ],
)
def test_refusals_are_found(text: str) -> None:
    assert refusal(text, GHIBLI)


@pytest.mark.parametrize(
    "text",
    [
        "a girl who looks sorry, with a sad face",
        'a boy beside a sign that reads "I can fly"',
        "a woman who cannot reach the shelf",
        "a man helping a child in a garden",
        "an ink drawing of a sorry dog",
        "a robot with an AI chip",
    ],
)
def test_sad_and_helpful_people_are_no_refusal(text: str) -> None:
    assert refusal(text, GHIBLI) == ""


@pytest.mark.parametrize(
    ("count", "few", "many"), [(17, True, False), (18, False, False), (78, False, False), (79, False, True)]
)
def test_words_are_counted_with_those_of_the_trigger(count: int, few: bool, many: bool) -> None:
    body = " ".join(f"word{n}" for n in range(count))
    assert (bool(min_words(body, GHIBLI)), bool(max_words(body, GHIBLI))) == (few, many)


@pytest.mark.parametrize(
    "text",
    [
        "a tree a tree a tree",
        "a boy, very very very very happy",
        "in the green field, in the green field, in the green field",
        "a sun and moon, " * 3,
        " ".join(["red blue", "blue red", "red red", "blue blue red"] * 5),
    ],
)
def test_a_loop_is_found(text: str) -> None:
    assert loop(text, GHIBLI)


@pytest.mark.parametrize(
    "text",
    [
        "a long, long, long road",
        "a boy and a girl, a boy and a girl again",
        "a red hat, a red coat, a red bag, a red door and a red house behind a red tree",
    ],
)
def test_some_repetition_is_no_loop(text: str) -> None:
    assert loop(text, GHIBLI) == ""


@given(st.text(), st.sampled_from(sorted(ASKS)))
def test_any_text_is_judged_and_a_reason_is_one_line(text: str, rule: str) -> None:
    assert len(ASKS[rule](text, GHIBLI).splitlines()) <= 1


@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8))
def test_any_phrase_four_times_in_a_row_is_a_loop(phrase: list[str]) -> None:
    assert loop(" ".join(phrase * 4), GHIBLI)
