"""Frames from within a fade or a dissolve, told by their neighbours in time.

In a fade the picture is a fuller neighbour mixed with black or white; in a dissolve it is a mix of one before and one
after that differ from each other. Both are fitted by least squares to thumbnails. Films mix their pictures in the very
values that are stored, so no gamma is undone. What these strict fits do not explain, because something moves meanwhile,
is left to `mixtures`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, product

import numpy as np
from numpy.typing import NDArray

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.look import Look
from ghibli_prep.filters.mixtures import REACH, STEPS, STEPS_UNTIMED, Colours, End, coarse, own_share
from ghibli_prep.settings import FilterSettings

SECONDS = 2.0
"""How long fades and dissolves take at the most: where frames lie closer, neighbours are looked for so far away."""
APART = 12.0
"""Seconds beyond which the next frame is no neighbour."""
MOST = 12
"""Neighbours that are looked at on a side."""
SAME = 0.97
"""Correlation from which on one thumbnail is another one dimmed."""
OTHER = 0.95
"""Correlation below which two thumbnails are of different pictures."""
LEFT_OVER = 0.03
"""The share of the difference to the nearer neighbour that a dissolve may leave unexplained."""
NOTHING = 4.0
"""Brightness that must differ for pictures not to be the same."""

Thumbnail = NDArray[np.float32]


class Fade:
    """value: how much of what is seen is the frame's own picture, 1 where nothing is mixed in."""

    name = "fade"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.fade.in_order

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        films = (list(film) for _, film in groupby(frames, lambda frame: frame.film))
        return [opinion for film in films for opinion in self._judge(film)]

    def _judge(self, film: Sequence[Frame]) -> Iterator[Opinion]:
        thumbnails = [None if frame.look is None else _values(frame.look) for frame in film]
        measured = [frame for frame in film if frame.look is not None]
        colours = [coarse(frame.look) for frame in measured if frame.look is not None]
        places = {frame.identity: place for place, frame in enumerate(measured)}
        for at, frame in enumerate(film):
            own = thumbnails[at]
            if own is None or frame.dropped:
                yield NOTHING_AGAINST
                continue
            before = [seen for i in _side(film, at, -1) if (seen := thumbnails[i]) is not None]
            after = [seen for i in _side(film, at, +1) if (seen := thumbnails[i]) is not None]
            share = min(_share_in_fade(own, before, after), _share_in_dissolve(own, before, after))
            if share == 1:
                place = places[frame.identity]
                share = own_share(colours[place], list(_ends(measured, colours, place)))
            what = f"{1 - share:.0%} of it is another picture, black or white" if share < 1 else ""
            yield Opinion(share, self.name, what)


def _ends(film: Sequence[Frame], colours: Sequence[Colours], at: int) -> Iterator[End]:
    """The neighbours of a frame, near and far, those before it first, the nearest first."""
    now = film[at].time
    for side, sign in enumerate((-1, 1)):
        for steps in STEPS_UNTIMED if now is None else STEPS:
            other = at + sign * steps
            if not 0 <= other < len(film) or (film[other].time is None) != (now is None):
                break
            then = film[other].time
            seconds = None if now is None or then is None else abs(now - then)
            if seconds is not None and seconds > REACH:
                break
            yield End(colours[other], side, steps, seconds)


def _values(look: Look) -> Thumbnail:
    return look.thumbnail.astype(np.float32).ravel()


def _side(frames: Sequence[Frame], at: int, step: int) -> Iterator[int]:
    """The neighbours on one side, the nearest first: one, and more where they lie close together."""
    here = frames[at]
    for count, i in enumerate(range(at + step, len(frames) if step > 0 else -1, step)):
        there = frames[i]
        if there.film != here.film or count == MOST or (there.time is None) != (here.time is None):
            return
        if there.time is None or here.time is None:
            if count:
                return
        elif abs(there.time - here.time) > (SECONDS if count else APART):
            return
        yield i


def _share_in_fade(own: Thumbnail, before: Sequence[Thumbnail], after: Sequence[Thumbnail]) -> float:
    """1, or less where fuller pictures of the same lie on one side, and on the other less of it or something else."""
    shares = []
    for side, opposite in ((before, after), (after, before)):
        for end in (0.0, 255.0):
            fullest = min((_shown(own, seen, end) for seen in _alike(own, side)), default=1.0)
            back = min((_shown(own, seen, end) for seen in _alike(own, opposite)), default=1.0)
            if back > 0.95:  # else it is only darker for a while
                shares.append(fullest)
    return min(shares, default=1.0)


def _alike(own: Thumbnail, side: Sequence[Thumbnail]) -> Iterator[Thumbnail]:
    for seen in side:
        if _correlation(own, seen) < SAME:
            return
        yield seen


def _shown(own: Thumbnail, full: Thumbnail, end: float) -> float:
    """How much of `full` is in `own`, the rest being `end`; 1 where that is not what it is.

    The share is how much less contrast there is; then brightness must have come as much nearer to `end`.
    """
    apart = full - full.mean()
    spread = float(apart @ apart)
    if spread < NOTHING**2 * full.size:
        return 1.0
    share = float(own @ apart) / spread
    off = float(own.mean()) - (end + share * (float(full.mean()) - end))
    return share if 0 < share < 1 and abs(off) < max(NOTHING, 0.1 * abs(float(full.mean()) - end)) else 1.0


def _share_in_dissolve(own: Thumbnail, before: Sequence[Thumbnail], after: Sequence[Thumbnail]) -> float:
    """1, or the share of the stronger of two pictures, from 0 for half and half."""
    found = [1.0]
    for first, last in product(_spread(before), _spread(after)):
        if min(first.std(), last.std()) < NOTHING or _correlation(first, last) > OTHER:
            continue  # black and white are for fades
        way = last - first
        length = float(way @ way)
        share = float((own - first) @ way) / length if length else 0.0
        left_over = own - (first + share * way)
        nearer = min(float(((own - first) ** 2).sum()), float(((own - last) ** 2).sum()))
        told_apart = 0 < share < 1 and nearer > NOTHING**2 * own.size
        if told_apart and float((left_over**2).sum()) < LEFT_OVER * nearer:
            found.append(2 * max(share, 1 - share) - 1)
    return min(found)


def _spread(side: Sequence[Thumbnail]) -> list[Thumbnail]:
    """The nearest, and ever farther ones."""
    return [side[at - 1] for at in (1, 2, 4, 8, MOST) if at <= len(side)]


def _correlation(one: Thumbnail, other: Thumbnail) -> float:
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt(float(a @ a) * float(b @ b)))
    return float(a @ b) / size if size else 0.0


def load(settings: FilterSettings) -> Fade:
    return Fade(settings)
