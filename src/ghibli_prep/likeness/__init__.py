"""Which pictures are repeats of others, be they cut at an edge, scaled, saved anew, brighter or darker.

`candidates` finds, without comparing all, the pairs that may be; `apart` lays one picture over the other and says how
far they are from each other. Knows grey thumbnails, and nothing of frames, files or thresholds of users.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

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


def thumbnail_in(file: Path | BinaryIO) -> bytes:
    """Of the picture in a file; of a JPEG no more is decoded than it takes to tell fine textures.

    Raises what Pillow raises for a file that it cannot decode.
    """
    with Image.open(file) as picture:
        picture.draft("L", (4 * WIDTH, 4 * HEIGHT))
        return thumbnail(picture)


def thumbnails(made: list[bytes]) -> Thumbnails:
    return np.frombuffer(b"".join(made), np.uint8).reshape(len(made), HEIGHT, WIDTH)
