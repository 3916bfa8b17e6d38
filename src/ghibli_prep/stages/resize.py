"""Renders pictures as square JPEGs, on all cores, in the order they come in.

The JPEGs wait in a staging folder, without numbers: those are the workspace's to give. Threads do the work, because
Pillow lets go of the interpreter while it decodes, resizes and encodes.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from ghibli_prep import framing
from ghibli_prep.errors import DiskError, UsageError
from ghibli_prep.framing import Box
from ghibli_prep.pictures import NotAPicture, fitted, open_rgb, save_jpeg
from ghibli_prep.samples import Found, Kept, Rendered, Unreadable
from ghibli_prep.settings import ResizeSettings

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def resize(
    pictures: Iterable[Found | Kept],
    settings: ResizeSettings,
    staging: Path,
    workers: int | None = None,
    people: Callable[[str], Sequence[Box]] = lambda _identity: (),
) -> Iterator[Rendered | Unreadable]:
    """Each picture as `staging/<identity>.jpg`; no more than a few at a time are in memory.

    people: where they are in a picture, by its identity; asked where settings.fit is "people".

    Raises DiskError or UsageError where `staging` cannot be written.
    """
    workers = workers or (os.cpu_count() or 1) + 1  # one more: some thread always waits for the disk
    pool = ThreadPoolExecutor(workers, thread_name_prefix="resize")
    ahead: deque[Future[Rendered | Unreadable]] = deque()
    try:
        for picture in pictures:
            ahead.append(pool.submit(_render, picture, settings, staging, people))
            if len(ahead) >= 2 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _render(
    picture: Found | Kept, settings: ResizeSettings, staging: Path, people: Callable[[str], Sequence[Box]]
) -> Rendered | Unreadable:
    target = staging / f"{picture.identity}.jpg"
    background = settings.background_rgb
    try:
        image = open_rgb(picture.file, settings.max_megapixels, background)
    except NotAPicture as reason:
        return Unreadable(picture.identity, picture.source, str(reason))
    if settings.fit == "people":
        around = framing.square(*image.size, people(picture.identity))
        square = fitted(image, settings.size, "crop", background, around)
    else:
        square = fitted(image, settings.size, settings.fit, background)
    try:
        save_jpeg(square, target, settings.quality)
    except OSError as error:
        why = error.strerror or str(error)
        if error.errno in _FULL:
            raise DiskError(
                f"{staging}: the disk is full ({why}). Everything up to now is saved: "
                "free some space and run the same command again."
            ) from error
        raise UsageError(f"{staging}: cannot be written ({why}). Check its permissions.") from error
    return Rendered(picture.identity, picture.source, target)
