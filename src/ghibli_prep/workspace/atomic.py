"""Writing so that any moment may be the last: whole or not at all, and on the disk when it says so.

Knows files and bytes, and nothing of what they mean.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from ghibli_prep.errors import DiskError, GhibliPrepError, UsageError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_BROKEN = {errno.EIO, errno.ENXIO, errno.ENODEV}
_HALF = ".{}.half"
_WAITS = (0.01, 0.05, 0.2, 0.5, 1.0) if os.name == "nt" else ()
"""Seconds. Windows lets no file be replaced while someone reads it: a look at the status, a virus scanner."""


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
    if error.errno in _BROKEN:
        return DiskError(f"{path}: the disk failed ({error.strerror}). Check it, and run the same command again.")
    return UsageError(f"{path}: cannot be written ({error.strerror}). Check its permissions, or choose another folder.")


def read_bytes(path: Path) -> bytes | None:
    """What `path` holds; None where there is no such file. Raises UsageError where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be read ({error.strerror}). Check it and its permissions, or choose another --workspace."
        ) from error


def replace_bytes(path: Path, content: bytes, beside: Path | None = None) -> None:
    """Put `content` in place of what `path` holds, whole or not at all: write beside, fsync, replace.

    beside: the folder for the half-written file, on the same disk; the folder of `path` where None.
    """
    half = half_of(path, beside)
    with disk_errors_in_words(path):
        path = path.resolve() if path.is_symlink() else path  # the user keeps the file elsewhere: leave the link alone
        try:
            with half.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            move(half, path)
        except OSError:
            half.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def move(source: Path, target: Path) -> None:
    """Put the file `source` in place of `target`, whole or not at all, from another disk too. Raises OSError.

    Killed half-way on two disks, a half file may be left beside `target`, or `source` may still be there.
    """
    try:
        _replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        half = target.with_name(_HALF.format(target.name))
        try:
            shutil.copy2(source, half)
            with half.open("rb+") as copy:
                os.fsync(copy.fileno())
            half.replace(target)
        except OSError:
            half.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
        source.unlink()


def half_of(path: Path, beside: Path | None = None) -> Path:
    """Where what is to become `path` is written first."""
    return (beside or path.parent) / _HALF.format(f"{path.name}.{os.getpid()}")


def left_halves(folder: Path) -> Iterator[Path]:
    """The half-written files that a kill left in `folder`."""
    return folder.glob(_HALF.format("*"))


def _replace(source: Path, target: Path) -> None:
    for seconds in _WAITS:
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(seconds)
    source.replace(target)


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
    """Make a new name in `folder` durable, where the system lets folders be synced: Windows and some shares do not."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
