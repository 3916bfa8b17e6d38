"""Pairs of pictures that may be repeats of each other, found without comparing all with all.

Each picture is looked at through sixteen windows, the whole of it and some that cut up to a tenth off; a picture that
is another one cut at its edges looks like one of that other's windows. Looks are vectors of brightness, free of its
level and contrast. They are sorted into cells around some of them, and only those that share a cell are compared. The
number of cells grows with the square root of that of the pictures, and so does what a cell holds: the work of
finding grows with the power 1.5. Pairs that are alike by chance grow with the square, so `apart` must soon be done with
those: `bench_filters.py --index` says how much is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ghibli_prep.likeness import HEIGHT, WIDTH, Thumbnails

Window = tuple[int, int, int, int]
"""Pixels of a thumbnail that are cut off: left, top, right, bottom."""
WINDOWS: tuple[Window, ...] = tuple(
    (left, top, right, bottom)
    for left, right in ((0, 0), (3, 0), (0, 3), (3, 3))
    for top, bottom in ((0, 0), (2, 0), (0, 2), (2, 2))
)
"""The first is the whole picture."""
LIKE = 0.84
"""Cosine of two looks from which on two pictures may be repeats: below it were 2 of 100 pairs of which one or
both were cut, by up to a tenth at every side."""
_GRID = 16, 9
_CELLS = 4
"""Times the square root."""
_CELLS_OF_BASE, _CELLS_OF_WINDOW = 3, 2
_BLOCK = 256
Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs by their places in the list: `cut` may be seen through the window `window` of `whole`."""

    whole: NDArray[np.int64]
    cut: NDArray[np.int64]
    window: NDArray[np.int64]

    def rows(self) -> Iterator[tuple[int, int, int]]:
        """whole, cut, window of each pair."""
        yield from zip(self.whole.tolist(), self.cut.tolist(), self.window.tolist(), strict=True)

    def by_picture(self, count: int) -> list[Candidates]:
        """Of each of `count` pictures the pairs that it is in."""
        ends = np.concatenate([self.whole, self.cut])
        order = np.argsort(ends, kind="stable")
        edges = np.searchsorted(ends[order], np.arange(1, count))
        rows = np.split(order % max(1, len(self.whole)), edges)
        return [Candidates(self.whole[at], self.cut[at], self.window[at]) for at in rows]


def looks(pictures: Thumbnails, window: Window = WINDOWS[0]) -> Vectors:
    """A vector of length 1 a picture, or of zeros where it has no contrast."""
    left, top, right, bottom = window
    made = np.empty((len(pictures), _GRID[0] * _GRID[1]), np.float32)
    for at, picture in enumerate(pictures):
        inside = np.ascontiguousarray(picture[top : HEIGHT - bottom, left : WIDTH - right], np.float32)
        made[at] = cv2.resize(cv2.GaussianBlur(inside, (0, 0), 1.0), _GRID, interpolation=cv2.INTER_AREA).ravel()
    made -= made.mean(axis=1, keepdims=True)
    size = np.linalg.norm(made, axis=1, keepdims=True)
    np.divide(made, size, out=made, where=size > 1)
    made[size[:, 0] <= 1] = 0
    return made


def candidates(pictures: Thumbnails, seed: int = 1) -> Candidates:
    """Each pair once, with the side as the whole and the window that fit best; always the same ones."""
    seen = np.empty((len(WINDOWS), len(pictures), _GRID[0] * _GRID[1]), np.float32)
    for number, window in enumerate(WINDOWS):
        seen[number] = looks(pictures, window)
    centres = _centres(seen[0], seed)
    in_whole = _members(_nearest(seen[0], centres, _CELLS_OF_BASE), len(centres))
    near = np.concatenate([_nearest(each, centres, _CELLS_OF_WINDOW) for each in seen], axis=1)
    found = [
        pairs
        for one, other in zip(_members(near, len(centres)), in_whole, strict=True)
        for pairs in _alike(seen, one, other)
    ]
    if not found:
        return Candidates(*np.zeros((3, 0), np.int64))
    whole, cut, window = np.concatenate([places for places, _ in found], axis=1)
    likeness = np.concatenate([values for _, values in found])
    pair = np.minimum(whole, cut) * len(pictures) + np.maximum(whole, cut)
    order = np.lexsort((whole, -likeness, pair))  # in several cells, and from both sides, the same pair is found
    _, first = np.unique(pair[order], return_index=True)
    best = order[first]
    return Candidates(whole[best], cut[best], window[best])


def _centres(whole: Vectors, seed: int) -> Vectors:
    count = min(len(whole), _CELLS * int(np.sqrt(len(whole))))
    return whole[np.sort(np.random.default_rng(seed).choice(len(whole), count, replace=False))] if len(whole) else whole


def _nearest(vectors: Vectors, centres: Vectors, count: int) -> NDArray[np.int64]:
    """The numbers of the `count` nearest centres to each vector."""
    count = min(count, len(centres))
    found = np.empty((len(vectors), count), np.int64)
    for start in range(0, len(vectors), _BLOCK):
        near = vectors[start : start + _BLOCK] @ centres.T
        found[start : start + _BLOCK] = np.argpartition(-near, count - 1, axis=1)[:, :count]
    return found


def _alike(
    seen: Vectors, one: NDArray[np.int64], other: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """The pairs of a cell that are alike, as three rows: the whole, the cut one, and the window that fits best; and how
    well that does."""
    for start in range(0, len(one), _BLOCK):
        part = one[start : start + _BLOCK]
        best = np.full((len(part), len(other)), LIKE, np.float32)
        fits = np.full(best.shape, -1, np.int8)
        for number, window in enumerate(seen):
            near = window[part] @ seen[0][other].T
            better = near > best
            if better.any():
                best[better], fits[better] = near[better], number
        row, column = np.nonzero((fits >= 0) & (part[:, None] != other))
        yield np.stack([part[row], other[column], fits[row, column]]), best[row, column]


def _members(cells: NDArray[np.int64], count: int) -> list[NDArray[np.int64]]:
    """The places of the vectors in each cell, ascending, each once."""
    order = np.argsort(cells.ravel(), kind="stable")
    edges = np.searchsorted(cells.ravel()[order], np.arange(count + 1))
    return [np.unique(order[edges[at] : edges[at + 1]] // cells.shape[1]) for at in range(count)]
