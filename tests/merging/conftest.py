"""Real datasets of other tools, of real photographs, and what they are like to the byte."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

Picture = Callable[..., bytes]
Folder = Callable[..., Path]
PHOTOS = ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins")


@cache
def cut(number: int, side: int, kind: str) -> bytes:
    photo = Image.fromarray(getattr(skimage.data, PHOTOS[number % len(PHOTOS)])()).convert("RGB")
    place = 60 * (number // len(PHOTOS))
    piece = photo.crop((place, 20, place + 200, 220)).resize((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    piece.save(file, kind, **({"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}))
    return file.getvalue()


@pytest.fixture
def picture() -> Picture:
    """`picture(3, side=32, kind="JPEG")`: a piece of a real photograph, another for each number, unlike all others."""

    def make(number: int, side: int = 32, kind: str = "JPEG") -> bytes:
        return cut(number, side, kind)

    return make


@pytest.fixture
def kohya(tmp_path: Path) -> Folder:
    """`kohya("name", {"a.jpg": (content, caption)})`: pictures with a .txt beside each; a caption of None has none."""

    def make(name: str, pictures: Mapping[str, tuple[bytes, str | None]]) -> Path:
        folder = tmp_path / name
        for at, (content, caption) in pictures.items():
            file = folder / at
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            if caption is not None:
                file.with_suffix(".txt").write_text(caption, "utf-8")
        return folder

    return make


@pytest.fixture
def imagefolder(tmp_path: Path) -> Folder:
    """`imagefolder("name", {"a/1.png": content}, [{"file_name": "a/1.png", "text": ""}])`: as `datasets` has them."""

    def make(name: str, pictures: Mapping[str, bytes], lines: Sequence[dict[str, Any] | str]) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        for at, content in pictures.items():
            (folder / at).parent.mkdir(parents=True, exist_ok=True)
            (folder / at).write_bytes(content)
        written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / "metadata.jsonl").write_text("".join(f"{line}\n" for line in written), "utf-8")
        return folder

    return make
