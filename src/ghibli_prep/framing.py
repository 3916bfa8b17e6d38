"""Where people are in a picture, and which square of it keeps them as whole as can be. Pure; knows no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

MARGIN = 0.04
"""Of the square's side: so much air people get around them where there is room. Shoulders are about three faces wide,
so a face gets as much as itself."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where somebody is, as shares of the picture's width and height. score: 0 to 1; what: `face`, `person`, ..."""

    left: float
    top: float
    right: float
    bottom: float
    score: float
    what: str

    @property
    def area(self) -> float:
        return max(0.0, self.right - self.left) * max(0.0, self.bottom - self.top)

    def holds(self, other: Box) -> bool:
        """Whether the middle of `other` lies in it."""
        across, down = (other.left + other.right) / 2, (other.top + other.bottom) / 2
        return self.left <= across <= self.right and self.top <= down <= self.bottom


def clipped(left: float, top: float, right: float, bottom: float, score: float, what: str) -> Box:
    """A box within the picture."""
    left, right = sorted((min(1.0, max(0.0, left)), min(1.0, max(0.0, right))))
    top, bottom = sorted((min(1.0, max(0.0, top)), min(1.0, max(0.0, bottom))))
    return Box(round(left, 4), round(top, 4), round(right, 4), round(bottom, 4), round(score, 4), what)


def share(boxes: Sequence[Box]) -> float:
    """How much of the picture the boxes cover together, 0 to 1."""
    edges = sorted({edge for box in boxes for edge in (box.left, box.right)})
    covered = 0.0
    for left, right in pairwise(edges):
        spans = sorted((box.top, box.bottom) for box in boxes if box.left <= left and box.right >= right)
        end = 0.0
        for top, bottom in spans:
            covered += (right - left) * max(0.0, bottom - max(top, end))
            end = max(end, bottom)
    return covered


def count(boxes: Sequence[Box]) -> int:
    """How many people: persons, and faces that are none of theirs."""
    bodies = [box for box in boxes if box.what != "face"]
    faces = [box for box in boxes if box.what == "face"]
    return len(bodies) + sum(not any(body.holds(face) for body in bodies) for face in faces)


def square(width: int, height: int, boxes: Sequence[Box]) -> tuple[int, int, int]:
    """left, top and side, in pixels, of the largest square that keeps these people as whole as can be.

    First come faces that are whole, then people, then people with some air around them, then how much of them is to be
    seen; of what is equal, the square nearest to the centre is taken, which is also the one where there is nobody.
    """
    side = min(width, height)
    wide = width >= height
    room = max(width, height) - side
    spans = [_Span.of(box, width if wide else height, wide) for box in boxes]
    edges = {0.0, float(room), room / 2}
    for span in spans:
        air = span.air(side)
        edges |= {span.start, span.end - side, span.start - air, span.end + air - side, span.start - side, span.end}
    places = sorted({min(room, max(0, round(edge))) for edge in edges}, key=lambda place: abs(place - room / 2))
    best = max(places, key=lambda place: _worth(place, side, room, spans))
    return (best, 0, side) if wide else (0, best, side)


@dataclass(frozen=True, slots=True)
class _Span:
    """A box along the longer way of the picture, in pixels. weight: how much picture each pixel of it stands for."""

    start: float
    end: float
    weight: float
    is_face: bool

    @classmethod
    def of(cls, box: Box, length: int, wide: bool) -> _Span:
        start, end = (box.left, box.right) if wide else (box.top, box.bottom)
        across = (box.bottom - box.top) if wide else (box.right - box.left)
        return cls(start * length, end * length, across, box.what == "face")

    def air(self, side: int) -> float:
        return max(MARGIN * side, self.end - self.start if self.is_face else 0.0)


def _worth(place: int, side: int, room: int, spans: Sequence[_Span]) -> tuple[int, int, int, float]:
    whole = [span for span in spans if _whole(span, place, side, 0.0, room)]
    airy = sum(_whole(span, place, side, span.air(side), room) for span in whole)
    seen = sum(span.weight * max(0.0, min(span.end, place + side) - max(span.start, place)) for span in spans)
    return sum(span.is_face for span in whole), len(whole), airy, round(seen, 3)


def _whole(span: _Span, place: int, side: int, air: float, room: int) -> bool:
    """Half a pixel is nobody's loss. No air is asked for beyond the edge of the picture."""
    start, end = max(0.0, span.start - air), min(float(room + side), span.end + air)
    return start >= place - 0.5 and end <= place + side + 0.5
