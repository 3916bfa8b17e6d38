"""One run at a time for a workspace. The system lets go of the lock when a process dies, however it dies."""

from __future__ import annotations

from pathlib import Path

import filelock

from ghibli_prep.errors import WorkspaceHeld


def hold(state: Path, root: Path) -> filelock.BaseFileLock:
    """Take the lock in `state`, or raise WorkspaceHeld at once. Give it back with `.release()`."""
    lock = filelock.FileLock(state / "lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise WorkspaceHeld(
            f"{root}: another run of ghibli-prep holds this workspace. "
            "Wait for it to end, or use another one with --workspace. `ghibli-prep status` works meanwhile."
        ) from None
    return lock
