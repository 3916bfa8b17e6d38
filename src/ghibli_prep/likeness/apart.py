"""How far two pictures are apart, once one is laid over the other as well as can be."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ghibli_prep.likeness import HEIGHT, WIDTH
from ghibli_prep.likeness.candidates import WINDOWS, Window

UNLIKE = float("inf")
_SOFT = 1.0
"""Pixels of blur: thumbnails of fine textures differ pixel by pixel as soon as a picture is shifted by half of one."""
_STEPS = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 1e-4)
_MOST_CUT = 0.82
"""Of width or height that must be left: more is cut off only where another picture is meant."""
_TURNED = 0.03
_LEAST_CONTRAST = 8.0
_MOST_OF_IT = 98


def apart(whole: NDArray[np.uint8], cut: NDArray[np.uint8], window: int) -> float:
    """How much most of the picture (98 %) differs at the most, as a share of its contrast: 0 is the same, and what is
    saved anew, scaled, cut by a tenth or brighter is below 0.5; frames of other scenes are above 0.8.

    whole, cut: thumbnails; `cut` is about what is seen of `whole` through the window of that number. Position and scale
    are refined to parts of a pixel by maximising the enhanced correlation coefficient (G. Evangelidis and E. Psarakis,
    2008), which does not see brightness and contrast.
    """
    one, other = _soft(whole.tobytes()), _soft(cut.tobytes())
    if one.std() < 1 or other.std() < 1:
        return UNLIKE  # of pictures of one colour nothing can be said
    there = _refined(one, other, WINDOWS[window])
    if there is None:
        return UNLIKE
    seen = cv2.warpAffine(
        one, there, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return _difference(np.asarray(seen)[1:-1, 1:-1], other[1:-1, 1:-1])


@lru_cache(maxsize=4096)
def _soft(thumbnail: bytes) -> NDArray[Any]:
    values = np.frombuffer(thumbnail, np.uint8).reshape(HEIGHT, WIDTH).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(values, (0, 0), _SOFT))


def _refined(one: NDArray[Any], other: NDArray[Any], window: Window) -> NDArray[np.float32] | None:
    """Where each pixel of `other` lies in `one`; None where they do not fit."""
    left, top, right, bottom = window
    across, down = (WIDTH - left - right) / WIDTH, (HEIGHT - top - bottom) / HEIGHT
    guess = np.array([[across, 0, left], [0, down, top]], np.float32)
    try:
        _, found = cv2.findTransformECC(other, one, guess, cv2.MOTION_AFFINE, _STEPS, None, 1)  # type: ignore[call-overload]  # its mask may be None
    except cv2.error:  # it does not converge: there is nothing to find
        return None
    there = np.asarray(found, np.float32)
    straight = max(abs(float(there[0, 1])), abs(float(there[1, 0]))) < _TURNED
    sized = all(_MOST_CUT < float(there[at, at]) < 2 - _MOST_CUT for at in (0, 1))
    return there if straight and sized else None


def _difference(one: NDArray[Any], other: NDArray[Any]) -> float:
    """After brightness and contrast of `other` were brought to those of `one`."""
    first, second = one - one.mean(), other - other.mean()
    gain = float((first * second).sum()) / max(float((second * second).sum()), 1e-6)
    if not 0.5 < gain < 2:
        return UNLIKE
    left = np.abs(first - gain * second)
    return float(np.percentile(left, _MOST_OF_IT)) / max(float(one.std()), _LEAST_CONTRAST)
