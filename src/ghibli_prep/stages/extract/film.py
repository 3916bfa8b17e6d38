"""Opens a film and says what is in it. The one door to PyAV's containers; writes nothing.

PyAV rather than OpenCV's VideoCapture: in one run it decoded 270 against 182 frames/s of 1080p H.264, and by the times
they report its 12 seeks ended on the frame shown at the moment asked for, where 9 of OpenCV's ended on the next one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

ENDINGS = frozenset((
    ".mkv", ".mp4", ".m4v", ".mov", ".avi", ".webm", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".m2v", ".vob", ".wmv",
    ".asf", ".flv", ".f4v", ".ogv", ".3gp", ".rmvb", ".mxf",
))  # fmt: skip
"""What a film's name ends in, for a folder to be looked through; a film that is named may end in anything."""

_NOT_FILMS = {"tty", "image2", "bin", "xbin", "adf", "idf", "hls", "dash", "concat", "concatf", "sdp", "ico", "txd"}
_PIECE = 1 << 20
_NO_TIMES = 0x0080  # AVFMT_NOTIMESTAMPS: bare streams


class NotAFilm(Exception):
    """No frames can be had from the file; its text says why, and what to do, in words for the user."""


def identity(file: Path) -> str:
    """What a film is known by, whatever its name: SHA-256, in hex, of its size, start, middle and end. Raises OSError.

    Reading all of a film would take as long as a good part of the extraction.
    """
    size = file.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with file.open("rb") as opened:
        for place in (0, max(0, size // 2 - _PIECE // 2), max(0, size - _PIECE)):
            opened.seek(place)
            digest.update(opened.read(_PIECE))
    return digest.hexdigest()


_LATE = 1.0
"""Seconds at which the clock of a film begins that is not an ordinary one."""


class Film:
    """One open film. threads: of the decoder. Raises NotAFilm; to be closed.

    start: its clock's first moment, as the file counts; all other moments here are seconds since then. length: as the
    file says, or counted where it does not. ordered_only: it has no times of its own, so each frame must be come to.
    """

    def __init__(self, file: Path, threads: int = 0) -> None:
        self.file, self.threads = file, threads
        self.container, self.stream = _open(file, threads)
        stream, container = self.stream, self.container
        self.unit = float(stream.time_base or 0) or 1 / 1000
        self.start = float(stream.start_time or 0) * self.unit
        self.ordered_only = container.format.name == "avi" or bool(container.format.flags & _NO_TIMES)
        self.rate = float(stream.average_rate or stream.guessed_rate or 25)
        if stream.duration:
            self.length = stream.duration * self.unit
        elif container.duration and self.start < _LATE:  # else it may be the end as the clock shows it, or not
            self.length = container.duration / 1_000_000
        else:
            self.length = self._counted()

    @property
    def aspect(self) -> float:
        """How wide a pixel is for its height."""
        return float(self.stream.sample_aspect_ratio or 1) or 1.0

    def _counted(self) -> float:
        """The end of the last packet: nothing is decoded for that."""
        last, count = 0.0, 0
        try:
            for packet in self.container.demux(self.stream):
                count += packet.size > 0
                if packet.pts is not None:
                    last = max(last, (packet.pts + (packet.duration or 0)) * self.unit - self.start)
        except av.error.FFmpegError:  # damaged: what was counted so far will do
            pass
        self.reopen()
        return last or count / self.rate

    def reopen(self) -> None:
        """Back to the start, whatever state the reading was left in."""
        self.container.close()
        self.container, self.stream = _open(self.file, self.threads)

    def close(self) -> None:
        self.container.close()


def _open(file: Path, threads: int) -> tuple[InputContainer, VideoStream]:
    try:
        if not file.stat().st_size and file.is_file():
            raise NotAFilm("empty file: copy or download it again")
        container = av.open(f"file:{file}", options={"protocol_whitelist": "file", "fflags": "+genpts"})
    except (av.error.FFmpegError, OSError, UnicodeError) as error:
        raise NotAFilm(_in_words(file, error)) from None
    try:
        stream = _picture_stream(container)
    except BaseException:
        container.close()
        raise
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = threads
    return container, stream


def _picture_stream(container: InputContainer) -> VideoStream:
    kind = container.format.name
    if kind in _NOT_FILMS or kind.endswith("_pipe"):
        raise NotAFilm("not a film" if not kind.endswith("_pipe") else "a single picture, not a film")
    films = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not films:
        raise NotAFilm("no video in it, only sound" if container.streams.audio else "no video in it")
    known = [stream for stream in films if stream.codec_context is not None]
    if not known:
        raise NotAFilm("its video is of a kind that FFmpeg cannot decode: convert it to H.264 first")
    return max(known, key=lambda stream: (stream.width or 0) * (stream.height or 0))


def _in_words(file: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file: check its name"
    if isinstance(error, IsADirectoryError):
        return "a folder, not a film"
    if isinstance(error, PermissionError):
        return "permission denied: check its permissions"
    try:
        with file.open("rb") as opened:
            head = opened.read(12)
    except OSError as trouble:
        return (trouble.strerror or str(trouble)).lower()
    if head[4:8] == b"ftyp":
        return "cut off: its index (moov) is missing. Copy or download it again"
    return "not a film, or too damaged: FFmpeg cannot open it. If a player shows it, convert it to MP4 or MKV first"


def found_in(folder: Path) -> Iterator[Path]:
    """The films below `folder`, by their endings, in order."""
    for here, folders, files in os.walk(folder):
        folders.sort()
        there = (Path(here, name) for name in sorted(files) if Path(name).suffix.lower() in ENDINGS)
        yield from (file for file in there if file.is_file())
