"""`metadata.jsonl`: the truth about what is captioned, one line a picture.

A line is on the disk before the next thing happens. Knows nothing of how a caption came about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from ghibli_prep.errors import DiskError, ForeignState, GhibliPrepError
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.workspace import aside, lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, read_bytes, replace_bytes
from ghibli_prep.workspace.rescue import Rescue

_MOST_DIGITS = 18


def file_name(number: int) -> str:
    return f"{number}.jpg"


def number_of(name: object) -> int | None:
    """The number in `12.jpg`; None for any other name."""
    if not isinstance(name, str) or not name.endswith(".jpg"):
        return None
    digits = name.removesuffix(".jpg")
    ours = digits.isascii() and digits.isdecimal() and digits[0] != "0" and len(digits) <= _MOST_DIGITS
    return int(digits) if ours else None


def line(number: int, text: str) -> dict[str, str]:
    return {"file_name": file_name(number), "text": text}


class Metadata:
    """The captions of one folder by picture number, and the file that holds them.

    The file may be edited by people at any time, during a run too: it is read anew before it is written anew, and
    what it says counts for more than what is remembered here.
    halves: a folder for half-written files. rescue: where an answer goes when the disk is full.
    """

    def __init__(self, path: Path, halves: Path, rescue: Rescue | None = None) -> None:
        self.path = path
        self._halves = halves
        self._rescue = rescue
        self._written: dict[int, tuple[str, str | None]] = {}  # by this run, and the text in whose place, if any
        self.texts: dict[int, str] = {}

    def load(self) -> None:
        """Read the file as it is. Raises ForeignState naming the line that is not one of ours.

        What this run wrote stays true where the file lacks it: an editor saved an older copy over it.
        """
        texts: dict[int, str] = {}
        waiting = self._waiting()  # first: a run that goes on may bring them to their places meanwhile
        for at, raw in lines.numbered(lines.whole(lines.read(self.path))):
            record = lines.parse(raw)
            if record is None or not isinstance(record.get("text"), str) or "file_name" not in record:
                raise ForeignState(
                    f'{self.path}, line {at}: not {{"file_name": "1.jpg", "text": "..."}}. '
                    "Mend the line, or delete it to have its picture captioned again. Nothing was changed."
                )
            number = number_of(record["file_name"])
            if number is not None and record["text"].strip():
                texts.setdefault(number, record["text"])
        for number, text, before in (*waiting, *((number, *written) for number, written in self._written.items())):
            if texts.get(number, BLOCKED_TEXT) in (BLOCKED_TEXT, before):
                texts[number] = text
        self.texts = texts

    def _waiting(self) -> list[tuple[int, str, str | None]]:
        """What is written down and not in its place yet: number, text, and the text whose place it takes, if any."""
        found = []
        for record in self._rescue.records() if self._rescue is not None else ():
            number, text, before = (record.get(name) for name in ("file_name", "text", "instead_of"))
            if (number := number_of(number)) is not None and isinstance(text, str):
                found.append((number, text, before if isinstance(before, str) else None))
        return found

    def mend(self) -> bool:
        """Write the file as it should be if it is not: no half line, BOM, blank or second line. True if it was not."""
        self.load()
        on_disk = read_bytes(self.path) or b""
        amiss = on_disk != self._content(on_disk)
        if amiss:
            aside.keep_lines(self._halves, self.path, self._second_texts(on_disk))
            self._rewrite()
        if self._rescue is not None and self._rescue.waiting:
            self._rescue.clear()
            return True
        return amiss

    def settle(self) -> None:
        """Bring what waits to its place."""
        if self._rescue is not None and self._rescue.waiting:
            self.mend()

    def _second_texts(self, content: bytes) -> list[bytes]:
        """The lines of pictures that have a line with another caption before: the first one counts."""
        found, seen = [], set()
        for raw in content.removeprefix(lines.BOM).split(b"\n"):
            record = lines.parse(raw) or {}
            number, text = number_of(record.get("file_name")), record.get("text")
            if number is None or not isinstance(text, str) or not text.strip():
                continue
            if number in seen and text not in (BLOCKED_TEXT, self.texts.get(number)):
                found.append(raw.strip())
            seen.add(number)
        return found

    def set(self, number: int, text: str) -> None:
        """Record a caption, on the disk when this returns; one in place of another waits there for `settle`.

        Raises DiskError when the disk is full: the caption is saved all the same, unless the error's text holds it.
        """
        text = text.encode(errors="replace").decode()  # half a surrogate pair would make the file unreadable to loaders
        before = self.texts.get(number)
        if before == text:
            return
        self.texts[number], self._written[number] = text, (text, before)
        try:
            with disk_errors_in_words(self.path):
                if before is None:
                    lines.append(self.path, [line(number, text)], durable=True)
                elif before == BLOCKED_TEXT or self._rescue is None:
                    self._change(number, before, text)
                else:
                    self._rescue.hold({**line(number, text), "instead_of": before})
        except GhibliPrepError as why:
            self._save(number, text, before, why)
            raise

    def extend(self, texts: Mapping[int, str]) -> None:
        """Record the captions of pictures that have none, in one go, on the disk when this returns.

        Raises DiskError, the file then being as before: what comes from another dataset is still there.
        """
        new = {n: text.encode(errors="replace").decode() for n, text in texts.items() if n not in self.texts}
        with disk_errors_in_words(self.path):
            lines.append(self.path, [line(number, text) for number, text in new.items()], durable=True)
        self.texts.update(new)
        self._written.update({number: (text, None) for number, text in new.items()})

    def _change(self, number: int, before: str, text: str) -> None:
        self.load()
        if self.texts.get(number) in (None, before):  # else someone wrote a text of their own meanwhile
            self.texts[number] = text
        self._rewrite()

    def _save(self, number: int, text: str, before: str | None, why: GhibliPrepError) -> None:
        if self._rescue is None:
            return
        try:
            instead = {} if before is None else {"instead_of": before}
            self._rescue.save({**line(number, text), **instead}, self.path if before is None else None, why)
        except DiskError:
            del self.texts[number], self._written[number]
            if before is not None:
                self.texts[number] = before
            raise

    def remove(self, numbers: Collection[int]) -> None:
        """Take the lines of `numbers` out of the file."""
        self.settle()  # what waits would bring its line back
        self.load()
        if not self.texts.keys().isdisjoint(numbers):
            for number in numbers:
                self.texts.pop(number, None)
                self._written.pop(number, None)
            self._rewrite()

    def add(self, texts: Mapping[int, str]) -> None:
        """Record many captions at once, in place of what was there."""
        if texts:
            self.load()
            self.texts.update(texts)
            self._rewrite()

    def _content(self, like: bytes) -> bytes:
        """The file's bytes. Lines keep the order and spelling that they have in `like`, the file as it is; a new text
        stands where the old one stood."""
        kept: list[bytes] = []
        left = dict(self.texts)
        for raw in like.removeprefix(lines.BOM).split(b"\n"):
            record = lines.parse(raw)
            if record is None:
                continue
            number = number_of(record.get("file_name"))
            if number is None and "file_name" in record:
                kept.append(raw.strip() + b"\n")
            elif number is not None and number in left:
                text = left.pop(number)
                kept.append(raw.strip() + b"\n" if text == record.get("text") else lines.encode(line(number, text)))
        return b"".join(kept) + b"".join(lines.encode(line(number, text)) for number, text in left.items())

    def _rewrite(self) -> None:
        replace_bytes(self.path, self._content(lines.read(self.path)), beside=self._halves)
