"""What a frame looks like, in a few numbers: measured once of every frame, from its pixels alone.

Every number is made to mean the same for a film of any resolution: what depends on scale is measured in a picture whose
short side is at most `SIDE` pixels, which is what is left of a frame in a dataset of 512x512 anyway.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

VERSION = "3"
"""Another one, and every frame is measured anew."""

SIDE = 384
"""Pixels of the short side in which sharpness is measured."""
THUMBNAIL = (32, 18)
"""Width and height of the picture that frames are compared by, whatever the frame's own shape."""
_THUMBNAIL_BYTES = THUMBNAIL[0] * THUMBNAIL[1] * 3
_TILES = 8
"""Sharpness is measured in so many parts each way."""
_SHARPEST = 90
"""The percentile of the parts that counts: one sharp figure before a soft background is a sharp picture."""


@dataclass(frozen=True, slots=True)
class Look:
    """darkest, dark, middle, bright, brightest: the brightness, 0 to 255, that 0.1, 1, 50, 99 and 99.9 % of the pixels
    are not above.

    spread: 0 to 255, how far apart the parts of a thumbnail are in the colour channel where they are farthest apart
    (1st to 99th percentile); grain does not count. colourfulness: after Hasler and Suesstrunk (2003), 0 for grey, about
    15 for muted and 60 for vivid pictures. sharpness: the variance of the Laplacian in the sharpest tenth of the
    picture. crispness: how steep its edges are for their height, in the direction in which they are least so: near 1
    for edges as fine as the pixels, less the wider they are, whatever the contrast; motion blurs one direction only.
    small: the thumbnail's bytes, RGB, row by row.
    """

    darkest: float
    dark: float
    middle: float
    bright: float
    brightest: float
    spread: float
    colourfulness: float
    sharpness: float
    crispness: float
    small: bytes = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        numbers = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "small"}
        return numbers | {"small": base64.b64encode(self.small).decode("ascii")}

    @classmethod
    def of_json(cls, fact: Mapping[str, Any]) -> Look:
        """Raises KeyError, TypeError or ValueError for what is none."""
        numbers = {each.name: float(fact[each.name]) for each in fields(cls) if each.name != "small"}
        small = base64.b64decode(fact["small"], validate=True)
        if len(small) != _THUMBNAIL_BYTES:
            raise ValueError("not a thumbnail")
        return cls(**numbers, small=small)

    @property
    def thumbnail(self) -> NDArray[np.uint8]:
        """Rows x columns x RGB."""
        width, height = THUMBNAIL
        return np.frombuffer(self.small, np.uint8).reshape(height, width, 3)


def look(picture: Image.Image) -> Look:
    """picture: RGB, of any size."""
    colours = np.asarray(picture.convert("RGB"))
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    small = cv2.resize(colours, THUMBNAIL, interpolation=cv2.INTER_AREA)
    apart = np.percentile(small.reshape(-1, 3), (1, 99), axis=0)
    sharpness, crispness = _sharpness(_reduced(grey))
    darkest, dark, middle, bright, brightest = _percentiles(grey, (0.001, 0.01, 0.5, 0.99, 0.999))
    return Look(
        darkest,
        dark,
        middle,
        bright,
        brightest,
        round(float((apart[1] - apart[0]).max()), 1),
        round(_colourfulness(small.astype(np.float32)), 2),
        sharpness,
        crispness,
        small.tobytes(),
    )


def _percentiles(grey: NDArray[np.uint8], shares: tuple[float, ...]) -> list[float]:
    """The brightness that each of `shares` of the pixels is not above."""
    below = np.cumsum(np.bincount(grey.ravel(), minlength=256))
    return [float(np.searchsorted(below, share * below[-1])) for share in shares]


def _colourfulness(small: NDArray[np.float32]) -> float:
    red, green, blue = small[..., 0], small[..., 1], small[..., 2]
    one, other = red - green, (red + green) / 2 - blue
    return float(np.hypot(one.std(), other.std()) + 0.3 * np.hypot(one.mean(), other.mean()))


def _reduced(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    height, width = grey.shape
    scale = SIDE / min(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return grey.astype(np.float32)


def _sharpness(grey: NDArray[np.float32]) -> tuple[float, float]:
    """sharpness and crispness, as in `Look`; slightly smoothed before, because grain is no detail."""
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), width).astype(np.float32) for width in (0.7, 2.5))
    second = cv2.Laplacian(fine, cv2.CV_32F).astype(np.float32)
    sharpness = float(np.percentile(_in_parts(second * second), _SHARPEST))
    return round(sharpness, 3), round(_crispness(_energies(fine), _energies(coarse)), 4)


def _in_parts(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = values.shape
    size = (min(_TILES, width), min(_TILES, height))
    return cv2.resize(values, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _energies(grey: NDArray[np.float32]) -> tuple[float, float, float]:
    """The means of squares and of the product of the two gradients."""
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1), cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1)
    return float((across * across).mean()), float((down * down).mean()), float((across * down).mean())


def _crispness(fine: tuple[float, float, float], coarse: tuple[float, float, float]) -> float:
    """The least of the ratios of fine to coarse gradients over eight directions."""
    least = np.inf
    for angle in np.arange(8) * np.pi / 8:
        c, s = np.cos(angle), np.sin(angle)
        of_fine, of_coarse = (max(0.0, x * c * c + y * s * s + 2 * both * c * s) for x, y, both in (fine, coarse))
        least = min(least, of_fine / (of_coarse + 0.5))
    return float(np.sqrt(least))
