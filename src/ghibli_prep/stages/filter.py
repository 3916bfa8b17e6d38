"""Keeps the pictures with people: Found in, Kept or Rejected or Unreadable out, in the same order.

Writes nothing, and knows no folder: what a decision means on disk is the workspace's business. Pictures are decoded
ahead in a few threads, while the detector looks at an earlier one in the caller's.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ghibli_prep.detectors import NO_PEOPLE, Detector
from ghibli_prep.pictures import NotAPicture, open_rgb
from ghibli_prep.samples import Found, Kept, Rejected, Unreadable

if TYPE_CHECKING:
    from PIL import Image

LONG_SIDE = 1280
"""Pixels that a look needs at most: the detectors bring a picture down to 640 and less themselves."""

THREADS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Rules:
    """min_score: 0 to 1, from which on a person counts; the others as in `ResizeSettings`."""

    min_score: float
    max_megapixels: int
    background_rgb: tuple[int, int, int]


def filter_pictures(
    pictures: Iterable[Found], detector: Detector, rules: Rules, threads: int = THREADS
) -> Iterator[Kept | Rejected | Unreadable]:
    """What the detector decides on each picture. Closing it early ends the threads.

    At most 2 * `threads` pictures are decoded ahead, each at most 1280 pixels long, so memory does not grow with
    their number.
    """
    waiting: deque[tuple[Found, Future[Image.Image | str]]] = deque()
    coming = iter(pictures)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="filter-decode")
    try:
        while True:
            for found in islice(coming, 2 * threads - len(waiting)):
                waiting.append((found, pool.submit(_decode, found.file, rules)))
            if not waiting:
                return
            found, decoded = waiting.popleft()
            yield _decide(found, decoded.result(), detector, rules.min_score)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _decode(file: Path, rules: Rules) -> Image.Image | str:
    """The picture, no larger than a look needs; or why it cannot be read."""
    try:
        picture = open_rgb(file, rules.max_megapixels, rules.background_rgb)
    except NotAPicture as fault:
        return str(fault)
    picture.thumbnail((LONG_SIDE, LONG_SIDE))
    return picture


def _decide(
    found: Found, picture: Image.Image | str, detector: Detector, min_score: float
) -> Kept | Rejected | Unreadable:
    if isinstance(picture, str):
        return Unreadable(found.identity, found.source, picture)
    seen = detector.look(picture)
    if seen.people and seen.score >= min_score:
        return Kept(found.identity, found.source, found.file, detector.name, seen.reason, seen.score)
    return Rejected(found.identity, found.source, found.file, detector.name, NO_PEOPLE, seen.score)
