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

VERSION = 1


@dataclass(frozen=True, slots=True)
class Spent:
    """day: the Pacific day that `asked` counts requests of, `YYYY-MM-DD`; until: when a spent slot may be asked
    again (seconds since the epoch), 0 where it may be now; why: in words."""

    day: str = ""
    asked: int = 0
    until: float = 0
    why: str = ""


def read(path: Path) -> dict[str, Spent]:
    """By `<fingerprint>/<model>`. Raises ForeignState for a file that is not ours."""
    content = read_bytes(path)
    if content is None:
        return {}
    remedy = "It is left untouched: move the file away; what is spent will be found out again."
    try:
        found = json.loads(content)
        version = found["version"]
        if version == VERSION:
            return {name: _checked(Spent(**slot)) for name, slot in found["slots"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ForeignState(f"{path}: not a list of spent quota by ghibli-prep. {remedy}") from None
    raise ForeignState(
        f"{path}: written by another ghibli-prep (version {version}; this one knows {VERSION}). Upgrade it. {remedy}"
    )


def _checked(spent: Spent) -> Spent:
    if (type(spent.day), type(spent.asked), type(spent.why)) != (str, int, str) or type(spent.until) not in (
        int,
        float,
    ):
        raise TypeError
    return spent


def write(path: Path, slots: Mapping[str, Spent]) -> None:
    content = {"version": VERSION, "slots": {name: asdict(slot) for name, slot in sorted(slots.items())}}
    replace_bytes(path, json.dumps(content, indent=1).encode() + b"\n")
