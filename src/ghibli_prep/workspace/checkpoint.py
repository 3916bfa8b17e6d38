"""`checkpoint.json`: where the run stands, for people and their scripts.

Nothing is resumed from it: what is done is derived from `metadata.jsonl` and the journal. It is read
only to be sure that it is ours before it is written over.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace.atomic import read_bytes, replace_bytes

VERSION = 1
_OF_THE_ORIGINAL = {"last_processed", "total_images", "current_key_index", "current_model_index"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """last_processed: the number of the picture answered last, 0 before the first; total_images: pictures in
    `train/`; indices count from 0 in the order of the keys and of the ladder; key: its fingerprint;
    timestamp: local time, `YYYY-MM-DD HH:MM:SS`."""

    last_processed: int
    total_images: int
    captioned: int
    pending: int
    current_key_index: int
    current_key: str
    current_model_index: int
    current_model: str
    timestamp: str
    version: int = VERSION


def local_time(now: float) -> str:
    """`now` (seconds since the epoch) as the user's clock shows it."""
    return datetime.fromtimestamp(now).strftime("%Y-%m-%d %H:%M:%S")


def write(path: Path, checkpoint: Checkpoint, state: Path) -> None:
    replace_bytes(path, json.dumps(asdict(checkpoint), indent=2).encode() + b"\n", beside=state)


def read(path: Path) -> dict[str, Any]:
    """What `path` says; {} where there is none. Raises ForeignState for what is not ours to write over."""
    content = read_bytes(path)
    if content is None:
        return {}
    remedy = "It is left untouched: move it away, or choose another --workspace."
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise ForeignState(f"{path}: not a checkpoint of ghibli-prep (it is not JSON). {remedy}") from None
    version = found.get("version", 0) if isinstance(found, dict) and _OF_THE_ORIGINAL & found.keys() else None
    if type(version) is not int or version < 0:
        raise ForeignState(f"{path}: not a checkpoint of ghibli-prep. {remedy}")
    if version > VERSION:
        raise ForeignState(
            f"{path}: written by a newer ghibli-prep (version {version}; this one knows {VERSION}). "
            "It is left untouched: upgrade ghibli-prep, or choose another --workspace."
        )
    return dict(found)


def migrate(path: Path, state: Path) -> None:
    """Put an older checkpoint aside as `checkpoint.v<N>.json` in `state`, before the first write over it."""
    found = read(path)
    version = found.get("version", 0)
    if found and version < VERSION:
        aside = state / f"checkpoint.v{version}.json"
        if not aside.exists():
            replace_bytes(aside, read_bytes(path) or b"")
