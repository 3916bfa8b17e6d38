"""What is true in a workspace: read from its files, and nothing written.

Knows where everything lies and what it says of the pictures. What is noted in its files is applied here by the writer.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ghibli_prep.errors import UsageError
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.workspace import batches, checkpoint, journal, provenance, quota
from ghibli_prep.workspace.atomic import disk_errors_in_words
from ghibli_prep.workspace.films import Films
from ghibli_prep.workspace.identities import Identities
from ghibli_prep.workspace.measures import Measures
from ghibli_prep.workspace.merged import Merged
from ghibli_prep.workspace.metadata import Metadata, file_name, number_of
from ghibli_prep.workspace.provenance import Provenance
from ghibli_prep.workspace.rescue import Rescue

STATE = ".ghibli-prep"
"""The folder by which a workspace is known."""


class Contents:
    """What lies in a workspace. hash_file: how a file's identity is found (SHA-256 of its bytes, in hex).

    Raises ForeignState and UsageError.
    """

    def __init__(self, root: Path, hash_file: Callable[[Path], str]) -> None:
        self.root = root
        self.raw = root / "raw"
        self.filtered = root / "filtered_temp"
        self.rejected = root / "filtered_out"
        self.train = root / "train"
        self.removed = root / "removed"
        self.state = root / STATE
        self.staging = self.state / "staging"
        self.log = self.state / "run.log"
        self._answers = self.state / "captions.jsonl"
        self._batches = self.state / "batches.jsonl"
        self.hash_file = hash_file
        with disk_errors_in_words(root):
            if root.exists() and not root.is_dir():
                raise UsageError(f"{root}: not a folder. Choose another one for the workspace.")
        self._load()
        self.identity_of = Identities(None, self.state / "identities.jsonl", hash_file)

    def _load(self) -> None:
        checkpoint.read(self.root / "checkpoint.json")
        self.facts = journal.load(self.state / "journal.jsonl")
        self.quota = quota.read(self.state / "quota.json")
        self.batches = batches.load(self._batches)
        self._rescue = Rescue(self.state)
        self._metadata = Metadata(self.train / "metadata.jsonl", self.state, self._rescue)
        self._metadata.load()
        self._lines_removed = Metadata(self.removed / "metadata.jsonl", self.state)
        self._lines_removed.load()

    @property
    def held(self) -> bool:
        """Whether it may be written."""
        return False

    @property
    def derived(self) -> tuple[Path, ...]:
        """The folders that hold no source frames."""
        return (self.filtered, self.rejected, self.train, self.removed, self.state)

    @property
    def captions(self) -> Mapping[int, str]:
        """Text by number, blocked pictures among them: the truth about what is captioned."""
        return self._metadata.texts

    def pictures(self) -> list[int]:
        """The numbers of the pictures that lie in `train/`, ascending."""
        return pictures_in(self.train)

    def pictures_removed(self) -> list[int]:
        """The numbers of the pictures that lie in `removed/`, ascending."""
        return pictures_in(self.removed)

    def file(self, number: int) -> Path:
        return self.train / file_name(number)

    def identity_in_dataset(self, file: Path) -> str | None:
        """The frame that a picture in `train/` or `removed/` was made from, "" where it is not known; None for a file
        elsewhere."""
        if file.absolute().parent.resolve() not in (self.train.resolve(), self.removed.resolve()):
            return None
        number = number_of(file.name)
        return next((identity for identity, known in self.facts.numbers.items() if known == number), "")

    def removed_among(self, files: Iterable[Path]) -> dict[Path, int]:
        """Those of these files that are pictures in `removed/`, with their numbers."""
        removed, there = self.removed.resolve(), set(self.pictures_removed())
        here = {file: number_of(file.name) for file in files if file.absolute().parent.resolve() == removed}
        return {file: number for file, number in here.items() if number in there}

    def hash_of(self, number: int) -> str:
        """SHA-256 of the JPEG in `train/`, in hex; "" where it cannot be read."""
        try:
            return self.hash_file(self.file(number))
        except OSError:
            return ""

    def pending(self) -> list[int]:
        """The numbers of the pictures that still want a caption, ascending."""
        done = self.captions.keys() | self.facts.failed.keys() | self.dropped_by_hand()
        return [number for number in self.pictures() if number not in done]

    def has_caption(self, number: int) -> bool:
        """Has it a text, other than that it is blocked?"""
        return self.captions.get(number, BLOCKED_TEXT) != BLOCKED_TEXT

    def blocked(self) -> list[int]:
        return sorted(number for number, text in self.captions.items() if text == BLOCKED_TEXT)

    def to_ask_again(self) -> list[int]:
        """The numbers of the pictures in `train/` that a recaption has still to ask, ascending.

        Not those that have another caption than when they were chosen: a kill came before it was noted that they were
        asked, or the user wrote one.
        """
        reopened = self.facts.reopened
        return [n for n in self.pictures() if n in reopened and reopened[n] == mark(self.captions.get(n, ""))]

    def failed(self) -> dict[int, str]:
        """The pictures in `train/` that no caption can be had for, and why."""
        here = set(self.pictures()) - self.captions.keys()
        return {number: why for number, why in sorted(self.facts.failed.items()) if number in here}

    def answers(self) -> Iterator[Provenance]:
        """Every answer that was recorded, the oldest first, read anew. Raises ForeignState."""
        return provenance.read(self._answers)

    def provenance(self) -> dict[int, Provenance]:
        """The answer that each picture has what it has from, read anew. Raises ForeignState.

        That is its last one; but where a caption stands, the last one that was a caption.
        """
        found: dict[int, Provenance] = {}
        for made in self.answers():
            in_vain = made.outcome != "captioned" and self.has_caption(made.number)
            if not in_vain or made.number not in found:
                found[made.number] = made
        return found

    def out_in_batches(self) -> frozenset[int]:
        """The numbers of the pictures whose answers a batch is to bring."""
        return batches.out(self.batches.values())

    def batch_answers(self, name: str) -> Path:
        """Where the answers of that batch lie until they are collected."""
        return self.state / f"{name}.answers.jsonl"

    def films(self) -> Films:
        """Which frames came from which film, read anew. Raises ForeignState."""
        films = Films(self.state / "frames.jsonl", self.raw, self.staging)
        if self.held:
            films.mend()
        return films

    def merged(self) -> Merged:
        """Which pictures came from other datasets, read anew. Raises ForeignState."""
        return Merged(self.state / "merged.jsonl", self.held)

    def measures(self) -> Measures:
        """What was measured of frames, read anew."""
        return Measures(self.state / "measures.jsonl", self.held)

    def dropped_by_hand(self) -> set[int]:
        """The numbers of pictures that the user moved to `filtered_out/` after they had got them."""
        numbers, verdicts = self.facts.numbers, self.facts.verdicts
        return {
            numbers[identity]
            for identity, verdict in verdicts.items()
            if not verdict.kept and verdict.by == "user" and identity in numbers
        }

    def is_resized(self, identity: str) -> bool:
        """Is there nothing left to resize: the picture lies in `train/`, or was taken out of it?"""
        number = self.facts.numbers.get(identity)
        if number is None:
            return False
        places = (self.file(number), self.removed / file_name(number))
        return number in self.facts.removed or any(map(is_picture, places))


def is_other(root: Path) -> bool:
    """Does a folder hold things, and nothing that a workspace has?"""
    ours = (STATE, "train", "raw", "checkpoint.json")
    with disk_errors_in_words(root):
        return root.is_dir() and any(root.iterdir()) and not any((root / name).exists() for name in ours)


def place_of(path: Path, places: Iterable[Path]) -> Path | None:
    """The first of these folders that `path` is or lies in, links followed."""
    real = path.resolve()
    return next((place for place in places if real.is_relative_to(place.resolve())), None)


def relative(folder: Path, root: Path) -> str:
    """`folder` as the workspace at `root` writes it down: relative to it, where both lie on one disk of Windows."""
    try:
        return Path(os.path.relpath(folder, root.resolve())).as_posix()
    except ValueError:
        return folder.as_posix()


def mark(text: str) -> str:
    """What tells texts apart, in a few letters."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:16]


def pictures_in(folder: Path) -> list[int]:
    """The numbers of the pictures in a folder, ascending."""
    with disk_errors_in_words(folder):
        try:
            entries = os.scandir(folder)
        except FileNotFoundError:
            return []
        with entries:
            found = [(number_of(entry.name), entry) for entry in entries]
    return sorted(number for number, entry in found if number is not None and is_picture(entry))


def is_picture(file: Path | os.DirEntry[str]) -> bool:
    """Is there more than an empty name, which is all that a pulled cable may leave?"""
    try:
        found = file.stat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > 0
