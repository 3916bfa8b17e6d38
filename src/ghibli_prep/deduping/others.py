"""The captions of another dataset: a workspace, a metadata.jsonl, or .txt files beside pictures. Only reads.

A line or a file that cannot be used is told of, and the rest goes on. No picture is looked at, nor need it be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ghibli_prep.errors import NoInput, UsageError
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.workspace import lines

METADATA = "metadata.jsonl"
KEYS = ("text", "prompt", "caption")
"""What a caption may be called in a line; the first that is there counts."""
SIDECARS = (".txt", ".caption")
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")


def captions(place: Path, tell: Callable[[str], None]) -> dict[str, str]:
    """Caption by the path of its picture. place: a folder, or a metadata.jsonl itself.

    Raises NoInput where there are none, UsageError where something cannot be read.
    """
    if not place.exists():
        raise NoInput(f"{place}: no such folder. Name another workspace, or a folder with captions, with --across.")
    try:
        files = [place] if place.is_file() else _with_lines(place)
        pairs = [pair for file in files for pair in _of_lines(file, tell)] if files else list(_sidecars(place, tell))
    except OSError as error:
        raise UsageError(f"{error.filename or place}: cannot be read ({error.strerror}).") from None
    found = {name: text.strip() for name, text in pairs if text.strip() not in ("", BLOCKED_TEXT)}
    if not found:
        raise NoInput(
            f"{place}: no captions. Name a workspace, or a folder with a {METADATA} or a .txt beside each picture."
        )
    return found


def _with_lines(folder: Path) -> list[Path]:
    """The metadata.jsonl of a workspace, of the folder itself, or of its folders, such as `train/` and `test/`."""
    for file in (folder / "train" / METADATA, folder / METADATA):
        if file.is_file() and (file.parent == folder or (folder / ".ghibli-prep").is_dir()):
            return [file]
    return [part / METADATA for part in sorted(folder.iterdir()) if (part / METADATA).is_file()]


def _of_lines(file: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    for at, raw in lines.numbered(lines.whole(lines.read(file))):
        record = lines.parse(raw) or {}
        name = record.get("file_name")
        text = next((record[key] for key in KEYS if key in record), None)
        if isinstance(name, str) and isinstance(text, str):
            yield str(file.parent / name), text
        else:
            tell(f"{file}, line {at}: no file_name with a caption ({', '.join(KEYS)}); left out")


def _sidecars(folder: Path, tell: Callable[[str], None]) -> Iterator[tuple[str, str]]:
    for picture in sorted(file for file in folder.rglob("*") if file.suffix.lower() in _PICTURES):
        beside = next((file for end in SIDECARS if (file := picture.with_suffix(end)).is_file()), None)
        if beside is None:
            continue
        try:
            yield str(picture), beside.read_text("utf-8-sig")
        except ValueError:
            tell(f"{beside}: not UTF-8; left out")
