"""Lines and pictures together: no number twice, one line a picture, one picture a line, no caption twice."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ghibli_prep.errors import UsageError
from ghibli_prep.validating import lines
from ghibli_prep.validating.folders import METADATA
from ghibli_prep.validating.looking import Task
from ghibli_prep.validating.origins import Origins
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace.metadata import file_name

_DUPLICATE = "`--fix` keeps the first caption, and puts another text aside."


@dataclass(slots=True)
class Index:
    """What the lines say. count: lines with anything in them. usable: lines that name a picture. at: the first line of
    each number. said: each caption (a part of its SHA-256) with the first number that has it. same: lines whose caption
    another number has, too: (line, number, the other)."""

    count: int = 0
    usable: int = 0
    at: dict[int, int] = field(default_factory=dict)
    said: dict[bytes, int] = field(default_factory=dict)
    same: list[tuple[int, int, int]] = field(default_factory=list)


def check_lines(metadata: Path, shown: str, index: Index) -> Iterator[Problem]:
    """Each line alone, and no number twice; fills `index`. shown: how the file is named to the user."""
    with opened(metadata) as file:
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


@contextmanager
def opened(metadata: Path) -> Iterator[BinaryIO]:
    try:
        file = metadata.open("rb")
    except OSError as error:
        raise UsageError(f"{metadata}: cannot be read ({error.strerror}). Check its permissions.") from error
    with file:
        yield file


def pairs(
    numbers: Collection[int], index: Index, shown: str, removed: Container[int], failed: Mapping[int, str]
) -> Iterator[Problem]:
    """One line a picture, and one picture a line. numbers: of the pictures there are; removed: of those out."""
    there = set(numbers)
    for number, at in index.at.items():
        if number not in there:
            detail = f"there is no {shown}{file_name(number)}"
            remedy = (
                "It lies in removed/: `ghibli-prep cleanup --restore` puts it back, or delete the line."
                if number in removed
                else "Put the picture back (`ghibli-prep resize` makes it anew from its frame), or delete the line."
            )
            yield Problem("no-picture", shown + METADATA, at, detail, remedy)
    for number in numbers:
        if number not in index.at:
            yield _no_caption(shown + file_name(number), failed.get(number))


def _no_caption(file: str, failed: str | None) -> Problem:
    if failed:
        remedy = "`ghibli-prep run --retry-blocked` asks again, `ghibli-prep cleanup` takes the picture out."
        return Problem("no-caption", file, None, f"has no caption ({failed})", remedy)
    remedy = "`ghibli-prep caption` asks for one, `ghibli-prep cleanup --include-pending` takes the picture out."
    return Problem("no-caption", file, None, "has no caption", remedy)


def tasks(metadata: Path | None, numbers: Collection[int], index: Index, origins: Origins) -> Iterator[Task]:
    """Every line that names a picture, with that picture if it is there; then the pictures without a line."""
    left = set(numbers)
    if metadata is not None:
        with opened(metadata) as file:
            for line in lines.read(file):
                number = line.number
                if number is None:
                    continue
                if index.at.get(number) == line.at and number in left:
                    left.discard(number)
                    yield Task(number, line.at, line.caption, origins.picture_of(number, line.caption))
                else:
                    yield Task(None, line.at, line.caption)
    for number in numbers:
        if number in left:
            yield Task(number, None, "")


def same_texts(shown: str, index: Index, copies: Mapping[int, int]) -> Iterator[Problem]:
    """No caption twice, but for pictures that are the same. copies: see `checking.Report`."""
    for at, number, other in index.same:
        if copies.get(number, number) != copies.get(other, other):
            detail = f"the caption is word for word that of {file_name(other)} (line {index.at[other]:,})"
            remedy = "Edit one of the two, or delete the line and run `ghibli-prep caption` to ask again."
            yield Problem("same-text", shown + METADATA, at, detail, remedy)
