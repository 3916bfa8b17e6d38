"""Where a film's scenes begin, by PySceneDetect: cuts against what moves around them, and fades through black.

Its detectors are fed with our frames, so that times, damage and turned films are dealt with in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

from scenedetect import AdaptiveDetector, FrameTimecode, ThresholdDetector
from scenedetect.common import Timecode

if TYPE_CHECKING:
    from ghibli_prep.stages.extract.reading import Seen

_LONG_SIDE = 320
_SHORTEST = 0.6
"""Seconds of the shortest scene."""
_MICRO = Fraction(1, 1_000_000)


def cuts(frames: Iterable[Seen], rate: float, progress: Callable[[float], None]) -> list[float]:
    """The moments, in seconds and ascending, at which another scene begins. rate: frames a second, about."""
    per_second = Fraction(rate).limit_denominator(1001)
    detectors = (
        AdaptiveDetector(min_scene_len=_SHORTEST),
        ThresholdDetector(threshold=12, min_scene_len=_SHORTEST),
    )
    found: set[float] = set()
    last = None
    for seen in frames:
        frame = seen.frame
        scale = min(1.0, _LONG_SIDE / max(frame.width, frame.height))
        size = max(8, round(frame.width * scale)), max(8, round(frame.height * scale))
        picture = frame.reformat(*size, "bgr24", threads=1).to_ndarray()
        last = FrameTimecode(Timecode(round(seen.time * 1_000_000), _MICRO), per_second)
        for detector in detectors:
            found.update(round(cut.seconds, 6) for cut in detector.process_frame(last, picture))
        progress(seen.time)
    if last is not None:
        for detector in detectors:
            found.update(round(cut.seconds, 6) for cut in detector.post_process(last))
    return _apart(sorted(found))


def _apart(moments: list[float]) -> list[float]:
    """Without those that two detectors found for one change."""
    kept: list[float] = []
    for moment in moments:
        if not kept or moment - kept[-1] >= _SHORTEST:
            kept.append(moment)
    return kept
