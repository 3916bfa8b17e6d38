"""Which frame stands for each mark: the sharpest one near it that is no transition. Frames in, choices out.

A transition is a frame that lies on the line between one some frames before and one some frames after, where these
differ: a dissolve, a fade from or to a colour, two frames blended by a change of the frame rate. A slow pan lies near
such a line too, so what only moved is told apart by its shift. Where all near a mark are transitions, the sharpest of
them is taken: leaving out is for the filters. Only the frames of a moment are held at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ghibli_prep.stages.extract.marks import Mark
from ghibli_prep.stages.extract.reading import LEAD, Seen

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LOOK = 640
"""Pixels of the long side in which sharpness is measured."""
_SMALL = (96, 54)
"""Width and height in which frames are compared."""
_DIFFERENT = 6.0
"""Grey levels (root of the mean square) from which on two frames count as different."""
_OFF_LINE = 0.25
"""How far a transition may lie off the line, as a share of its length."""
_MOVED = 0.5
"""Pixels of the small picture from which on a frame was moved, not mixed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a mark; None where no whole frame was to be had."""

    mark: Mark
    seen: Seen | None


@dataclass(slots=True)
class _Near:
    seen: Seen | None
    time: float
    small: NDArray[np.float32]
    sharpness: float


class Chooser:
    """Fed with frames in their order; gives the choices in the order of `marks`, which must not overlap.

    wanted: from when on frames matter to it, None once it has all it wants.
    """

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._marks = deque(marks)
        self._shown: Seen | None = None
        self._near: deque[_Near] = deque()
        self._open = 0  # of `_near`, from here on not judged yet
        self._best: tuple[bool, float, float] | None = None
        self._chosen: Seen | None = None
        self._last = -1.0

    def wanted(self) -> float | None:
        if not self._marks:
            return None
        mark = self._marks[0]
        return max(0.0, mark.first - (0 if mark.exact else LEAD))

    def take(self, seen: Seen) -> Iterator[Choice]:
        if seen.time <= self._last:
            return
        self._last = seen.time
        while self._marks and self._marks[0].exact and seen.time > self._marks[0].at:
            mark = self._marks.popleft()
            yield Choice(mark, self._shown or (seen if seen.time - mark.at < 1 else None))
        if not self._marks or self._marks[0].exact:
            self._shown = seen
        elif seen.time < self._marks[0].first - 2 * LEAD:
            self._near.clear()
            self._open, self._shown = 0, seen
        else:
            yield from self._window(seen)

    def finish(self, end: float) -> Iterator[Choice]:
        """The choices that are left when the film has ended. end: when its last frame stops being shown."""
        yield from self._judged(None)
        while self._marks:
            choice = self._settled()
            yield choice if choice.mark.first < end else Choice(choice.mark, None)

    def _window(self, seen: Seen) -> Iterator[Choice]:
        look = _grey(seen)
        small = cv2.resize(look, _SMALL, interpolation=cv2.INTER_AREA).astype(np.float32)
        mark = next((mark for mark in self._marks if mark.last >= seen.time), None)
        inside = mark is not None and mark.first <= seen.time
        sharpness = float(cv2.Laplacian(look, cv2.CV_32F).var()) if inside else 0.0
        self._near.append(_Near(seen, seen.time, small, sharpness))
        yield from self._judged(seen.time - LEAD)

    def _judged(self, until: float | None) -> Iterator[Choice]:
        """Judge what has enough neighbours after it; a mark is settled by the first frame judged behind it."""
        while self._open < len(self._near) and (until is None or self._near[self._open].time <= until):
            near = self._near[self._open]
            while self._marks and near.time > self._marks[0].last:
                yield self._settled()
            if self._marks and near.time >= self._marks[0].first:
                rank = (not self._is_transition(self._open), near.sharpness, -abs(near.time - self._marks[0].at))
                if self._best is None or rank > self._best:
                    self._best, self._chosen = rank, near.seen
            self._shown, near.seen = near.seen, None
            self._open += 1
            while self._near[0].time < near.time - 2 * LEAD:
                self._near.popleft()
                self._open -= 1

    def _settled(self) -> Choice:
        mark = self._marks.popleft()
        best, self._best, self._chosen = self._chosen, None, None
        return Choice(mark, best or self._shown)

    def _is_transition(self, at: int) -> bool:
        before = max((i for i in range(at) if self._near[i].time <= self._near[at].time - LEAD), default=0)
        after = next(
            (i for i in range(at + 1, len(self._near)) if self._near[i].time >= self._near[at].time + LEAD),
            len(self._near) - 1,
        )
        return any(
            one < at < other and is_mixed(self._near[one].small, self._near[at].small, self._near[other].small)
            for one, other in ((before, after), (at - 1, at + 1))
            if other < len(self._near)
        )


def is_mixed(before: NDArray[np.float32], now: NDArray[np.float32], after: NDArray[np.float32]) -> bool:
    """Whether `now` (grey, 0 to 255) is a mixture of the two others, which differ by more than movement."""
    way = after - before
    length = float(np.sqrt(np.mean(way * way)))
    if length < _DIFFERENT:
        return False
    share = float(np.mean((now - before) * way)) / (length * length)
    rest = now - before - share * way
    if not 0.1 < share < 0.9 or float(np.sqrt(np.mean(rest * rest))) > _OFF_LINE * length:
        return False
    # copies, because OpenCV lays the window over pictures of this size in their own memory
    (right, down), _ = cv2.phaseCorrelate(before.copy(), after.copy(), _hanning())
    moved = float(np.hypot(right, down))
    if not _MOVED < moved < _SMALL[0] / 4:
        return True
    back = np.array([[1, 0, right], [0, 1, down]], np.float32)
    kept = cv2.warpAffine(before, back, _SMALL, borderMode=cv2.BORDER_REPLICATE)
    left = float(np.sqrt(np.mean((after - kept) ** 2)))
    return left > 0.7 * length


_window_function: list[NDArray[np.float32]] = []


def _hanning() -> NDArray[np.float32]:
    if not _window_function:
        _window_function.append(cv2.createHanningWindow(_SMALL, cv2.CV_32F).astype(np.float32))
    return _window_function[0]


def _grey(seen: Seen) -> NDArray[np.uint8]:
    frame = seen.frame
    scale = min(1.0, _LOOK / max(frame.width, frame.height))
    small = frame.reformat(max(1, round(frame.width * scale)), max(1, round(frame.height * scale)), "gray", threads=1)
    grey: NDArray[np.uint8] = small.to_ndarray()  # type: ignore[assignment]  # eight bits, as asked for
    return grey
