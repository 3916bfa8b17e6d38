"""`.ghibli-prep/quota.json`: what is spent until when, kept across runs. Keys stand in it by fingerprint.

Knows slots by name only; what to make of it is `captioning.rota`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace.atomic import replace_bytes

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
    try:
        found = json.loads(path.read_bytes())
        version = found["version"]
        if version == VERSION:
            return {name: Spent(**slot) for name, slot in found["slots"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError):
        version = "unknown"
    raise ForeignState(
        f"{path}: written by another ghibli-prep (version {version}; this one knows {VERSION}). It is left untouched: "
        "upgrade ghibli-prep, or move the file away; what is spent will be found out again."
    )


def write(path: Path, slots: Mapping[str, Spent]) -> None:
    content = {"version": VERSION, "slots": {name: asdict(slot) for name, slot in sorted(slots.items())}}
    replace_bytes(path, json.dumps(content, indent=1).encode() + b"\n")
