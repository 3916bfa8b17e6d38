"""`.ghibli-prep/meanings.bin`: the vectors of captions, so that each caption goes through the model once.

A cache: everything in it can be made again, so it is never synced, a file that makes no sense is begun anew, and a full
disk is no reason to stop. One header line, then a mark of the text and its vector, over and over. Knows no model.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghibli_prep.errors import GhibliPrepError
from ghibli_prep.workspace.atomic import replace_bytes

Floats = NDArray[np.float32]
_MARK = 16
"""Bytes of a hash of the text."""
_UNIT = 1e-3
"""How far the length of a vector may be from 1: further, and a pulled cable left zeros in it."""


class Vectors:
    """Vectors of `width` by text, made by a certain `maker`; another maker's are as good as none.

    writable: False only remembers, as where the workspace is not held.
    """

    def __init__(self, path: Path, maker: str, width: int, writable: bool) -> None:
        self._path, self._writable = path, writable
        self._header = json.dumps({"vectors": "ghibli-prep", "version": 1, "maker": maker}).encode() + b"\n"
        self._record = np.dtype([("mark", f"V{_MARK}"), ("vector", "<f4", (width,))])
        known = self._read()
        self._vectors: Floats = known["vector"]
        whole = np.abs(np.einsum("ij,ij->i", self._vectors, self._vectors) - 1) < _UNIT
        self._places = {known["mark"][at].tobytes(): at for at in map(int, np.flatnonzero(whole))}

    def known(self, text: str) -> bool:
        return _mark(text) in self._places

    def of(self, texts: Sequence[str], made: Mapping[str, Floats]) -> Floats:
        """A row a text: of `made`, or else what is known. Raises KeyError for what is neither."""
        rows = np.empty((len(texts), self._record["vector"].shape[0]), np.float32)
        for at, text in enumerate(texts):
            rows[at] = made[text] if text in made else self._vectors[self._places[_mark(text)]]
        return rows

    def note(self, made: Mapping[str, Floats]) -> None:
        """Write them down, for another run."""
        records = np.zeros(len(made), self._record)
        for at, (text, vector) in enumerate(made.items()):
            records[at] = (np.void(_mark(text)), vector)
        if self._writable:
            try:
                with self._path.open("ab") as file:
                    file.write(records.tobytes())
            except OSError:  # half a record may stand there now: the next reading cuts it off
                self._writable = False

    def _read(self) -> NDArray[Any]:
        """What is whole in the file; where it may be written, it is brought to that."""
        try:
            with self._path.open("rb") as file:
                ours, size = file.read(len(self._header)) == self._header, file.seek(0, os.SEEK_END)
            count = (size - len(self._header)) // self._record.itemsize if ours else 0
            end = len(self._header) + count * self._record.itemsize
            if self._writable and ours and size != end:
                os.truncate(self._path, end)
        except OSError:
            ours, count = False, 0
        if self._writable and not ours:
            with contextlib.suppress(GhibliPrepError):
                replace_bytes(self._path, self._header)
        if not count:
            return np.zeros(0, self._record)
        return np.fromfile(self._path, self._record, count, offset=len(self._header))


def _mark(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()[:_MARK]
