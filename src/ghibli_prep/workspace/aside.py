"""`.ghibli-prep/set_aside/`: what was taken out of a dataset by the tool's own judgement, and is never deleted.

Knows lines and files, and nothing of what they mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ghibli_prep.workspace.atomic import append_bytes, disk_errors_in_words, move


def keep_lines(state: Path, path: Path, lines: Sequence[bytes]) -> None:
    """Keep lines of `path`, on the disk when this returns. state: the tool's own folder. Raises DiskError."""
    if lines:
        file = _folder(state) / f"{path.parent.name}-{path.name}"
        with disk_errors_in_words(file):
            append_bytes(file, b"".join(line + b"\n" for line in lines), durable=True)


def keep_file(state: Path, file: Path) -> None:
    """Move `file` to where nothing is trained on it, under a name that is free there. Raises DiskError."""
    folder = _folder(state)
    target, count = folder / file.name, 1
    while target.exists():
        count += 1
        target = folder / f"{file.name}.{count}"
    with disk_errors_in_words(file):
        move(file, target)


def _folder(state: Path) -> Path:
    folder = state / "set_aside"
    with disk_errors_in_words(folder):
        folder.mkdir(exist_ok=True)
    return folder
