"""How the pictures of a dataset look: their light, their colours, and thumbnails of them. Reads.

Pictures are decoded at the smallest scale that will do, on all cores, a few ahead of what was asked for.
"""

from __future__ import annotations

import colorsys
import io
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image, ImageStat

THUMBNAIL = 128
"""Pixels of the longer side."""
QUALITY = 45
_SMALL = 32
"""Pixels a side of what colours are counted in."""
COLOURS = ("black", "grey", "white", "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink")
"""In the order of the rainbow, after those without a hue."""
_HUES = ((14, "red"), (40, "orange"), (68, "yellow"), (160, "green"), (200, "teal"), (258, "blue"), (292, "purple"),
         (345, "pink"), (361, "red"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """brightness, saturation: 0 to 1, the mean. colours: the share of each of `COLOURS`, 0 to 1.

    thumbnail: a WebP of at most `THUMBNAIL` pixels a side; empty where none was asked for.
    """

    brightness: float
    saturation: float
    colours: tuple[float, ...]
    thumbnail: bytes = b""

    @property
    def main_colour(self) -> str:
        return COLOURS[max(range(len(COLOURS)), key=self.colours.__getitem__)]


def look_at(files: Iterable[Path], thumbnails: bool, threads: int | None = None) -> Iterator[Look | None]:
    """How each file looks, in the same order; None for one that cannot be decoded."""
    threads = threads or os.cpu_count() or 1
    waiting: deque[Future[Look | None]] = deque()
    coming = iter(files)
    with ThreadPoolExecutor(threads, thread_name_prefix="look") as pool:
        while True:
            for file in islice(coming, 4 * threads - len(waiting)):
                waiting.append(pool.submit(_look, file, thumbnails))
            if not waiting:
                return
            yield waiting.popleft().result()


def thumbnail(file: Path, side: int, quality: int = 80) -> bytes:
    """A WebP of at most `side` pixels a side; empty where the file cannot be decoded."""
    try:
        with Image.open(file) as opened:
            opened.draft("RGB", (side, side))
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return _webp(picture, quality)


def thumbnails(files: Sequence[Path], side: int, quality: int = QUALITY) -> Iterator[bytes]:
    """The `thumbnail` of each file, in the same order, made on all cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="look") as pool:
        yield from pool.map(lambda file: thumbnail(file, side, quality), files)


def _look(file: Path, thumbnails: bool) -> Look | None:
    try:
        with Image.open(file) as opened:
            opened.draft("RGB", (THUMBNAIL, THUMBNAIL))  # libjpeg decodes at an eighth, if that is enough
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Image.Resampling.BILINEAR)
    grey, hsv = picture.convert("L"), picture.convert("HSV")
    raw = picture.resize((_SMALL, _SMALL), Image.Resampling.BOX).tobytes()
    return Look(
        ImageStat.Stat(grey).mean[0] / 255,
        ImageStat.Stat(hsv).mean[1] / 255,
        _shares([_colour(*raw[at : at + 3]) for at in range(0, len(raw), 3)]),
        _webp(picture, QUALITY) if thumbnails else b"",
    )


def _shares(names: Sequence[str]) -> tuple[float, ...]:
    return tuple(names.count(colour) / len(names) for colour in COLOURS)


def _colour(red: int, green: int, blue: int) -> str:
    """The one of `COLOURS` that three values from 0 to 255 are nearest to."""
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.15:
        return "black"
    if saturation < 0.12:
        return "white" if value > 0.87 else "grey"
    return next(name for end, name in _HUES if hue * 360 < end)


def _webp(picture: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=quality, method=4)
    return file.getvalue()
