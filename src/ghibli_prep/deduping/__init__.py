"""Captions that say the same: which pictures of a workspace go for them.

What a caption means is looked up or embedded; `meanings` says what is a repeat. The workspace takes them out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghibli_prep import meanings
from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.deduping.embedding import embedded, vectors_of
from ghibli_prep.errors import Stopped
from ghibli_prep.meanings import Floats
from ghibli_prep.samples import KEPT_IN_DATASET, Removed
from ghibli_prep.settings import Settings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.metadata import file_name


@dataclass(frozen=True, slots=True)
class Gone:
    """The picture `number` goes: its caption says what that of `of` says.

    of: a picture's name, a path where it is in another dataset. of_number: None where it is.
    """

    number: int
    of: str
    of_number: int | None
    cosine: float
    text: str
    of_text: str

    @property
    def removed(self) -> Removed:
        return Removed(self.number, f"its caption is {self.cosine:.2f} like that of {self.of}", False)


@dataclass(frozen=True, slots=True)
class Found:
    """compared: how many captions of the workspace were looked at. others: how many of another dataset they were
    compared with, None where with each other. spared: how many are like one of those and stay by the user's word."""

    compared: int
    others: int | None
    gone: Sequence[Gone]
    spared: int


class Deduping:
    """One look for repeats in a workspace. Raises MissingExtra before anything is done."""

    def __init__(self, workspace: Workspace, settings: Settings, console: Console, stop: Stop) -> None:
        meanings.need()
        self._settings, self._uncompared = settings.dedupe, settings.uncompared
        self._console, self._stop = console, stop
        self._vectors = vectors_of(workspace)
        here, captions = set(workspace.pictures()), workspace.captions
        self._texts = {n: captions[n] for n in sorted(captions) if n in here and workspace.has_caption(n)}
        self._spared = _spared(workspace) & self._texts.keys()

    def among(self) -> Found:
        """Of captions that are alike one stays: one that the user keeps, or else the one that is preferred."""
        numbers = self._preferred()
        rows = self._embedded(self._texts.values())
        place = {number: at for at, number in enumerate(self._texts)}
        order = [place[n] for n in numbers if n not in self._spared]
        kept = [place[n] for n in numbers if n in self._spared]
        with self._console.bar("compare", len(numbers)) as bar:
            found = meanings.repeats(rows, self._settings.at, order, kept, self._counted(bar.update))
        every = list(self._texts)
        gone = [self._gone(every[repeat.index], every[repeat.of], repeat.cosine) for repeat in found]
        gone.sort(key=lambda each: each.number)
        return Found(len(numbers), None, gone, 0)

    def against(self, others: Mapping[str, str]) -> Found:
        """What is like something in another dataset goes. others: its captions by a name for each."""
        numbers, names = list(self._texts), list(others)
        rows = self._embedded([*self._texts.values(), *others.values()])
        with self._console.bar("compare", len(numbers)) as bar:
            found = meanings.nearest(rows[: len(numbers)], rows[len(numbers) :], self._counted(bar.update))
        alike = np.flatnonzero(found.cosine >= meanings.least(self._settings.at))
        gone = [
            Gone(numbers[at], name, None, _rounded(found.cosine[at]), self._texts[numbers[at]], others[name])
            for at, name in ((at, names[found.of[at]]) for at in map(int, alike))
        ]
        goes = [each for each in gone if each.number not in self._spared]
        return Found(len(numbers), len(others), goes, len(gone) - len(goes))

    def _preferred(self) -> list[int]:
        if self._settings.keep == "longest":
            return sorted(self._texts, key=lambda number: (-len(self._texts[number]), number))
        return list(self._texts)

    def _gone(self, number: int, of: int, cosine: float) -> Gone:
        return Gone(number, file_name(of), of, _rounded(cosine), self._texts[number], self._texts[of])

    def _embedded(self, captions: Iterable[str]) -> Floats:
        return embedded(captions, self._vectors, self._console, self._counted, self._uncompared)

    def _counted(self, update: Callable[[int], object]) -> Callable[[int], None]:
        """Move a bar on, until the user says stop."""

        def count(done: int) -> None:
            update(done)
            if self._stop.soon:
                raise Stopped("Stopped. Nothing was taken out; run the same command again to go on.")

        return count


def _rounded(cosine: Any) -> float:
    return round(min(1.0, float(cosine)), 4)


def _spared(workspace: Workspace) -> set[int]:
    """The pictures of the dataset that the user named to `keep`."""
    numbers = workspace.facts.numbers
    return {
        numbers[identity]
        for identity, verdict in workspace.facts.verdicts.items()
        if verdict.kept and verdict.reason == KEPT_IN_DATASET and identity in numbers
    }


def as_before(gone: Iterable[Gone], captions: Mapping[int, str]) -> list[Gone]:
    """Those of which neither caption was edited meanwhile. captions: as they are now."""
    return [
        each
        for each in gone
        if captions.get(each.number) == each.text
        and (each.of_number is None or captions.get(each.of_number) == each.of_text)
    ]
