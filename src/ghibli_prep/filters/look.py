"""What a frame looks like, in a few numbers: measured once of every frame, from its pixels alone.

Every number is made to mean the same for a film of any resolution: what depends on scale is measured in a picture whose
long side is at most `LONG_SIDE` pixels, which is about what is left of a frame in a dataset of 512x512 anyway.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ghibli_prep import likeness

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

VERSION = "5"
"""Another one, and every frame is measured anew."""

LONG_SIDE = 640
"""Pixels of the long side in which sharpness is measured."""
THUMBNAIL = (32, 18)
"""Width and height of the picture that frames are compared by, whatever the frame's own shape."""
_PICTURES = {"small": THUMBNAIL[0] * THUMBNAIL[1] * 3, "figure": likeness.WIDTH * likeness.HEIGHT}
"""Bytes of each."""
_PARTS = 5
"""Parts a side; the five with the most edges may speak for all: a sharp figure on a soft ground is sharp."""
_AGAIN = 5
"""Pixels over which the picture is blurred once more."""


@dataclass(frozen=True, slots=True)
class Look:
    """darkest, dark, middle, bright, brightest: the brightness, 0 to 255, that 0.1, 1, 50, 99 and 99.9 % of the pixels
    are not above.

    spread: 0 to 255, how far apart the parts of a thumbnail are in the colour channel where they are farthest apart
    (1st to 99th percentile); grain does not count. colourfulness: after Hasler and Suesstrunk (2003), 0 for grey, about
    15 for muted and 60 for vivid pictures. sharpness: 0 to 1, 0.35 to 0.6 for sharp photographs: see `_sharpness`.
    small: the thumbnail's bytes, RGB, row by row. figure: another one, larger and grey, for `likeness`.
    """

    darkest: float
    dark: float
    middle: float
    bright: float
    brightest: float
    spread: float
    colourfulness: float
    sharpness: float
    small: bytes = field(repr=False)
    figure: bytes = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: base64.b64encode(v).decode("ascii") if name in _PICTURES else v for name, v in values.items()}

    @classmethod
    def of_json(cls, fact: Mapping[str, Any]) -> Look:
        """Raises KeyError, TypeError or ValueError for what is none."""
        numbers = {each.name: float(fact[each.name]) for each in fields(cls) if each.name not in _PICTURES}
        pictures = {name: base64.b64decode(fact[name], validate=True) for name in _PICTURES}
        if any(len(pictures[name]) != size for name, size in _PICTURES.items()):
            raise ValueError("not a thumbnail")
        return cls(**numbers, **pictures)  # type: ignore[arg-type]  # floats and bytes, each under its name

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
    darkest, dark, middle, bright, brightest = _percentiles(grey, (0.001, 0.01, 0.5, 0.99, 0.999))
    return Look(
        darkest,
        dark,
        middle,
        bright,
        brightest,
        round(float((apart[1] - apart[0]).max()), 1),
        round(_colourfulness(small.astype(np.float32)), 2),
        round(_sharpness(_reduced(grey)), 4),
        small.tobytes(),
        likeness.thumbnail(picture),
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
    scale = LONG_SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return grey.astype(np.float32)


def _sharpness(values: NDArray[np.float32]) -> float:
    """How much of its edges a picture loses when it is blurred: a sharp one about half, a blurred one little.

    After F. Crete et al., "The Blur Effect: Perception and Estimation with a New No-Reference Perceptual Blur Metric",
    2007, of which this is 1 minus the metric, but for the choice of the parts. Unlike the variance of the Laplacian it
    hardly depends on what the picture shows, nor on its contrast.
    """
    there, lost = zip(*[_edges(values, axis) for axis in (0, 1)], strict=True)
    best = np.argsort(sum(there))[-_PARTS:]
    whole = min(float(gone.sum()) / max(1.0, float(all_.sum())) for all_, gone in zip(there, lost, strict=True))
    parts = min(float(g[best].sum()) / max(1.0, float(a[best].sum())) for a, g in zip(there, lost, strict=True))
    return max(whole, parts)


def _edges(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The strength of edges along an axis, and what of it a blur takes away, in each of 5 x 5 parts."""
    kernel, way = ((1, _AGAIN), (0, 1)) if axis == 0 else ((_AGAIN, 1), (1, 0))
    there = np.abs(cv2.Sobel(values, cv2.CV_32F, *way))
    left = np.abs(cv2.Sobel(cv2.blur(values, kernel), cv2.CV_32F, *way))
    return _by_parts(there), _by_parts(np.maximum(0, there - left))


def _by_parts(values: NDArray[Any]) -> NDArray[np.float64]:
    rows = np.array_split(values, _PARTS)
    return np.array([part.sum(dtype=np.float64) for row in rows for part in np.array_split(row, _PARTS, axis=1)])
