"""All checks over one dataset: lines first, then pictures with their captions, then pictures among each other.

Lines are read before the folder is listed: so a run that goes on meanwhile makes pictures that still want a line, as
they do, and never lines without a picture.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ghibli_prep.settings import Settings
from ghibli_prep.validating import among, folders, pairing
from ghibli_prep.validating.folders import METADATA, Place
from ghibli_prep.validating.looking import Looked, Looker, look_at
from ghibli_prep.validating.origins import Origins
from ghibli_prep.validating.pairing import Index
from ghibli_prep.validating.pictures import PRINT
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace.journal import Facts
from ghibli_prep.workspace.metadata import file_name

Counting = Callable[[Iterator[Looked], int], Iterator[Looked]]
"""Counts what goes by, for the user to see; told how many there are."""


@dataclass(slots=True)
class Report:
    """What was found, in the order of files and lines. copies: numbers of equal pictures, each with the first of them.
    near: numbers of near-duplicates that are to go, each with the other's. fixed: what `--fix` mended before."""

    place: Place
    pictures: int = 0
    lines: int = 0
    found: list[Problem] = field(default_factory=list)
    copies: dict[int, int] = field(default_factory=dict)
    near: dict[int, int] = field(default_factory=dict)
    fixed: list[Problem] = field(default_factory=list)

    @property
    def problems(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "problem"]

    @property
    def warnings(self) -> list[Problem]:
        return [problem for problem in self.found if problem.severity == "warning"]


def validate(place: Place, settings: Settings, counting: Counting) -> Report:
    """What is not as it must be in the dataset at `place`. Raises UsageError where that cannot be looked at."""
    report, index = Report(place), Index()
    facts, origins = _state(place, report)
    metadata = _metadata(place.train / METADATA, place.shown, report)
    if metadata is not None:
        report.found += pairing.check_lines(metadata, place.shown + METADATA, index)
    here = folders.listed(place.train)
    report.pictures, report.lines = len(here.numbers), index.count
    report.found += folders.strays(here.strays, place.shown)
    report.found += pairing.pairs(here.numbers, index, place.shown, _removed(place), facts.failed)
    if not here.numbers:
        where = place.shown.rstrip("/") or "."
        report.found.append(Problem("empty", where, None, "no pictures", "`ghibli-prep run` brings them here."))
    tasks = pairing.tasks(metadata, here.numbers, index, origins)
    total = index.usable + sum(number not in index.at for number in here.numbers)
    looker = Looker(place.train, place.shown, settings)
    _look(report, counting(look_at(looker, tasks, total), total), settings)
    if "same-text" not in settings.caption.rules.disabled:
        report.found += pairing.same_texts(place.shown, index, report.copies)
    report.found += _check_removed(place, set(here.numbers))
    report.found.sort(key=lambda problem: (problem.place, problem.line or 0, problem.check))
    return report


def _state(place: Place, report: Report) -> tuple[Facts, Origins]:
    """What the tool's own files say, where there are any and they can be read."""
    facts = Facts()
    if place.state is None:
        return facts, Origins(None)
    for said in folders.state(place.root):
        if isinstance(said, Facts):
            facts = said
        else:
            report.found.append(said)
    report.found += folders.rescued(place.root)
    origins = Origins(place.root)
    report.found += [origins.problem] if origins.problem else []
    return facts, origins


def _metadata(file: Path, shown: str, report: Report) -> Path | None:
    why = folders.unreadable(file)
    if not why:
        return file
    remedy = "`ghibli-prep caption` writes it." if "not there" in why else "Put the captions there, as a file."
    report.found.append(Problem("metadata", shown + METADATA, None, why, remedy))
    return None


def _look(report: Report, looked: Iterable[Looked], settings: Settings) -> None:
    """Take up what was seen of each picture and caption; then compare the pictures with each other."""
    numbers, prints = array("q"), bytearray()
    for one in looked:
        report.found += one.problems
        if one.number is not None and one.fingerprint:
            numbers.append(one.number)
            prints += one.fingerprint
    place = report.place
    known = among.Known(np.frombuffer(numbers, np.int64), np.frombuffer(prints, PRINT), place.train, place.shown)
    report.copies = known.copies()
    report.found += known.exact(report.copies)
    for number, first, problem in known.near(report.copies, settings.validating):
        report.found.append(problem)
        if problem.fixable:
            report.near[number] = first


def _removed(place: Place) -> set[int]:
    if place.removed is None or not place.removed.is_dir():
        return set()
    return set(folders.listed(place.removed).numbers)


def _check_removed(place: Place, here: set[int]) -> Iterator[Problem]:
    """`removed/`, from which pictures may come back: its lines can be read, and no number is in both folders."""
    if place.removed is None:
        return
    for number in sorted(_removed(place) & here):
        detail = f"lies in {place.shown} and in removed/"
        yield Problem("both-folders", f"removed/{file_name(number)}", None, detail, "Delete one of the two.")
    metadata, shown = place.removed / METADATA, f"removed/{METADATA}"
    if metadata.exists() and (why := folders.unreadable(metadata)):
        yield Problem("metadata", shown, None, why, "Put the lines there, as a file.")
    elif metadata.exists():
        found = pairing.check_lines(metadata, shown, Index())
        yield from (problem for problem in found if problem.check != "blocked")
