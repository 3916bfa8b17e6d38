"""Rules whose break is told, and no more. Each is given the whole caption, trigger words among them.

It says what is wrong, in words that follow "the caption", or "" where nothing is. Exact only where the libraries of the
extras `clip` and `cefr` are installed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from ghibli_prep.captioning.rules.profile import Profile

ENDS = 2
"""The start and the end of a text are tokens, too."""
_PIECES = re.compile(r"'(?:s|t|re|ve|m|ll|d)\b|[^\W\d_]+|\d|[^\s\w]+|_", re.IGNORECASE)
_WORDS = re.compile(r"[a-z]{2,}", re.IGNORECASE)
_ENOUGH = 8
"""So many words with a level tell something."""
_B1 = 3.0
"""Levels are A1 = 1 to C2 = 6; the average over a word's kinds (noun, verb, ...) counts."""


def clip_tokens(text: str, profile: Profile) -> str:
    """No longer than the image model reads."""
    count, most = count_tokens(text), profile.rules.clip_tokens
    how = "" if exact() else " by estimate"
    return f"has {count} CLIP tokens{how}, and the model reads {most}" if count > most else ""


def cefr(text: str, profile: Profile) -> str:
    """Few words above level B1. Looked at in English captions, with the extra `cefr`."""
    if profile.rules.language not in ("", "en"):
        return ""
    share = share_above_b1(profile.body(text))
    if share is None or share <= profile.rules.b1_share:
        return ""
    return f"has {share:.0%} words above level B1, more than {profile.rules.b1_share:.0%}"


def exact() -> bool:
    """Are CLIP tokens counted by a real tokenizer? Else they are estimated."""
    return _tokenizer() is not None


def count_tokens(text: str) -> int:
    """CLIP's tokens in `text`, start and end among them; an estimate without the extra `clip`."""
    tokenizer = _tokenizer()
    return ENDS + (len(tokenizer.encode(text)) if tokenizer else estimate_tokens(text))


def estimate_tokens(text: str) -> int:
    """About CLIP's tokens in `text`: common words are one, long ones more, each digit and each run of marks is one."""
    return sum(1 + max(0, len(piece) - 5) // 5 if piece.isascii() else len(piece) for piece in _PIECES.findall(text))


def share_above_b1(text: str) -> float | None:
    """Of the English words of `text` that have a CEFR level; None without the extra `cefr` or with few such words."""
    levels = [_level(word.lower()) for word in _WORDS.findall(text)]
    known = [level for level in levels if level is not None]
    return sum(level > _B1 for level in known) / len(known) if len(known) >= _ENOUGH else None


@cache
def _tokenizer() -> Any:
    try:
        from instant_clip_tokenizer import Tokenizer
    except ImportError:
        return None
    return Tokenizer()


@lru_cache(maxsize=20_000)
def _level(word: str) -> float | None:
    analyzer = _analyzer()
    level: float | None = analyzer.get_average_word_level_float(word) if analyzer else None
    return level


@cache
def _analyzer() -> Any:
    try:
        from cefrpy import CEFRAnalyzer
    except ImportError:
        return None
    return CEFRAnalyzer()


Look = Callable[[str, Profile], str]

WARNS: dict[str, Look] = {"clip-tokens": clip_tokens, "cefr": cefr}
