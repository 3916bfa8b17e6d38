"""`.ghibli-prep/quota.json`: what is spent until when, kept across runs. Keys stand in it by fingerprint.

Knows slots by name only; what to make of it is `captioning.rota`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace.atomic import read_bytes, replace_bytes

VERSION = 2
"""1 knew `day`, `asked`, `until` and `why` alone, which mean the same; it is read, and written as 2."""
_TEXTS, _TIMES, _LIMITS = ("day", "why", "out"), ("until", "resting"), ("rpm", "rpd", "tpm")


@dataclass(frozen=True, slots=True)
class Spent:
    """day: the Pacific day that `asked` counts requests of, `YYYY-MM-DD`; until: when a spent slot may be asked
    again (seconds since the epoch), 0 where it may be now; why: in words.

    Of the last run alone: resting: until when it rested, 0 where it did not; out: why it was left out, or why the key
    is dead; rpm, rpd, tpm: the limits that it was held to in the end, by the settings or by what the server said.
    """

    day: str = ""
    asked: int = 0
    until: float = 0
    why: str = ""
    resting: float = 0
    out: str = ""
    rpm: int | None = None
    rpd: int | None = None
    tpm: int | None = None


def read(path: Path) -> dict[str, Spent]:
    """By `<fingerprint>/<model>` or `project <name>/<model>`; what is true of a key, by its fingerprint alone.

    ForeignState for a file that is not ours.
    """
    content = read_bytes(path)
    if content is None:
        return {}
    remedy = "It is left untouched: move the file away; what is spent will be found out again."
    try:
        found = json.loads(content)
        version = found["version"]
        if version in (1, VERSION):
            return {name: _checked(Spent(**slot)) for name, slot in found["slots"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ForeignState(f"{path}: not a list of spent quota by ghibli-prep. {remedy}") from None
    raise ForeignState(
        f"{path}: written by another ghibli-prep (version {version}; this one knows {VERSION}). Upgrade it. {remedy}"
    )


def _checked(spent: Spent) -> Spent:
    fits = type(spent.asked) is int
    fits &= all(type(getattr(spent, name)) is str for name in _TEXTS)
    fits &= all(type(getattr(spent, name)) in (int, float) for name in _TIMES)
    fits &= all(type(getattr(spent, name)) in (int, type(None)) for name in _LIMITS)
    if not fits:
        raise TypeError
    return spent


def write(path: Path, slots: Mapping[str, Spent]) -> None:
    content = {"version": VERSION, "slots": {name: asdict(slot) for name, slot in sorted(slots.items())}}
    replace_bytes(path, json.dumps(content, indent=1).encode() + b"\n")
