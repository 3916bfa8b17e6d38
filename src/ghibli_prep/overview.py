"""What `stats`, `report` and `sample` show of a dataset: reads it, and writes one page where the user wants it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

from ghibli_prep import figures, looks
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.console import Console
from ghibli_prep.figures import Figures
from ghibli_prep.rows import Row, rows
from ghibli_prep.selecting import Selection
from ghibli_prep.settings import Settings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes

SAMPLE_SIDE = 256
"""Pixels of the longer side of a sample's pictures."""


class Overview:
    """A workspace looked over. settings: for the rules that captions are held to."""

    def __init__(self, looked: Workspace, settings: Settings, console: Console) -> None:
        self._looked, self._console = looked, console
        self._profile = Profile.of(settings.caption)
        self._clip_tokens = settings.caption.rules.clip_tokens
        self.rows = rows(looked)

    def figures(self) -> Figures:
        broken = figures.findings(self.rows, self._profile)
        return figures.of(self._looked, self.rows, self._profile, broken, self._looks(thumbnails=False))

    def report(self, file: Path, when: str) -> None:
        """Write the page of the whole dataset. Raises DiskError."""
        from ghibli_prep.web import pages

        seen = self._looks(thumbnails=True)
        broken = figures.findings(self.rows, self._profile)
        summed = figures.of(self._looked, self.rows, self._profile, broken, seen)
        _write(file, pages.report(summed, self.rows, seen, broken, self._clip_tokens, when))

    def sample(self, file: Path, count: int, seed: int, selection: Selection, when: str) -> int:
        """Write the page of `count` pictures drawn by `seed`; returns how many there are. Raises DiskError."""
        from ghibli_prep.web import pages

        there = [row for row in self.rows if row.state != "pending"]
        drawn = draw(selection.of_rows(there, self._profile) if selection else there, count, seed)
        broken = figures.findings(drawn, self._profile)

        def thumbnail(number: int) -> bytes:
            return looks.thumbnail(self._looked.file(number), SAMPLE_SIDE)

        title = f"{len(drawn):,} of {len(there):,} pictures, drawn with seed {seed}"
        _write(file, pages.sample(drawn, thumbnail, broken, title, when))
        return len(drawn)

    def _looks(self, thumbnails: bool) -> list[looks.Look | None]:
        files = [self._looked.file(row.number) for row in self.rows]
        return list(self._console.counting("look", looks.look_at(files, thumbnails), len(files)))


def draw(found: Sequence[Row], count: int, seed: int) -> list[Row]:
    """`count` of the rows, by number. A picture's place in the draw is its own: new pictures move no other's."""
    places = {row.number: random.Random(f"{seed}/{row.number}").random() for row in found}
    return sorted(sorted(found, key=lambda row: places[row.number])[:count], key=lambda row: row.number)


def _write(file: Path, page: str) -> None:
    with disk_errors_in_words(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(file, page.encode())
