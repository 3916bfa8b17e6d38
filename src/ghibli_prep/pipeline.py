"""The chain in order, and the one loop that records.

Each step takes from the workspace what is still to be done, runs a stage over it, and lets the workspace write down
every result as it comes out. Nothing here decides anything about a picture or a slot. The stages that work on pixels
are imported where they are run: `status` and its like do not wait for Pillow and NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from ghibli_prep import detectors
from ghibli_prep.asking import Asking, Means
from ghibli_prep.batching import many
from ghibli_prep.captioning.calls import Stop
from ghibli_prep.captioning.dispatch import Done, End, Interrupted, OverBudget
from ghibli_prep.console import Console
from ghibli_prep.errors import Stopped
from ghibli_prep.framing import Box
from ghibli_prep.samples import BY_USER, Found, Kept, Rejected, Removed, Rendered, Resized, Unreadable
from ghibli_prep.settings import ResizeSettings, Settings
from ghibli_prep.stages.cleanup import to_remove
from ghibli_prep.stages.overrule import overruled
from ghibli_prep.workspace import Workspace

if TYPE_CHECKING:
    from ghibli_prep.filtering import Filtering

T = TypeVar("T")
BATCH = 32
"""Pictures that are given their numbers together."""

Take = Literal["all", "kept", "not rejected"]
"""Which pictures are resized: all that were found, those that the filter kept, or those that it did not drop."""


@dataclass(slots=True)
class Census:
    """What lies in a folder: pictures by identity in a stable order, and what else was met."""

    pictures: dict[str, Found] = field(default_factory=dict)
    copies: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)


class Pipeline:
    """The steps over one held workspace."""

    def __init__(self, workspace: Workspace, source: Path, console: Console, stop: Stop) -> None:
        self.workspace, self.source, self.console, self.stop = workspace, source, console, stop
        self._census: Census | None = None

    # Finding -----------------------------------------------------------------------------------------

    def census(self) -> Census:
        """What lies in the input folder, looked up once."""
        if self._census is None:
            self._census = self._look_through(self.source, "find", self.workspace.derived)
            if copies := self._census.copies:
                self.console.tell(f"{copies:,} exact {'copy' if copies == 1 else 'copies'} of other pictures left out")
        return self._census

    def _look_through(self, folder: Path, what: str, skip: tuple[Path, ...] = ()) -> Census:
        from ghibli_prep.stages.find import find

        census = Census()
        if not folder.is_dir():
            return census
        for sample in self._recorded(what, find(folder, self.workspace.identity_of, skip), None):
            if isinstance(sample, Unreadable):
                census.unreadable.append(sample)
            elif sample.identity in census.pictures:
                census.copies += 1
            else:
                census.pictures[sample.identity] = sample
        return census

    def _in(self, folder: Path) -> dict[str, Found]:
        return self._look_through(folder, folder.name).pictures

    # Filter ------------------------------------------------------------------------------------------

    def overrule(self) -> None:
        """Take over what the user decided by moving files between the filter's two folders."""
        kept, rejected = self._in(self.workspace.filtered), self._in(self.workspace.rejected)
        samples = list(overruled(self.workspace.facts.verdicts, kept, rejected, self.census().pictures))
        # before it is noted: after a kill it would no more be seen that they are to come back
        self._bring_back(sample.identity for sample in samples if isinstance(sample, Kept))
        for sample in samples:
            self.workspace.record(sample)
            if isinstance(sample, Kept) and sample.identity in rejected:
                self.workspace.take_away(rejected[sample.identity].file)
            self.console.tell(f"{sample.source}: {'kept' if isinstance(sample, Kept) else 'dropped'} by your hand")

    def decide(self, files: Sequence[Path], keep: bool) -> int:
        """Keep or drop, for good, the pictures that these files are; returns how many. Raises UsageError, and then
        has decided about none of them."""
        from ghibli_prep.stages.choose import chosen

        self.overrule()
        workspace, frames = self.workspace, self.census().pictures
        shown = {True: self._in(workspace.filtered), False: self._in(workspace.rejected)}
        sources = {identity: verdict.source for identity, verdict in workspace.facts.verdicts.items()}
        there = {**(self._in_dataset() if keep else self._merged()), **shown[False], **shown[True], **frames}
        hash_file, of_dataset = workspace.hash_file, workspace.identity_in_dataset
        gone = workspace.removed_among(files) if keep else {}
        bare = {file for file in gone if not of_dataset(file)}
        samples = [chosen(file, keep, there, sources, of_dataset, hash_file) for file in files if file not in bare]
        once = {sample.identity: sample for sample in samples}
        for sample in once.values():
            other = shown[not keep].get(sample.identity)
            if other and sample.identity in frames:  # first: what a kill left on both sides would count as kept
                workspace.take_away(other.file)
            workspace.record(sample)
            if other and sample.identity not in frames:
                workspace.take_away(other.file)
            self.console.tell(f"{sample.source}: {'kept' if keep else 'dropped'} by your word")
        if keep:
            self._bring_back(once, gone.values())
        for file in sorted(bare):
            self.console.tell(
                f"{file.name}: of what frame it is is not known here, so this is not remembered: `dedupe` may take it "
                "out again"
            )
        return len(once) + len(bare)

    def _bring_back(self, identities: Iterable[str], numbers: Iterable[int] = ()) -> None:
        """Put pictures that were taken out of `train/` back, by their frames or their numbers."""
        workspace, known = self.workspace, self.workspace.facts.numbers
        wanted = {*numbers, *(known[identity] for identity in identities if identity in known)}
        if wanted and (back := workspace.restore(wanted)):
            self.console.tell(f"Back in {workspace.train}: {', '.join(f'{number}.jpg' for number in back)}")
        for number in sorted(wanted):
            if (gone := workspace.facts.removed.get(number)) and gone.purged:
                self.console.tell(f"{number}.jpg was deleted for good by `cleanup --purge`: it cannot come back.")

    def _merged(self) -> dict[str, Found]:
        """The pictures that came from other datasets, by identity: they have no frame but themselves."""
        facts, origins = self.workspace.facts, self.workspace.merged().origins
        return {
            identity: Found(identity, facts.sources[number], self.workspace.file(number))
            for identity, number in facts.numbers.items()
            if number in origins and self.workspace.file(number).is_file()
        }

    def _in_dataset(self) -> dict[str, Found]:
        """The pictures of `train/` and `removed/` by identity: they stay, too, where their frames are no more."""
        workspace, facts = self.workspace, self.workspace.facts
        folders = ((workspace.removed, workspace.pictures_removed()), (workspace.train, workspace.pictures()))
        files = {number: folder / f"{number}.jpg" for folder, numbers in folders for number in numbers}
        return {
            identity: Found(identity, facts.sources[number], files[number])
            for identity, number in facts.numbers.items()
            if number in files
        }

    def filter(self, settings: Settings, cache: Path, redo: bool = False) -> bool:
        """Decide about every picture that is not decided yet. False where some stay undecided, no detector being there.

        redo: decide anew about the pictures that have no number yet and were not decided by the user.
        """
        from ghibli_prep.filtering import Filtering

        self.overrule()
        facts = self.workspace.facts
        todo = [
            found
            for identity, found in self.census().pictures.items()
            if identity not in facts.verdicts
            or (redo and identity not in facts.numbers and facts.verdicts[identity].by != BY_USER)
        ]
        if not todo:  # no model needs to be fetched and loaded for that
            return settings.filter.detector != "none" or bool(facts.verdicts)
        shown = {**self._in(self.workspace.rejected), **self._in(self.workspace.filtered)} if redo else {}
        with closing(Filtering(self.workspace, settings, cache, self.census().pictures, todo)) as filtering:
            for sample in self._filtered(filtering):
                if sample.identity in shown:
                    self.workspace.take_away(shown[sample.identity].file)
                self.workspace.record(sample)
            if flagged := len(filtering.flagged()):
                self.console.tell(f"{flagged:,} kept with a doubt: `ghibli-prep filter --review` shows them first")
            return filtering.decides_all

    def undecided(self) -> int:
        """How many pictures the filter has not decided about."""
        return len(self.census().pictures.keys() - self.workspace.facts.verdicts.keys())

    def decided(self) -> dict[str, Found]:
        """The pictures there are that the filter decided about, wherever they lie now, by identity."""
        self.overrule()
        verdicts = self.workspace.facts.verdicts
        there = {**self._in(self.workspace.rejected), **self._in(self.workspace.filtered), **self.census().pictures}
        return {
            identity: Found(identity, verdicts[identity].source, found.file)
            for identity, found in there.items()
            if identity in verdicts
        }

    def _filtered(self, filtering: Filtering) -> Iterator[Kept | Rejected]:
        """Each decision, cheap ones first."""
        filtering.make_ready()
        for _ in self._recorded("look", filtering.measure(), len(filtering.to_measure())):
            pass
        yield from filtering.drop()
        left = filtering.to_look_closer()
        for sample in self._recorded("filter", filtering.look_closer(left), len(left)):
            if isinstance(sample, Kept | Rejected):
                yield sample

    # Resize ------------------------------------------------------------------------------------------

    def resize(self, settings: Settings, cache: Path, take: Take) -> None:
        """Bring to `train/` each picture that is to be taken and is not there yet."""
        if take != "all":
            self.overrule()
        todo = [found for found in self._to_resize(take) if not self.workspace.is_resized(found.identity)]
        with self.people_in(todo, settings, cache) as people:
            self._render(todo, settings.resize, people)

    @contextmanager
    def people_in(self, todo: list[Found], settings: Settings, cache: Path) -> Iterator[Callable[[str], Sequence[Box]]]:
        """Where people are in pictures that are to be resized, by identity; nowhere, where nothing asks for that."""
        if settings.resize.fit != "people" or not todo:
            yield lambda _identity: ()
            return
        from ghibli_prep.filtering import Filtering

        there = {found.identity: found for found in todo}
        with closing(Filtering(self.workspace, settings, cache, there, todo)) as filtering:
            if filtering.sees_people:
                for _ in self._recorded("people", filtering.see_people(), len(todo)):
                    pass
            else:
                how = (
                    'filter.detector is "none"'
                    if settings.filter.detector == "none"
                    else f"no detector is installed. To find them: {detectors.INSTALL_COMMAND}"
                )
                self.console.tell(f'resize.fit is "people", but nobody looks for them, so the centre is taken: {how}')
            yield filtering.where_people_are

    def _render(self, todo: list[Found], settings: ResizeSettings, people: Callable[[str], Sequence[Box]]) -> None:
        from ghibli_prep.stages.resize import resize

        stage = resize(todo, settings, self.workspace.staging, people=people)
        batch: list[Rendered] = []
        try:
            for sample in self._recorded("resize", stage, len(todo)):
                if isinstance(sample, Rendered):
                    batch.append(sample)
                if len(batch) == BATCH:
                    self.workspace.number(batch)
                    batch = []
        finally:
            self.workspace.number(batch)

    def _to_resize(self, take: Take) -> list[Found]:
        """In the order of their names, which is the order of the numbers they will get."""
        pictures, verdicts = self.census().pictures, self.workspace.facts.verdicts
        if take == "all":
            return list(pictures.values())
        files = {**self._in(self.workspace.filtered), **pictures}
        chosen = [
            Found(identity, verdicts[identity].source if identity in verdicts else found.source, found.file)
            for identity, found in files.items()
            if (verdicts[identity].kept if identity in verdicts else take == "not rejected")
        ]
        return sorted(chosen, key=lambda found: found.source.split("/"))

    # Caption and cleanup -----------------------------------------------------------------------------

    def caption(
        self,
        means: Means,
        limit: int | None = None,
        retry_blocked: bool = False,
        wait: bool = False,
        second: Means | None = None,
    ) -> End:
        """Get a caption for each picture that wants one, `limit` at the most.

        second: who is asked in place of `means` for what was blocked, and last; its marker stays until then.
        """
        workspace = self.workspace
        numbers = workspace.pending()
        if retry_blocked:
            numbers = sorted({*numbers, *workspace.failed(), *(workspace.blocked() if second is None else ())})
        asked = self._not_in_batches(numbers)
        end = self._ask(means, asked, limit, wait)
        if not retry_blocked or second is None or isinstance(end, Interrupted | OverBudget):
            return end
        blocked = self._not_in_batches(workspace.blocked())
        left = None if limit is None else max(0, limit - len(asked))
        if blocked and left != 0:
            self.console.tell(f"Blocked pictures: {len(blocked):,}, asked of {', '.join(second.settings.models)}")
        last = self._ask(second, blocked, left, wait)
        return last if isinstance(end, Done) or isinstance(last, Interrupted) else end

    def _not_in_batches(self, numbers: list[int]) -> list[int]:
        out = self.workspace.out_in_batches()
        if held := out.intersection(numbers):
            self.console.tell(f"{many(held)} out in a batch and not asked here: it would cost twice.")
        return [number for number in numbers if number not in out]

    def recaption(self, means: Means, limit: int | None = None, wait: bool = False) -> End:
        """Ask again for the pictures that were noted for that, `limit` at the most."""
        return self._ask(means, self.workspace.to_ask_again(), limit, wait)

    def _ask(self, means: Means, numbers: list[int], limit: int | None, wait: bool) -> End:
        pictures = [Resized(number, self.workspace.file(number)) for number in islice(numbers, limit)]
        return Asking(self.workspace, means).run(pictures, wait) if pictures else Done()

    def left_to_caption(self) -> tuple[int, int]:
        """How many pictures of `train/` are to be asked, and how many at the most are still to be resized."""
        verdicts = self.workspace.facts.verdicts
        to_resize = sum(
            (identity not in verdicts or verdicts[identity].kept) and not self.workspace.is_resized(identity)
            for identity in self.census().pictures
        )
        return len(set(self.workspace.pending()) - self.workspace.out_in_batches()), to_resize

    def cleanup(self, removals: list[Removed], purge: bool = False) -> int:
        """Take these pictures out of `train/`. purge: also delete what lies in `removed/`; returns how many."""
        old = [Removed(number, "purged", True) for number in self.workspace.pictures_removed()] if purge else []
        self.workspace.take_out([*removals, *old])
        return len(old)

    def _recorded(self, what: str, samples: Iterator[T], total: int | None) -> Generator[T]:
        """`samples` on a bar, the unreadable ones among them recorded and told, until the user says stop."""
        with closing(self.console.counting(what, samples, total)) as counted:
            for sample in counted:
                if isinstance(sample, Unreadable):
                    if self.workspace.held:
                        self.workspace.record(sample)
                    self.console.tell(f"{sample.source}: {sample.reason}; left out")
                yield sample
                if self.stop.soon:
                    raise Stopped("Stopped. Everything up to now is saved; run the same command again to go on.")


def removable(workspace: Workspace, include_pending: bool, purge: bool) -> list[Removed]:
    """What a cleanup would take out of `train/`, and why."""
    reasons = workspace.facts.blocked
    return to_remove(
        blocked={number: reasons.get(number, "no reason given") for number in workspace.blocked()},
        failed=workspace.failed(),
        dropped=workspace.dropped_by_hand() & set(workspace.pictures()),
        pending=sorted(set(workspace.pending()) - workspace.out_in_batches()) if include_pending else (),
        purge=purge,
    )
