"""What becomes of a picture by its answers: mended, asked again with the reason, or failed with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import AnswerUnusable, Described, PictureBlocked, PictureUnreadable, SlotTired, Usage
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.rules import Profile, findings
from ghibli_prep.samples import Blocked, Captioned, Failed, Outcome, Resized
from ghibli_prep.settings import CaptionSettings, RuleSettings

GOOD = (
    "Ghibli style a young girl with short dark hair and a wide smile, wearing a yellow dress, running down a hill "
    "with tall grass, warm light of the evening and a calm mood"
)
SHORT = "Ghibli style a girl"
REFUSAL = "I'm sorry, but I can't help with that."


def judge(attempts: int = 3, known: dict[str, Path] | None = None, **chosen: Any) -> Judge:
    return Judge(Profile.of(CaptionSettings(rules=RuleSettings(**chosen))), attempts, known or {})


def said(judge: Judge, text: str, picture: Resized, model: str = "m") -> Outcome | None:
    return judge.outcome(picture, model, judge.read(picture, Described(text, Usage(300, 7), "v1")))


@pytest.fixture
def pictures(tmp_path: Path) -> list[Resized]:
    """Four pictures; the last two are the same."""
    made = [Resized(number, tmp_path / f"{number}.jpg") for number in (1, 2, 3, 4)]
    for picture, content in zip(made, (b"one", b"two", b"twin", b"twin"), strict=True):
        picture.file.write_bytes(content)
    return made


def test_a_good_caption_is_taken_and_says_what_was_mended(pictures: list[Resized]) -> None:
    bench = judge()
    assert said(bench, f"{GOOD}.", pictures[0]) == Captioned(1, GOOD)
    story = bench.stories[1]
    assert (story.mended, story.asked_again, story.usage) == (("final-stop",), (), Usage(300, 7))


def test_a_caption_that_breaks_a_rule_is_asked_for_twice_more_with_the_reason_and_then_fails(
    pictures: list[Resized],
) -> None:
    bench, picture = judge(), pictures[0]
    assert said(bench, REFUSAL, picture, "best") is None
    assert "is a refusal" in bench.stories[1].remark and bench.stories[1].avoid == "best"
    assert said(bench, SHORT, picture, "next") is None
    assert "has 4 words, at least 20 are needed" in bench.stories[1].remark and bench.stories[1].avoid == "next"
    assert "refusal" not in bench.stories[1].remark  # the last answer's reason, and no older one
    assert said(bench, SHORT, picture) == Failed(1, "the caption has 4 words, at least 20 are needed")
    assert bench.stories[1].asked_again == ("refusal", "min-words", "min-words")
    assert bench.stories[1].usage == Usage(900, 21)


def test_an_answer_that_obeys_after_all_is_taken(pictures: list[Resized]) -> None:
    bench = judge()
    assert said(bench, GOOD.replace("a young girl", "Kiki"), pictures[0]) is None
    assert said(bench, GOOD, pictures[0]) == Captioned(1, GOOD)
    assert bench.stories[1].asked_again == ("names",)


def test_with_no_asks_left_in_the_settings_the_first_break_fails(pictures: list[Resized]) -> None:
    assert isinstance(said(judge(asks=0), SHORT, pictures[0]), Failed)


def test_useless_answers_and_broken_rules_are_bounded_each_by_itself(pictures: list[Resized]) -> None:
    bench, picture = judge(attempts=2), pictures[0]
    assert said(bench, "Ghibli style.", picture) is None
    assert said(bench, SHORT, picture) is None
    assert said(bench, SHORT, picture) is None
    assert said(bench, "", picture) == Failed(1, "an answer without a caption")


def test_a_text_that_another_picture_has_is_asked_for_again_unless_both_look_the_same(pictures: list[Resized]) -> None:
    bench = judge(known={GOOD: pictures[0].file})
    assert said(bench, GOOD, pictures[0]) == Captioned(1, GOOD)  # its own, of an earlier time
    assert said(bench, GOOD, pictures[1]) is None
    assert bench.stories[2].asked_again == ("same-text",)
    other = f"{GOOD}, many birds"
    assert said(bench, other, pictures[2]) == Captioned(3, other)
    assert said(bench, other, pictures[3]) == Captioned(4, other)
    assert said(bench, other, pictures[0]) is None


def test_a_picture_that_is_gone_counts_as_a_different_one(pictures: list[Resized], tmp_path: Path) -> None:
    assert said(judge(known={GOOD: tmp_path / "gone.jpg"}), GOOD, pictures[0]) is None


def test_what_is_only_told_is_kept_with_the_caption(pictures: list[Resized]) -> None:
    bench = judge(clip_tokens=10)
    assert said(bench, GOOD, pictures[0]) == Captioned(1, GOOD)
    assert [finding.rule for finding in bench.stories[1].warned] == ["clip-tokens"]


def test_other_ends_of_an_attempt_are_what_they_are(pictures: list[Resized]) -> None:
    bench, picture = judge(attempts=1), pictures[0]
    assert bench.outcome(picture, "m", PictureBlocked("SAFETY")) == Blocked(1, "SAFETY")
    assert bench.outcome(picture, "m", PictureUnreadable("no picture")) == Failed(1, "no picture")
    assert bench.outcome(picture, "m", bench.read(picture, SlotTired(None, "t"))) is None
    assert bench.outcome(picture, "m", AnswerUnusable("empty")) == Failed(1, "empty")


@given(
    st.lists(st.sampled_from([GOOD, f"{GOOD}, birds", SHORT, REFUSAL, "", "Totoro"]), max_size=30), st.integers(0, 4)
)
def test_no_answer_that_breaks_a_rule_is_ever_taken_and_asking_is_bounded(answers: list[str], asks: int) -> None:
    bench, picture = judge(asks=asks), Resized(1, Path("1.jpg"))
    for count, text in enumerate(answers, start=1):
        outcome = said(bench, text, picture)
        if isinstance(outcome, Captioned):
            assert not [finding for finding in findings(outcome.text, bench.profile) if finding.severity != "warn"]
        if outcome:
            return
        assert count < asks + 3
