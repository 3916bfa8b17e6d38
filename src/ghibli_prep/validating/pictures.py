"""One picture of the dataset: is it whole, and what does it look like?

simplejpeg decodes, because Pillow keeps silent on what libjpeg warns of: of files with damage in the middle it opens
four in five without a word. Each block of 8 x 8 pixels is brought to one on the way, which reads every byte all the
same, and takes half the time.
"""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import simplejpeg
from PIL import Image

from ghibli_prep.pictures import quiet
from ghibli_prep.settings import ResizeSettings

SIDE = 64
"""Pixels a side of the small picture that is looked at."""
GRID = 16
BITS = 256
"""Of the perceptual hash."""

PRINT = np.dtype([("small", "u8"), ("bits", "u8", BITS // 64), ("levels", "u1", GRID * GRID + 12)])
"""What a picture is compared by. small: a part of the SHA-256 of the small picture. bits: pHash. levels: brightness on
a grid, then red, green and blue of each quarter, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a file's head says. size: width and height in pixels."""

    content: bytes
    format: str
    mode: str
    size: tuple[int, int]


Check = Callable[[Opened, ResizeSettings], str]


def is_jpeg(opened: Opened, _: ResizeSettings) -> str:
    """JPEG, whatever its name says."""
    return f"is a {opened.format} and not a JPEG" if opened.format != "JPEG" else ""


def is_rgb(opened: Opened, _: ResizeSettings) -> str:
    """Three colours: some loaders choke on others."""
    names = {"L": "greyscale", "CMYK": "CMYK"}
    return f"is {names.get(opened.mode, opened.mode)} and not RGB" if opened.mode != "RGB" else ""


def is_of_size(opened: Opened, settings: ResizeSettings) -> str:
    """Square, of the size in the settings."""
    wanted = (settings.size, settings.size)
    width, height = opened.size
    return f"has {width} x {height} pixels and not {settings.size} x {settings.size}" if opened.size != wanted else ""


CHECKS: dict[str, Check] = {"jpeg": is_jpeg, "rgb": is_rgb, "size": is_of_size}
"""By what a file's head says."""
DECODES = "decodes"
"""The check of the whole file."""
REMEDY = (
    "Delete it and run `ghibli-prep resize`: it is made again from its frame, and its caption stays. "
    "Where there is no frame any more, put a good picture in its place."
)
REMEDIES = {"size": f"If all are so, name the settings of this dataset with --config. {REMEDY}"}
"""Where it is another one than `REMEDY`."""


@dataclass(frozen=True, slots=True)
class Seen:
    """wrong: why, by the name of each check. fingerprint: a `PRINT`; b"" where the picture cannot be decoded.
    digest: the SHA-256 of the file; b"" where it cannot be read."""

    wrong: dict[str, str]
    fingerprint: bytes = b""
    digest: bytes = b""


def look(file: Path, settings: ResizeSettings) -> Seen:
    """What is wrong with a picture, and what it looks like."""
    try:
        content = file.read_bytes()
    except OSError as error:
        return Seen({DECODES: _why_unread(error)})
    return Seen(*_look_into(content, settings), hashlib.sha256(content).digest())


def _look_into(content: bytes, settings: ResizeSettings) -> tuple[dict[str, str], bytes]:
    opened = open_head(content)
    if isinstance(opened, str):
        return {DECODES: opened}, b""
    wrong = {name: detail for name, check in CHECKS.items() if (detail := check(opened, settings))}
    width, height = opened.size
    if width * height > settings.max_megapixels * 1_000_000:
        return wrong, b""
    small = decoded_small(opened)
    if isinstance(small, str):
        return {**wrong, DECODES: small}, b""
    return wrong, fingerprint(small)


def open_head(content: bytes) -> Opened | str:
    """What the head of a picture file says, or why it is none."""
    if not content:
        return "is empty"
    quiet()
    try:
        with Image.open(io.BytesIO(content)) as image:
            return Opened(content, image.format or "?", image.mode, image.size)
    except Exception:  # noqa: BLE001 - on a broken file Pillow may raise anything
        return "is not a picture, or its head is damaged"


def decoded_small(opened: Opened) -> Image.Image | str:
    """The whole file decoded, as RGB of at least `SIDE` pixels a side where it has as many; or why it cannot be."""
    try:
        if opened.format == "JPEG" and opened.mode in ("RGB", "L"):
            at_least = min(SIDE, *opened.size)
            return Image.fromarray(
                simplejpeg.decode_jpeg(
                    opened.content, "RGB", min_height=at_least, min_width=at_least, min_factor=1, strict=True
                )
            )
        with Image.open(io.BytesIO(opened.content)) as image:
            image.load()
            return image.convert("RGB")
    except Exception as error:  # noqa: BLE001 - on a broken file a decoder may raise anything
        text = str(error).strip().rstrip(".")
        cut = "premature end of jpeg file" in text.lower() or "truncated" in text.lower()
        return "is cut off: the file ends too early" if cut else f"is damaged ({text or type(error).__name__})"


def fingerprint(decoded: Image.Image) -> bytes:
    """The `PRINT` of a picture, as bytes."""
    small = decoded if decoded.size == (SIDE, SIDE) else decoded.resize((SIDE, SIDE), Image.Resampling.BOX)
    bits = np.packbits(imagehash.phash(small, hash_size=GRID).hash)
    brightness = small.convert("L").resize((GRID, GRID), Image.Resampling.BOX).tobytes()
    quarters = small.resize((2, 2), Image.Resampling.BOX).tobytes()
    return b"".join(
        [
            hashlib.sha256(small.tobytes()).digest()[:8],
            bits.tobytes(),
            brightness,
            quarters,
        ]
    )


def pixels(content: bytes) -> bytes:
    """What is the same for JPEGs of the same pixels, whatever else they hold. Raises ValueError."""
    whole = simplejpeg.decode_jpeg(content, "RGB", strict=False)
    return hashlib.sha256(np.ascontiguousarray(whole).data).digest() + repr(whole.shape).encode()


def _why_unread(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "cannot be read: permission denied"
    return f"cannot be read ({(error.strerror or str(error)).lower()})"
