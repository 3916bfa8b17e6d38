"""Which pictures are repeats of others, be they cut at an edge, scaled, saved anew, brighter or darker.

`candidates` finds, without comparing all, the pairs that may be; `apart` lays one picture over the other and says how
far they are from each other. Knows grey thumbnails, and nothing of frames, files or thresholds of users.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 48, 27
"""Of a thumbnail, whatever the shape of the picture."""

Thumbnails = NDArray[Any]
"""n x HEIGHT x WIDTH bytes of brightness."""


def thumbnail(picture: Image.Image) -> bytes:
    """HEIGHT rows of WIDTH bytes. picture: of any mode and size."""
    return picture.convert("L").resize((WIDTH, HEIGHT), Image.Resampling.BOX).tobytes()


def thumbnails(made: list[bytes]) -> Thumbnails:
    return np.frombuffer(b"".join(made), np.uint8).reshape(len(made), HEIGHT, WIDTH)
