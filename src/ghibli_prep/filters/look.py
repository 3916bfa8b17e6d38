"""What a frame looks like, in a few numbers: measured once of every frame, from its pixels alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from PIL import Image

VERSION = "1"
"""Another one, and every frame is measured anew."""


@dataclass(frozen=True, slots=True)
class Look:
    """dark, bright: the brightness, 0 to 255, that 1 % and 99 % of the pixels are below."""

    dark: float
    bright: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, fact: Mapping[str, Any]) -> Look:
        """Raises KeyError, TypeError or ValueError for what is none."""
        return cls(float(fact["dark"]), float(fact["bright"]))


def look(picture: Image.Image) -> Look:
    """picture: RGB, of any size."""
    dark, bright = np.percentile(np.asarray(picture.convert("L")), (1, 99))
    return Look(round(float(dark), 1), round(float(bright), 1))
