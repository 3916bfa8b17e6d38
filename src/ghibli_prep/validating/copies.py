"""Which pictures are copies of others, or nearly so: by the fingerprints of all, in nearly linear time.

Near-duplicates are found by the perceptual hash, cut into so many bands that two hashes within the distance must be
the same in one of them at least. What shares a band is then compared exactly: bits first, then brightness and colours,
because flat pictures of any colour have one hash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghibli_prep.validating.pictures import BITS

Prints = NDArray[Any]
"""Of dtype `pictures.PRINT`, one a picture."""
Same = Callable[[int], bytes]
_WORD = 64


@dataclass(frozen=True, slots=True)
class Copy:
    """Two pictures by their places in the list, first < second. bits: apart, of 256; None: every pixel is the same."""

    first: int
    second: int
    bits: int | None


def exact(prints: Prints, pixels: Same) -> Iterator[Copy]:
    """Every picture that is the same as an earlier one, with the first of them.

    pixels: what tells the pixels of the picture at a place; asked only for pictures that look alike.
    """
    for alike in _runs(prints["small"]):
        first: dict[bytes, int] = {}
        for at in map(int, alike):
            earlier = first.setdefault(pixels(at), at)
            if earlier != at:
                yield Copy(earlier, at, None)


def near(prints: Prints, distance: int, levels: int) -> Iterator[Copy]:
    """Each picture that is nearly the same as an earlier one, with that one: without those named second, none is left.

    distance: of the hashes, in bits. levels: how far apart brightness or colour may be in any part of the picture.
    """
    bits, looks = prints["bits"], prints["levels"]
    named = np.zeros(len(prints), bool)
    for band in _bands(distance):
        for run in _runs(_key(bits, band)):
            left = run[~named[run]]
            while len(left) > 1:
                first, others = int(left[0]), left[1:]
                apart = np.bitwise_count(bits[others] ^ bits[first]).sum(axis=1)
                close = apart <= distance
                close[close] = _look_alike(looks[others[close]], looks[first], levels)
                for second, how_far in zip(others[close], apart[close], strict=True):
                    yield Copy(first, int(second), int(how_far))
                named[others[close]] = True
                left = others[~close]


def _look_alike(some: NDArray[np.uint8], one: NDArray[np.uint8], levels: int) -> NDArray[np.bool_]:
    apart = np.abs(some.astype(np.int16) - one.astype(np.int16))
    return np.asarray(apart.max(axis=1, initial=0) <= levels)


def _bands(distance: int) -> list[NDArray[np.int64]]:
    """Positions of bits, in one more part than bits may differ: so one part is the same. Shuffled, because neighbours
    in the hash say much the same."""
    shuffled = np.random.default_rng(1).permutation(BITS)
    return [part[:_WORD] for part in np.array_split(shuffled, distance + 1)]


def _key(bits: NDArray[np.uint64], band: NDArray[np.int64]) -> NDArray[np.uint64]:
    """What the bits at the positions `band` say, as one number a picture."""
    key = np.zeros(len(bits), np.uint64)
    for position in band:
        word, shift = divmod(int(position), _WORD)
        key = (key << np.uint64(1)) | ((bits[:, word] >> np.uint64(shift)) & np.uint64(1))
    return key


def _runs(keys: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """The places of equal keys, ascending, of every key that occurs more than once."""
    if not len(keys):
        return
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    edges = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1], [True])))
    for run in np.flatnonzero(np.diff(edges) > 1):
        yield order[edges[run] : edges[run + 1]]
