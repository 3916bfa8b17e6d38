"""Blurred frames, by the standard of their film: a soft film is not blurred, but a soft frame of a sharp film is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.settings import FilterSettings

SHARP = 0.5
"""The sharpness (see `Look`) that is enough for any film: photographs have 0.35 to 0.6."""
UNKNOWN = 0.4
"""What is expected of films with too few frames to tell."""
SOMETHING = 32.0
"""The `spread` of the frames that say how sharp a film is."""
ENOUGH = 8
"""Frames that say how sharp a film is."""


class Blur:
    """value: the sharpness of a frame as a share of what its film is like, 1 and more for the sharper half."""

    name = "blur"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.blur.in_order

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        usual = _usual(frames)
        return [
            NOTHING_AGAINST if frame.look is None else Opinion(frame.look.sharpness / usual[frame.film], self.name)
            for frame in frames
        ]


def _usual(frames: Sequence[Frame]) -> Mapping[str, float]:
    """What may be expected of the frames of each film. Those with next to nothing in them say nothing; all others
    count, whatever became of them, so that it does not matter in how many runs the frames of a film are judged."""
    known: dict[str, list[float]] = defaultdict(list)
    for frame in frames:
        if frame.look is not None and frame.look.spread >= SOMETHING:
            known[frame.film].append(frame.look.sharpness)
    usual: dict[str, float] = defaultdict(lambda: UNKNOWN)
    for film, values in known.items():
        if len(values) >= ENOUGH:
            usual[film] = min(SHARP, max(median(values), 1e-6))
    return usual


def load(settings: FilterSettings) -> Blur:
    return Blur(settings)
