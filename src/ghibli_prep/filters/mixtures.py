"""What a frame of a moving scene may be mixed of: two neighbours, or one and black or white, each moved a little.

Where the camera or something in the picture moves, a frame within a fade is not quite its neighbour dimmed. Pairs
around it, the farther ones too, are tried as the two that it was made of, in blurred thumbnails and under small shifts;
the share of each follows by least squares. It is a mixture only where that explains it well, the two are different
scenes, and the change is fast: a move, a setting sun and a lamp that goes out are none. Knows no filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ghibli_prep.filters.look import THUMBNAIL, Look

Colours = NDArray[np.float32]
"""Of a thumbnail: row x column x RGB; or, after `_shifts`, one row for each shift."""

REACH = 6.5
"""Seconds in which neighbours count."""
STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)
"""How many frames away: enough to look beyond a transition, however dense the frames are."""
STEPS_UNTIMED = STEPS[:6]
NEITHER = 2
_SPEED, _SPEED_UNTIMED = 0.2, 0.07
"""How much of the picture changes in a second, or from a frame to the next, at the least."""
_ENDS_WITH_IT = 0.25
"""The share of black or white in a last frame of a scene, at the least, where it is not known how fast that came."""
_TRIED = 8
_LIKELY = 0.85
_OFF_FADE, _OFF_DISSOLVE = 0.25, 0.3
"""What the mixture may leave unexplained, as a share of what is to be explained."""
_AWAY, _APART = 3.0, 12.0
"""Grey levels (root of the mean square) that it is away from either, and the two from each other, at the least."""
_SAME = 0.75
"""The correlation of two frames of one scene, at the least."""
_PLAIN = 0.25
"""A frame with less contrast than this, as a share of the other's, has nothing of its scene in it."""
_BLUR = 1.2
"""Pixels of the thumbnail: what is finer may have moved."""
_ACROSS, _DOWN = 3, 2
"""Pixels of the thumbnail that all of it may have moved."""
_WIDTH, _HEIGHT = THUMBNAIL
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True)
class End:
    """What a frame may be mixed of. side: 0 before it, 1 after it, NEITHER. steps: frames away. seconds: away."""

    colours: Colours
    side: int
    steps: int = 0
    seconds: float | None = None

    def fast(self, change: float) -> bool:
        """Whether so much of the picture, 0 to 1, changes fast enough from here to the frame."""
        if self.seconds is None:
            return change >= _SPEED_UNTIMED * self.steps
        return change >= _SPEED * self.seconds


_PLAINS = tuple(End(np.full((_HEIGHT, _WIDTH, 3), level, np.float32), NEITHER) for level in (0, 255))


def coarse(look: Look) -> Colours:
    return cv2.GaussianBlur(look.thumbnail.astype(np.float32), (0, 0), _BLUR).astype(np.float32)


def own_share(now: Colours, ends: Sequence[End]) -> float:
    """How much of the frame is its own picture: 1 where nothing is mixed in, 0 where it is half and half of two others.

    ends: its neighbours, those before it first, the nearest first.
    """
    least, tried = 1.0, 0
    for one, other, share in _pairs(now, ends):
        if _possible(one, other, share, ends):
            least = min(least, _fitted(now, one, other))
            tried += 1
            if tried == _TRIED:
                break
    return least


def _pairs(now: Colours, ends: Sequence[End]) -> Iterator[tuple[End, End, float]]:
    """Two ends and the share of the second, those first that leave the least unexplained."""
    nodes = (*ends, *_PLAINS)
    count = len(ends)
    sides = [end.side for end in ends]
    pairs = [(one, other) for one in range(count) for other in range(one + 1, count) if sides[one] < sides[other]]
    pairs += [(one, plain) for one in range(count) for plain in (count, count + 1)]
    if not pairs:
        return
    away = (np.stack([node.colours for node in nodes]) - now).reshape(len(nodes), -1)
    products = _products(away, away)
    one, other = np.array(pairs).T
    from_one, from_other, both = products[one, one], products[other, other], products[one, other]
    share = np.clip((from_one - both) / np.maximum(from_one + from_other - 2 * both, 1), 0, 1)
    left = np.maximum(from_one - share * (from_one - both), 0)
    off = np.sqrt(left / np.maximum(np.minimum(from_one, from_other), 1e-3))
    off[(share <= 0.05) | (share >= 0.97)] = np.inf
    for at in np.argsort(off, kind="stable"):
        if off[at] >= _LIKELY:
            return
        yield nodes[one[at]], nodes[other[at]], float(share[at])


def _possible(one: End, other: End, share: float, ends: Sequence[End]) -> bool:
    """Whether the change is fast, and from one scene to another."""
    if other.side != NEITHER and float(other.colours.std()) >= _PLAIN * float(one.colours.std()):
        near = one.steps == 1 and (one.seconds is not None or share > 0.1)
        fast = (near or one.fast(share)) and (other.steps == 1 or other.fast(1 - share))
        return fast and not _is_same(one.colours, other.colours)
    beyond = [end for end in ends if end.side != one.side]
    if one.seconds is None or not one.fast(share):
        if one.steps > 1 or share < _ENDS_WITH_IT:
            return False
        beyond = beyond[:1]  # the scene must end with this frame
    return not beyond or any(not _is_same(one.colours, end.colours) for end in beyond)


def _is_same(one: Colours, other: Colours) -> bool:
    """Whether two frames show one scene, though the camera may have moved a little."""
    shifted = _shifts(one @ _LUMA)
    shifted = shifted - shifted.mean(axis=1, keepdims=True)
    centre = _centre(other @ _LUMA)
    centre = centre - centre.mean()
    contrasts, contrast = shifted.std(axis=1), float(centre.std())
    if min(float(contrasts.max()), contrast) < _PLAIN * max(float(contrasts.max()), contrast):
        return False
    return float((shifted @ centre / len(centre) / (contrasts * contrast + 1e-6)).max()) >= _SAME


def _centre(colours: Colours) -> Colours:
    return colours[_DOWN : _HEIGHT - _DOWN, _ACROSS : _WIDTH - _ACROSS].ravel()


def _shifts(colours: Colours) -> Colours:
    """What is seen in the centre when the camera moves a little: one row each."""
    height, width = _HEIGHT - 2 * _DOWN, _WIDTH - 2 * _ACROSS
    places = [(top, left) for top in range(2 * _DOWN + 1) for left in range(2 * _ACROSS + 1)]
    return np.stack([colours[top : top + height, left : left + width].ravel() for top, left in places])


def _fitted(now: Colours, one: End, other: End) -> float:
    """How much is its own picture by the best mixture of the two, each moved a little; 1 where that is no good one."""
    centre = _centre(now)
    ones = _shifts(one.colours) - centre
    others = _shifts(other.colours) - centre if other.side != NEITHER else _centre(other.colours)[None] - centre
    from_one, from_other = (ones * ones).mean(axis=1)[:, None], (others * others).mean(axis=1)[None]
    both = _products(ones, others)
    way = np.maximum(from_one + from_other - 2 * both, 1)
    share = np.clip((from_one - both) / way, 0, 1)
    left = np.maximum(from_one - 2 * share * (from_one - both) + share * share * way, 0)
    row, column = np.unravel_index(int(left.argmin()), left.shape)
    nearest = float(np.sqrt(min(from_one.min(), from_other.min())))
    if nearest < _AWAY or float(np.sqrt(way[row, column])) < _APART:
        return 1.0  # it is one of them, moved; or they hardly differ
    of_other = float(share[row, column])
    rest = (1 - of_other) * ones[row] + of_other * others[column]
    off = max(float(np.sqrt(left[row, column])) / nearest, 0.5 * float(rest.std()) / max(float(centre.std()), 1.0))
    if other.side == NEITHER:
        return 1 - of_other if off < _OFF_FADE else 1.0
    return 2 * max(of_other, 1 - of_other) - 1 if off < _OFF_DISSOLVE else 1.0


def _products(ones: Colours, others: Colours) -> Colours:
    """The mean product of each row with each. By OpenCV, because NumPy's threads wait for each other on a busy machine:
    ten times as long was seen."""
    return np.asarray(cv2.gemm(ones, others, 1 / ones.shape[1], np.empty(0), 0, flags=cv2.GEMM_2_T), np.float32)
