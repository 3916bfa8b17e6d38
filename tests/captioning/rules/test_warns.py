"""What is told of a caption: CLIP's tokens by the real tokenizer, and hard words by their levels."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ghibli_prep.captioning.rules import Profile
from ghibli_prep.captioning.rules.warns import cefr, clip_tokens, count_tokens, estimate_tokens, exact, share_above_b1
from ghibli_prep.settings import CaptionSettings, RuleSettings

PLAIN = (
    "Ghibli style a young girl with short dark hair and a wide smile, wearing a yellow dress, running down a hill "
    "with tall grass, warm light of the evening and a calm mood"
)
HARD = "Ghibli style an exquisite, meticulously ornate tapestry, luminous gossamer veils, serene opulence"


def profile(**chosen: float) -> Profile:
    return Profile.of(CaptionSettings(rules=RuleSettings.model_validate(chosen)))


def test_tokens_are_counted_as_clip_counts_them() -> None:
    pytest.importorskip("instant_clip_tokenizer")
    assert exact()
    assert count_tokens("a photo of a cat") == 7  # <start> a photo of a cat <end>, as openai/CLIP counts
    assert count_tokens("") == 2


@pytest.mark.parametrize("text", [PLAIN, HARD, "a cat's 3.5 hats", "the boy, the girl; 1999"])
def test_an_estimate_is_near(text: str) -> None:
    pytest.importorskip("instant_clip_tokenizer")
    assert count_tokens(text) - 2 == pytest.approx(estimate_tokens(text), rel=0.25, abs=2)


def test_a_caption_that_the_model_would_not_read_whole_is_told() -> None:
    assert clip_tokens(PLAIN, profile()) == ""
    told = clip_tokens(PLAIN, profile(clip_tokens=20))
    assert told.startswith(f"has {count_tokens(PLAIN)} CLIP tokens") and "reads 20" in told


def test_hard_words_are_told() -> None:
    pytest.importorskip("cefrpy")
    assert cefr(PLAIN, profile()) == ""
    assert "words above level B1, more than 30%" in cefr(HARD, profile())
    assert cefr(HARD, profile(b1_share=1.0)) == ""
    assert cefr(HARD, Profile.of(CaptionSettings(rules=RuleSettings(language="de")))) == ""
    assert share_above_b1("zzzqqq 12, an exquisite opulence") is None  # too few to tell


def test_without_the_extras_tokens_are_estimated_and_levels_are_not_looked_at() -> None:
    code = (
        "import sys; sys.modules.update(instant_clip_tokenizer=None, cefrpy=None)\n"
        "from ghibli_prep.captioning.rules import warns, warnings, Profile\n"
        "from ghibli_prep.settings import CaptionSettings, RuleSettings\n"
        "profile = Profile.of(CaptionSettings(rules=RuleSettings(clip_tokens=5)))\n"
        f"text = {HARD!r}\n"
        "print(warns.exact(), warns.clip_tokens(text, profile), warns.cefr(text, profile) == '')\n"
        "print(warnings({'clip-tokens': 1}, RuleSettings()))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("False has ")
    assert "tokens by estimate" in said and 'the extra "clip" counts them exactly' in said
    assert said.splitlines()[0].endswith("True")
