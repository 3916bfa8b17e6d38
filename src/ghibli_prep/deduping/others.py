"""The captions of another dataset: a workspace, a metadata.jsonl, or .txt files beside pictures. Only reads.

A line or a file that cannot be used is told of, and the rest goes on. No picture is looked at, nor need it be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ghibli_prep.errors import NoInput, UsageError
from ghibli_prep.layouts import METADATA, beside, said, with_lines
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.workspace.contents import STATE

_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")


def captions(place: Path, tell: Callable[[str], None]) -> dict[str, str]:
    """Caption by the path of its picture. place: a folder, or a metadata.jsonl itself.

    Raises NoInput where there are none, UsageError where something cannot be read.
    """
    if not place.exists():
        raise NoInput(f"{place}: no such folder. Name another workspace, or a folder with captions, with --across.")
    try:
        files = [place] if place.is_file() else [folder / METADATA for folder in _folders(place)]
        pairs = [pair for file in files for pair in _of_lines(file, tell)] if files else list(_sidecars(place, tell))
    except OSError as error:
        raise UsageError(f"{error.filename or place}: cannot be read ({error.strerror}).") from None
    found = {name: text for name, text in pairs if text != BLOCKED_TEXT}
    if not found:
        raise NoInput(
            f"{place}: no captions. Name a workspace, or a folder with a {METADATA} or a .txt beside each picture."
        )
    return found


def _folders(place: Path) -> list[Path]:
    """That of a workspace, or those of any dataset, in which lines lie."""
    train = place / "train"
    return [train] if (train / METADATA).is_file() and (place / STATE).is_dir() else with_lines(place)


def _of_lines(file: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    for line in said(file):
        if line.why:
            tell(f"{file}, line {line.at:,}: {line.why}; left out")
        else:
            yield str(file.parent / line.name), line.text


def _sidecars(folder: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    for picture in sorted(file for file in folder.rglob("*") if file.suffix.lower() in _PICTURES):
        match beside(picture):
            case (text, ""):
                yield str(picture), text
            case (_, why):
                tell(f"{picture}: {why}; left out")
