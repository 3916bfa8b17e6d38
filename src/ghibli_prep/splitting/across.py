"""How near the two sides come to each other: every picture and every caption of one with every one of the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ghibli_prep.splitting.sides import Picture

Bits = NDArray[np.uint64]
Places = NDArray[np.int64]
_BLOCK = 512
"""Pictures of one side that are compared at a time: so memory does not grow with the other."""
_UNSPACED = "\\u3040-\\u30ff\\u3400-\\u9fff\\uf900-\\ufaff"
"""Letters of scripts that put no space between words: each counts as one."""
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


@dataclass(frozen=True, slots=True)
class Compared:
    """pairs: places (inside, outside) that are too near. closest: the nearest pair, and how near it is."""

    pairs: list[tuple[int, int]]
    closest: tuple[int, int, float] | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Numbers of the nearest pair across: of validation, and of training. distance: bits apart, or share of words."""

    inside: int
    outside: int
    distance: float


def pictures(bits: Bits, inside: Places, outside: Places, most: int) -> Compared:
    """By bits of the perceptual hashes: too near is `most` and fewer."""
    pairs: list[tuple[int, int]] = []
    closest: tuple[int, int, float] | None = None
    for start in range(0, len(inside), _BLOCK):
        block = inside[start : start + _BLOCK]
        apart = np.zeros((len(block), len(outside)), np.uint16)
        for word in range(bits.shape[1]):
            apart += np.bitwise_count(bits[block, word][:, None] ^ bits[outside, word][None, :])
        pairs += _places(apart <= most, block, outside)
        closest = _closer(closest, apart, block, outside, sign=1)
    return Compared(pairs, closest)


def captions(texts: Sequence[str], inside: Places, outside: Places, least: float) -> Compared:
    """By the share of words that two captions have in common, of all words of both (Jaccard); `least` is too near."""
    pairs: list[tuple[int, int]] = []
    closest: tuple[int, int, float] | None = None
    words = _words(texts)
    counts = np.asarray(words.sum(axis=1)).ravel()
    others = words[outside]
    for start in range(0, len(inside), _BLOCK):
        block = inside[start : start + _BLOCK]
        common = np.asarray((words[block] @ others.T).todense())
        union = counts[block][:, None] + counts[outside][None, :] - common
        alike = np.divide(common, union, out=np.zeros_like(common), where=union > 0)
        pairs += _places(alike >= least, block, outside)
        closest = _closer(closest, alike, block, outside, sign=-1)
    return Compared(pairs, closest)


def nearest(compared: Compared, all_pictures: Sequence[Picture]) -> Nearest | None:
    if compared.closest is None:
        return None
    inside, outside, distance = compared.closest
    return Nearest(all_pictures[inside].number, all_pictures[outside].number, distance)


def _words(texts: Sequence[str]) -> csr_matrix:
    """A row a text, a column a word, 1 where the text has it."""
    known: dict[str, int] = {}
    columns, ends = [], [0]
    for text in texts:
        words = _WORD.findall(text.casefold()) or [text.strip()]
        columns += sorted({known.setdefault(word, len(known)) for word in words})
        ends.append(len(columns))
    return csr_matrix((np.ones(len(columns), np.float32), columns, ends), shape=(len(texts), max(1, len(known))))


def _places(too_near: NDArray[np.bool_], block: Places, outside: Places) -> list[tuple[int, int]]:
    rows, columns = np.nonzero(too_near)
    return [(int(block[row]), int(outside[column])) for row, column in zip(rows, columns, strict=True)]


def _closer(
    best: tuple[int, int, float] | None, how_far: NDArray[np.generic], block: Places, outside: Places, sign: int
) -> tuple[int, int, float] | None:
    """The nearer of `best` and the nearest of this block. sign: 1 where less is nearer, -1 where more is."""
    if not how_far.size:
        return best
    at = int(np.argmin(how_far)) if sign > 0 else int(np.argmax(how_far))
    row, column = divmod(at, how_far.shape[1])
    found = float(how_far[row, column])
    if best is not None and sign * best[2] <= sign * found:
        return best
    return int(block[row]), int(outside[column]), found
