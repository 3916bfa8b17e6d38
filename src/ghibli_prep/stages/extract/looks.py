"""A frame as it is to be looked at: colours, square pixels, upright, without black bars, and as a file's bytes."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import cv2
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import ColorRange, Interpolation

from ghibli_prep.stages.extract.film import NotAFilm
from ghibli_prep.stages.extract.reading import Reader
from ghibli_prep.stages.extract.tones import HLG, PQ, to_sdr

if TYPE_CHECKING:
    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from ghibli_prep.stages.extract.film import Film

Format = Literal["png", "jpg"]
_UNKNOWN, _BT709, _BT601, _BT2020 = 2, 1, 5, 9
_FINE = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT
_SAMPLES = 8, 48
"""At the least and at the most; between them, one for each five seconds."""
_SHORT = 60.0
"""Seconds of a film that is read in order where it has too few keyframes to jump to."""
_DARK = 24
"""Grey levels up to which a pixel may belong to a bar."""
_LIT = 0.01
"""The share of a row that must be brighter for it to belong to the picture."""


@dataclass(frozen=True, slots=True)
class Box:
    """The part of an upright picture of `width` x `height` pixels that holds the film."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class View:
    """How a film is to be shown. aspect: how wide a pixel is for its height. matrix: x to x, x to y, y to x, y to y."""

    aspect: float = 1.0
    matrix: tuple[int, int, int, int] = (1, 0, 0, 1)


def view(film: Film) -> View:
    """From the film's first whole frame. Raises NotAFilm where there is none, or its colours cannot be brought right.

    Asked of one frame only: PyAV's side data and their frame hold each other, until the next collection of garbage.
    The film is left in an unknown place.
    """
    seen = next(Reader(film).frames(lambda: 0.0), None)
    if seen is None:
        raise NotAFilm("not one whole frame can be decoded: copy or download it again, or convert it first")
    data = seen.frame.side_data
    if data.get("DOVI_METADATA") is not None and seen.frame.color_trc not in (PQ, HLG, 1):
        raise NotAFilm("Dolby Vision without a base that others can show (profile 5): convert it to HDR10 or SDR first")
    matrix = data.get("DISPLAYMATRIX")
    if matrix is None:
        return View(film.aspect)
    to_x, x_to_y, _, y_to_x, to_y = struct.unpack("=9i", bytes(cast("SideData", matrix))[:36])[:5]
    return View(film.aspect, (to_x, x_to_y, y_to_x, to_y))


def upright(frame: VideoFrame, view: View, pixel_format: str = "bgr24") -> NDArray[Any]:
    """The frame with square pixels, turned and mirrored as the film says it is to be shown."""
    colours = {} if frame.format.is_rgb else {"src_colorspace": _matrix(frame), "dst_color_range": ColorRange.JPEG}
    picture: NDArray[Any]
    if frame.color_trc in (PQ, HLG) and pixel_format == "bgr24":
        deep: NDArray[np.uint16] = frame.reformat(  # type: ignore[assignment]  # sixteen bits, as asked for
            format="rgb48le", interpolation=_FINE, threads=1, **colours
        ).to_ndarray()
        picture = to_sdr(deep, frame.color_trc)[..., ::-1]
    else:
        picture = frame.reformat(format=pixel_format, interpolation=_FINE, threads=1, **colours).to_ndarray()
    height, width = picture.shape[:2]
    aspect = view.aspect
    if abs(aspect - 1) > 0.001:
        wider = aspect > 1  # no line is lost: the short way of a pixel is stretched
        size = (round(width * aspect), height) if wider else (width, round(height / aspect))
        picture = cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_CUBIC)
    return _turned(picture, view)


def _matrix(frame: VideoFrame) -> int:
    """What turns its colours into RGB; where the film does not say, as players guess."""
    if frame.colorspace not in (_UNKNOWN, 3):
        return frame.colorspace
    if frame.color_trc in (PQ, HLG):
        return _BT2020
    return _BT709 if frame.width >= 1280 or frame.height > 576 else _BT601


def _turned(picture: NDArray[Any], view: View) -> NDArray[Any]:
    across, across_to_down, down_to_across, down = view.matrix
    if abs(across_to_down) > abs(across):  # x becomes y
        picture = picture.swapaxes(0, 1)
        across, down = down_to_across, across_to_down
    if across < 0:
        picture = picture[:, ::-1]
    return picture[::-1] if down < 0 else picture


def find_bars(film: Film, view: View, start: float, end: float) -> Box | None:
    """What black bars leave of the picture over the whole film; None where there are none, or nothing bright is found.

    A row or column is picture when it is lit in more than one of the samples, so one with a caption in the bars does
    not count, and dark scenes hide nothing. The film is left in an unknown place.
    """
    samples = min(max(_SAMPLES[0], int((end - start) / 5)), _SAMPLES[1])
    found = [_lit(frame, view) for frame in _by_jumps(film, _evenly(start, end, samples))]
    if len(found) < _SAMPLES[0] and film.length < _SHORT:
        film.reopen()
        found = [_lit(frame, view) for frame in _in_order(film, _evenly(start, end, _SAMPLES[1]))]
    lit = [pair for pair in found if pair is not None]
    shapes = [(len(rows), len(columns)) for rows, columns in lit]
    if not shapes:
        return None
    height, width = max(set(shapes), key=shapes.count)
    same = [pair for pair, shape in zip(lit, shapes, strict=True) if shape == (height, width)]
    enough = 2 if len(same) >= _SAMPLES[0] else 1
    top, bottom = _ends([rows for rows, _ in same], enough)
    left, right = _ends([columns for _, columns in same], enough)
    if (top, left, bottom, right) == (0, 0, height, width):
        return None
    return Box(left, top, right, bottom, width, height)


def _evenly(start: float, end: float, count: int) -> list[float]:
    return [start + (at + 0.5) * (end - start) / count for at in range(count)]


def _lit(frame: VideoFrame, view: View) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Which rows and which columns are lit; None for a dark picture, which says nothing."""
    bright = upright(frame, view, "gray") > _DARK
    if float(bright.mean()) <= 0.05:
        return None
    return bright.mean(axis=1) > _LIT, bright.mean(axis=0) > _LIT


def _ends(lit: Sequence[NDArray[np.bool_]], enough: int) -> tuple[int, int]:
    """The first and the end of what is picture. Less than 1 % at an edge is no bar, but how the film was scanned."""
    picture = np.flatnonzero(np.sum(lit, axis=0) >= enough)
    size = len(lit[0])
    if not len(picture):
        return 0, size
    first, end = int(picture[0]), int(picture[-1]) + 1
    small = max(2, size // 100)
    return first if first >= small else 0, end if size - end >= small else size


def _by_jumps(film: Film, moments: Sequence[float]) -> Iterator[VideoFrame]:
    """The keyframes before `moments`, each once."""
    seen: set[int | None] = set()
    for moment in moments:
        with suppress(FFmpegError):
            film.container.seek(int((moment + film.start) / film.unit), stream=film.stream)
            frame = next(film.container.decode(film.stream), None)
            if frame is not None and not frame.is_corrupt and frame.pts not in seen:
                seen.add(frame.pts)
                yield frame


def _in_order(film: Film, moments: Sequence[float]) -> Iterator[VideoFrame]:
    """The first frame at or after each of `moments`, up to the first damage."""
    waiting = deque(moments)
    with suppress(FFmpegError):
        for at, frame in enumerate(film.container.decode(film.stream)):
            time = at / film.rate if frame.pts is None else frame.pts * film.unit - film.start
            if not waiting:
                return
            if time >= waiting[0] and not frame.is_corrupt:
                yield frame
            while waiting and time >= waiting[0]:
                waiting.popleft()


def cut(picture: NDArray[np.uint8], box: Box | None, square: bool) -> NDArray[np.uint8]:
    """Without the bars, if it is of the size in which they were found; then the largest centred square."""
    height, width = picture.shape[:2]
    if box is not None and (box.width, box.height) == (width, height):
        picture = picture[box.top : box.bottom, box.left : box.right]
        height, width = picture.shape[:2]
    if square:
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        picture = picture[top : top + side, left : left + side]
    return picture


def encoded(picture: NDArray[np.uint8], form: Format) -> bytes:
    """picture: BGR. The same bytes each time."""
    options = [cv2.IMWRITE_PNG_COMPRESSION, 2]
    if form == "jpg":
        options = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
    _, content = cv2.imencode(f".{form}", np.ascontiguousarray(picture), options)
    return content.tobytes()
