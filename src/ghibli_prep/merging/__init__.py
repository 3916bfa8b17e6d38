"""`ghibli-prep merge`: several datasets become one, renumbered, without copies, each line's origin kept.

The sources are read and never written. What is decided follows from the sources and from what the workspace has besides
them alone, so a merge that was killed goes on to the same end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ghibli_prep import likeness
from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.errors import Stopped
from ghibli_prep.merging import here
from ghibli_prep.merging.bringing import People, Taking, bring, made_for
from ghibli_prep.merging.joining import NEARLY, PICTURE, Candidate, Copy, join
from ghibli_prep.merging.looking import Seen, look_at
from ghibli_prep.merging.meaning import asked
from ghibli_prep.merging.sources import Dataset, Item
from ghibli_prep.samples import Captioned
from ghibli_prep.settings import Settings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.contents import relative
from ghibli_prep.workspace.merged import Left

T = TypeVar("T")
_UNSEEN = bytes(likeness.WIDTH * likeness.HEIGHT)
"""The thumbnail of what cannot be decoded: it is like nothing."""
__all__ = ["By", "Merging", "Outcome"]


@dataclass(frozen=True, slots=True)
class By:
    """What copies are told by, besides being the same picture. meanings: of captions, not only their words."""

    pictures: bool = True
    captions: bool = True
    meanings: bool = True


@dataclass(slots=True)
class Outcome:
    """What came of a merge. taken, known: pictures by dataset that came in, or were here before.

    left_out: what cannot be used, and why, by dataset and path there. captioned: the numbers of pictures that were here
    without a caption and have one now. resized: of those taken, the ones that are not as they were; enlarged: of these,
    the ones that were smaller."""

    taken: dict[str, int] = field(default_factory=dict)
    known: dict[str, int] = field(default_factory=dict)
    copies: list[Left] = field(default_factory=list)
    left_out: dict[tuple[str, str], str] = field(default_factory=dict)
    captioned: list[int] = field(default_factory=list)
    resized: int = 0
    enlarged: int = 0


class Merging:
    """One merge of datasets, in their order of preference, into a workspace; a held one, unless it is only planned."""

    def __init__(
        self, workspace: Workspace, datasets: Sequence[Dataset], settings: Settings, console: Console, stop: Stop
    ) -> None:
        self.workspace, self.datasets, self.settings = workspace, datasets, settings
        self.console, self.stop = console, stop
        self.outcome = Outcome()
        self._merged = workspace.merged()
        self._here: dict[int, Taking] = {}
        self._bare: dict[int, Taking] = {}
        """Pictures that were here without a caption, by number: who has one."""

    def plan(self, by: By) -> list[Taking]:
        """What is to be taken, in order; the outcome says what is not, and why."""
        for dataset in self.datasets:
            self.outcome.taken[dataset.name] = self.outcome.known[dataset.name] = 0
            self.outcome.left_out |= {(dataset.name, at): why for at, why in dataset.left_out.items()}
        items, seen = self._seen()
        numbers = here.numbers_of(self._merged, items, seen)
        own = self._own(set(numbers.values()))
        candidates = [
            *own.values(),
            *(_candidate(item, look, at in numbers) for at, (item, look) in enumerate(zip(items, seen, strict=True))),
        ]
        copies = {copy.at - len(own): copy for copy in self._copies(candidates, by, items, seen)}
        names = [*(f"train/{number}.jpg" for number in own), *(f"{item.dataset}/{item.at}" for item in items)]
        self.outcome.copies = [self._left(copy, names, items[at], seen[at]) for at, copy in copies.items()]
        films = here.films(self.workspace, self._merged, items)
        if said := here.other_size(self.workspace, self.settings.resize.size):
            self.console.tell(said)
        facts, takings = self.workspace.facts, []
        dropped = self.workspace.dropped_by_hand()
        bare = {of: number for of, number in enumerate(own) if not own[number].text and number not in dropped}
        there = {number for identity, number in facts.numbers.items() if self.workspace.is_resized(identity)}
        for at, (item, look) in enumerate(zip(items, seen, strict=True)):
            taking, number = Taking(item, look, here.source_of(item, films)), numbers.get(at)
            if number is not None and number in there:
                self.outcome.known[item.dataset] += 1
                self._here[number] = taking
            elif at not in copies:
                takings.append(taking)
            elif copies[at].how == PICTURE and copies[at].of in bare:
                self._bare.setdefault(bare[copies[at].of], taking)
        self.outcome.captioned = sorted(self._bare)
        return takings

    def run(self, takings: Sequence[Taking], people: People) -> None:
        """Take them in. people: as for `bring`. After Stopped, DiskError and UsageError the next run goes on."""
        for dataset in self.datasets:
            self._merged.note_dataset(dataset.name, relative(dataset.folder, self.workspace.root))
            for film, cuts in dataset.cuts.items():
                self._merged.note_cuts(film, cuts)
        self._merged.note_left(self.outcome.copies)
        self._end_what_was_cut_short()
        for number, taking in self._bare.items():
            made = made_for(taking, self.workspace.hash_of(number))
            known = made and replace(made, number=number, source=self.workspace.facts.sources.get(number, ""))
            self.workspace.record(Captioned(number, taking.item.text), known)
        refused = {}
        for taking, why in bring(
            self.workspace, self._merged, takings, self.settings.resize, people, self.console, self.stop
        ):
            refused[taking] = why
            self.outcome.left_out[taking.item.dataset, taking.item.at] = why
        self.count([taking for taking in takings if taking not in refused])

    def count(self, takings: Sequence[Taking]) -> None:
        side = self.settings.resize.size
        for taking in takings:
            self.outcome.taken[taking.item.dataset] += 1
            self.outcome.resized += not taking.seen.ready
            self.outcome.enlarged += min(taking.seen.size) < side

    def _end_what_was_cut_short(self) -> None:
        """Captions that a kill kept from their pictures, or from where they came from, come now."""
        cut_short = {number: taking for number, taking in self._here.items() if number not in self._merged.settled}
        known = self.workspace.provenance() if cut_short else {}
        captions = {}
        for number, taking in cut_short.items():
            made = None if number in known else made_for(taking, self.workspace.hash_of(number))
            captions[number] = (taking.item.text, made)
        self.workspace.settle_in(captions, self._merged)

    def _seen(self) -> tuple[list[Item], list[Seen]]:
        """The pictures that can be used, and what is seen of them."""
        items = [item for dataset in self.datasets for item in dataset.items]
        good, seen = [], []
        looked = look_at((item.file for item in items), self.settings.resize)
        for item, look in zip(items, self._counted("look", looked, len(items)), strict=True):
            if isinstance(look, str):
                self.outcome.left_out[item.dataset, item.at] = look
            else:
                good.append(item)
                seen.append(look)
        return good, seen

    def _own(self, merged: set[int]) -> dict[int, Candidate]:
        """The pictures of the workspace that came from none of the sources, by number."""
        identities = {number: identity for identity, number in self.workspace.facts.numbers.items()}
        numbers = [number for number in self.workspace.pictures() if number not in merged]
        looked = look_at((self.workspace.file(number) for number in numbers), self.settings.resize)
        own = {}
        for number, look in zip(numbers, self._counted("look", looked, len(numbers)), strict=True):
            text = self.workspace.captions[number] if self.workspace.has_caption(number) else ""
            origin = self._merged.origins.get(number)
            keys = {identities.get(number, ""), *((origin.content, origin.frame) if origin else ())} - {""}
            if isinstance(look, str):  # `validate` names it
                own[number] = Candidate((*sorted(keys),), _UNSEEN, text, True)
            else:
                own[number] = Candidate((*sorted(keys | {look.content}), look.small), look.thumbnail, text, True)
        return own

    def _counted(self, what: str, looked: Iterator[T], total: int) -> Iterator[T]:
        with closing(self.console.counting(what, looked, total)) as counted:
            for one in counted:
                yield one
                if self.stop.soon:
                    raise Stopped("Stopped. Nothing was merged yet; run the same command again.")

    def _copies(
        self, candidates: Sequence[Candidate], by: By, items: Sequence[Item], seen: Sequence[Seen]
    ) -> list[Copy]:
        """candidates: what the workspace has besides them, then the items."""
        near = self.settings.filter.duplicate.drop if by.pictures else None
        at_least = self.settings.dedupe.at if by.captions and by.meanings else None
        start, before = len(candidates) - len(items), {}
        for at, (item, look) in enumerate(zip(items, seen, strict=True), start=start):
            left = self._merged.left.get(look.content)
            if left and not candidates[at].stays and _still_counts(left, item.text, near, at_least):
                before[at] = left.how
        alike = (
            None
            if at_least is None
            else asked(self.workspace, at_least, self.settings.uncompared, self.console, self.stop)
        )
        return join(candidates, near, by.captions, alike, before)

    def _left(self, copy: Copy, names: Sequence[str], item: Item, seen: Seen) -> Left:
        if copy.of < 0:
            return replace(self._merged.left[seen.content], dataset=item.dataset, file=item.at)
        value = None if copy.value is None else round(copy.value, 4)
        return Left(item.dataset, item.at, seen.content, item.text, names[copy.of], copy.how, value)


def _still_counts(left: Left, text: str, near: float | None, at_least: float | None) -> bool:
    """Does that by which a picture was left out before still keep it out?"""
    if left.value is None:
        return False  # what is the same is seen anew
    if left.how == NEARLY:
        return near is not None and left.value < near
    return at_least is not None and left.text == text and left.value >= at_least


def _candidate(item: Item, seen: Seen, stays: bool) -> Candidate:
    keys: tuple[object, ...] = (seen.content, *([item.frame] if item.frame else []), seen.small)
    return Candidate(keys, seen.thumbnail, item.text, stays)
