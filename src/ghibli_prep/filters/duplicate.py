"""Repeats: of each group of frames that show the same, the sharpest stays.

A frame that stays anyway, having a number or being kept by hand, comes before all others. Each frame that goes is near
the very one that stays for it: nothing is handed on from neighbour to neighbour. What goes in a stretch that two films
share, such as an opening or an ending, has a reason of its own: `recurring`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.likeness import thumbnails
from ghibli_prep.likeness.repeats import nearest
from ghibli_prep.settings import FilterSettings

RUN = 3
"""Frames in a row that two films must share for it to be an opening or an ending, and not a chance."""
GAP = 3
"""Frames between two of these at the most: one that is not found, or was dropped before, does not end the stretch."""


class Duplicate:
    """value: how far a frame is from the nearest that stays, see `likeness.apart`."""

    name = "duplicate"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.duplicate.in_order

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        seen = [at for at, frame in enumerate(frames) if frame.look is not None and frame.dropped_by in ("", self.name)]
        pictures = thumbnails([look.figure for at in seen if (look := frames[at].look) is not None])
        order = sorted(range(len(seen)), key=lambda one: _rank(frames[seen[one]], one))
        staying = {one for one, at in enumerate(seen) if frames[at].stays}
        going = {one for one, at in enumerate(seen) if frames[at].dropped}
        found = nearest(pictures, order, staying, self.drop, going)
        opinions = [NOTHING_AGAINST] * len(frames)
        for one, said in found.items():
            if said.other >= 0:
                opinions[seen[one]] = Opinion(said.far, self.name, f"a copy of {frames[seen[said.other]].source}")
        copies = {seen[one]: seen[said.other] for one, said in found.items() if not said.stays and said.other >= 0}
        for at in _recurring(frames, copies):
            opinions[at] = replace(opinions[at], reason="recurring")
        return opinions


def _rank(frame: Frame, at: int) -> tuple[bool, bool, float, int]:
    """Who of a group stays: the lowest. What was dropped as a repeat before stays one."""
    return frame.dropped, not frame.stays, -frame.look.sharpness if frame.look else 0.0, at


def _recurring(frames: Sequence[Frame], copies: Mapping[int, int]) -> Iterator[int]:
    """The copies that lie in a stretch of their film that another film has too. copies: by place, of which frame."""
    groups: dict[int, dict[str, int]] = defaultdict(dict)
    for at, kept in [*((kept, kept) for kept in copies.values()), *copies.items()]:
        groups[kept].setdefault(frames[at].film, at)
    shared: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for at, kept in copies.items():
        for film, there in groups[kept].items():
            if film != frames[at].film:
                shared[frames[at].film, film].append((at, there))
    yielded: set[int] = set()
    for places in shared.values():
        for run in _runs(sorted(places)):
            yielded.update(run)
    yield from sorted(yielded)


def _runs(places: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Stretches in which both films go on together. places: in the one film and in the other."""
    run: list[tuple[int, int]] = []
    for here, there in [*places, (-1, -1)]:
        if run and not (0 < here - run[-1][0] <= GAP and 0 <= there - run[-1][1] <= GAP):
            if len(run) >= RUN:
                yield [at for at, _ in run]
            run = []
        run.append((here, there))


def load(settings: FilterSettings) -> Duplicate:
    return Duplicate(settings)
