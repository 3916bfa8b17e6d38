"""How people lay out datasets: where lines lie and what a caption is called in them, or which file has it.

Only reads. Whether a picture is there, and what it looks like, is not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from ghibli_prep.validating import lines

METADATA = "metadata.jsonl"
KEYS = ("text", "prompt", "caption")
"""What a caption may be called in a line; the first that is there counts."""
SIDECARS = (".txt", ".caption")


@dataclass(frozen=True, slots=True)
class Said:
    """name: of the picture, below the folder of the lines, with `/`; "" where the line names none. why: it cannot be
    used; "" where it can."""

    at: int
    name: str
    text: str
    why: str


def with_lines(folder: Path) -> list[Path]:
    """`folder`, or those of its folders that have lines, such as `train/` and `test/`."""
    if (folder / METADATA).is_file():
        return [folder]
    return [part for part in sorted(folder.iterdir()) if part.name[0] != "." and (part / METADATA).is_file()]


def said(metadata: Path) -> Iterator[Said]:
    """What each line that is not blank says. Nothing where there is no such file."""
    if not metadata.exists():
        return
    with metadata.open("rb") as opened:
        for line in lines.read(opened):
            if not lines.is_blank(line):
                yield Said(line.at, *_said(line))


def _said(line: lines.Line) -> tuple[str, str, str]:
    if line.pairs is None:
        return "", "", line.broken
    name = line.record.get("file_name")
    if not isinstance(name, str) or not name.strip():
        return "", "", "no file_name in it"
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or PureWindowsPath(name).drive or ".." in path.parts:
        return "", "", f"{name} lies outside of its folder"
    name = path.as_posix()
    key = next((key for key in KEYS if key in line.record), "")
    text = line.record.get(key)
    if not isinstance(text, str):
        return name, "", f"{name}: {repr(key) + ' is no text' if key else 'no caption: no key ' + ', '.join(KEYS)}"
    if not text.strip():
        return name, "", f"{name}: the caption is empty"
    return name, text.strip(), ""


def beside(picture: Path) -> tuple[str, str] | None:
    """The caption in the file beside a picture, and why it cannot be used; None where there is no such file."""
    sidecar = next((file for end in SIDECARS if (file := picture.with_suffix(end)).is_file()), None)
    if sidecar is None:
        return None
    try:
        text = sidecar.read_text("utf-8-sig").strip()
    except ValueError:
        return "", f"{sidecar.name} is not UTF-8"
    return text, "" if text else f"{sidecar.name} is empty"
