"""The rules together: every one has a name, a severity and a place in the settings, and findings say what is broken."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Finding, Profile
from ghibli_prep.settings import CaptionSettings, RuleName, RuleSettings

GOOD = (
    "Ghibli style a young girl with short dark hair and a wide smile, wearing a yellow dress, running down a hill "
    "with tall grass, warm light of the evening and a calm mood"
)


def profile(trigger: str = "Ghibli style", **chosen: Any) -> Profile:
    return Profile.of(CaptionSettings(trigger=trigger, rules=RuleSettings(**chosen)))


def broken(text: str, others: tuple[str, ...] = (), **chosen: Any) -> list[str]:
    """The rules that `text` breaks, but for those that are only told."""
    found = rules.findings(text, profile(**chosen), others)
    return [finding.rule for finding in found if finding.severity != "warn"]


def test_the_settings_know_every_rule_by_its_name() -> None:
    assert set(get_args(RuleName)) == set(rules.RULES)


def test_a_good_caption_breaks_no_rule() -> None:
    assert rules.findings(GOOD, profile()) == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "Ghibli style I'm sorry, but I can't describe this picture, it would be against what I may do here and now",
            "refusal",
        ),
        ("Ghibli style a boy", "min-words"),
        (f"{GOOD}, {GOOD[13:]}, " + ", ".join(f"a bird number {n}" for n in range(10)), "max-words"),
        (GOOD.replace("a young girl", "Kiki"), "names"),
        (
            "Ghibli style une jeune fille avec les cheveux courts, elle porte une robe dans un champ sur la colline, "
            "devant le ciel et les arbres du soir",
            "language",
        ),
        (f"{GOOD}, a red bird, a red bird, a red bird", "loop"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_found_and_can_be_disabled(text: str, rule: str) -> None:
    assert broken(text) == [rule]
    assert broken(text, disabled=(rule,)) == []


def test_another_pictures_caption_is_found() -> None:
    assert broken(GOOD, (GOOD,)) == ["same-text"]
    assert broken(GOOD, (GOOD,), disabled=("same-text",)) == []
    assert broken(GOOD, (GOOD + "!",)) == []


def test_what_would_be_mended_is_found_with_what_the_rule_wants() -> None:
    assert rules.findings(f"{GOOD}.", profile()) == [
        Finding("final-stop", "mend", "needs mending: No full stop at the end, nor a comma or a dash")
    ]


def test_why_is_said_in_words_to_the_user_and_to_the_model() -> None:
    found = rules.findings("Ghibli style Totoro", profile())
    assert rules.in_words(found) == (
        "the caption has 3 words, at least 20 are needed; has a name that must not occur (totoro)"
    )
    assert rules.in_words(found) in rules.remark(found)
    assert rules.remark(found).startswith("\n\nYour last answer cannot be used: ")


def test_a_style_may_have_other_lengths_no_names_and_any_language() -> None:
    assert broken("Ghibli style Totoro", min_words=2, names="") == []
    assert broken("Ghibli style 少年が森の中で笑う", min_words=2, language="") == []
    assert broken("Ghibli style 少年が森の中で笑う", min_words=2, language="ja") == []


def test_a_name_in_the_trigger_words_is_no_banned_name() -> None:
    assert rules.findings(GOOD.replace("Ghibli style", "Totoro plush"), profile("Totoro plush")) == []


def test_words_are_counted_with_the_trigger_words_and_marks_are_none() -> None:
    assert len(rules.words("Ghibli style a boy - and a girl , 3.5")) == 8
    assert len(rules.words("少年が森で")) == 3


def test_warnings_are_summed_up_in_words() -> None:
    said = rules.warnings({"clip-tokens": 2, "cefr": 1}, RuleSettings())
    assert said[0] == "1 caption of this run has more than 30% of their words above level B1"
    assert said[1].startswith("2 captions of this run have more than 77 CLIP tokens")
    assert rules.warnings({}, RuleSettings()) == []
