"""`rules.mend`: what a caption looks like before it may stand in the dataset."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.settings import CaptionSettings, RuleSettings

TRIGGER = "Ghibli style"


def tidy(text: str, trigger: str) -> str:
    return rules.mend(text, Profile.of(CaptionSettings(trigger=trigger))).text


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Ghibli style a young boy, smiling", "a young boy, smiling"),
        ("  Ghibli style   a boy \n\n in a field\t ", "a boy in a field"),
        ("Ghibli stylea young boy", "a young boy"),  # the original's data has these
        ("Ghibli style, a boy", "a boy"),
        ("Ghibli style: a boy", "a boy"),
        ("Ghibli style - a boy", "a boy"),
        ("Ghibli-style a boy", "a boy"),
        ("GHIBLI STYLE a boy", "a boy"),
        ("Ghibli style Ghibli style a boy", "a boy"),
        ('Ghibli style "Ghibli style a boy"', "a boy"),
        ("a boy in a field", "a boy in a field"),
        ("Caption: Ghibli style a boy", "a boy"),
        ("Here is the caption:\n\n**Ghibli style** a boy.", "a boy"),
        ("```text\nGhibli style a boy\n```", "a boy"),
        ("```\na boy\n```", "a boy"),
        ('"Ghibli style a boy."', "a boy"),
        ('"Ghibli style a boy".', "a boy"),
        ('"Ghibli style" a boy', "a boy"),
        ("“Ghibli style a boy”", "a boy"),
        ("“Ghibli style” a boy", "a boy"),
        ("「a boy。」", "a boy"),
        ("'Ghibli style a boy in his father's coat'", "a boy in his father's coat"),
        ("**Ghibli style a *red* hat.**", "a red hat"),
        ("_Ghibli style a boy_", "a boy"),
        ("(Ghibli style) a boy", "a boy"),
        ("# Ghibli style a boy", "a boy"),
        ("Ghibli style a boy...", "a boy"),
        ("Ghibli style a boy…", "a boy"),
        ("Ghibli style 少年。", "少年"),
        ("Ghibli style लड़का।", "लड़का"),
        ("Ghibli style a boy,", "a boy"),
        ("Ghibli style a\x00 boy\x1b[31m", "a boy [31m"),
        ("Ghibli style a\u2028boy", "a boy"),
        ("\ufeffGhibli style\u200b a beau\u00adtiful boy", "a beautiful boy"),
        ("Ghibli style a \ud83d boy", "a boy"),
        ("A boy in Ghibli style, smiling", "A boy, smiling"),
        ("a boy in a Ghibli style house, in the Ghibli style.", "a boy in a house"),
        ("Ghibli style Caption: a boy", "a boy"),
        ("Sure! Here is a caption for the picture: a boy", "a boy"),
        ("Here's the description:\na boy", "a boy"),
        ("Ghibli style a boy. He smiles. It is 3.5 metres", "a boy, He smiles, It is 3.5 metres"),
        ("Ghibli style a shop, e.g. of Mr. Smith. It is late", "a shop, e.g. of Mr. Smith, It is late"),
        ("Ghibli style a boy... then a girl… and so on", "a boy, then a girl, and so on"),
        ("Ghibli style a boy.He smiles at 5 p.m. in the U.S. today", "a boy, He smiles at 5 p.m. in the U.S. today"),
        ('Ghibli style a sign "STOP." beside a boy', 'a sign "STOP", beside a boy'),
        ("Ghibli style 少年。笑う。", "少年, 笑う"),
        ("Ghibli style a cafe\u0301", "a caf\u00e9"),
    ],
)
def test_a_caption_is_mended(written: str, kept: str) -> None:
    assert tidy(written, TRIGGER) == f"Ghibli style {kept}"


@pytest.mark.parametrize(
    "caption",
    [
        "Ghibli style doorway in the sun",
        "Ghibli style d'or, a golden hall",
        'Ghibli style "STOP" sign beside a boy who says "hi"',
        "Ghibli style a sign that reads 'STOP'",
        "Ghibli style a sign that reads “STOP”",
        "Ghibli style girl at 7:30 in the morning",
        "Ghibli style a boy, is he late?",
    ],
)
def test_a_good_caption_is_left_alone(caption: str) -> None:
    assert tidy(caption, TRIGGER) == caption


def test_the_word_styled_loses_its_ending_with_the_trigger() -> None:
    assert tidy("Ghibli styled scene", TRIGGER) == "Ghibli style scene"


def test_a_trigger_of_one_word_is_not_cut_out_of_a_longer_word() -> None:
    assert tidy("mango on a table", "man") == "man mango on a table"
    assert tidy("man, on a table", "man") == "man on a table"


@pytest.mark.parametrize(
    "nothing", ["", " \n", "Ghibli style", "ghibli styled.", '"Ghibli style."', "Ghibli style !?", "\ud83d"]
)
def test_a_text_that_says_nothing_is_no_caption(nothing: str) -> None:
    assert tidy(nothing, TRIGGER) == ""


def _as_the_settings_allow(text: str) -> str:
    return " ".join("".join(c for c in unicodedata.normalize("NFC", text) if c.isprintable()).split())


triggers = st.one_of(
    st.sampled_from(["Ghibli style", "man", "<lora:x>", "a.b", "ça va", "İ i"]),
    st.text(max_size=12).map(_as_the_settings_allow).filter(bool),
)
texts = st.one_of(
    st.text(),
    st.text(st.sampled_from("Ghibli style:.\"'“”`*_ \n,-ad"), max_size=60),
    st.lists(st.sampled_from(["Ghibli style", '"', "'", " ", ": ", ".", "a", "“", "”", "d", "_", "-", "\n"])).map(
        "".join
    ),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Lu", "Zs", "Zl", "Po"])),
)


@given(texts, triggers)
def test_every_caption_is_one_line_with_the_trigger_and_one_space_and_mending_it_again_changes_nothing(
    text: str, trigger: str
) -> None:
    caption = tidy(text, trigger)
    caption.encode("utf-8")
    if caption:
        assert len(caption.splitlines()) == 1
        assert caption.isprintable()
        assert caption.startswith(trigger + " ")
        assert not caption[len(trigger) + 1].isspace()
        assert caption[-1] not in " .。।…"
        assert tidy(caption, trigger) == caption


@given(texts, triggers)
def test_a_trigger_in_front_of_a_text_makes_no_second_one(text: str, trigger: str) -> None:
    caption = tidy(text, trigger)
    if caption:
        assert tidy(f"{trigger} {caption}", trigger) == caption


def mended(text: str, **chosen: Any) -> rules.Mended:
    return rules.mend(text, Profile.of(CaptionSettings(rules=RuleSettings(**chosen))))


@pytest.mark.parametrize(
    ("written", "by"),
    [
        ("Ghibli style a cafe\u0301", "unicode"),
        ("Ghibli style a \ud83d boy", "unicode"),
        ("Ghibli style a *red* hat", "markdown"),
        ("Ghibli style a boy\nin a field", "one-line"),
        ("Ghibli style Caption: a boy", "preamble"),
        ("Ghibli stylea young boy", "trigger"),
        ('Ghibli style "a boy"', "quotes"),
        ("Ghibli style a boy.", "final-stop"),
        ("Ghibli style a boy. He smiles", "inner-stops"),
    ],
)
def test_a_mended_caption_says_which_rule_did_it_and_is_left_alone_where_that_rule_is_disabled(
    written: str, by: str
) -> None:
    assert by in mended(written).rules
    assert by not in mended(written, disabled=(by,)).rules or "\ud83d" in written
    assert mended(mended(written).text).rules == ()


@pytest.mark.parametrize(
    "kept",
    [
        "a door 3.5 metres high",
        "a shop, e.g. of bread",
        "Mr. Smith beside Mrs. Brown",
        "at 5 p.m. in the U.S. today",
        "the letter A. on a wall",
        "is he late? no! he is not",
    ],
)
def test_points_that_end_no_sentence_stay(kept: str) -> None:
    assert mended(f"Ghibli style {kept}") == rules.Mended(f"Ghibli style {kept}", ())


@settings(deadline=None)  # the first one loads what counts tokens
@given(texts)
def test_what_was_mended_breaks_no_rule_that_mends(text: str) -> None:
    profile = Profile.of(CaptionSettings())
    caption = rules.mend(text, profile).text
    if caption:
        assert not [finding for finding in rules.findings(caption, profile) if finding.severity == "mend"]
