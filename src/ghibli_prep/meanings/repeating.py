"""Which captions say what one before them says: exact and greedy, by blocks of matrix products.

Knows vectors, and nothing of what they were made from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ghibli_prep.meanings.model import Floats

_NEW, _KEPT = 1024, 4096
"""Rows that are compared at a time: 16 MB of cosines."""
_ROUNDING = np.float32(1e-6)
"""Unit vectors that are the same may have a cosine a little below 1."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """The caption `index` goes: of those that stay, and came before it, `of` is most like it."""

    index: int
    of: int
    cosine: float


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each row, which of the others is most like it, and how much: -1 and -inf where there are none."""

    of: NDArray[np.int64]
    cosine: Floats


def least(at: float) -> np.float32:
    """The cosine from which on two unit vectors count as `at` alike."""
    return np.float32(at) - _ROUNDING


def nearest(embeddings: Floats, others: Floats, progress: Callable[[int], None] | None = None) -> Nearest:
    """embeddings, others: unit rows. progress: told now and then how many more rows are done."""
    found = Nearest(np.full(len(embeddings), -1, np.int64), np.full(len(embeddings), -np.inf, np.float32))
    for start in range(0, len(embeddings), _NEW):
        part = slice(start, start + _NEW)
        found.of[part], found.cosine[part] = _nearest(embeddings[part], others)
        if progress is not None:
            progress(len(embeddings[part]))
    return found


def repeats(
    embeddings: Floats,
    at: float,
    order: Sequence[int],
    kept: Iterable[int] | None = None,
    progress: Callable[[int], None] | None = None,
) -> list[Repeat]:
    """What goes, in the order of preference: whose cosine with one that stays, and came before it, is `at` or more.

    embeddings: unit rows, n x 384 float32. order: the rows to decide about, the preferred first. kept: rows that stay
    whatever they are like, and come before all. progress: told now and then how many more rows are decided.
    Takes the room of `embeddings` once more, and some 30 MB.
    """
    sure = list(kept or ())
    rows = np.array([*sure, *order], np.int64)
    vectors = embeddings[rows]
    stay, found = len(sure), []  # those that stay are moved to the front, over what is decided already
    for start in range(len(sure), len(rows), _NEW):
        block = vectors[start : start + _NEW].copy()
        goes, of, cosine = _decided(block, vectors[:stay], least(at))
        names = rows[start : start + len(block)].copy()
        places = np.concatenate([rows[:stay], names])
        found += [Repeat(int(names[i]), int(places[of[i]]), float(cosine[i])) for i in np.flatnonzero(goes)]
        left = np.flatnonzero(~goes)
        vectors[stay : stay + len(left)] = block[left]
        rows[stay : stay + len(left)] = names[left]
        stay += len(left)
        if progress is not None:
            progress(len(block))
    return found


def _decided(
    block: Floats, before: Floats, threshold: np.float32
) -> tuple[NDArray[np.bool_], NDArray[np.int64], Floats]:
    """Which rows of `block` go, of which they are repeats (places in `before`, then in `block`), and the cosines."""
    of, cosine = _nearest(block, before)
    goes = cosine >= threshold
    among = np.tril(block @ block.T, -1)
    alike = among >= threshold
    alike[goes] = alike[:, goes] = False
    for row in np.flatnonzero(alike.any(axis=1)):  # one by one: who stays depends on who stayed before
        goes[row] = alike[row].any()
        alike[:, row] &= not goes[row]
    among[:, goes] = -np.inf
    nearer = np.flatnonzero((among.max(axis=1) > cosine) & goes)
    of[nearer] = len(before) + among[nearer].argmax(axis=1)
    cosine[nearer] = among[nearer].max(axis=1)
    return goes, of, cosine


def _nearest(block: Floats, others: Floats) -> tuple[NDArray[np.int64], Floats]:
    of, cosine = np.full(len(block), -1, np.int64), np.full(len(block), -np.inf, np.float32)
    for start in range(0, len(others), _KEPT):
        alike = block @ others[start : start + _KEPT].T
        most = alike.max(axis=1)
        nearer = np.flatnonzero(most > cosine)
        of[nearer] = start + alike[nearer].argmax(axis=1)
        cosine[nearer] = most[nearer]
    return of, cosine
