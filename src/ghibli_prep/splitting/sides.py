"""Which side a group of pictures goes to: drawn by a seed, and the same as before for those that had one."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True, slots=True)
class Picture:
    """order: by which frames of a film follow each other. scene: of its film, None where no scenes are known."""

    number: int
    text: str
    film: str
    order: tuple[float, str]
    scene: int | None = None


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
