"""What the fingerprints of all pictures say of pictures among each other, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghibli_prep.settings import ValidateSettings
from ghibli_prep.validating import copies, pictures
from ghibli_prep.validating.problems import Problem, Severity
from ghibli_prep.workspace.metadata import file_name

_TAKE_ONE_OUT = "Keep one: delete the other with its line, and its frame in raw/, or a run makes it again"
MOVED = "`--fix` moves it to removed/."
NEAR = f"{_TAKE_ONE_OUT}. In [validate] you say what is too much alike, and that --fix may remove it."


@dataclass(slots=True)
class Known:
    """numbers: of the pictures, in any order. prints: of dtype `pictures.PRINT`, one for each."""

    numbers: NDArray[np.int64]
    prints: NDArray[Any]
    folder: Path
    shown: str
    _decoded: dict[bytes, bytes] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        order = np.argsort(self.numbers, kind="stable")
        self.numbers, self.prints = self.numbers[order], self.prints[order]

    def copies(self) -> dict[int, int]:
        """The numbers of pictures that are the same as one with a lower number, with the lowest such."""
        return {
            int(self.numbers[copy.second]): int(self.numbers[copy.first])
            for copy in copies.exact(self.prints, self._pixels)
        }

    def exact(self, same: Mapping[int, int]) -> Iterator[Problem]:
        fixable = bool(self.shown)  # else there is no removed/
        for number, first in same.items():
            detail = f"is an exact copy of {file_name(first)}"
            remedy = MOVED if fixable else f"{_TAKE_ONE_OUT}."
            yield Problem("exact-copy", self._file(number), None, detail, remedy, fixable=fixable)

    def near(self, same: Mapping[int, int], settings: ValidateSettings) -> Iterator[tuple[int, int, Problem]]:
        """Near-duplicates: number, the lower number of the other picture, and the problem."""
        if settings.near_duplicates == "off":
            return
        fixable = bool(self.shown) and settings.near_duplicates == "remove"
        severity: Severity = "warning" if settings.near_duplicates == "warning" else "problem"
        single = np.flatnonzero(~np.isin(self.numbers, list(same)))
        for copy in copies.near(self.prints[single], settings.near_bits, settings.near_levels):
            first, second = (int(self.numbers[single[at]]) for at in (copy.first, copy.second))
            detail = f"is nearly the same picture as {file_name(first)} ({copy.bits} of {pictures.BITS} bits apart)"
            remedy = MOVED if fixable else NEAR
            problem = Problem("near-duplicate", self._file(second), None, detail, remedy, severity, fixable)
            yield second, first, problem

    def _pixels(self, at: int) -> bytes:
        """What tells the pixels of the picture at a place; those of equal files are decoded once."""
        try:
            content = (self.folder / file_name(int(self.numbers[at]))).read_bytes()
        except OSError:  # gone meanwhile
            return b"%d" % at
        file = hashlib.sha256(content).digest()
        if file not in self._decoded:
            try:
                self._decoded[file] = pictures.pixels(content)
            except ValueError:  # no JPEG, or one of a kind that is not taken: its bytes must do
                self._decoded[file] = file
        return self._decoded[file]

    def _file(self, number: int) -> str:
        return self.shown + file_name(number)
