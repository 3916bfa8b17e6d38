"""Two sides of a dataset, for training and for validation, with nothing alike on both. Pure: reads no picture.

What belongs together (a scene, a run of frames that look alike, one caption) goes to one side. Then the sides are
compared, picture by picture and caption by caption; what is too much alike is joined, and the sides are drawn anew,
until nothing is. So the last comparison is the proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ghibli_prep.settings import SplitSettings
from ghibli_prep.splitting.across import Bits, Nearest, captions, nearest, pictures
from ghibli_prep.splitting.sides import Picture, drawn, grouped, natural

__all__ = ["Picture", "Split", "natural", "split"]


@dataclass(frozen=True, slots=True)
class Split:
    """validation: the numbers of the pictures on that side; all others are for training. groups: the sizes of those
    that went whole. moved: the numbers of pictures that were on the other side before.

    picture, caption: the nearest pair across, None where a side is empty. too_near: pairs above the thresholds.
    repeats: pairs across that are repeats of each other.
    """

    validation: frozenset[int]
    groups: tuple[int, ...]
    moved: tuple[int, ...]
    picture: Nearest | None
    caption: Nearest | None
    too_near: int
    repeats: int


def split(
    pictures_: Sequence[Picture],
    bits: Bits,
    share: float,
    seed: int,
    settings: SplitSettings,
    before: Mapping[int, bool],
    repeats: Sequence[tuple[int, int]] = (),
) -> Split:
    """bits: of the perceptual hashes, a row a picture. share: 0 to 1. before: which side earlier pictures went to, by
    number; True is validation. repeats: pairs of places, known to be repeats of each other."""
    texts = [picture.text for picture in pictures_]
    links = [*_belonging(pictures_, bits, settings), *repeats]
    while True:
        groups = grouped(len(pictures_), links)
        validation = drawn(pictures_, groups, share, seed, before)
        inside = np.flatnonzero(validation)
        outside = np.flatnonzero(~validation)
        seen = pictures(bits, inside, outside, settings.bits)
        said = captions(texts, inside, outside, settings.words)
        pairs = [*seen.pairs, *said.pairs]
        if not pairs:
            numbers = frozenset(pictures_[at].number for at in map(int, inside))
            now = {picture.number: picture.number in numbers for picture in pictures_}
            moved = (number for number, side in now.items() if before.get(number, side) is not side)
            return Split(
                numbers,
                tuple(map(len, groups)),
                tuple(moved),
                nearest(seen, pictures_),
                nearest(said, pictures_),
                len(pairs),
                sum(bool(validation[one] != validation[other]) for one, other in repeats),
            )
        links += pairs


def _belonging(pictures_: Sequence[Picture], bits: Bits, settings: SplitSettings) -> Iterable[tuple[int, int]]:
    """Pairs that are of one scene, or follow each other in a film and look alike, or have one caption."""
    scenes: dict[object, int] = {}
    for at, picture in enumerate(pictures_):
        if picture.scene is not None:
            yield scenes.setdefault(("scene", picture.film, picture.scene), at), at
        yield scenes.setdefault(("caption", picture.text.casefold()), at), at
    order = sorted(range(len(pictures_)), key=lambda at: (pictures_[at].film, pictures_[at].order))
    for first, second in pairwise(order):
        if pictures_[first].film != pictures_[second].film:
            continue
        if int(np.bitwise_count(bits[first] ^ bits[second]).sum()) <= settings.run_bits:
            yield first, second
