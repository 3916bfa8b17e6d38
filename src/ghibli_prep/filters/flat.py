"""A frame that is all of one colour, with nothing in it. A sky, mist or snow has more to it than that."""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.look import Look
from ghibli_prep.settings import FilterSettings

_SOMETHING = 64
"""Grey levels between the darkest and the brightest pixels: a bird in an empty sky is at most flagged."""


class Flat:
    """value: how far apart the colours of its parts are, 0 to 1; grain does not count."""

    name = "flat"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.flat.in_order

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [NOTHING_AGAINST if frame.look is None else self._of(frame.look) for frame in frames]

    def _of(self, look: Look) -> Opinion:
        value = look.spread / 255
        if look.brightest - look.darkest >= _SOMETHING:
            value = max(value, self.drop)
        return Opinion(value, "flat", f"its parts differ by no more than {look.spread:.0f} of 255 in any colour")


def load(settings: FilterSettings) -> Flat:
    return Flat(settings)
