"""A frame in which there is next to no light: between two scenes, or where a film begins."""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.look import Look
from ghibli_prep.settings import FilterSettings

_LIT = 64
"""Brightness, 0 to 255: a night with a few lights as bright as this is at most flagged."""


class Black:
    """value: how bright it is where it is bright, 0 to 1: 99 % of the picture are not brighter."""

    name = "black"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.black.in_order

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [NOTHING_AGAINST if frame.look is None else self._of(frame.look) for frame in frames]

    def _of(self, look: Look) -> Opinion:
        value = look.bright / 255
        if look.brightest >= _LIT:
            value = max(value, self.drop)
        return Opinion(value, "black", f"99 % of it is no brighter than {look.bright:.0f} of 255")


def load(settings: FilterSettings) -> Black:
    return Black(settings)
