"""A frame without people is background. Judges by what a detector saw."""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep.detectors import NO_PEOPLE
from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.framing import count, share
from ghibli_prep.settings import FilterSettings

NOBODY = -1.0
"""Below every threshold."""


class People:
    """value: how sure the detector is of the surest person that is large enough, 0 to 1."""

    name = "people"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.min_score, max(settings.min_score, settings.people.review)
        self._min_share = settings.people.min_share

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [self._of(frame) for frame in frames]

    def _of(self, frame: Frame) -> Opinion:
        if frame.people is None:
            return NOTHING_AGAINST
        seen = frame.people
        if not seen.people:
            return Opinion(NOBODY, NO_PEOPLE)
        score = seen.score
        if self._min_share:
            score = max((box.score for box in seen.boxes if box.area >= self._min_share), default=NOBODY)
        sure = seen.sure(self.drop)
        return Opinion(score, NO_PEOPLE, f"people: {count(sure)}, {share(sure):.0%} of the picture" if sure else "")


def load(settings: FilterSettings) -> People:
    return People(settings)
