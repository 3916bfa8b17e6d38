"""A file of JSON lines that only grows: read whole, mended where a cut left half a line.

Knows JSON objects, and nothing of what they mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ghibli_prep.workspace.atomic import append_bytes, read_bytes

BOM = b"\xef\xbb\xbf"


def encode(record: Any) -> bytes:
    """One line, with its newline. Text stays as it is read by people: no \\u escapes but where UTF-8 has no other way.

    (A file's name that is not UTF-8 comes from the system as half of a surrogate pair, which only an escape can keep.)
    """
    try:
        return json.dumps(record, ensure_ascii=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(record).encode() + b"\n"


def append(path: Path, records: Iterable[Any], *, durable: bool) -> None:
    """Append `records`; see `append_bytes` for what durable means. Raises OSError, the file then being as before."""
    content = b"".join(map(encode, records))
    if content:
        append_bytes(path, content, durable=durable)


def read(path: Path) -> bytes:
    """The file's bytes without a BOM; empty where there is no file. Raises UsageError where it cannot be read."""
    return (read_bytes(path) or b"").removeprefix(BOM)


def whole(content: bytes) -> bytes:
    """`content` without what a cut left behind its last whole line.

    A last line that lacks only its newline is whole: it parses to an object. One that does not even begin like an
    object was never cut from one of ours: it stays, for the reader to refuse.
    """
    body, newline, tail = content.rpartition(b"\n")
    tail = tail.strip(b"\0")  # a pulled cable can leave zeros where the line should be
    if not tail.strip():
        return body + newline
    if parse(tail) is not None or not tail.lstrip().startswith(b"{"):
        return body + newline + tail + b"\n"
    return body + newline


def numbered(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(line number from 1, line) of every line that is not blank."""
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            yield number, line


def parse(line: bytes) -> dict[str, Any] | None:
    """The object in `line`; None where it holds none."""
    try:
        record = json.loads(line.decode())  # UTF-8 only: json would also take UTF-16 from bytes
    except (ValueError, RecursionError):  # UnicodeDecodeError too: a cut inside a character
        return None
    return record if isinstance(record, dict) else None
