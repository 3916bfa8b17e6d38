"""Measurements put into words: one phrase of 20 to 35 words with commas and no full stop.

It never says more than was measured: no people, no things, no places.
"""

from __future__ import annotations

import re

from ghibli_prep.sandbox.measure import Measured

DEFAULT_TRIGGER = "Ghibli style"
NO_PICTURE = "No picture was sent, and this sandbox can only say what colours and light a picture has"

Levels = tuple[tuple[float, str], ...]

_BRIGHTNESS: Levels = (
    (0.12, "unlit"), (0.28, "dark"), (0.42, "dim"), (0.58, "clear"), (0.72, "bright"), (9, "dazzling"),
)  # fmt: skip
_CONTRAST: Levels = ((0.12, "faint"), (0.28, "little"), (0.42, "some"), (0.56, "clear"), (9, "strong"))
_SATURATION: Levels = ((0.08, "greyish"), (0.22, "pale"), (0.38, "soft"), (0.55, "full"), (9, "strong"))
_WARMTH: Levels = ((-0.16, "cold"), (-0.03, "cool"), (0.03, "neutral"), (0.16, "warm"), (9, "very warm"))
_DETAIL: Levels = (
    (0.02, "hardly any"), (0.05, "little"), (0.09, "some"), (0.14, "fine"), (0.2, "rich"), (9, "very rich"),
)  # fmt: skip
_LIKENESS: Levels = ((0.75, "very different"), (0.85, "different"), (0.93, "rather alike"), (9, "alike"))
_PLACES = ("upper left", "upper middle", "upper right", "middle left", "very middle", "middle right",
           "lower left", "lower middle", "lower right")  # fmt: skip
_EVEN = 0.03
"""Where the brightest and the darkest ninth are closer than this, neither is worth naming."""


def trigger_of(prompt: str) -> str:
    """The quoted words after "Begin with the words" in a prompt, or "Ghibli style"."""
    found = re.search(r"begin with the words?\s*[\"“«„']([^\"”»“\n]+?)[\"”»“']", prompt, re.IGNORECASE)
    return " ".join(found[1].split()) if found else DEFAULT_TRIGGER


def describe(seen: Measured, trigger: str) -> str:
    """A caption that begins with `trigger` and a space; with a trigger of two words it has 20 to 35 words."""
    above, below, left, right = seen.edges
    light = f"brightest {_PLACES[seen.light]}, darkest {_PLACES[seen.shade]}"
    parts = (
        f"{_level(seen.brightness, _BRIGHTNESS)} picture, {_level(seen.contrast, _CONTRAST)} contrast",
        _mostly(seen.colours),
        f"{_level(seen.saturation, _SATURATION)} {_level(seen.warmth, _WARMTH)} colours",
        light if seen.spread >= _EVEN else "evenly lit all over",
        f"{above} above {below}",
        f"{left} beside {right}",
        f"{_level(seen.detail, _DETAIL)} detail",
        f"average {_hex(seen.upper)}{_hex(seen.lower)}",
        f"halves {_level(seen.likeness, _LIKENESS)}",
    )
    return f"{trigger} {', '.join(parts)}"


def _level(value: float, levels: Levels) -> str:
    return next(word for end, word in levels if value < end)


def _hex(colour: tuple[int, int, int]) -> str:
    """For pictures that look alike to have captions of their own."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _mostly(colours: tuple[str, ...]) -> str:
    match colours:
        case (only,):
            return f"{only} nearly everywhere"
        case (first, second):
            return f"mostly {first} with {second}"
        case (first, second, third):
            return f"mostly {first}, {second} and {third}"
        case _:
            return "many colours side by side"
