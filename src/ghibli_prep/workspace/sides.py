"""The folders of a split: pictures by link where the disk allows, each folder with its own metadata.jsonl.

And what a split remembers: which picture went to which side. Knows nothing of how sides are chosen.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghibli_prep.errors import ForeignState, UsageError
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, left_halves, move, read_bytes, replace_bytes
from ghibli_prep.workspace.contents import STATE, place_of
from ghibli_prep.workspace.metadata import file_name, line, number_of

VERSION = 2
METADATA = "metadata.jsonl"


@dataclass(frozen=True, slots=True)
class Draw:
    """seed, share: what was drawn with. sides: by number, True for validation."""

    seed: int
    share: float
    sides: Mapping[int, bool]


@dataclass(frozen=True, slots=True)
class Remembered:
    """outs: the folders that were filled, as `contents.relative` writes them."""

    draws: tuple[Draw, ...] = ()
    outs: frozenset[str] = frozenset()

    def sides(self, seed: int, share: float) -> Mapping[int, bool]:
        """What was drawn with these before; nothing, where that was never done."""
        return next((draw.sides for draw in self.draws if (draw.seed, draw.share) == (seed, share)), {})

    def and_also(self, draw: Draw, out: str) -> Remembered:
        """`draw` takes the place of that of its seed and share."""
        others = (one for one in self.draws if (one.seed, one.share) != (draw.seed, draw.share))
        return Remembered((*others, draw), self.outs | {out})


def read(path: Path) -> Remembered:
    """Nothing where there was no split. Raises ForeignState for a file that is not ours."""
    content = read_bytes(path)
    if content is None:
        return Remembered()
    try:
        found = json.loads(content)
        if found["version"] == VERSION:
            return Remembered(tuple(map(_draw, found["draws"])), frozenset(map(str, found["outs"])))
        if found["version"] == 1:
            return Remembered((_draw(found),), frozenset({"split"}))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise ForeignState(f"{path}: not a split of this ghibli-prep. Move it away to draw the sides anew.")


def _draw(found: Mapping[str, Any]) -> Draw:
    sides = {int(number): bool(side) for number, side in found["sides"].items()}
    return Draw(int(found["seed"]), float(found["share"]), sides)


def write(path: Path, remembered: Remembered) -> None:
    draws = [
        {
            "seed": draw.seed,
            "share": draw.share,
            "sides": {str(number): side for number, side in sorted(draw.sides.items())},
        }
        for draw in remembered.draws
    ]
    content = {"version": VERSION, "outs": sorted(remembered.outs), "draws": draws}
    replace_bytes(path, json.dumps(content).encode() + b"\n")


def check(out: Path, names: Iterable[str], never: Collection[Path], ours: bool) -> None:
    """Whether the folders `names` of `out` may be made, or made anew; what is in them would go. Changes nothing.

    never: folders that nothing is written into. ours: was `out` filled by a split of this workspace before?
    Raises UsageError, and ForeignState where something lies there that is not of a split.
    """
    sides = [out / name for name in names]
    if (out / STATE).exists():
        raise UsageError(f"{out}: is a workspace. Choose another folder with --out.")
    for folder in (out, *sides):
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder}: not a folder. Choose another one with --out.")
        if place := place_of(folder, never):
            raise UsageError(f"{folder}: lies in {place}, which a split leaves alone. Choose another --out.")
    for folder in sides:
        with disk_errors_in_words(folder):
            entries = sorted(folder.iterdir()) if folder.is_dir() else []
            halves = set(left_halves(folder))
        for there in entries:
            known = number_of(there.name) is not None or there.name == METADATA or there in halves
            if not (ours and known):
                raise ForeignState(
                    f"{there}: not of a split of this workspace. Move it away, or choose another folder with --out."
                )


def fill(folder: Path, files: Mapping[int, Path], texts: Mapping[int, str]) -> None:
    """Make `folder` hold these pictures and captions, by number, and no others. May be said again at any time, where
    `check` has nothing against it.

    Raises DiskError or UsageError.
    """
    with disk_errors_in_words(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for half in left_halves(folder):
            half.unlink()
        for there in sorted(folder.iterdir()):
            number = number_of(there.name)
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
