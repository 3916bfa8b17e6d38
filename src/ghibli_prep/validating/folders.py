"""What lies in the folders of a dataset, by name alone, and whether the tool's own files can be read.

Each check is one small function with a name. Knows nothing of what is in a picture or a line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ghibli_prep.errors import GhibliPrepError, UsageError
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace import checkpoint, journal, quota
from ghibli_prep.workspace.metadata import number_of

METADATA = "metadata.jsonl"
OF_THE_SYSTEM = ("thumbs.db", "desktop.ini", ".ds_store", ".directory")
"""What systems leave in folders that are looked at, by lower-case name; besides `._*`, which macOS writes."""


@dataclass(frozen=True, slots=True)
class Place:
    """A dataset to validate.

    root: what the user named. train: the folder with pictures and `metadata.jsonl`. shown: how a file in it is begun,
    `train/`, or "" for a bare folder. removed, state: None for a bare folder, which belongs to no workspace.
    """

    root: Path
    train: Path
    shown: str
    removed: Path | None
    state: Path | None

    @classmethod
    def at(cls, root: Path) -> Place:
        """A workspace, or a bare folder that has pictures and lines itself. Raises UsageError where it is neither."""
        if (root / "train").is_dir():
            return cls(root, root / "train", "train/", root / "removed", root / ".ghibli-prep")
        if root.is_dir() and ((root / METADATA).exists() or any(number_of(file.name) for file in root.iterdir())):
            return cls(root, root, "", None, None)
        what = "no train/ and no metadata.jsonl in it" if root.is_dir() else "no such folder"
        raise UsageError(f"{root}: {what}. Name the workspace, or a folder with pictures and a metadata.jsonl.")


@dataclass(frozen=True, slots=True)
class Listed:
    """numbers: of the pictures in a folder, ascending. strays: what else is there, by name, with what it is."""

    numbers: list[int]
    strays: dict[str, str]


def listed(folder: Path) -> Listed:
    """What lies in `folder`. Raises UsageError where it cannot be listed."""
    numbers, strays = [], {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                number = number_of(entry.name)
                kind = _kind(entry)
                if number is not None and not kind:
                    numbers.append(number)
                elif entry.name != METADATA or kind:
                    strays[entry.name] = kind
    except OSError as error:
        raise UsageError(f"{folder}: cannot be listed ({error.strerror}). Check its permissions.") from error
    return Listed(sorted(numbers), strays)


def _kind(entry: os.DirEntry[str]) -> str:
    """ "" for a file."""
    try:
        if entry.is_file():
            return ""
        return "a folder" if entry.is_dir() else "a link to nothing" if entry.is_symlink() else "not a file"
    except OSError as error:  # a link to itself
        return (error.strerror or str(error)).lower()


def is_of_the_system(name: str) -> bool:
    return name.lower() in OF_THE_SYSTEM or name.startswith("._")


def strays(found: Mapping[str, str], shown: str) -> Iterator[Problem]:
    """Every picture is N.jpg, N from 1 without leading zeros, and nothing else lies there but `metadata.jsonl`."""
    for name, kind in sorted(found.items()):
        written = name.encode("utf-8", "backslashreplace").decode()
        if is_of_the_system(name) and not kind:
            detail, remedy, fixable = "left there by the system", "`--fix` moves it out.", True
        elif name.startswith(".") and name.endswith(".half"):
            detail, remedy, fixable = "left half-written by a kill", "`--fix` or the next run removes it.", True
        else:
            detail = f"{kind or 'a file'} that does not belong here"
            remedy, fixable = _remedy_for(name, kind), False
        yield Problem("stray", shown + written, None, detail, remedy, fixable=fixable)


def _remedy_for(name: str, kind: str) -> str:
    stem = name.partition(".")[0]
    if not kind and stem.isascii() and stem.isdecimal() and int(stem[:18]):
        return (
            "A picture is named 1.jpg, 2.jpg, ...: rename it if its number is free, or put it into raw/ and run "
            "`ghibli-prep run`."
        )
    return "Move it out of here: everything in this folder goes to the trainer."


Read = Callable[[Path], object]
_STATE: dict[str, tuple[str, Read]] = {
    "checkpoint": ("checkpoint.json", checkpoint.read),
    "journal": (".ghibli-prep/journal.jsonl", journal.load),
    "quota": (".ghibli-prep/quota.json", quota.read),
}


def state(root: Path) -> Iterator[Problem | journal.Facts]:
    """The tool's own files can be read; what the journal says, where it can be."""
    for check, (name, read) in _STATE.items():
        try:
            said = read(root / name)
        except GhibliPrepError as error:
            detail, _, remedy = str(error).removeprefix(str(root / name)).lstrip(":, ").partition(". ")
            yield Problem(check, name, None, detail.rstrip("."), remedy or "Check it and its permissions.")
        else:
            if isinstance(said, journal.Facts):
                yield said


def rescued(root: Path) -> Iterator[Problem]:
    """No answer waits for its place in `metadata.jsonl`."""
    name = ".ghibli-prep/rescued.jsonl"
    if (root / name).exists():
        detail = "captions wait here for their place in metadata.jsonl"
        yield Problem("rescued", name, None, detail, "`--fix` or the next run puts them there.", fixable=True)


def unreadable(file: Path) -> str:
    """Why `file` cannot be opened as a file, "" where it can."""
    if not file.exists():
        return "is not there" if not file.is_symlink() else "is a link to nothing"
    if not file.is_file():
        return "is not a file"
    try:
        file.open("rb").close()
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    return ""
