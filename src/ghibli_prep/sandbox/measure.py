"""Simple measurements of a picture: colours, brightness, contrast, detail, warmth, light, symmetry.

It measures and nothing more: it does not know what a picture shows.
"""

from __future__ import annotations

import colorsys
import io
from collections import Counter
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageStat

_SIDE = 128
"""Pixels of the longer side of what is measured."""
_GRID = 30
"""Pixels a side of what colours are counted in: a multiple of three, for the grid of nine where light is looked for."""

_HUES = ((14, "red"), (40, "orange"), (68, "yellow"), (165, "green"), (200, "teal"), (258, "blue"), (290, "purple"),
         (345, "pink"), (361, "red"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """All from 0 to 1 but warmth, from -1 (cold) to 1 (warm), and what is named here.

    light, shade: the brightest and the darkest ninth, 0 to 8, from the upper left.
    colours: the names of the colours that cover at least a twelfth of the picture, the largest first, at most three.
    edges: the main colours of the upper, lower, left and right third. upper, lower: each half's average red, green and
    blue, 0 to 255.
    spread: how much brighter the brightest ninth is than the darkest. likeness: of the left half to the mirrored right.
    """

    brightness: float
    contrast: float
    detail: float
    saturation: float
    warmth: float
    likeness: float
    spread: float
    light: int
    shade: int
    colours: tuple[str, ...]
    edges: tuple[str, str, str, str]
    upper: tuple[int, int, int]
    lower: tuple[int, int, int]


class NotAPicture(Exception):
    """These bytes cannot be decoded."""


def measure(data: bytes) -> Measured:
    """Look at an encoded picture of any format that Pillow reads. Raises NotAPicture."""
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
            small = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPicture(str(error)) from None
    grey = ImageStat.Stat(small.convert("L"))
    red, _, blue = ImageStat.Stat(small).mean
    mirrored = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    differing = ImageStat.Stat(ImageChops.difference(small, mirrored).convert("L")).mean[0] / 255
    light, shade, spread = _light(small)
    upper, lower = _halves(small)
    colours, edges = _colours(small)
    return Measured(
        brightness=grey.mean[0] / 255,
        contrast=min(1.0, grey.stddev[0] / 128),
        detail=ImageStat.Stat(small.convert("L").filter(ImageFilter.FIND_EDGES)).mean[0] / 255,
        saturation=ImageStat.Stat(small.convert("HSV")).mean[1] / 255,
        warmth=(red - blue) / 255,
        likeness=1 - differing,
        spread=spread,
        light=light,
        shade=shade,
        colours=colours,
        edges=edges,
        upper=upper,
        lower=lower,
    )


def colour_name(red: int, green: int, blue: int) -> str:
    """One simple word for a colour of three values from 0 to 255."""
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if value < 0.18:
        return "black"
    if saturation < 0.14:
        return "white" if value > 0.86 else "grey"
    name = next(name for end, name in _HUES if hue * 360 < end)
    if name in ("red", "orange", "yellow") and value > 0.75 and saturation < 0.4:
        return "pink" if name == "red" else "cream"
    if name in ("orange", "yellow") and value < 0.7:
        return "brown" if name == "orange" else "olive"
    return name


def _halves(small: Image.Image) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    raw = small.resize((1, 2), Image.Resampling.BOX).tobytes()
    return (raw[0], raw[1], raw[2]), (raw[3], raw[4], raw[5])


def _light(small: Image.Image) -> tuple[int, int, float]:
    """The brightest and the darkest ninth of the picture, and how far apart they are, as a share of the whole scale."""
    ninths = list(small.convert("L").resize((3, 3), Image.Resampling.BOX).tobytes())
    brightest, darkest = max(ninths), min(ninths)
    return ninths.index(brightest), ninths.index(darkest), (brightest - darkest) / 255


def _colours(small: Image.Image) -> tuple[tuple[str, ...], tuple[str, str, str, str]]:
    raw = small.resize((_GRID, _GRID), Image.Resampling.BOX).tobytes()
    names = [colour_name(*raw[start : start + 3]) for start in range(0, len(raw), 3)]
    common = [name for name, count in Counter(names).most_common(3) if count >= len(names) / 12]
    third = _GRID // 3
    rows = [names[start : start + _GRID] for start in range(0, len(names), _GRID)]
    left = [name for row in rows for name in row[:third]]
    right = [name for row in rows for name in row[-third:]]
    above, below = names[: third * _GRID], names[-third * _GRID :]
    return tuple(common), (_main(above), _main(below), _main(left), _main(right))


def _main(names: list[str]) -> str:
    return Counter(names).most_common(1)[0][0]
