"""Lengths and moments of film as people write them: `5s`, `500ms`, `1m`, `1h2m3.5s`, `2.5`, `1:02:03`; and back.

Knows nothing of films.
"""

from __future__ import annotations

import math
import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PARTS = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|h|m|s)")
_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)")


def seconds(text: str | float) -> float:
    """What `text` means in seconds, 0 or more; a number alone is seconds. Raises ValueError, in words for the user."""
    if isinstance(text, bool):
        raise ValueError(_HOW)
    if isinstance(text, int | float):
        value = float(text)
    else:
        plain = text.strip().lower().replace(",", ".")
        value = _read(plain)
    if not math.isfinite(value) or value < 0:
        raise ValueError(_HOW)
    return round(value, 6)


def _read(plain: str) -> float:
    if clock := _CLOCK.fullmatch(plain):
        hours, minutes, rest = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest)
    parts = _PARTS.findall(plain)
    if parts and re.fullmatch(rf"(?:{_PARTS.pattern}\s*)+", plain):
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    if re.fullmatch(r"\d+(\.\d*)?|\.\d+", plain):
        return float(plain)
    raise ValueError(_HOW)


_HOW = "is no length of time: write it like 5s, 500ms, 1m, 1m30s or 2.5 (seconds)"


def clock(moment: float, point: str = ".", colon: str = ":") -> str:
    """`hh:mm:ss.mmm` of a moment in seconds, to the nearest millisecond."""
    whole, thousandths = divmod(round(max(moment, 0) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}{colon}{minute:02}{colon}{second:02}{point}{thousandths:03}"
