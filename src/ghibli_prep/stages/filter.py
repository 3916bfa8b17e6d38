"""Decides which pictures stay: Found in, Kept or Rejected or Unreadable out, in the same order.

Writes nothing, and knows no folder: what a decision means on disk is the workspace's business. Pictures are decoded
ahead in a few threads. What needs nothing but pixels is measured there, too; a detector looks at one picture after
another, in the caller's thread.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ghibli_prep.filters import Filter, Frame, Need, Opinion
from ghibli_prep.pictures import NotAPicture, open_rgb
from ghibli_prep.samples import Found, Kept, Rejected, Unreadable

if TYPE_CHECKING:
    from PIL import Image

T = TypeVar("T")
LONG_SIDE = 1280
"""Pixels that a look needs at most: the detectors bring a picture down to 640 and less themselves."""

THREADS = min(4, os.cpu_count() or 1)

NOTHING_AGAINST_IT = "nothing_against_it"
"""Why a picture stays where nobody was looked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """As in `ResizeSettings`."""

    max_megapixels: int
    background_rgb: tuple[int, int, int]


class Eye(Protocol):
    """What sees in a picture what pixels alone do not say: a detector. Only asked to look where it must."""

    @property
    def name(self) -> str: ...

    def look(self, picture: Image.Image) -> Any: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A picture to decide about. filters: those that it is still to pass, each with what it needs."""

    found: Found
    frame: Frame
    filters: Sequence[tuple[Need, Filter]] = ()

    @property
    def wants_a_look(self) -> bool:
        return bool(self.wanted)

    @property
    def wanted(self) -> list[Need]:
        """What is not known of it yet."""
        return [need for need, _ in self.filters if getattr(self.frame, need) is None]


Remember = Callable[[str, Need, Any], None]
"""Told at once what an eye saw: identity, which eye, and what."""


def measure(
    pictures: Iterable[Found], look: Callable[[Image.Image], T], limits: Limits, threads: int = THREADS
) -> Generator[tuple[Found, T] | Unreadable]:
    """What `look` measures of each picture; it is called from several threads. Closing it early ends them."""
    with closing(_ahead(((found, True) for found in pictures), limits, threads, look)) as looks:
        for found, seen in looks:
            if isinstance(seen, str):
                yield Unreadable(found.identity, found.source, seen)
            elif seen is not None:
                yield found, seen


def decide(
    candidates: Iterable[Candidate],
    eyes: Mapping[Need, Eye],
    remember: Remember,
    limits: Limits,
    threads: int = THREADS,
) -> Generator[Kept | Rejected | Unreadable]:
    """What becomes of each candidate. Closing it early ends the threads.

    At most 2 * `threads` pictures are decoded ahead, each at most 1280 pixels long, so memory does not grow with
    their number. eyes: for whatever is not measured yet.
    """
    waiting: deque[Candidate] = deque()

    def coming() -> Iterator[tuple[Found, bool]]:
        for candidate in candidates:
            waiting.append(candidate)
            yield candidate.found, candidate.wants_a_look

    with closing(_ahead(coming(), limits, threads, lambda picture: picture)) as decoded:
        for _, picture in decoded:
            yield _decide(waiting.popleft(), picture, eyes, remember)


def _decide(
    candidate: Candidate, picture: Image.Image | str | None, eyes: Mapping[Need, Eye], remember: Remember
) -> Kept | Rejected | Unreadable:
    found, frame = candidate.found, candidate.frame
    for need, made in candidate.filters:
        if getattr(frame, need) is None and picture is not None:
            if isinstance(picture, str):
                return Unreadable(found.identity, found.source, picture)
            seen = eyes[need].look(picture)
            remember(found.identity, need, seen)
            frame = replace(frame, **{need: seen})
        (opinion,) = made.judge([frame])
        if opinion.value < made.drop:
            return rejected(found, eyes[need].name if need == "people" else made.name, opinion)
    if frame.people is None:
        return Kept(found.identity, found.source, found.file, "filter", NOTHING_AGAINST_IT, 1.0)
    return Kept(found.identity, found.source, found.file, eyes["people"].name, frame.people.reason, frame.people.score)


def rejected(found: Found, by: str, opinion: Opinion) -> Rejected:
    """The picture dropped; its score is the opinion's value, held within 0 to 1."""
    score = min(1.0, max(0.0, opinion.value))
    return Rejected(found.identity, found.source, found.file, by, opinion.reason, score)


def _ahead(
    pictures: Iterator[tuple[Found, bool]], limits: Limits, threads: int, then: Callable[[Image.Image], T]
) -> Generator[tuple[Found, T | str | None]]:
    """What `then` makes of each picture, or why it cannot be read; None where no look is wanted."""
    waiting: deque[tuple[Found, Future[T | str] | None]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="filter-decode")
    try:
        while True:
            for found, wanted in islice(pictures, 2 * threads - len(waiting)):
                waiting.append((found, pool.submit(_decode, found.file, limits, then) if wanted else None))
            if not waiting:
                return
            found, decoded = waiting.popleft()
            yield found, None if decoded is None else decoded.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _decode(file: Path, limits: Limits, then: Callable[[Image.Image], T]) -> T | str:
    """What `then` makes of the picture, no larger than a look needs; or why it cannot be read."""
    try:
        picture = open_rgb(file, limits.max_megapixels, limits.background_rgb)
    except NotAPicture as fault:
        return str(fault)
    picture.thumbnail((LONG_SIDE, LONG_SIDE))
    return then(picture)
