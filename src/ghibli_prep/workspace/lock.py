"""One run at a time for a workspace. The system lets go of the lock when a process dies, however it dies."""

from __future__ import annotations

from pathlib import Path

import filelock

from ghibli_prep.errors import WorkspaceHeld
from ghibli_prep.workspace.atomic import disk_errors_in_words


def hold(state: Path, root: Path) -> filelock.BaseFileLock:
    """Take the lock in `state`, or raise WorkspaceHeld at once. Give it back with `.release()`.

    Raises UsageError where the lock file cannot be written.
    """
    lock = filelock.FileLock(state / "lock")
    with disk_errors_in_words(state / "lock"):
        try:
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise WorkspaceHeld(
                f"{root}: another run of ghibli-prep holds this workspace. "
                "Wait for it to end, or use another one with --workspace. `ghibli-prep status` works meanwhile."
            ) from None
    return lock
