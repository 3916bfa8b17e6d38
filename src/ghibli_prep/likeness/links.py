"""Which pictures hang together because each is a repeat of the next."""

from __future__ import annotations

from collections.abc import Iterator

from scipy.cluster.hierarchy import DisjointSet

from ghibli_prep.likeness import Thumbnails
from ghibli_prep.likeness.apart import apart
from ghibli_prep.likeness.candidates import candidates


def links(pictures: Thumbnails, drop: float) -> Iterator[tuple[int, int]]:
    """Pairs of repeats, as many as it takes for all that are repeats of each other, one by one, to hang together.

    drop: see `apart`; below it one is a repeat of the other.
    """
    together = DisjointSet(range(len(pictures)))
    for whole, cut, window in candidates(pictures).rows():
        if not together.connected(whole, cut) and apart(pictures[whole], pictures[cut], window) < drop:
            together.merge(whole, cut)
            yield whole, cut
