"""Where in a film frames are wanted: pure, of lengths and options alone. Knows no file and no picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where one frame is wanted, in seconds of the film.

    at: the place itself, which is what it is known by. first, last: between them any frame will do; both are `at` where
    the frame shown there is wanted. scene: its number from 0, None where the film was not cut into scenes.
    """

    at: float
    first: float
    last: float
    scene: int | None = None

    @property
    def exact(self) -> bool:
        return self.first == self.last


def every(start: float, end: float, step: float, window: float, most: int | None) -> list[Mark]:
    """Marks from `start`, `step` apart, before `end`; `window` either way, and no further than half-way to the next.

    most: how many at the most, spread over the whole; None for all.
    """
    reach = min(window, step / 2)
    count = max(0, int((end - start) / step + 1 - 1e-9))
    chosen = _spread(range(count), most)
    return [_mark(round(start + at * step, 6), reach, start, end) for at in chosen]


def in_scenes(
    cuts: Sequence[float], start: float, end: float, per_scene: int, window: float, most: int | None
) -> list[Mark]:
    """`per_scene` marks in each scene between `cuts`, at the middles of equal parts, no window over its ends."""
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    marks = []
    for scene, (first, last) in enumerate(pairwise(edges)):
        part = (last - first) / per_scene
        reach = min(window, part / 2 * 0.9)  # clear of the cut itself
        marks += [
            _mark(round(first + (at + 0.5) * part, 6), reach, first, last, scene) for at in range(per_scene) if part > 0
        ]
    return [marks[at] for at in _spread(range(len(marks)), most)]


def _mark(at: float, reach: float, start: float, end: float, scene: int | None = None) -> Mark:
    if not reach:
        return Mark(at, at, at, scene)
    return Mark(at, max(start, round(at - reach, 6)), min(end, round(at + reach, 6)), scene)


def _spread(places: range, most: int | None) -> list[int]:
    """`most` of `places`, evenly; all of them where there are no more."""
    if most is None or len(places) <= most:
        return list(places)
    return [places[(2 * at + 1) * len(places) // (2 * most)] for at in range(most)]
