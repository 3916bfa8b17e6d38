"""What can be true of one picture.

A picture *is* the last thing that happened to it; each thing is one small frozen type, and a stage
turns one kind into the next:

    Found ─▶ Kept | Rejected | Unreadable ─▶ Rendered ─▶ Resized ─▶ Captioned | Blocked | Failed ─▶ Removed

This module knows nothing of files, folders or how any of it came about.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BLOCKED_TEXT = "[BLOCKED_BY_SAFETY_FILTER]"
"""What stands in place of a caption when the provider's safety filter blocked the picture."""


BY_USER = "user"
"""By whom a picture was kept or dropped that a person decided about."""

KEPT_IN_DATASET = "kept in the dataset by hand"
"""Why a picture is kept that a person named where the dataset has it: it does not go for what it is like, either."""


@dataclass(frozen=True, slots=True)
class Found:
    """A picture in the input folder.

    identity: SHA-256 of the file's bytes, in hex: what a picture is known by, whatever its name.
    source: its path relative to the input folder, with `/`; the first folder is the film's name.
    file: where its bytes can be read now.
    """

    identity: str
    source: str
    file: Path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that should be a picture and is not: `reason` says why, in words for the user.

    identity is "" where not even its bytes could be read.
    """

    identity: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture the filter keeps. score: 0 to 1, the detector's confidence. by: a detector's name, or "user"."""

    identity: str
    source: str
    file: Path
    by: str
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Rejected:
    """A picture the filter drops. `reason` is a folder name (`no_people`); score and by as in `Kept`."""

    identity: str
    source: str
    file: Path
    by: str
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Rendered:
    """A picture resized, its JPEG waiting in `file`, before it has a number."""

    identity: str
    source: str
    file: Path


@dataclass(frozen=True, slots=True)
class Resized:
    """A picture of the dataset: `file` is `train/<number>.jpg`."""

    number: int
    file: Path


@dataclass(frozen=True, slots=True)
class Captioned:
    """A picture with its caption: one line of `metadata.jsonl`."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A picture the provider's safety filter refused to describe; `reason` is the provider's word for it."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture that no caption could be had for, for good, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Removed:
    """A picture that cleanup took out of `train/`. purged: deleted, not kept in `removed/`."""

    number: int
    reason: str
    purged: bool


Outcome = Captioned | Blocked | Failed
"""What asking for a caption ends in."""
