"""Which of many pictures go, because one that stays shows the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ghibli_prep.likeness import Thumbnails
from ghibli_prep.likeness.apart import UNLIKE, apart
from ghibli_prep.likeness.candidates import candidates


@dataclass(frozen=True, slots=True)
class Nearest:
    """far: see `apart`. other: the place of the nearest picture that stays, -1 where none is near. stays: itself."""

    far: float
    other: int
    stays: bool


def nearest(
    pictures: Thumbnails, order: Iterable[int], stays: Collection[int], drop: float, goes: Collection[int] = ()
) -> dict[int, Nearest]:
    """What is said of each picture, by its place. Each that goes is near the very one that stays for it: nothing is
    handed on from neighbour to neighbour.

    order: the places; of those that are alike the first stays. stays, goes: those that do whatever they are like.
    """
    near = candidates(pictures).by_picture(len(pictures))
    found: dict[int, Nearest] = {}
    for one in order:
        there = ((whole + cut - one, whole, cut, window) for whole, cut, window in near[one].rows())
        far, other = min(
            (
                (apart(pictures[whole], pictures[cut], window), other)
                for other, whole, cut, window in there
                if other in found and found[other].stays
            ),
            default=(UNLIKE, -1),
        )
        found[one] = Nearest(far, other, one not in goes and (one in stays or far >= drop))
    return found
