"""Reads the frames of a film in their order, leaving out what nobody wants, and goes on after damage.

Between two places that are wanted it jumps from keyframe to keyframe, or decodes only what others are built from. A
frame that may show damage is not given out: after a fault that is every frame up to the next keyframe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from av.error import FFmpegError

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ghibli_prep.stages.extract.film import Film

LEAD = 0.25
"""Seconds before a wanted place from which on every frame is decoded."""
_FARTHEST_BLIND = 20.0
"""Seconds from which on a jump pays where the file does not say in advance where its keyframes are."""
_FAULTS_IN_A_ROW = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A whole frame. time: when it is first shown, in seconds of the film."""

    time: float
    frame: VideoFrame


class Reader:
    """end: when the last frame read, whole or not, stops being shown. damaged: (from, to) of what was not given out.

    holes: (from, to) without any frame, in a film that has frames at a steady pace: damage, or a picture that stood.
    """

    def __init__(self, film: Film) -> None:
        self.film = film
        self.end = 0.0
        self.count = 0
        self.damaged: list[tuple[float, float]] = []
        self._holes: list[tuple[float, float]] = []
        self._tainted = False
        self._last = -1.0
        self._may_jump = not film.ordered_only
        self._first: int | None = None
        self._step = 1 / film.rate
        self._landing: float | None = None
        self._tried: float | None = None
        self._packets = self._demux()

    def frames(self, wanted: Callable[[], float | None]) -> Iterator[Seen]:
        """The frames from `wanted()` on, some of those before among them; ends where it says None, or with the film.

        wanted: asked anew after each frame: from when on frames matter.
        """
        stream = self.film.stream
        while (soonest := wanted()) is not None:
            self._jump(soonest)
            packet = next(self._packets, None)
            if packet is None and self._landing is not None:  # the jump ended behind the last keyframe
                self._from_the_start()
                continue
            if packet is None:
                return
            stream = self.film.stream
            self._spare(stream, packet, soonest)
            for frame in self._decode(stream, packet):
                time = self._time(frame)
                if self._landing is not None:
                    if time > self._landing and time > 1 / self.film.rate:
                        self._from_the_start()
                        break
                    self._landing = None
                if time <= self._last:
                    continue
                self._note_hole(time)
                self._last = time
                self.count += 1
                self.end = max(self.end, time + max(float(frame.duration or 0) * self.film.unit, 1 / self.film.rate))
                if self._is_whole(frame, time):
                    yield Seen(time, frame)

    def _demux(self) -> Iterator[Packet[VideoStream]]:
        faults = 0
        while faults < _FAULTS_IN_A_ROW:
            try:
                for packet in self.film.container.demux(self.film.stream):
                    faults = 0
                    yield packet
                return
            except FFmpegError:
                faults += 1
                self._fault(self._last)

    def _decode(self, stream: VideoStream, packet: Packet[VideoStream]) -> list[VideoFrame]:
        try:
            return stream.decode(packet)
        except FFmpegError:
            moment = packet.pts
            self._fault(self._last if moment is None else moment * self.film.unit - self.film.start)
            return []

    def _time(self, frame: VideoFrame) -> float:
        following = round(max(self._last, -self._step) + self._step, 6)
        if self.film.ordered_only and frame.dts is not None:  # AVI counts frames in the order of decoding
            self._first = frame.dts if self._first is None else self._first
            time = round((frame.dts - self._first) * self.film.unit, 6)
            if time > self._last:
                self._step = time - self._last if self._last >= 0 else self._step
                return time
        if frame.pts is None or self.film.ordered_only:
            return following
        return round(frame.pts * self.film.unit - self.film.start, 6)

    def _is_whole(self, frame: VideoFrame, time: float) -> bool:
        if frame.is_corrupt:
            self._tainted = True
        elif frame.key_frame:
            self._tainted = False
        if self._tainted:
            self._fault(time)
        return not self._tainted

    @property
    def holes(self) -> list[tuple[float, float]]:
        return self._holes if len(self._holes) <= self.count / 50 else []

    def _note_hole(self, time: float) -> None:
        if self._last >= 0 and time - self._last > max(1.0, 8 / self.film.rate) and self._last + 0.5 > self.end - 0.5:
            self._holes.append((self._last, time))

    def _fault(self, time: float) -> None:
        """Widen the last damaged stretch, or begin one."""
        self._tainted = True
        if self.damaged and abs(time - self.damaged[-1][1]) < 2:
            first, last = self.damaged[-1]
            self.damaged[-1] = (min(first, time), max(last, time))
        else:
            self.damaged.append((max(time, 0), max(time, 0)))

    def _spare(self, stream: VideoStream, packet: Packet[VideoStream], soonest: float) -> None:
        """Decode this packet only if it is wanted, or others are built from it."""
        length = float(packet.duration or 0) * self.film.unit
        early = packet.pts is not None and not self.film.ordered_only and 0 < length <= 0.2 and self.film.rate >= 10
        if early and packet.pts is not None:
            early = packet.pts * self.film.unit - self.film.start + length + 2 * LEAD < soonest
        mode = "NONREF" if early else "DEFAULT"
        if stream.codec_context.skip_frame != mode:
            stream.codec_context.skip_frame = mode  # type: ignore[assignment]  # one of PyAV's names

    def _jump(self, soonest: float) -> None:
        """Go to the last keyframe before `soonest`, if that is farther on than what comes next."""
        target = soonest - 2 * LEAD
        if not self._may_jump or target - self._last < 1 or self._tried == soonest:
            return
        self._tried = soonest
        film = self.film
        moment = int((target + film.start) / film.unit)
        known = film.stream.index_entries
        if len(known) and known[len(known) - 1].timestamp >= moment:
            at = known.search_timestamp(moment)
            if at < 0 or known[at].timestamp * film.unit - film.start - self._last < 1:
                return
        elif target - max(self._last, 0) < _FARTHEST_BLIND:
            return
        try:
            film.container.seek(moment, stream=film.stream)
        except FFmpegError:
            self._from_the_start()
            return
        self._packets = self._demux()
        self._landing, self._tainted, self._last = soonest, False, -1.0

    def _from_the_start(self) -> None:
        """A jump ended too far on, or nowhere: read all of it in order, once and for all."""
        self._may_jump, self._landing, self._tainted, self._last = False, None, False, -1.0
        self.film.reopen()
        self._packets = self._demux()
