"""Opens a picture file safely, brings it to RGB, fits it to a square, and saves it as JPEG.

Knows nothing of workspaces and settings. Colours are taken as sRGB: an embedded profile is not applied.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

# Pillow's own limit is one for the whole process, and warns before it refuses; `max_megapixels` takes its place.
Image.MAX_IMAGE_PIXELS = None

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"))
HEAD_BYTES = 32
"""As much of a file's start as `looks_like_picture` wants to see."""

Fit = Literal["crop", "pad", "stretch"]
Rgb = tuple[int, int, int]

_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, EOFError, KeyError, IndexError, AttributeError, AssertionError,
    OverflowError, ZeroDivisionError, NotImplementedError, RuntimeError, MemoryError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's decoders were seen to raise on broken files."""


class NotAPicture(Exception):
    """The file cannot be used as a picture; its text says why, in words for the user."""


def looks_like_picture(head: bytes) -> bool:
    """Whether a file that starts with `head` (`HEAD_BYTES` of it) is of one of our formats, by content."""
    if head.startswith(_STARTS):
        return True
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    return head[4:8] == b"ftyp" and b"avi" in head[8:]


def open_rgb(file: Path, max_megapixels: int, background: Rgb) -> Image.Image:
    """The first frame of `file` as RGB, upright, with transparency laid on `background`.

    Raises NotAPicture, also for more than `max_megapixels` million pixels, which is found before decoding.
    """
    try:
        with file.open("rb") as opened, Image.open(opened, formats=FORMATS) as image:
            _check_size(image, max_megapixels)
            image.load()
            ImageOps.exif_transpose(image, in_place=True)  # a copy would cost a fifth of the time
            return _to_rgb(image, background)
    except NotAPicture:
        raise
    except UnidentifiedImageError:
        raise NotAPicture("empty file" if _is_empty(file) else "not a picture, or its start is damaged") from None
    except _BROKEN as error:
        raise NotAPicture(_in_words(error)) from None


def _check_size(image: Image.Image, max_megapixels: int) -> None:
    width, height = image.size
    if width * height > max_megapixels * 1_000_000:
        raise NotAPicture(
            f"too large: {width} x {height} pixels (more than {max_megapixels} megapixels; see resize.max_megapixels)"
        )
    if not width or not height:
        raise NotAPicture("a picture without pixels")


def _is_empty(file: Path) -> bool:
    return file.stat().st_size == 0


def _in_words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno:
        return "permission denied" if error.errno in (errno.EACCES, errno.EPERM) else error.strerror or str(error)
    if "truncated" in str(error).lower() or isinstance(error, EOFError):
        return "cut off: the file ends too early"
    if isinstance(error, MemoryError):
        return "too large for this machine's memory"
    return f"damaged ({error})" if str(error) else "damaged"


def _to_rgb(image: Image.Image, background: Rgb) -> Image.Image:
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
        image = _to_eight_bits(image)
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        under = Image.new("RGBA", clear.size, (*background, 255))
        return Image.alpha_composite(under, clear).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Greyscale of 16 or 32 bits, or of floats from 0 to 1, as 8 bits: scaled, where Pillow would clip."""
    values = np.asarray(image).astype(np.float64)
    values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    highest = float(values.max(initial=0.0))
    if image.mode == "F" and highest <= 1.0:
        top = 1.0
    elif highest <= 255 and image.mode in ("I", "F"):
        top = 255.0
    else:
        top = max(65535.0, highest)
    return Image.fromarray(np.clip(np.round(values / top * 255), 0, 255).astype(np.uint8), "L")


def fitted(image: Image.Image, size: int, fit: Fit, background: Rgb) -> Image.Image:
    """`image` (RGB) as `size` x `size` by LANCZOS: the centre of it, all of it on `background`, or stretched."""
    width, height = image.size
    square = (size, size)
    if width == height or fit == "stretch":
        return image.resize(square, Image.Resampling.LANCZOS)
    if fit == "pad":
        scale = size / max(width, height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        padded = Image.new("RGB", square, background)
        place = ((size - inner[0]) // 2, (size - inner[1]) // 2)
        padded.paste(image.resize(inner, Image.Resampling.LANCZOS), place)
        return padded
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize(square, Image.Resampling.LANCZOS)


def save_jpeg(image: Image.Image, file: Path, quality: int) -> None:
    """Write `image` (RGB) to `file`, on the disk when this returns; no metadata, the same bytes each time."""
    with file.open("wb") as opened:
        image.save(opened, "JPEG", quality=quality)
        opened.flush()
        os.fsync(opened.fileno())
