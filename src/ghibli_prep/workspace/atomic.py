"""Writing so that any moment may be the last: whole or not at all, and on the disk when it says so.

Knows files and bytes, and nothing of what they mean.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from ghibli_prep.errors import DiskError, GhibliPrepError, UsageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextlib.contextmanager
def disk_errors_in_words(path: Path) -> Iterator[None]:
    """Turn an OSError on writing `path` into an error for the user; `path` is what it names."""
    try:
        yield
    except OSError as error:
        raise disk_error(path, error) from error


def disk_error(path: Path, error: OSError) -> GhibliPrepError:
    if error.errno in _FULL:
        return DiskError(
            f"{path}: the disk is full ({error.strerror}). Everything up to now is saved: "
            "free some space and run the same command again."
        )
    return UsageError(f"{path}: cannot be written ({error.strerror}). Check its permissions, or choose another folder.")


def replace_bytes(path: Path, content: bytes, beside: Path | None = None) -> None:
    """Put `content` in place of what `path` holds, whole or not at all: write beside, fsync, replace.

    beside: the folder for the half-written file, on the same disk; the folder of `path` where None.
    """
    half = (beside or path.parent) / f".{path.name}.{os.getpid()}.half"
    with disk_errors_in_words(path):
        try:
            with half.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            half.replace(path)
        except OSError:
            half.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def append_bytes(path: Path, content: bytes, *, durable: bool) -> None:
    """Append whole lines to `path` in one go, after a newline if its last line lacks one.

    durable: on the disk when this returns. Leaves the file as it was if it cannot be written (OSError).
    The file is opened each time, because an editor may have put another in its place since.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        if end:
            os.lseek(handle, end - 1, os.SEEK_SET)
            if os.read(handle, 1) != b"\n":
                content = b"\n" + content
        try:
            left = memoryview(content)
            while left:
                left = left[os.write(handle, left) :]
            if durable:
                os.fsync(handle)
        except OSError:
            os.ftruncate(handle, end)
            raise
    finally:
        os.close(handle)
    if durable and not end:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a new name in `folder` durable, where the system lets folders be synced (Windows does not)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
