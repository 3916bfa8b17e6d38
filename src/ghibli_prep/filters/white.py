"""A frame in which there is next to nothing but white: a flash, or the way from one scene to the next."""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.look import Look
from ghibli_prep.settings import FilterSettings

_DARK = 192
"""Brightness, 0 to 255: snow with a small figure as dark as this is at most flagged."""


class White:
    """value: how far from white it is where it is darkest, 0 to 1: 99 % of the picture are not darker."""

    name = "white"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.white.in_order

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [NOTHING_AGAINST if frame.look is None else self._of(frame.look) for frame in frames]

    def _of(self, look: Look) -> Opinion:
        value = 1 - look.dark / 255
        if look.darkest <= _DARK:
            value = max(value, self.drop)
        return Opinion(value, "white", f"99 % of it is no darker than {look.dark:.0f} of 255")


def load(settings: FilterSettings) -> White:
    return White(settings)
