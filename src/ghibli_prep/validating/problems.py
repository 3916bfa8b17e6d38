"""What a check finds: one small frozen type, which names place and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["problem", "warning"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be.

    check: the name of what was looked at. file: relative to the folder that is validated, with `/`. line: from 1, None
    where the whole file is meant. remedy: what the user can do. severity: a warning may stay as it is. fixable: `--fix`
    does it.
    """

    check: str
    file: str
    line: int | None
    detail: str
    remedy: str
    severity: Severity = "problem"
    fixable: bool = False

    @property
    def place(self) -> tuple[str, int, str]:
        """What problems are sorted by: `train/9.jpg` comes before `train/10.jpg`."""
        folder, _, name = self.file.rpartition("/")
        digits = name.partition(".")[0]
        return folder, int(digits) if digits.isascii() and digits.isdecimal() else 0, name

    def in_words(self) -> str:
        """Where it is, and what; without the remedy."""
        where = self.file if self.line is None else f"{self.file}, line {self.line:,}"
        return f"{where}: {self.detail}"
