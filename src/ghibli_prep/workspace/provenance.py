"""`.ghibli-prep/captions.jsonl`: where each answer came from, one line an answer, in the order in which they came.

A line stands on its own, for people and their scripts. It is written once its caption is on the disk, so a kill may
leave a caption without a line; which caption a picture has is said by `metadata.jsonl` alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes

VERSION = 1


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the outcome of one picture came from.

    text: the caption as it was recorded, "" where there is none. reason: why it was blocked or failed.
    source: the frame's path below the input folder. picture: SHA-256 of the JPEG that was sent.
    model_version: what the server said that it was. key: its position, from 1; fingerprint: of that key.
    prompt: a hash of the prompt. mended: rules that mended the text; asked_again: rules that earlier answers broke.
    input_tokens, output_tokens: of all requests for this picture; cost: of them, in USD, None where no price is set.
    attempts: requests for this picture; requests: its shares of them together, 1/K of one with K pictures.
    seconds: of the last request. time: when the answer came, ISO 8601, UTC.
    """

    number: int
    outcome: Literal["captioned", "blocked", "failed"]
    text: str
    reason: str
    source: str
    picture: str
    backend: str
    model: str
    model_version: str
    key: int
    fingerprint: str
    prompt: str
    mended: tuple[str, ...]
    asked_again: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cost: float | None
    attempts: int
    requests: float
    seconds: float
    time: str


_NUMBERS = {"number", "key", "input_tokens", "output_tokens", "attempts"}
_NAMES = [field.name for field in fields(Provenance)]


def append(path: Path, made: Provenance) -> None:
    """One line more. Raises DiskError, the file then being as before.

    It outlives a kill at once, and a pulled cable from the next `sync` on: what was paid for is the caption, which is
    on the disk before, and a second wait for the disk at each picture would buy nothing that is dear.
    """
    with disk_errors_in_words(path):
        lines.append(path, [{"version": VERSION} | {name: getattr(made, name) for name in _NAMES}], durable=False)


def sync(path: Path) -> None:
    """Have what was appended on the disk when this returns. Raises DiskError."""
    with disk_errors_in_words(path), suppress(FileNotFoundError), path.open("rb+") as file:
        os.fsync(file.fileno())


def start(path: Path) -> None:
    """Cut off half a line at the end."""
    content = lines.read(path)
    whole = lines.whole(content)
    if whole != content:
        with disk_errors_in_words(path):
            replace_bytes(path, whole)


def read(path: Path) -> Iterator[Provenance]:
    """Every answer, the oldest first; nothing where there is no file. Raises ForeignState, naming the line."""
    for at, raw in lines.numbered(lines.whole(lines.read(path))):
        record = lines.parse(raw)
        made = _decoded(record) if record else None
        if made is None:
            raise ForeignState(
                f"{path}, line {at}: not a line of this ghibli-prep (it knows version {VERSION}). Upgrade ghibli-prep, "
                "or delete that line: no caption is lost by that, only where it came from. Nothing was changed."
            )
        yield made


def _decoded(record: dict[str, Any]) -> Provenance | None:
    if record.get("version") != VERSION or not all(_fits(name, record.get(name)) for name in _NAMES):
        return None
    chosen = {name: record[name] for name in _NAMES}
    chosen |= {name: tuple(record[name]) for name in ("mended", "asked_again")}
    return Provenance(**chosen)


def _fits(name: str, value: object) -> bool:
    if name in ("mended", "asked_again"):
        return isinstance(value, list) and all(isinstance(rule, str) for rule in value)
    if name in _NUMBERS:
        return isinstance(value, int)
    if name in ("requests", "seconds", "cost"):
        return isinstance(value, int | float) or (name == "cost" and value is None)
    if name == "outcome":
        return value in ("captioned", "blocked", "failed")
    return isinstance(value, str)
