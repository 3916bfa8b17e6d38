"""Mends files that a workspace would not open, or would mend with less care. Holds the workspace meanwhile.

Knows no captions and no pictures: it is told what to write, and what to put aside first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ghibli_prep.errors import UsageError
from ghibli_prep.workspace import aside
from ghibli_prep.workspace.atomic import disk_errors_in_words, read_bytes, replace_bytes
from ghibli_prep.workspace.contents import STATE
from ghibli_prep.workspace.lock import hold


class Mender:
    """state: the tool's own folder."""

    def __init__(self, state: Path) -> None:
        self._state = state

    def rewrite(self, path: Path, before: bytes, after: bytes, set_aside: Sequence[bytes]) -> None:
        """Put `after` in place of `before`; the lines `set_aside` are kept first.

        Raises UsageError where the file is no longer as it was read, and DiskError.
        """
        aside.keep_lines(self._state, path, set_aside)
        if read_bytes(path) != before:
            raise UsageError(f"{path}: was edited just now. Nothing was changed: run the same command again.")
        replace_bytes(path, after, beside=self._state)

    def put_aside(self, file: Path) -> None:
        aside.keep_file(self._state, file)


@contextmanager
def mending(root: Path) -> Iterator[Mender]:
    """The workspace at `root`, held. Raises WorkspaceHeld, and UsageError where it cannot be written."""
    state = root / STATE
    with disk_errors_in_words(root):
        state.mkdir(parents=True, exist_ok=True)
    lock = hold(state, root)
    try:
        yield Mender(state)
    finally:
        lock.release()
