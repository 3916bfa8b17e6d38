"""What all filters together think of the frames, one filter after the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ghibli_prep.filters import Filter, Frame, Opinion

Applies = Callable[[Frame, str], bool]
"""Whether a frame goes through the filter of that name."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One filter's opinion of one frame, and the thresholds that say what follows from it."""

    by: str
    drop: float
    review: float
    opinion: Opinion

    @property
    def dropped(self) -> bool:
        return self.opinion.value < self.drop

    @property
    def flagged(self) -> bool:
        return self.drop <= self.opinion.value < self.review

    @classmethod
    def of(cls, made: Filter, opinion: Opinion) -> Judged:
        return cls(made.name, made.drop, made.review, opinion)


def in_order(frames: Sequence[Frame], order: Callable[[str], object]) -> list[Frame]:
    """By film and time; without a time, by `order` of the source, and after those that have one."""
    return sorted(frames, key=lambda frame: (frame.film, frame.time is None, frame.time or 0.0, order(frame.source)))


def judge(frames: Sequence[Frame], filters: Sequence[Filter], applies: Applies) -> dict[str, list[Judged]]:
    """The opinions of each frame by its identity, in the order of `filters`, up to the first that drops it.

    frames: in order, as `in_order` brings them. A filter sees them all, those that an earlier one dropped marked so.
    What `stays` is never dropped, and what was dropped before is not judged.
    """
    now = list(frames)
    judged: dict[str, list[Judged]] = {frame.identity: [] for frame in now}
    for made in filters:
        opinions = made.judge(now)
        for at, (frame, opinion) in enumerate(zip(now, opinions, strict=True)):
            if frame.dropped or frame.stays or not applies(frame, made.name):
                continue
            judged[frame.identity].append(Judged.of(made, opinion))
            if judged[frame.identity][-1].dropped:
                now[at] = replace(frame, dropped_by=made.name)
    return judged
