"""The folders of a split: pictures by link where the disk allows, each folder with its own metadata.jsonl.

And what a split remembers: which picture went to which side. Knows nothing of how sides are chosen.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, left_halves, move, read_bytes, replace_bytes
from ghibli_prep.workspace.metadata import file_name, line, number_of

VERSION = 1
METADATA = "metadata.jsonl"


@dataclass(frozen=True, slots=True)
class Remembered:
    """seed, share: what was drawn with. sides: by number, True for validation."""

    seed: int
    share: float
    sides: Mapping[int, bool]


def read(path: Path) -> Remembered | None:
    """None where there was no split. Raises ForeignState for a file that is not ours."""
    content = read_bytes(path)
    if content is None:
        return None
    try:
        found = json.loads(content)
        if found["version"] == VERSION:
            sides = {int(number): bool(side) for number, side in found["sides"].items()}
            return Remembered(int(found["seed"]), float(found["share"]), sides)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise ForeignState(f"{path}: not a split of this ghibli-prep. Move it away to draw the sides anew.")


def write(path: Path, remembered: Remembered) -> None:
    sides = {str(number): side for number, side in sorted(remembered.sides.items())}
    content = {"version": VERSION, "seed": remembered.seed, "share": remembered.share, "sides": sides}
    replace_bytes(path, json.dumps(content).encode() + b"\n")


def fill(folder: Path, files: Mapping[int, Path], texts: Mapping[int, str]) -> None:
    """Make `folder` hold these pictures and captions, by number, and no other of ours. May be said again at any time.

    Raises DiskError or UsageError; ForeignState where something lies there that is not ours.
    """
    with disk_errors_in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for half in left_halves(folder):
            half.unlink()
        for there in sorted(folder.iterdir()):
            number = number_of(there.name)
            if number is None and there.name != METADATA:
                raise ForeignState(f"{there}: not of a split. Move it away, or choose another folder with --out.")
            if number is not None and number not in files:
                there.unlink()
        for number, file in files.items():
            _link(file, folder / file_name(number))
    replace_bytes(folder / METADATA, b"".join(lines.encode(line(number, texts[number])) for number in sorted(files)))


def _link(file: Path, target: Path) -> None:
    if target.exists() and target.samefile(file):
        return
    half = target.with_name(f".{target.name}.half")
    half.unlink(missing_ok=True)
    try:
        os.link(file, half)
    except OSError:  # another disk, or one without links
        shutil.copyfile(file, half)
    move(half, target)
