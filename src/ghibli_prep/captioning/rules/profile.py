"""What a style asks of its captions, made ready once: `Profile.of(settings.caption)`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ghibli_prep.captioning.rules import names
from ghibli_prep.settings import CaptionSettings, RuleSettings

Severity = Literal["mend", "ask", "warn"]


@dataclass(frozen=True, slots=True)
class Profile:
    """trigger: the words that each caption begins with. banned: finds names, None where there are none."""

    trigger: str
    rules: RuleSettings
    banned: names.Banned | None = None

    @classmethod
    def of(cls, settings: CaptionSettings) -> Profile:
        listed = settings.rules.banned_names
        return cls(settings.trigger, settings.rules, names.Banned(listed) if listed else None)

    def body(self, text: str) -> str:
        """`text` after the trigger words."""
        return text.removeprefix(f"{self.trigger} ")


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a caption breaks. detail: how, in words that follow "the caption"."""

    rule: str
    severity: Severity
    detail: str


@dataclass(frozen=True, slots=True)
class Mended:
    """A caption that obeys every rule that can be mended, "" where nothing was said; rules: those that changed it."""

    text: str
    rules: tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of `text`: what stands between spaces and has a letter or a digit.

    Chinese and Japanese have no spaces: there, two characters count as a word.
    """
    return [word for piece in text.split() for word in _UNSPACED.findall(piece) if any(map(str.isalnum, word))]


_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]{1,2}|[^\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+")
