"""Text as the detector of PP-OCRv4 finds it, in any script; rapidocr-onnxruntime carries the model in its wheel.

Only finds lines and reads none: that is a tenth of the work. A picture is brought down to `LONG_SIDE` first; what
cannot be found then is too small to be in the way. onnxruntime takes as many threads as there are cores.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from ghibli_prep.errors import MissingExtra
from ghibli_prep.lettering import Lettering, Line, ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG_SIDE = 480
"""Pixels. Measured: at 640 it takes 1.7 times as long, and finds no more credits or titles."""
VERSION = 1
"""Of what is measured here; another one, and every frame is measured anew."""
_SETTINGS = {"thresh": 0.3, "box_thresh": 0.5, "unclip_ratio": 1.6, "use_dilation": True}
"""rapidocr's own."""
_PACKAGE = "rapidocr-onnxruntime"
_MODEL = "ch_PP-OCRv4_det_infer.onnx"
_TIMES = 32
"""The network wants sides that are multiples of this."""


def maker() -> str:
    """What tells what is found here from what another version or other settings find; empty if it is not installed."""
    with suppress(PackageNotFoundError):
        return f"{_PACKAGE} {version(_PACKAGE)} {LONG_SIDE} {VERSION}"
    return ""


def load() -> RapidOcr:
    """Raises MissingExtra where the package does not start."""
    try:
        import rapidocr_onnxruntime
        from rapidocr_onnxruntime.ch_ppocr_det import TextDetector
    except (ImportError, OSError) as error:  # OSError: a library of onnxruntime's that does not load
        raise MissingExtra(
            f'{_PACKAGE} does not start: {error}\nTry to install it anew: pip install "ghibli-prep[ocr]"'
        ) from None
    model = Path(rapidocr_onnxruntime.__file__).parent / "models" / _MODEL
    usual = {"limit_side_len": _TIMES, "limit_type": "min", "mean": [0.5] * 3, "std": [0.5] * 3}
    return RapidOcr(TextDetector({"model_path": str(model), **usual, **_SETTINGS}))


class RapidOcr:
    """detector: a `TextDetector` of rapidocr's. Asked from one thread at a time."""

    def __init__(self, detector: Any) -> None:
        self._detector = detector

    def look(self, picture: Image.Image) -> Lettering:
        """picture: RGB, of any size."""
        pixels = _reduced(picture)
        height, width = pixels.shape[:2]
        prepared = self._detector.get_preprocess(max(height, width))(np.ascontiguousarray(pixels[:, :, ::-1]))
        corners, scores = self._detector.postprocess_op(self._detector.infer(prepared)[0], (height, width))
        lines = tuple(_line(four, score, width, height) for four, score in zip(corners, scores, strict=True))
        found = Lettering(lines, ground.busy(pixels, lines), round(width / height, 4))
        return ground.on_boards(pixels, found)


def _reduced(picture: Image.Image) -> NDArray[np.uint8]:
    """The picture no larger than needed, and at least as large as the network wants."""
    pixels = np.asarray(picture.convert("RGB"))
    height, width = pixels.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = max(_TIMES, round(width * scale)), max(_TIMES, round(height * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def _line(corners: NDArray[Any], score: float, width: int, height: int) -> Line:
    """corners: four, in pixels, around."""
    ways = corners[1] - corners[0], corners[2] - corners[1]
    lengths = [float(np.hypot(*way)) for way in ways]
    along = ways[lengths.index(max(lengths))]
    tilt = (float(np.degrees(np.arctan2(along[1], along[0]))) + 45) % 90 - 45
    size = (width, height)
    left, top, right, bottom = (round(float(x), 4) for x in (*corners.min(axis=0) / size, *corners.max(axis=0) / size))
    return Line(left, top, right, bottom, round(min(lengths) / height, 4), round(abs(tilt), 2), round(float(score), 3))
