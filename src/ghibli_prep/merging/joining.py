"""Which of the pictures that are to be merged are copies of others, by picture or by caption. Opens no file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ghibli_prep.likeness import thumbnails
from ghibli_prep.likeness.repeats import nearest


@dataclass(frozen=True, slots=True)
class Candidate:
    """keys: what it shares with every picture that is the same; texts or bytes. stays: it has its number already.

    text: the caption, "" where it has none.
    """

    keys: tuple[object, ...]
    thumbnail: bytes
    text: str
    stays: bool


@dataclass(frozen=True, slots=True)
class Copy:
    """A candidate that goes, by its place, and `of` which; -1 where that was decided before. how: of which kind; value:
    how far apart pictures are, how near captions come; None where they are the same."""

    at: int
    of: int
    how: str
    value: float | None = None


PICTURE, NEARLY, CAPTION, MEANING = "the same picture", "nearly the same picture", "the same caption", "a like caption"
Alike = Callable[[Sequence[str], Sequence[int]], Sequence[tuple[int, int, float]]]
"""Told captions, the preferred first, and the places of those that stay: each that goes, of which, and how near."""


def join(
    all_: Sequence[Candidate],
    near: float | None,
    captions: bool,
    alike: Alike | None,
    before: Mapping[int, str] = MappingProxyType({}),
) -> list[Copy]:
    """What goes, in order. Of those that are alike the one stays that has a number, or else the first.

    What is the same picture goes always. near: from which distance on pictures are two, None: not compared. captions:
    are pictures with one caption compared? alike: finds captions that mean the same, None: is not asked. before: of
    which kind of copies some were before, by place; they go again. They are looked at all the same: what is found by
    looks depends a little on all that is looked at.
    """
    gone: dict[int, Copy] = {}
    order = sorted(range(len(all_)), key=lambda at: not all_[at].stays)

    def left() -> list[int]:
        return [at for at in order if at not in gone]

    _same(all_, left(), gone, lambda one: one.keys, PICTURE)
    if near is not None:
        _near(all_, left(), gone, near, {at for at, how in before.items() if how == NEARLY})
    if captions:
        _same(all_, left(), gone, lambda one: (plain(one.text),) if one.text else (), CAPTION)
    gone |= {at: Copy(at, -1, how) for at, how in before.items() if how == MEANING and at not in gone}
    if captions and alike is not None:
        here = sorted(at for at in left() if all_[at].text)
        stays = [place for place, at in enumerate(here) if all_[at].stays]
        found = alike([all_[at].text for at in here], stays) if len(stays) < len(here) else ()
        for place, of, cosine in found:
            gone[here[place]] = Copy(here[place], here[of], MEANING, cosine)
    return [gone[at] for at in sorted(gone)]


def plain(text: str) -> str:
    """What captions are compared by: their words, in lower case."""
    words = " ".join(re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()))
    return words or text


def _same(
    all_: Sequence[Candidate],
    order: Sequence[int],
    gone: dict[int, Copy],
    keys: Callable[[Candidate], tuple[object, ...]],
    how: str,
) -> None:
    first: dict[object, int] = {}
    for at in order:
        own = keys(all_[at])
        known = next((first[key] for key in own if key in first), None)
        if known is not None and not all_[at].stays:
            gone[at] = Copy(at, known, how)
        for key in own:
            first.setdefault(key, at if known is None or all_[at].stays else known)


def _near(
    all_: Sequence[Candidate], left: Sequence[int], gone: dict[int, Copy], drop: float, before: Collection[int]
) -> None:
    """left: those that are compared, the preferred first."""
    if all(all_[at].stays or at in before for at in left):  # nothing is new
        gone.update({at: Copy(at, -1, NEARLY) for at in left if at in before})
        return
    places = sorted(left)  # whatever has its number by now: what is found depends a little on their order
    pictures = thumbnails([all_[at].thumbnail for at in places])
    at_place = {at: place for place, at in enumerate(places)}
    stays = [at_place[at] for at in left if all_[at].stays]
    goes = {at_place[at] for at in before if at in at_place}
    for place, said in nearest(pictures, [at_place[at] for at in left], set(stays), drop, goes).items():
        if not said.stays:
            of = -1 if place in goes else places[said.other]
            gone[places[place]] = Copy(places[place], of, NEARLY, said.far)
