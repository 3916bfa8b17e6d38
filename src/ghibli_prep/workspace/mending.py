"""Mends files that a workspace would not open, or would mend with less care. Holds the workspace meanwhile.

Knows no captions and no pictures: it is told what to write, and what to put aside first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ghibli_prep.errors import UsageError
from ghibli_prep.workspace.atomic import append_bytes, disk_errors_in_words, move, read_bytes, replace_bytes
from ghibli_prep.workspace.lock import hold


class Mender:
    """state: the tool's own folder. What is put aside lies in `set_aside/` below it, and is never deleted."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._aside = state / "set_aside"

    def rewrite(self, path: Path, before: bytes, after: bytes, aside: Sequence[bytes]) -> None:
        """Put `after` in place of `before`; the lines `aside` are on the disk first.

        Raises UsageError where the file is no longer as it was read, and DiskError.
        """
        if aside:
            self._make_room()
            file = self._aside / f"{path.parent.name}-{path.name}"
            with disk_errors_in_words(file):
                append_bytes(file, b"".join(line + b"\n" for line in aside), durable=True)
        if read_bytes(path) != before:
            raise UsageError(f"{path}: was edited just now. Nothing was changed: run the same command again.")
        replace_bytes(path, after, beside=self._state)

    def put_aside(self, file: Path) -> None:
        """Move `file` to where nothing is trained on it, under a name that is free there."""
        self._make_room()
        target, count = self._aside / file.name, 1
        while target.exists():
            count += 1
            target = self._aside / f"{file.name}.{count}"
        with disk_errors_in_words(file):
            move(file, target)

    def _make_room(self) -> None:
        with disk_errors_in_words(self._aside):
            self._aside.mkdir(exist_ok=True)


@contextmanager
def mending(root: Path) -> Iterator[Mender]:
    """The workspace at `root`, held. Raises WorkspaceHeld, and UsageError where it cannot be written."""
    state = root / ".ghibli-prep"
    with disk_errors_in_words(root):
        state.mkdir(parents=True, exist_ok=True)
    lock = hold(state, root)
    try:
        yield Mender(state)
    finally:
        lock.release()
