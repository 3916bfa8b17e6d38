"""What text stands on: a plain ground, the picture itself, or a thing in the scene such as a sign or a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ghibli_prep.lettering import Block, Lettering, Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = (64, 36)
"""Columns and rows: coarse enough that grain and the traces of coding are gone."""
_STEP = 4
"""Grey levels, of 255, from one cell to the next: shaded grounds have less, scenes more."""
_AROUND = 0.015
"""Of the picture: the glow and the shadow around letters."""

_PLAIN = 14.0
"""Grey levels: the ground of a sign, between and beside its lines, differs by no more from its middle colour."""
_MOST = 0.8
"""The share of a strip of ground that must be so."""
_OTHER = 24.0
"""Grey levels by which what is around a sign is of another colour."""
_NEAR = (0.05, 0.2, 0.35)
"""Of the height of a line, beyond the lines: somewhere here there is still sign."""
_FAR = (0.8, 1.2, 1.7, 2.3, 3.0, 4.0)
"""Of the height of a line: somewhere here a sign ends."""


def busy(pixels: NDArray[np.uint8], lines: tuple[Line, ...]) -> float:
    """The share of what is beside the text in which anything is to be seen. pixels: rows x columns x RGB."""
    small = cv2.resize(pixels, CELLS, interpolation=cv2.INTER_AREA).astype(np.int16)
    free = np.ones(CELLS[::-1], bool)
    for line in lines:
        rows = slice(max(0, int((line.top - _AROUND) * CELLS[1])), int(np.ceil((line.bottom + _AROUND) * CELLS[1])))
        columns = slice(max(0, int((line.left - _AROUND) * CELLS[0])), int(np.ceil((line.right + _AROUND) * CELLS[0])))
        free[rows, columns] = False
    across = np.abs(np.diff(small, axis=1)).max(axis=2)[free[:, 1:] & free[:, :-1]]
    down = np.abs(np.diff(small, axis=0)).max(axis=2)[free[1:] & free[:-1]]
    steps = np.concatenate([across, down])
    return round(float((steps > _STEP).mean()), 4) if len(steps) else 0.0


def on_boards(pixels: NDArray[np.uint8], lettering: Lettering) -> Lettering:
    """The same text, with those lines marked that stand on things in the scene."""
    return lettering.on_boards([block for block in lettering.blocks if _on_board(pixels, block)])


def _on_board(pixels: NDArray[np.uint8], block: Block) -> bool:
    """Whether the ground close around the lines is plain, and ends soon, on all sides but one at the most.

    What is written over a picture has the picture go on behind it; a sky or a wall does not end just there.
    """
    grounds = [_ground(pixels, block, near) for near in _NEAR]
    return any(colour is not None and _ends(pixels, block, colour) for colour in grounds)


def _ground(pixels: NDArray[np.uint8], block: Block, near: float) -> NDArray[Any] | None:
    """The colour of the ground so near around the lines, on three sides of four; None where it is not plain."""
    strips = [strip for _, strip in _strips(pixels, block, near)]
    if not strips:
        return None
    colour = np.median(np.concatenate(strips), axis=0)
    plain = [float((np.abs(strip - colour).max(axis=1) < _PLAIN).mean()) > _MOST for strip in strips]
    return colour if sum(plain) >= 0.75 * len(plain) else None


def _ends(pixels: NDArray[np.uint8], block: Block, colour: NDArray[Any]) -> bool:
    """Whether that colour ends not far from the lines, on all sides but one."""
    ends: dict[int, bool] = {}
    for far in _FAR:
        for side, strip in _strips(pixels, block, far):
            ends[side] = ends.get(side, False) or float(np.abs(np.median(strip, axis=0) - colour).max()) > _OTHER
    return len(ends) >= 2 and sum(not ended for ended in ends.values()) <= (len(ends) == 4)


def _strips(pixels: NDArray[np.uint8], block: Block, far: float) -> Iterator[tuple[int, NDArray[np.int16]]]:
    """The pixels `far` lines' heights beyond the block, on each side (0 to 3) on which the picture goes on so far."""
    box = block.box(far)
    height, width = pixels.shape[:2]
    edges = box.left * width, box.right * width - 1, box.top * height, box.bottom * height - 1
    left, right, top, bottom = (round(edge) for edge in edges)
    inner = block.box(min(far, _NEAR[0]))
    rows = slice(round(inner.top * height), max(round(inner.top * height) + 1, round(inner.bottom * height)))
    columns = slice(round(inner.left * width), max(round(inner.left * width) + 1, round(inner.right * width)))
    if box.left > 0:
        yield 0, pixels[rows, left].astype(np.int16)
    if box.right < 1:
        yield 1, pixels[rows, right].astype(np.int16)
    if box.top > 0:
        yield 2, pixels[top, columns].astype(np.int16)
    if box.bottom < 1:
        yield 3, pixels[bottom, columns].astype(np.int16)
