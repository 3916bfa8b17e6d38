"""Which side a group of pictures goes to: drawn by a seed, and the same as before for those that had one."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Natural = tuple[str | int, ...]
"""What a path is sorted by: text and numbers in turn."""


@dataclass(frozen=True, slots=True)
class Picture:
    """order: seconds and path, by which the frames of a film follow each other. scene: of its film, None where that has
    none that are known."""

    number: int
    text: str
    film: str
    order: tuple[float, Natural]
    scene: int | None = None


def natural(path: str) -> Natural:
    """`f2.png` comes before `f10.png`."""
    return tuple(int(part) if at % 2 else part for at, part in enumerate(re.split(r"([0-9]+)", path)))


def grouped(count: int, links: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The places 0 to `count` - 1 in groups, all that is linked in one; each ascending, by their first."""
    pairs = np.array([*links, *((at, at) for at in range(count))], np.int64).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    groups: dict[int, list[int]] = {}
    for at, label in enumerate(labels):
        groups.setdefault(int(label), []).append(at)
    return list(groups.values())


def drawn(
    pictures: Sequence[Picture], groups: Sequence[Sequence[int]], share: float, seed: int, before: Mapping[int, bool]
) -> NDArray[np.bool_]:
    """True for the pictures for validation: about `share` of all.

    A group that has pictures from before goes where most of those were. The others are taken in the order of a draw
    that depends on the seed and the group's lowest number alone, as long as they fit.
    """
    chosen = np.zeros(len(pictures), bool)
    new = []
    for group in groups:
        sides = Counter(before[pictures[at].number] for at in group if pictures[at].number in before)
        if not sides:
            new.append(group)
        elif sides[True] > sides[False]:
            chosen[list(group)] = True
    wanted = round(share * len(pictures))
    for group in sorted(new, key=lambda group: _draw(seed, min(pictures[at].number for at in group))):
        if chosen.sum() + len(group) <= max(wanted, 1):
            chosen[list(group)] = True
    return chosen


def _draw(seed: int, number: int) -> bytes:
    return hashlib.sha256(f"{seed}/{number}".encode()).digest()
