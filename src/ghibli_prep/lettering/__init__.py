"""Where text is in a picture: lines, what they form together, and whether they belong to the scene. Pure.

Knows no pixels, no detector and no threshold of users: `ground` measures, `rapidocr` finds, the filter `text` judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from statistics import median
from typing import Any

from ghibli_prep import framing

_LEVEL = (1.5, 1.2, 1.0)
"""Degrees: what was written over a picture is level. So much the detector errs in one line, in two, in more."""
_SHORT = 10.0
"""Heights: in shorter lines it errs as much more as they are shorter; measured."""
_WORD = 3.0
"""Heights: what is shorter and cannot be read is no text, but an eye, a cup, a wheel."""
_NEXT = 2.0
"""Of the height of a line: how far the next one may be below it, in the same block."""
_BESIDE = 3.0
"""Of the height of a line: how far another one may be beside it, as in two columns."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text, or as much of it as was found in one piece.

    left, top, right, bottom: as shares of the picture's width and height. height: of the line across its own way, as a
    share of the picture's height. tilt: degrees from level, -45 to 45. score: 0 to 1, how sure the detector is.
    legible: whether letters were read in it; None where nobody tried. board: it stands on a thing in the scene, such as
    a sign or a page.
    """

    left: float
    top: float
    right: float
    bottom: float
    height: float
    tilt: float
    score: float
    legible: bool | None = None
    board: bool = False

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    def length(self, aspect: float) -> float:
        """Along its way, as a share of the picture's height. aspect: the picture's width divided by its height."""
        return max((self.right - self.left) * aspect, self.bottom - self.top)

    def is_upright(self, aspect: float) -> bool:
        return self.bottom - self.top > 1.5 * (self.right - self.left) * aspect

    def is_long(self, aspect: float) -> bool:
        """Whether it has the shape of a word, and is more than a round or a square thing."""
        return self.length(aspect) >= _WORD * self.height


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together. aspect: the picture's width divided by its height."""

    lines: tuple[Line, ...]
    aspect: float

    @property
    def left(self) -> float:
        return min(line.left for line in self.lines)

    @property
    def top(self) -> float:
        return min(line.top for line in self.lines)

    @property
    def right(self) -> float:
        return max(line.right for line in self.lines)

    @property
    def bottom(self) -> float:
        return max(line.bottom for line in self.lines)

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def letters(self) -> float:
        """The height of its largest line."""
        return max(line.height for line in self.lines)

    @property
    def rows(self) -> int:
        """How many lines below each other; of Japanese from top to bottom, beside each other."""
        if 2 * sum(line.is_upright(self.aspect) for line in self.lines) > len(self.lines):
            return _apart([((line.left + line.right) / 2, line.height / self.aspect) for line in self.lines])
        return _apart([(line.middle, line.height) for line in self.lines])

    @property
    def in_scene(self) -> bool:
        """It was not written over the picture, but is seen in it."""
        return self.on_board or not self._is_level

    @property
    def on_board(self) -> bool:
        return 2 * sum(line.board for line in self.lines) > len(self.lines)

    @property
    def legible(self) -> bool:
        """Whether letters were read in it, or nobody tried."""
        read = [line.legible for line in self.lines if line.legible is not None]
        return not read or any(read)

    @property
    def _is_level(self) -> bool:
        lengths = [line.length(self.aspect) for line in self.lines]
        tilts = sum(abs(line.tilt) * length for line, length in zip(self.lines, lengths, strict=True))
        heights = max(lengths) / median(line.height for line in self.lines)
        errs = _LEVEL[min(len(_LEVEL), len(lengths)) - 1] * max(1.0, _SHORT / heights)
        return tilts / sum(lengths) <= errs

    def box(self, air: float = 0.0) -> framing.Box:
        """Where it is. air: how much of the picture around it is lost to it, in heights of its lines."""
        around = air * median(line.height for line in self.lines)
        sides = self.left - around / self.aspect, self.top - around, self.right + around / self.aspect
        return framing.clipped(*sides, self.bottom + around, 1.0, "text")


@dataclass(frozen=True, slots=True)
class Lettering:
    """All that was found in a picture and may be text.

    busy: how much there is to see where no text is, 0 (nothing: a plain ground) to 1. blocks: of what is text.
    """

    lines: tuple[Line, ...]
    busy: float
    aspect: float
    blocks: tuple[Block, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        blocks = tuple(Block(lines, self.aspect) for lines in _together(self.text, self.aspect))
        object.__setattr__(self, "blocks", blocks)

    @property
    def text(self) -> list[Line]:
        """The lines, but for those that are taken for text and are none."""
        return [line for line in self.lines if line.legible is not False or line.is_long(self.aspect)]

    @property
    def share(self) -> float:
        """How much of the picture the lines of text cover, 0 to 1."""
        return framing.share([Block((line,), self.aspect).box() for line in self.text])

    def on_boards(self, boards: Sequence[Block]) -> Lettering:
        """The same, with the lines of `boards` known to stand on things in the scene."""
        there = {line for block in boards for line in block.lines}
        return replace(self, lines=tuple(replace(line, board=line in there) for line in self.lines))

    def as_json(self) -> dict[str, Any]:
        return {"lines": [asdict(line) for line in self.lines], "busy": self.busy, "aspect": self.aspect}

    @classmethod
    def of_json(cls, fact: Mapping[str, Any]) -> Lettering:
        """Raises KeyError, TypeError or ValueError for what is none."""
        lines = tuple(Line(**line) for line in fact["lines"])
        return cls(lines, float(fact["busy"]), float(fact["aspect"]))


def _apart(places: Sequence[tuple[float, float]]) -> int:
    """How many there are that do not overlap. places: the middle and the size of each."""
    count, end = 0, -1.0
    for middle, size in sorted(places):
        if middle > end:
            count, end = count + 1, middle + 0.5 * size
    return count


def _together(lines: Sequence[Line], aspect: float) -> Iterator[tuple[Line, ...]]:
    """The lines by the block they are in, each block from top to bottom."""
    left = sorted(lines, key=lambda line: (line.middle, line.left))
    while left:
        block = [left.pop(0)]
        for line in block:  # grows meanwhile
            near = [other for other in left if _near(line, other, aspect)]
            block += near
            left = [other for other in left if other not in near]
        yield tuple(sorted(block, key=lambda line: (line.middle, line.left)))


def _near(one: Line, other: Line, aspect: float) -> bool:
    """Whether one stands below the other, or beside it."""
    below = max(one.top, other.top) - min(one.bottom, other.bottom)
    beside = max(one.left, other.left) - min(one.right, other.right)
    height = max(one.height, other.height)
    if beside < 0 and below < _NEXT * height:
        return True
    return -below > 0.5 * min(one.height, other.height) and beside < _BESIDE * height / aspect
