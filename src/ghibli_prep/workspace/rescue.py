"""Where answers wait that cannot go to their place at once, and room for them when the disk fills up.

A caption that takes another one's place waits here for the next rewrite, for a growing file is not rewritten for every
picture; so does what comes when the disk is full. Knows lines of `metadata.jsonl`, and nothing of where they belong.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ghibli_prep.errors import DiskError, GhibliPrepError
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import replace_bytes

RESERVE_BYTES = 64 * 1024
"""Room for some 200 captions."""


class Rescue:
    """`rescued.jsonl` and `reserve` in the tool's own folder `state`."""

    def __init__(self, state: Path) -> None:
        self._reserve = state / "reserve"
        self._file = state / "rescued.jsonl"

    @property
    def waiting(self) -> bool:
        """Is there anything that was rescued and is not in its place yet?"""
        return self._file.exists()

    def records(self) -> Iterator[dict[str, Any]]:
        for _, raw in lines.numbered(lines.whole(lines.read(self._file))):
            yield lines.parse(raw) or {}

    def clear(self) -> None:
        """Forget what was rescued, once it is in its place."""
        self._file.unlink(missing_ok=True)

    def hold(self, record: Mapping[str, str]) -> None:
        """Keep `record` until it is in its place, on the disk when this returns. Raises OSError."""
        lines.append(self._file, [record], durable=True)

    def keep_reserve(self) -> None:
        if not self._reserve.exists() or self._reserve.stat().st_size < RESERVE_BYTES:
            # random bytes: a disk that compresses keeps no room for zeros
            replace_bytes(self._reserve, os.urandom(RESERVE_BYTES))

    def save(self, record: Mapping[str, str], path: Path | None, why: GhibliPrepError) -> None:
        """Write what was paid for, with the room that was kept for it, to `path` or else to `rescued.jsonl`.

        Raises DiskError, its text holding the answer and `why`, where nothing could be written.
        """
        self._reserve.unlink(missing_ok=True)
        for file in (path, self._file) if path else (self._file,):
            with contextlib.suppress(OSError):
                lines.append(file, [record], durable=True)
                return
        raise DiskError(f"{why} This answer could not be saved: {dict(record)}") from why
