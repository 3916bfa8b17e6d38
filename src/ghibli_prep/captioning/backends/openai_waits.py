"""How long an OpenAI-compatible server asks to wait, in all the ways in which they say it. Pure; knows no errors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ghibli_prep.captioning.backends.gemini_errors import seconds

_IN_WORDS = re.compile(
    r"(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?)\s*(seconds?|minutes?|hours?)\b", re.IGNORECASE
)
_IN_UNITS = re.compile(r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[dhms]))+)", re.IGNORECASE)
_UNIT = {"s": 1.0, "m": 60.0, "h": 3600.0}
_NUMBER = re.compile(r"\d{1,16}(?:\.\d{1,9})?", re.ASCII)


def delay(headers: Mapping[str, str], message: str, now: float) -> float | None:
    """Seconds to wait by `retry-after-ms`, `retry-after` (seconds or a date) or the message; None: not said."""
    if _NUMBER.fullmatch(milliseconds := headers.get("retry-after-ms", "")):
        return float(milliseconds) / 1000
    if after := headers.get("retry-after", "").strip():
        stated = _number(after) if _NUMBER.fullmatch(after) else span(after)
        if stated is None:
            stated = _until_date(after, now)
        if stated is not None:
            return stated
    if found := _IN_UNITS.search(message):
        return span(found[1])
    if found := _IN_WORDS.search(message):
        return float(found[1]) * _UNIT[found[2][0].lower()]
    return None


def reset_of(headers: Mapping[str, str], error: Mapping[str, Any], of_tokens: bool, now: float) -> float | None:
    """Seconds until what is used up comes back, by `x-ratelimit-reset-*`; OpenRouter has the like in the error."""
    metadata = error.get("metadata")
    inner = metadata.get("headers") if isinstance(metadata, Mapping) else None
    told = {str(name).lower(): str(value) for name, value in inner.items()} if isinstance(inner, Mapping) else {}
    told = {**told, **headers}
    kinds = ("tokens", "requests") if of_tokens else ("requests", "tokens")
    empty = [kind for kind in kinds if told.get(f"x-ratelimit-remaining-{kind}") == "0"]
    for kind in (*empty, kinds[0]):
        if (wait := _reset(told.get(f"x-ratelimit-reset-{kind}", ""), now)) is not None:
            return wait
    return _reset(told.get("x-ratelimit-reset", ""), now)


def span(text: str) -> float | None:
    """`6m0s`, `1.5s`, `20ms`, `1d2h` in seconds; None for anything else."""
    days = re.fullmatch(r"(?:(\d{1,6})d)?(.*)", text, re.ASCII)
    if days is None or not text:
        return None
    rest = seconds(days[2]) if days[2] else 0.0
    return None if rest is None else int(days[1] or 0) * 86_400.0 + rest


def _reset(text: str, now: float) -> float | None:
    """A time span, a number of seconds, or a time since the epoch in seconds or milliseconds."""
    if not _NUMBER.fullmatch(text):
        return span(text)
    value = float(text)
    if value > 1e11:
        value /= 1000
    return max(0.0, value - now) if value > 1e9 else value


def _number(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _until_date(text: str, now: float) -> float | None:
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None
