"""The lines of a `metadata.jsonl`, read as they are, and the checks of one line alone.

Each check is one small function with a name. It says what is wrong, or "" where nothing is. Knows nothing of pictures
and of the rules of captions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace.lines import BOM
from ghibli_prep.workspace.metadata import number_of

KEYS = {"file_name", "text"}
_BY_HAND = "Mend the line; or delete it, and its picture is captioned again."
_FIX = "`ghibli-prep validate --fix` mends it."


@dataclass(frozen=True, slots=True)
class Line:
    """at: from 1. raw: its bytes, with its end. pairs: its JSON object, key by key; None where it holds none.
    broken: why it holds none."""

    at: int
    raw: bytes
    pairs: tuple[tuple[str, Any], ...] | None
    broken: str

    @property
    def record(self) -> dict[str, Any]:
        return dict(self.pairs or ())

    @property
    def ends(self) -> bool:
        return self.raw.endswith(b"\n")

    @property
    def number(self) -> int | None:
        """The number of the picture that it names."""
        return number_of(self.record.get("file_name"))

    @property
    def text(self) -> str:
        """What it says, "" where that is nothing that could be a caption."""
        text = self.record.get("text")
        return text if isinstance(text, str) and text.strip() else ""

    @property
    def caption(self) -> str:
        """Its text where that is a caption, else ""."""
        return "" if self.text == BLOCKED_TEXT else self.text


class _Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as it is written: dict would keep the last of two equal keys, and say nothing."""

    __slots__ = ()


def read(raw_lines: Iterable[bytes]) -> Iterator[Line]:
    """Each line of a file that is opened as bytes; nothing is skipped or mended."""
    for at, raw in enumerate(raw_lines, start=1):
        yield parse(at, raw)


def parse(at: int, raw: bytes) -> Line:
    body = without_bom(raw) if at == 1 else raw
    try:
        found = json.loads(body.decode(), object_pairs_hook=_Pairs)
    except UnicodeDecodeError as error:
        return Line(at, raw, None, f"not UTF-8 (byte 0x{body[error.start]:02x} at column {error.start + 1})")
    except json.JSONDecodeError as error:
        return Line(at, raw, None, f"broken JSON: {error.msg[:1].lower()}{error.msg[1:]} at column {error.colno}")
    except (ValueError, RecursionError):  # a number of thousands of digits, brackets within brackets
        return Line(at, raw, None, "broken JSON: nothing that can be read")
    if not isinstance(found, _Pairs):
        return Line(at, raw, None, "not a JSON object")
    return Line(at, raw, tuple(found), "")


def without_bom(raw: bytes) -> bytes:
    """`raw` without byte order marks at its start: programs that add one do not look whether there is one."""
    while raw.startswith(BOM):
        raw = raw.removeprefix(BOM)
    return raw


def bom(line: Line) -> str:
    """No byte order mark."""
    return "begins with a byte order mark (BOM)" if line.at == 1 and line.raw.startswith(BOM) else ""


def crlf(line: Line) -> str:
    r"""Lines end in \n alone."""
    return "ends in CRLF, as Windows writes it" if line.raw.endswith(b"\r\n") else ""


def last_newline(line: Line) -> str:
    """The last line ends, too."""
    return "the last line has no newline" if not line.ends and line.pairs is not None else ""


def blank(line: Line) -> str:
    """No line without anything in it."""
    return "a blank line" if is_blank(line) else ""


def is_blank(line: Line) -> bool:
    return not without_bom(line.raw).strip(b"\0 \t\r\n")


def cut_off(line: Line) -> str:
    """No half line at the end, as a pulled cable leaves it."""
    return "the last line is cut off in the middle" if is_cut_off(line) else ""


def is_cut_off(line: Line) -> bool:
    return line.pairs is None and not line.ends and without_bom(line.raw).lstrip().startswith(b"{")


def not_json(line: Line) -> str:
    """One JSON object in UTF-8 a line."""
    return line.broken if line.pairs is None and not is_blank(line) and not is_cut_off(line) else ""


def keys(line: Line) -> str:
    """Exactly the keys `file_name` and `text`, once."""
    if line.pairs is None:
        return ""
    names = [name for name, _ in line.pairs]
    missing, extra = sorted(KEYS - {*names}), sorted({*names} - KEYS)
    twice = sorted({name for name in names if names.count(name) > 1})
    said = [("no key", missing), ("keys that do not belong here:", extra), ("twice the key", twice)]
    return "; ".join(f"{what} {', '.join(map(repr, which))}" for what, which in said if which)


def types(line: Line) -> str:
    """Both values are texts."""
    wrong = [name for name, value in line.record.items() if name in KEYS and not isinstance(value, str)]
    return f"{' and '.join(map(repr, wrong))} must be text" if wrong else ""


def name(line: Line) -> str:
    """`file_name` is N.jpg, without a folder."""
    named = line.record.get("file_name")
    if not isinstance(named, str) or line.number is not None:
        return ""
    if "/" in named or "\\" in named:
        return f"file_name has a folder in it: {named!r}"
    return f"file_name is not of the form 1.jpg: {named!r}"


def empty_text(line: Line) -> str:
    """A text with something in it."""
    text = line.record.get("text")
    return "the text is empty" if isinstance(text, str) and not text.strip() else ""


def marker(line: Line) -> str:
    """No mark of a picture that the provider blocked."""
    return f"{line.record.get('file_name')} is blocked by the provider" if line.text == BLOCKED_TEXT else ""


Look = Callable[[Line], str]
_BLOCKED = "`ghibli-prep cleanup` takes it out; `ghibli-prep run --retry-blocked` asks once more."
_NEVER = ("Mend the line, or delete it if there is no such picture.", False)

CHECKS: dict[str, tuple[Look, str, bool]] = {
    "bom": (bom, _FIX, True),
    "crlf": (crlf, _FIX, True),
    "last-newline": (last_newline, _FIX, True),
    "blank-line": (blank, _FIX, True),
    "cut-off-line": (cut_off, "`--fix` puts it aside, and its picture is captioned again.", True),
    "json": (not_json, _BY_HAND, False),
    "keys": (keys, _BY_HAND, False),
    "types": (types, _BY_HAND, False),
    "file-name": (name, *_NEVER),
    "empty-text": (empty_text, "`--fix` takes the line out, and its picture is captioned again.", True),
    "blocked": (marker, _BLOCKED, False),
}
"""Every check of one line by its name, with the remedy, and whether `--fix` is one."""


def check(line: Line, file: str) -> Iterator[Problem]:
    """Every problem of `line` by itself. file: how the file is named to the user."""
    for which, (look, remedy, fixable) in CHECKS.items():
        detail = look(line)
        if not detail:
            continue
        if can_be_mended(which, line):
            remedy, fixable = _FIX, True
        yield Problem(which, file, line.at, detail, remedy, fixable=fixable)


def can_be_mended(which: str, line: Line) -> bool:
    """Do the name and the text stand there, in a line that is only spelled wrongly?"""
    if which == "keys":
        return line.number is not None and bool(line.text)
    return which == "file-name" and plain_name(line) is not None and bool(line.text)


def plain_name(line: Line) -> int | None:
    """The number in a file_name with the dataset's own folder before it: `train/12.jpg`, `./12.jpg`.

    Of any other folder, 12.jpg may well be another picture.
    """
    named = line.record.get("file_name")
    if not isinstance(named, str):
        return None
    folder, slash, last = named.replace("\\", "/").rpartition("/")
    return number_of(last) if slash and folder.rpartition("/")[2] in (".", "train") else None
