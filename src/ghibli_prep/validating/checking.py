"""All checks over one dataset: lines first, then pictures with their captions, then pictures among each other.

Lines are read before the folder is listed: so a run that goes on meanwhile makes pictures that still want a line, as
they do, and never lines without a picture.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ghibli_prep.errors import UsageError
from ghibli_prep.settings import Settings
from ghibli_prep.validating import among, folders, lines
from ghibli_prep.validating.folders import METADATA, Listed, Place
from ghibli_prep.validating.looking import Looked, Looker, Task, look_at
from ghibli_prep.validating.pictures import PRINT
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace.journal import Facts
from ghibli_prep.workspace.metadata import file_name

Counting = Callable[[Iterator[Looked], int], Iterator[Looked]]
"""Counts what goes by, for the user to see; told how many there are."""


@dataclass(slots=True)
class Report:
    """What was found, in the order of files and lines. copies: numbers of equal pictures, each with the first of them.
    fixed: what `--fix` mended before."""

    place: Place
    pictures: int = 0
    lines: int = 0
    found: list[Problem] = field(default_factory=list)
    copies: dict[int, int] = field(default_factory=dict)
    fixed: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "problem"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "warning"]


@dataclass(slots=True)
class Index:
    """What the lines say: `at` is the first line of each number. said: each caption (a part of its SHA-256) with the
    first number that has it. same: lines whose caption another number has, too: (line, number, the other)."""

    count: int = 0
    usable: int = 0
    at: dict[int, int] = field(default_factory=dict)
    said: dict[bytes, int] = field(default_factory=dict)
    same: list[tuple[int, int, int]] = field(default_factory=list)


def validate(place: Place, settings: Settings, counting: Counting) -> Report:
    """What is not as it must be in the dataset at `place`. Raises UsageError where that cannot be looked at."""
    report = Report(place)
    facts = Facts()
    if place.state is not None:
        for said in folders.state(place.root):
            if isinstance(said, Facts):
                facts = said
            else:
                report.found.append(said)
        report.found += folders.rescued(place.root)
    metadata: Path | None = place.train / METADATA
    if why := folders.unreadable(place.train / METADATA):
        remedy = "`ghibli-prep caption` writes it." if "not there" in why else "Put the captions there, as a file."
        report.found.append(Problem("metadata", place.shown + METADATA, None, why, remedy))
        metadata = None
    index = Index()
    if metadata is not None:
        report.found += _check_lines(metadata, place.shown + METADATA, index)
    here = folders.listed(place.train)
    report.pictures, report.lines = len(here.numbers), index.count
    report.found += folders.strays(here.strays, place.shown)
    report.found += _pairs(place, here, index, facts)
    _look(report, metadata, here, index, settings, counting)
    if place.removed is not None and place.removed.is_dir():
        report.found += _check_removed(place, here)
    report.found.sort(key=lambda problem: (problem.place, problem.line or 0, problem.check))
    return report


def _check_lines(metadata: Path, shown: str, index: Index) -> Iterator[Problem]:
    """Each line alone, and no number twice."""
    with _opened(metadata) as file:
        for line in lines.read(file):
            index.count += not lines.is_blank(line)
            yield from lines.check(line, shown)
            number = line.number
            if number is None:
                continue
            index.usable += 1
            if (first := index.at.setdefault(number, line.at)) != line.at:
                detail = f"{file_name(number)} has a line already: line {first:,}"
                yield Problem("duplicate-line", shown, line.at, detail, _DUPLICATE, fixable=True)
            elif line.caption:
                key = hashlib.sha256(line.caption.encode("utf-8", "surrogatepass")).digest()[:16]
                if (other := index.said.setdefault(key, number)) != number:
                    index.same.append((line.at, number, other))


_DUPLICATE = "`--fix` keeps the first caption, and puts another text aside."


def _opened(metadata: Path) -> Any:
    try:
        return metadata.open("rb")
    except OSError as error:
        raise UsageError(f"{metadata}: cannot be read ({error.strerror}). Check its permissions.") from error


def _pairs(place: Place, here: Listed, index: Index, facts: Facts) -> Iterator[Problem]:
    """One line a picture, and one picture a line."""
    numbers = set(here.numbers)
    removed = set(_removed_numbers(place))
    for number, at in index.at.items():
        if number not in numbers:
            detail = f"there is no {place.shown}{file_name(number)}"
            remedy = (
                "It lies in removed/: `ghibli-prep cleanup --restore` puts it back, or delete the line."
                if number in removed
                else "Put the picture back (`ghibli-prep resize` makes it anew from its frame), or delete the line."
            )
            yield Problem("no-picture", place.shown + METADATA, at, detail, remedy)
    for number in here.numbers:
        if number not in index.at:
            failed = facts.failed.get(number)
            detail = f"has no caption ({failed})" if failed else "has no caption"
            remedy = (
                "`ghibli-prep run --retry-blocked` asks again, " if failed else "`ghibli-prep caption` asks for one, "
            )
            remedy += f"`ghibli-prep cleanup{'' if failed else ' --include-pending'}` takes the picture out."
            yield Problem("no-caption", place.shown + file_name(number), None, detail, remedy)
    if not here.numbers:
        where = place.shown.rstrip("/") or "."
        yield Problem("empty", where, None, "no pictures", "`ghibli-prep run` brings them here.")


def _look(
    report: Report, metadata: Path | None, here: Listed, index: Index, settings: Settings, counting: Counting
) -> None:
    """Look at each picture and each caption, then at the pictures among each other."""
    place = report.place
    looker = Looker(place.train, place.shown, settings)
    total = index.usable + sum(number not in index.at for number in here.numbers)
    numbers, prints = array("q"), bytearray()
    for looked in counting(look_at(looker, _tasks(metadata, here, index), total), total):
        report.found += looked.problems
        if looked.number is not None and looked.fingerprint:
            numbers.append(looked.number)
            prints += looked.fingerprint
    known = among.Known(np.frombuffer(numbers, np.int64), np.frombuffer(prints, PRINT), place.train, place.shown)
    report.copies = known.copies()
    report.found += known.problems(report.copies, settings.validating)
    if "same-text" not in settings.caption.rules.disabled:
        report.found += _same_texts(place.shown, index, report.copies)


def _tasks(metadata: Path | None, here: Listed, index: Index) -> Iterator[Task]:
    """Every line that names a picture, with that picture if it is there; then the pictures without a line."""
    numbers = set(here.numbers)
    if metadata is not None:
        with _opened(metadata) as file:
            for line in lines.read(file):
                number = line.number
                if number is not None:
                    is_first = index.at.get(number) == line.at and number in numbers
                    yield Task(number if is_first else None, line.at, line.caption)
                    if is_first:
                        numbers.discard(number)
    for number in here.numbers:
        if number in numbers:
            yield Task(number, None, "")


def _same_texts(shown: str, index: Index, same: dict[int, int]) -> Iterator[Problem]:
    """No caption twice, but for pictures that are the same."""
    for at, number, other in index.same:
        if same.get(number, number) != same.get(other, other):
            detail = f"the caption is word for word that of {file_name(other)} (line {index.at[other]:,})"
            remedy = "Edit one of the two, or delete the line and run `ghibli-prep caption` to ask again."
            yield Problem("same-text", shown + METADATA, at, detail, remedy)


def _removed_numbers(place: Place) -> Collection[int]:
    return folders.listed(place.removed).numbers if place.removed is not None and place.removed.is_dir() else ()


def _check_removed(place: Place, here: Listed) -> Iterator[Problem]:
    """`removed/`, from which pictures may come back: its lines can be read, and no number is in both folders."""
    numbers = set(_removed_numbers(place))
    for number in sorted(numbers & set(here.numbers)):
        detail = f"lies in {place.shown} and in removed/"
        yield Problem("both-folders", f"removed/{file_name(number)}", None, detail, "Delete one of the two.")
    metadata = Path(place.root, "removed", METADATA)
    if not metadata.exists():
        return
    if why := folders.unreadable(metadata):
        yield Problem("metadata", f"removed/{METADATA}", None, why, "Put the lines there, as a file.")
        return
    for problem in _check_lines(metadata, f"removed/{METADATA}", Index()):
        if problem.check != "blocked":
            yield problem
