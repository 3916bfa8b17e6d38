"""The workspace: one folder that holds everything about one dataset, and the only writer of it.

Opening a workspace *is* resuming: what is done is read from the files, and a stage is only ever fed the pictures
still to be done. Nothing here knows how a picture is found, looked at, resized or captioned.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from filelock import BaseFileLock

from ghibli_prep.errors import GhibliPrepError
from ghibli_prep.samples import (
    BLOCKED_TEXT,
    Blocked,
    Captioned,
    Failed,
    Kept,
    Outcome,
    Rejected,
    Removed,
    Rendered,
    Resized,
    Unreadable,
)
from ghibli_prep.workspace import batches, checkpoint, journal, placing, provenance, quota
from ghibli_prep.workspace.atomic import disk_errors_in_words, half_of, left_halves, move, sync_folder
from ghibli_prep.workspace.checkpoint import Checkpoint
from ghibli_prep.workspace.contents import Contents, is_picture, mark, pictures_in
from ghibli_prep.workspace.identities import Identities
from ghibli_prep.workspace.journal import Closed, Event, Numbered, Reopened, Restored, Settled
from ghibli_prep.workspace.lock import hold
from ghibli_prep.workspace.merged import Incoming, Merged
from ghibli_prep.workspace.metadata import file_name
from ghibli_prep.workspace.provenance import Provenance
from ghibli_prep.workspace.quota import Spent


class Workspace(Contents):
    """`Workspace(root, ...)` only looks; inside `with` it is held and may be written.

    hash_file: how a file's identity is found (SHA-256 of its bytes, in hex).
    Raises ForeignState and UsageError; on entering also WorkspaceHeld and DiskError.
    """

    def __init__(self, root: Path, hash_file: Callable[[Path], str]) -> None:
        self._lock: BaseFileLock | None = None
        self.mended = self._unsynced = False
        super().__init__(root, hash_file)

    def __enter__(self) -> Workspace:
        with disk_errors_in_words(self.root):
            self.state.mkdir(parents=True, exist_ok=True)
        self._lock = lock = hold(self.state, self.root)
        try:
            self._load()  # again: another run may have written since
            self._tidy_up()
        except BaseException:
            lock.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.identity_of.flush()
        try:  # someone may have edited the captions meanwhile; what stopped the run counts for more than that
            with suppress(GhibliPrepError) if kind else nullcontext():
                self._metadata.mend()
                self.settle_captions()
        finally:
            if self._lock is not None:
                self._lock.release()

    @property
    def held(self) -> bool:
        """Whether it may be written."""
        return self._lock is not None and self._lock.is_locked

    def _tidy_up(self) -> None:
        """What only the holder of the lock may do: mend what a kill left behind, and make room for what comes."""
        with disk_errors_in_words(self.root):
            self.train.mkdir(exist_ok=True)
            self.staging.mkdir(exist_ok=True)
            for folder in (self.state, self.train, self.removed):
                for half in left_halves(folder):
                    half.unlink()
            for left_over in self.staging.iterdir():
                shutil.rmtree(left_over) if left_over.is_dir() else left_over.unlink()
        checkpoint.migrate(self.root / "checkpoint.json", self.state)
        journal.start(self.state / "journal.jsonl")
        provenance.start(self._answers)
        batches.start(self._batches)
        for name, job in self.batches.items():
            if not job.out:
                self.batch_answers(name).unlink(missing_ok=True)
        self.mended = self._metadata.mend()
        self._rescue.keep_reserve()
        self._settle()
        self.identity_of = Identities(self.state / "identities.jsonl", self.state / "identities.jsonl", self.hash_file)
        lines = {**self.captions, **self._lines_removed.texts}
        self._last_number = max({*self.facts.sources, *lines, *self.pictures(), *self.pictures_removed()}, default=0)
        self._strays: dict[str, list[int]] | None = None

    def record(self, sample: Kept | Rejected | Unreadable | Outcome, made: Provenance | None = None) -> None:
        """Write down what happened to a picture, and where it came from. A caption is on the disk when this returns."""
        match sample:
            case Captioned(number, text):
                self._metadata.set(number, text)
            case Blocked() | Failed() if self.has_caption(sample.number):
                pass  # asked again in vain: the old text stays
            case Blocked(number, _):
                self._metadata.set(number, BLOCKED_TEXT)
                self._note(sample)
            case Failed() | Unreadable():
                self._note(sample)
            case Kept() if sample.file.parent in (self.train, self.removed):  # its frame is no more: nothing to show
                self._note(sample)
            case Kept() | Rejected():
                placing.place(sample, self.filtered, self.rejected, self.staging)  # first: a decision noted is shown
                self._note(sample, durable=False)
        if isinstance(sample, Captioned | Blocked) and sample.number in self.facts.failed:
            self._note(Failed(sample.number, ""))  # asked again, it failed no more: should its line be deleted one day
        if isinstance(sample, Captioned | Blocked | Failed) and sample.number in self.facts.reopened:
            self._note(Closed(sample.number))
        if made is not None:
            provenance.append(self._answers, made)
            self._unsynced = True

    def note_batch(self, job: batches.Job) -> None:
        """Write down where a batch stands; on the disk when this returns."""
        batches.append(self._batches, job)
        self.batches[job.name] = job
        if not job.out:
            with disk_errors_in_words(self.state):
                self.batch_answers(job.name).unlink(missing_ok=True)

    def receive(self, name: str, write: Callable[[BinaryIO], bool]) -> None:
        """Let `write` write the answers of that batch to a file; where it returns True they are on the disk, whole."""
        path = self.batch_answers(name)
        half = half_of(path)
        with disk_errors_in_words(path):
            try:
                with half.open("wb") as file:
                    whole = write(file)
                    file.flush()
                    os.fsync(file.fileno())
                if whole:
                    move(half, path)
                    sync_folder(path.parent)
            finally:
                half.unlink(missing_ok=True)

    def reopen(self, numbers: Iterable[int], selection: str) -> None:
        """Note that these pictures are to be asked again, until each of them was. selection: why these."""
        chosen = tuple(sorted(numbers))
        self._note(Reopened(chosen, tuple(mark(self.captions.get(number, "")) for number in chosen), selection))

    def settle_captions(self) -> None:
        """Bring captions that took another one's place to their lines of `metadata.jsonl`, and where captions came from
        to the disk."""
        self._metadata.settle()
        if self._unsynced:
            provenance.sync(self._answers)
            self._unsynced = False

    def number(self, batch: Iterable[Rendered]) -> list[Resized]:
        """Give each picture its number and its place in `train/`.

        The numbers are on the disk before the pictures are in their places, so that none is ever given twice.
        """
        rendered = {picture.identity: picture for picture in batch}
        with disk_errors_in_words(self.train):
            self._give_numbers(rendered)
            return self._put_in_place(rendered)

    def _give_numbers(self, rendered: Mapping[str, Rendered]) -> None:
        self._note(
            *[
                Numbered(self._number_for(picture), identity, picture.source)
                for identity, picture in rendered.items()
                if identity not in self.facts.numbers
            ]
        )

    def _put_in_place(self, rendered: Mapping[str, Rendered]) -> list[Resized]:
        resized = []
        for identity, picture in rendered.items():
            if self.is_resized(identity):
                picture.file.unlink()
                continue
            number = self.facts.numbers[identity]
            move(picture.file, self.file(number))
            resized.append(Resized(number, self.file(number)))
        return resized

    def take_in(self, batch: Sequence[Incoming], merged: Merged) -> None:
        """Give pictures of other datasets their numbers, places and captions, each caption on the disk.

        The next merge ends what a kill cut short. merged: of this workspace.
        """
        rendered = {one.rendered.identity: one.rendered for one in batch}
        with disk_errors_in_words(self.train):
            self._give_numbers(rendered)
            coming: dict[int, Incoming] = {}
            for one in batch:
                coming.setdefault(self.facts.numbers[one.rendered.identity], one)
            merged.note({number: one.origin for number, one in coming.items() if number not in merged.origins})
            self._put_in_place(rendered)
        self.settle_in({number: (one.text, one.made) for number, one in coming.items()}, merged)

    def settle_in(self, captions: Mapping[int, tuple[str, Provenance | None]], merged: Merged) -> None:
        """Record the captions of pictures that came in, by number, with where they came from. What has one keeps it."""
        here = {number: said for number, said in captions.items() if is_picture(self.file(number))}
        self._metadata.extend({number: text for number, (text, _) in here.items()})
        for number, (_, made) in here.items():
            if made is not None and number not in merged.settled:
                provenance.append(self._answers, replace(made, number=number, source=self.facts.sources[number]))
                self._unsynced = True
        merged.note_settled(captions.keys())

    def _number_for(self, picture: Rendered) -> int:
        """The next number; or, where state was lost, the number of the very same JPEG that lies here already."""
        if self._strays is None:
            self._strays = {}
            for folder in (self.train, self.removed):
                for number in pictures_in(folder):
                    if number not in self.facts.sources:
                        self._strays.setdefault(self.hash_file(folder / file_name(number)), []).append(number)
        if self._strays and (known := self._strays.get(self.hash_file(picture.file))):
            return known.pop(0)
        self._last_number += 1
        return self._last_number

    def take_away(self, shown: Path) -> None:
        """Remove a picture from the side of the filter that it no longer belongs to."""
        placing.take_away(shown, self.filtered if shown.is_relative_to(self.filtered) else self.rejected)

    def take_away_film(self, folder: str) -> None:
        """Remove all that either side of the filter shows of a film. folder: of its frames, below `raw/`."""
        placing.take_away_film(folder, self.filtered, self.rejected)

    def take_out(self, removals: Collection[Removed]) -> None:
        """Move pictures and their lines to `removed/`, or delete them. The next opening ends what a kill cut short."""
        self._note(*removals)
        self._settle()

    def restore(self, numbers: Collection[int] | None = None) -> list[int]:
        """Put pictures in `removed/`, and their lines, back into `train/`; returns which. numbers: None for all."""
        numbers = [number for number in self.pictures_removed() if numbers is None or number in numbers]
        self._note(*map(Restored, numbers))
        self._settle()
        return numbers

    def _settle(self) -> None:
        """Do what is noted and not done: each step may have been taken before."""
        if not self.facts.moving:
            return
        self._move_out([event for event in self.facts.moving.values() if isinstance(event, Removed)])
        self._move_back([event.number for event in self.facts.moving.values() if isinstance(event, Restored)])
        self._note(Settled())

    def _move_out(self, removals: Collection[Removed]) -> None:
        with disk_errors_in_words(self.removed):
            self.removed.mkdir(exist_ok=True)
        self._metadata.load()  # texts may have been edited by hand since
        kept = {r.number: self.captions[r.number] for r in removals if not r.purged and r.number in self.captions}
        self._lines_removed.add(kept)
        self._lines_removed.remove([r.number for r in removals if r.purged])
        with disk_errors_in_words(self.removed):
            for removal in removals:
                file = self.file(removal.number)
                if removal.purged:
                    file.unlink(missing_ok=True)
                    (self.removed / file.name).unlink(missing_ok=True)
                elif file.exists():
                    move(file, self.removed / file.name)
        self._metadata.remove([removal.number for removal in removals])

    def _move_back(self, numbers: Collection[int]) -> None:
        if not numbers:
            return
        self._lines_removed.load()
        self._metadata.load()
        # a picture that was moved back by hand gets its line too
        back = {*numbers, *(number for number in self._lines_removed.texts if is_picture(self.file(number)))}
        self._metadata.add(
            {n: text for n, text in self._lines_removed.texts.items() if n in back and n not in self.captions}
        )
        with disk_errors_in_words(self.train):
            for number in numbers:
                file = self.removed / file_name(number)
                if is_picture(file):
                    move(file, self.file(number))
        self._lines_removed.remove(back)

    def save_quota(self, slots: Mapping[str, Spent]) -> None:
        """Remember what is spent; slots that this run does not know keep what is remembered of them."""
        self.quota = {**self.quota, **slots}
        quota.write(self.state / "quota.json", self.quota)

    def save_checkpoint(self, now: Checkpoint) -> None:
        checkpoint.write(self.root / "checkpoint.json", now, self.state)

    def _note(self, *events: Event, durable: bool = True) -> None:
        journal.append(self.state / "journal.jsonl", events, durable=durable)
        for event in events:
            self.facts.apply(event)
