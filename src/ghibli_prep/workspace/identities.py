"""Which picture a file is, without reading all of it again: hashes by what the disk says of a file.

A cache: what it says can always be found out anew, so it is never synced, a line that makes no sense is skipped, and a
full disk is no reason to stop.
The file's name is part of what it is known by, because on a FAT disk the rest can fit another file after a remount.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from ghibli_prep.workspace import lines

_BATCH = 256


class Identities:
    """`identity_of(file, its stat) -> SHA-256 in hex`; may be called from many threads.

    hash_file: reads the file; its OSError goes on to the caller. path: None remembers nothing beyond this object.
    """

    def __init__(self, path: Path | None, cache: Path, hash_file: Callable[[Path], str]) -> None:
        self._path = path
        self._hash_file = hash_file
        self._lock = threading.Lock()
        self._new: list[dict[str, str]] = []
        self._known: dict[str, str] = {}
        for _, raw in lines.numbered(lines.whole(lines.read(cache))):
            match lines.parse(raw):
                case {"file": str(file), "identity": str(identity)}:
                    self._known[file] = identity

    def __call__(self, file: Path, stat: os.stat_result) -> str:
        key = f"{stat.st_ino}:{stat.st_size}:{stat.st_mtime_ns}:{os.fsencode(file.name).hex()}"
        known = self._known.get(key)
        if known is not None:
            return known
        identity = self._hash_file(file)
        with self._lock:
            self._known[key] = identity
            self._new.append({"file": key, "identity": identity})
            if len(self._new) >= _BATCH:
                self._write()
        return identity

    def flush(self) -> None:
        with self._lock:
            self._write()

    def _write(self) -> None:
        if self._path is not None:
            with contextlib.suppress(OSError):
                lines.append(self._path, self._new, durable=False)
        self._new.clear()
