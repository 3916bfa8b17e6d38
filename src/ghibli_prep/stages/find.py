"""Finds the pictures in a folder, at any depth, in a stable order. Reads; writes nothing.

What a file is, is decided by its content; its ending only says whether a file that is no picture should have been one.
"""

from __future__ import annotations

import hashlib
import os
import stat as kinds
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ghibli_prep.errors import NoInput
from ghibli_prep.pictures import ENDINGS, HEAD_BYTES, looks_like_picture
from ghibli_prep.samples import Found, Unreadable

IdentityOf = Callable[[Path, os.stat_result], str]
_THREADS = 4
_AHEAD = 64


def hash_file(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex: what a picture is known by. Raises OSError."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def find(root: Path, identity_of: IdentityOf, skip: Collection[Path] = ()) -> Iterator[Found | Unreadable]:
    """Every picture below `root`, sorted by the parts of its path; exact copies are each found.

    identity_of: called from several threads; skip: folders not to look into. Raises NoInput where there is no `root`.
    """
    if not root.is_dir():
        raise NoInput(f"{root}: no such folder. Name the folder that has your frames with --input.")
    skipped = {_place(folder) for folder in skip if folder.is_dir()}
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="hash")
    ahead: deque[Future[Found | Unreadable | None]] = deque()
    try:
        for path, trouble in _files(root, skipped):
            ahead.append(pool.submit(_sample, path, _source(path, root), identity_of, trouble))
            if len(ahead) >= _AHEAD and (sample := ahead.popleft().result()) is not None:
                yield sample
        while ahead:
            if (sample := ahead.popleft().result()) is not None:
                yield sample
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _source(file: Path, root: Path) -> str:
    """The path relative to `root`, with `/`, as text that can be written as UTF-8."""
    relative = file.relative_to(root).as_posix()
    return relative.encode("utf-8", "backslashreplace").decode()


def _place(folder: Path) -> tuple[int, int] | str:
    """What tells a folder apart from all others, by whatever path it is reached."""
    stat = folder.stat()
    return (stat.st_dev, stat.st_ino) if stat.st_ino else os.path.realpath(folder)  # some disks of Windows count none


def _files(root: Path, skipped: Collection[tuple[int, int] | str]) -> Iterator[tuple[Path, str]]:
    """Files below `root` with "", and folders that cannot be listed with why, in order.

    Links are followed, but each folder is looked into once: so loops end, and links across do not multiply.
    """
    seen = set(skipped)
    waiting = [(root, True)]
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path, ""
            continue
        try:
            here = _place(path)
            if here in seen:
                continue
            seen.add(here)
            with os.scandir(path) as listed:
                entries = sorted(listed, key=lambda entry: entry.name, reverse=True)
        except OSError as error:
            yield path, f"a folder that cannot be listed ({(error.strerror or str(error)).lower()})"
            continue
        waiting += [(path / entry.name, _is_folder(entry)) for entry in entries if entry.name[0] != "."]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _sample(file: Path, source: str, identity_of: IdentityOf, trouble: str) -> Found | Unreadable | None:
    """What `file` is; None where it is no picture and does not claim to be one. trouble: why it cannot be looked at."""
    if trouble:
        return Unreadable("", source, trouble)
    should_be = file.suffix.lower() in ENDINGS
    try:
        stat = file.stat()
        if not kinds.S_ISREG(stat.st_mode):  # a pipe or a device: opening it might wait for ever
            return Unreadable("", source, "not a file") if should_be else None
        with file.open("rb") as opened:
            head = opened.read(HEAD_BYTES)
        if looks_like_picture(head):
            return Found(identity_of(file, stat), source, file)
        if should_be:
            return Unreadable(identity_of(file, stat), source, "not a picture" if head else "empty file")
    except OSError as error:
        if should_be:
            gone = isinstance(error, FileNotFoundError) and file.is_symlink()
            return Unreadable("", source, "a link to nothing" if gone else (error.strerror or str(error)).lower())
    return None
