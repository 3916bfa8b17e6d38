"""Credits, titles and other text that was laid over the picture, or takes its place.

Text that is seen in a scene, as a sign, a shop front or a book, keeps no frame out: it stands on a thing of its own, or
aslant, or is small. Subtitles are told by where they are, and only flagged unless the settings say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep import framing
from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.lettering import Block, Lettering
from ghibli_prep.settings import FilterSettings

_MUCH = 0.2
"""Of the picture: text that takes as much of it leaves nothing of worth."""
_PLAIN = 0.03
"""`Lettering.busy` up to which there is nothing to see but the text; the stillest scenes have 0.05."""
_AIR = 1.0
"""Heights of a line by which text is in the way beyond its edges; rows in the very middle take twice as much."""
_LETTERS = 0.1
"""Of the picture's height: lines as high as this are a title."""
_CENTRAL = 0.015
"""Of the picture's width: what was set in the middle is no farther off."""
_MANY = 3
"""Rows from which on text is no title."""
_LONG = 0.5
"""Of the picture's width: rows as long as this are sentences."""
_EDGE = 0.8, 0.14
"""Subtitles are below the first of these, or above the second, of the picture's height."""
_SUBTITLES = 3
"""Rows of subtitles at the most."""
_CORNER = 0.15
"""Of the picture's height and width: a mark in a corner is this near to its edges."""


class Text:
    """value: 1 without text, 0 where it takes a fifth of the picture, or is all there is to see."""

    name = "text"

    def __init__(self, settings: FilterSettings) -> None:
        self.drop, self.review = settings.text.in_order
        self._subtitles = settings.text.subtitles

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [NOTHING_AGAINST if frame.text is None else self._of(frame.text) for frame in frames]

    def _of(self, found: Lettering) -> Opinion:
        there = [block for block in found.blocks if not _is_mark(block)]
        if there and found.busy <= _PLAIN:
            sure = _is_read(there) or any(map(_is_central, there))
            lit = all(block.on_board for block in there)  # a sign in the dark
            return Opinion(
                0.0 if sure and not lit else self._flagged, _reason(there, plain=True), "text on a plain ground"
            )
        over = [block for block in there if _is_title(block) or not block.in_scene]
        below = [block for block in over if _is_subtitle(block)]
        written = [block for block in over if block not in below]
        taken = framing.share([block.box(_air(block)) for block in written])
        value = max(0.0 if _is_sure(written) else self._flagged, 1 - taken / _MUCH)
        if value < self.review or not below or self._subtitles == "keep":
            return Opinion(value, _reason(written, plain=False), f"text takes {taken:.0%} of the picture")
        return Opinion(self._flagged if self._subtitles == "flag" else 0.0, "subtitles", "subtitles")

    @property
    def _flagged(self) -> float:
        """What is flagged at most."""
        return (self.drop + self.review) / 2


def _is_mark(block: Block) -> bool:
    """A channel's mark, a time: one short line in a corner."""
    aside = block.right < 2 * _CORNER or block.left > 1 - 2 * _CORNER
    return block.rows == 1 and aside and (block.bottom < _CORNER or block.top > 1 - _CORNER)


def _is_sure(blocks: Sequence[Block]) -> bool:
    """Whether it was written over a scene: not one line off the middle, as of a sign, nor a few that cannot be read."""
    return _is_read(blocks) and any(block.rows > 1 or _is_central(block) for block in blocks)


def _is_read(blocks: Sequence[Block]) -> bool:
    """Whether letters were read, or there are as many small rows as only text has."""
    return any(block.legible or (block.rows >= _MANY and block.letters < _LETTERS) for block in blocks)


def _is_central(block: Block) -> bool:
    return abs((block.left + block.right) / 2 - 0.5) < _CENTRAL


def _air(block: Block) -> float:
    return 2 * _AIR if block.rows > 1 and _is_central(block) else _AIR


def _is_title(block: Block) -> bool:
    """Large words in the very middle, whatever they stand on."""
    high = _EDGE[1] < block.middle < _EDGE[0]
    return high and _is_central(block) and block.letters >= _LETTERS


def _is_subtitle(block: Block) -> bool:
    lowest, highest = _EDGE
    at_edge = block.middle > lowest or block.middle < highest
    return at_edge and block.rows <= _SUBTITLES and block.letters < 1.2 * _LETTERS


def _reason(blocks: Sequence[Block], plain: bool) -> str:
    rows = sum(block.rows for block in blocks)
    if rows < _MANY and (plain or any(block.letters >= _LETTERS for block in blocks)):
        return "title"
    widths = sorted(line.right - line.left for block in blocks for line in block.lines)
    if widths and widths[len(widths) // 2] >= _LONG:
        return "text"
    return "title" if any(block.letters >= 1.3 * _LETTERS for block in blocks) else "credits"


def load(settings: FilterSettings) -> Text:
    return Text(settings)
