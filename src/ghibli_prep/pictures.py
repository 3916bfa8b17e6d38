"""Opens a picture file safely, brings it to RGB, fits it to a square, and saves it as JPEG.

Knows nothing of workspaces and settings. Colours are taken as sRGB: an embedded profile is not applied.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import struct
import warnings
from pathlib import Path
from typing import Any, Literal

from PIL import Image, UnidentifiedImageError

# Pillow's own limit is one for the whole process, and warns before it refuses; `max_megapixels` takes its place.
Image.MAX_IMAGE_PIXELS = None

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF")
ENDINGS = frozenset((".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"))
HEAD_BYTES = 64
"""As much of a file's start as `looks_like_picture` wants to see."""

Fit = Literal["crop", "pad", "stretch"]
Rgb = tuple[int, int, int]

_STARTS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What brings a picture upright, by its EXIF orientation (TIFF 6.0, tag 274)."""
_IGNORED: Any = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


class NotAPicture(Exception):
    """The file cannot be used as a picture; its text says why, in words for the user."""


def looks_like_picture(head: bytes) -> bool:
    """Whether a file that starts with `head` (`HEAD_BYTES` of it) is of one of our formats, by content."""
    if head.startswith(_STARTS):
        return True
    if head[:2] == b"BM":  # a text may start so; what follows is the size of the next header
        return int.from_bytes(head[14:18], "little") in _BMP_HEADERS
    if head[:4] == b"RIFF":
        return head[8:12] == b"WEBP"
    brands = {head[at : at + 4] for at in range(8, min(len(head), int.from_bytes(head[:4], "big")), 4)}
    return head[4:8] == b"ftyp" and not brands.isdisjoint((b"avif", b"avis"))


def open_rgb(file: Path, max_megapixels: int, background: Rgb) -> Image.Image:
    """The first frame of `file` as RGB, upright, with transparency laid on `background`.

    Raises NotAPicture, also for more than `max_megapixels` million pixels, which is found before decoding.
    """
    quiet()
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD_BYTES)
            if not looks_like_picture(head):
                raise NotAPicture("not a picture" if head else "empty file")
            with Image.open(opened, formats=FORMATS) as image:
                _check_size(image, max_megapixels)
                image.load()
                return _to_rgb(_upright(image), background)
    except NotAPicture:
        raise
    except Exception as error:  # noqa: BLE001 - on a broken file Pillow may raise anything
        raise NotAPicture(_in_words(error)) from None


def quiet() -> None:
    """Pillow warns of odd metadata, which no user can act on: none of its warnings are shown in this process.

    `warnings.catch_warnings` would not do, as pictures are opened in several threads at a time.
    """
    if [*warnings.filters[:1]] != [_IGNORED]:
        warnings.filterwarnings("ignore", module=r"PIL\.")


def is_upright(image: Image.Image) -> bool:
    """Whether `image` is to be seen as it is; so it is where its EXIF data are broken."""
    return _upright(image) is image


def _upright(image: Image.Image) -> Image.Image:
    """`image` as its EXIF orientation wants it seen; as it is where its EXIF data are broken."""
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, struct.error):
        return image
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _check_size(image: Image.Image, max_megapixels: int) -> None:
    width, height = image.size
    if width * height > max_megapixels * 1_000_000:
        raise NotAPicture(
            f"too large: {width} x {height} pixels (more than {max_megapixels} megapixels; see resize.max_megapixels)"
        )


def _in_words(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "damaged, cut off, or of a kind that cannot be opened"
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
    """Greyscale of 16 or 32 bits, or of floats from 0 to 1, as 8 bits: scaled, where Pillow would clip.

    A value that stands for transparent becomes an alpha channel.
    """
    import numpy as np  # slow to import, and only wanted here

    values = np.array(image, dtype=np.float32)
    np.nan_to_num(values, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    clear = image.info.get("transparency")
    alpha = values != clear if isinstance(clear, int) else None
    highest = float(values.max())
    if image.mode == "F" and highest <= 1.0:
        top = 1.0
    elif highest <= 255 and image.mode in ("I", "F"):
        top = 255.0
    else:
        top = max(65535.0, highest)
    values *= 255 / top
    np.clip(np.rint(values, out=values), 0, 255, out=values)
    grey = Image.fromarray(values.astype(np.uint8))
    return grey if alpha is None else Image.merge("LA", (grey, Image.fromarray(alpha.astype(np.uint8) * 255)))


def fitted(
    image: Image.Image, size: int, fit: Fit, background: Rgb, square: tuple[int, int, int] | None = None
) -> Image.Image:
    """`image` (RGB) as `size` x `size` by LANCZOS: the centre of it, all of it on `background`, or stretched.

    square: left, top and side of what is cut out in place of the centre; in pixels.

    A crop is cut out while it is resized, not before: in one pass, and the pixels at its edge weigh in the true
    neighbours that lie beyond it.
    """
    width, height = image.size
    wanted = (size, size)
    if width == height or fit == "stretch":
        return image.resize(wanted, Image.Resampling.LANCZOS)
    if fit == "pad":
        scale = size / max(width, height)
        inner = (max(1, round(width * scale)), max(1, round(height * scale)))
        padded = Image.new("RGB", wanted, background)
        place = ((size - inner[0]) // 2, (size - inner[1]) // 2)
        padded.paste(image.resize(inner, Image.Resampling.LANCZOS), place)
        return padded
    side = min(width, height)
    left, top, side = square or ((width - side) // 2, (height - side) // 2, side)
    return image.resize(wanted, Image.Resampling.LANCZOS, box=(left, top, left + side, top + side))


def save_jpeg(image: Image.Image, file: Path, quality: int) -> None:
    """Write `image` (RGB) to `file`, on the disk when this returns; no metadata, the same bytes each time.

    Raises OSError, and then leaves no file. Pillow does not write to the disk itself: its encoders do not notice when
    a disk that runs full takes only a part of the last block.
    """
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=quality, comment=b"")
    try:
        with file.open("wb") as opened:
            opened.write(encoded.getbuffer())
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        with contextlib.suppress(OSError):
            file.unlink()
        raise
