"""Film frames for the demo: pans over the photographs that travel with the package."""

from __future__ import annotations

import shutil
from pathlib import Path

from PIL import Image

PHOTOS = Path(__file__).parent / "photos"
FRAMES = 3
"""Frames a photograph: the camera moves from its left to its right."""


def shoot(raw: Path) -> int:
    """Write the frames into `raw`, a folder a photograph, with an exact copy and a broken file; returns how many."""
    count = 0
    for photo in sorted(PHOTOS.glob("*.jpg")):
        folder = raw / photo.stem
        folder.mkdir(parents=True)
        with Image.open(photo) as whole:
            for step in range(FRAMES):
                count += 1
                _window(whole, step).save(folder / f"frame_{step + 1:04}.png")
    shutil.copyfile(raw / "astronaut" / "frame_0001.png", raw / "astronaut" / "the_same_again.png")
    whole_file = (raw / "coffee" / "frame_0001.png").read_bytes()
    (raw / "coffee" / "cut_off.png").write_bytes(whole_file[: len(whole_file) // 2])
    return count + 2


def _window(whole: Image.Image, step: int) -> Image.Image:
    """The part of the photograph that the camera sees: nine tenths of its width, moving right."""
    width = whole.width * 9 // 10
    left = (whole.width - width) * step // (FRAMES - 1)
    return whole.crop((left, 0, left + width, whole.height))
