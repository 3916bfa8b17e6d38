"""`train/metadata.jsonl`: the truth about what is captioned, one line a picture.

A line is on the disk before the next thing happens. Knows nothing of how a caption came about.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from ghibli_prep.errors import DiskError, ForeignState
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_error, replace_bytes

RESERVE_BYTES = 64 * 1024
"""Kept free for the answers that are under way when the disk fills up: room for some 200 captions."""


def file_name(number: int) -> str:
    return f"{number}.jpg"


def number_of(name: object) -> int | None:
    """The number in `12.jpg`; None for any other name."""
    if not isinstance(name, str) or not name.endswith(".jpg"):
        return None
    digits = name.removesuffix(".jpg")
    return int(digits) if digits.isascii() and digits.isdecimal() and digits[0] != "0" else None


def line(number: int, text: str) -> dict[str, str]:
    return {"file_name": file_name(number), "text": text}


class Metadata:
    """The captions of one folder by picture number, and the file that holds them.

    state: the tool's own folder on the same disk, for the reserve, the rescue file and half-written files.
    """

    def __init__(self, path: Path, state: Path) -> None:
        self.path = path
        self._state = state
        self._reserve = state / "reserve"
        self._rescue = state / "rescued.jsonl"
        self.texts: dict[int, str] = {}

    def load(self) -> None:
        """Read the file as it is. Raises ForeignState naming the line that is not one of ours."""
        content = lines.whole(lines.read(self.path))
        self.texts = {}
        for at, raw in lines.numbered(content):
            record = lines.parse(raw)
            if record is None or not isinstance(record.get("text"), str) or "file_name" not in record:
                raise ForeignState(
                    f'{self.path}, line {at}: not {{"file_name": "1.jpg", "text": "..."}}. '
                    "Mend the line, or delete it to have its picture captioned again. Nothing was changed."
                )
            number = number_of(record["file_name"])
            if number is not None and record["text"].strip():
                self.texts.setdefault(number, record["text"])
        for _, raw in lines.numbered(lines.whole(lines.read(self._rescue))):
            record = lines.parse(raw) or {}
            number = number_of(record.get("file_name"))
            if number is not None:
                self.texts.setdefault(number, str(record.get("text")))

    def mend(self) -> bool:
        """Write the file as it should be if it is not: no half line, BOM, blank or second line. True if it was not."""
        on_disk = self.path.read_bytes() if self.path.exists() else b""
        amiss = self._rescue.exists() or on_disk != self._content(on_disk)
        if amiss:
            self._rewrite()
            self._rescue.unlink(missing_ok=True)
        self._keep_reserve()
        return amiss

    def set(self, number: int, text: str) -> None:
        """Record a caption, on the disk when this returns.

        Raises DiskError when the disk is full: the caption is saved all the same, unless the error's text holds it.
        """
        if number in self.texts:
            before, self.texts[number] = self.texts[number], text
            try:
                self._rewrite()
            except DiskError:
                self.texts[number] = before
                raise
            return
        self.texts[number] = text
        record = line(number, text)
        try:
            lines.append(self.path, [record], durable=True)
        except OSError as error:
            self._save_on_a_full_disk(record, error)

    def remove(self, numbers: Collection[int]) -> dict[int, str]:
        """Take the lines of `numbers` out of the file and return their texts."""
        gone = {number: self.texts.pop(number) for number in numbers if number in self.texts}
        if gone:
            self._rewrite()
        return gone

    def add(self, texts: Mapping[int, str]) -> None:
        """Record many captions at once."""
        if texts:
            self.texts.update(texts)
            self._rewrite()

    def _content(self, like: bytes) -> bytes:
        """The file's bytes. Lines keep the order and spelling that they have in `like`, the file as it is."""
        kept: list[bytes] = []
        left = dict(self.texts)
        for raw in like.removeprefix(lines.BOM).split(b"\n"):
            record = lines.parse(raw)
            if record is None:
                continue
            number = number_of(record.get("file_name"))
            if number is None and "file_name" in record:
                kept.append(raw.strip() + b"\n")
            elif number is not None and left.get(number) == record.get("text"):
                del left[number]
                kept.append(raw.strip() + b"\n")
        return b"".join(kept) + b"".join(lines.encode(line(number, text)) for number, text in left.items())

    def _rewrite(self) -> None:
        replace_bytes(self.path, self._content(lines.read(self.path)), beside=self._state)

    def _keep_reserve(self) -> None:
        if not self._reserve.exists() or self._reserve.stat().st_size < RESERVE_BYTES:
            # random bytes: a disk that compresses keeps no room for zeros
            replace_bytes(self._reserve, os.urandom(RESERVE_BYTES))

    def _save_on_a_full_disk(self, record: Mapping[str, str], error: OSError) -> None:
        """Write what was paid for with the room that was kept for it, then say that the disk is full."""
        self._reserve.unlink(missing_ok=True)
        for path in (self.path, self._rescue):
            with contextlib.suppress(OSError):
                lines.append(path, [record], durable=True)
                raise disk_error(self.path, error) from error
        raise DiskError(f"{disk_error(self.path, error)} This answer could not be saved: {record}") from error
