"""What the pictures of datasets look like: by what copies are found, and whether they can be taken as they are.

Each is decoded as far as it takes, on all cores, a few ahead of what was asked for; kept of one are about 1.5 kB.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

from ghibli_prep import likeness
from ghibli_prep.pictures import NotAPicture, is_upright, open_rgb
from ghibli_prep.settings import ResizeSettings
from ghibli_prep.validating.pictures import SIDE, decoded_small, open_head


@dataclass(frozen=True, slots=True)
class Seen:
    """content: SHA-256 of the file, in hex. size: width and height in pixels. ready: can it be taken byte for byte?

    small: what tells the picture at 64 x 64, whatever file it is in. thumbnail: see `likeness.thumbnail`.
    """

    content: str
    size: tuple[int, int]
    ready: bool
    small: bytes
    thumbnail: bytes


def look_at(files: Iterable[Path], settings: ResizeSettings, threads: int | None = None) -> Iterator[Seen | str]:
    """What is seen of each file, in the same order; of one that cannot be used, why."""
    threads = threads or os.cpu_count() or 1
    pool, ahead = ThreadPoolExecutor(threads, thread_name_prefix="look"), deque[Future[Seen | str]]()
    coming = iter(files)
    try:
        while True:
            ahead.extend(pool.submit(look, file, settings) for file in islice(coming, 4 * threads - len(ahead)))
            if not ahead:
                return
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def look(file: Path, settings: ResizeSettings) -> Seen | str:
    """What is seen of a file, or why it cannot be used. Ready is an upright RGB JPEG of the size in the settings."""
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"cannot be read ({(error.strerror or str(error)).lower()})"
    opened = open_head(content)
    is_jpeg = not isinstance(opened, str) and opened.format == "JPEG" and opened.mode in ("RGB", "L")
    square = (settings.size, settings.size)
    if not isinstance(opened, str) and is_jpeg and opened.size[0] * opened.size[1] <= settings.max_megapixels * 1e6:
        small = decoded_small(opened)
        if isinstance(small, str):
            return small.removeprefix("is ")
        with Image.open(io.BytesIO(content)) as image:
            upright = is_upright(image)
        if upright:
            ready = opened.mode == "RGB" and opened.size == square
            with suppress(OSError):  # what one decoder takes, another may not: below it is said why
                return _seen(content, opened.size, ready, small, likeness.thumbnail_in(io.BytesIO(content)))
    try:
        whole = open_rgb(file, settings.max_megapixels, settings.background_rgb)
    except NotAPicture as why:
        return str(why)
    return _seen(content, whole.size, False, whole, likeness.thumbnail(whole))


def _seen(content: bytes, size: tuple[int, int], ready: bool, picture: Image.Image, thumbnail: bytes) -> Seen:
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    return Seen(
        hashlib.sha256(content).hexdigest(),
        size,
        ready,
        hashlib.sha256(small.tobytes()).digest()[:16],
        thumbnail,
    )
