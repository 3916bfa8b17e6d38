"""A frame without people is background. Judges by what a detector saw."""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep.detectors import NO_PEOPLE
from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.settings import FilterSettings

NOBODY = -1.0
"""Below every threshold."""


class People:
    """value: how sure the detector is of the surest person, 0 to 1."""

    name = "people"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.min_score, max(settings.min_score, settings.people.review)

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [self._of(frame) for frame in frames]

    def _of(self, frame: Frame) -> Opinion:
        if frame.people is None:
            return NOTHING_AGAINST
        return Opinion(frame.people.score if frame.people.people else NOBODY, NO_PEOPLE)


def load(settings: FilterSettings) -> People:
    return People(settings)
