"""Text as PP-OCRv4 finds it, in any script; rapidocr-onnxruntime carries the models in its wheel.

A picture is brought down to `LONG_SIDE` first; what cannot be found then is too small to be in the way. To the one that
finds lines, large eyes, cups and wheels are letters; so the largest lines are also read. onnxruntime takes as many
threads as there are cores.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from ghibli_prep.errors import MissingExtra
from ghibli_prep.lettering import Lettering, Line, ground

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

LONG_SIDE = 640
"""Pixels. Measured: 480 takes half as long, and misses small credits over scenes; more finds little more."""
VERSION = 3
"""Of what is measured here; another one, and every frame is measured anew."""
_SETTINGS = {"thresh": 0.3, "box_thresh": 0.5, "unclip_ratio": 1.6, "use_dilation": True}
"""rapidocr's own."""
_PACKAGE = "rapidocr-onnxruntime"
_FINDS, _READS = "ch_PP-OCRv4_det_infer.onnx", "ch_PP-OCRv4_rec_infer.onnx"
_READ = 3
"""Lines of a picture that are read: the largest."""
_HEIGHT, _LENGTH = 48, 320
"""Pixels of what is read of a line: its middle."""
_SURE = 0.6
"""How sure who reads must be of what it reads."""
_SURE_OF_ONE = 0.97
"""How sure of a single letter where there is room for no more. Measured: eyes, coins and windows are at most 0.94."""
_ENDS = "終完了"
"""Single letters that end cards show, and that no thing looks like."""
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
        from rapidocr_onnxruntime.ch_ppocr_rec import TextRecognizer
    except (ImportError, OSError) as error:  # OSError: a library of onnxruntime's that does not load
        raise MissingExtra(
            f'{_PACKAGE} does not start: {error}\nTry to install it anew: pip install "ghibli-prep[ocr]"'
        ) from None
    models = Path(rapidocr_onnxruntime.__file__).parent / "models"
    usual = {"limit_side_len": _TIMES, "limit_type": "min", "mean": [0.5] * 3, "std": [0.5] * 3}
    finds = TextDetector({"model_path": str(models / _FINDS), **usual, **_SETTINGS})
    shape = {"rec_img_shape": [3, _HEIGHT, _LENGTH], "rec_batch_num": _READ}
    return RapidOcr(finds, TextRecognizer({"model_path": str(models / _READS), **shape}))


class RapidOcr:
    """finds: a `TextDetector` of rapidocr's; reads: a `TextRecognizer`. Asked from one thread at a time."""

    def __init__(self, finds: Any, reads: Any) -> None:
        self._finds, self._reads = finds, reads

    def look(self, picture: Image.Image) -> Lettering:
        """picture: RGB, of any size."""
        whole = np.asarray(picture.convert("RGB"))
        pixels = _reduced(whole)
        height, width = pixels.shape[:2]
        prepared = self._finds.get_preprocess(max(height, width))(np.ascontiguousarray(pixels[:, :, ::-1]))
        corners, scores = self._finds.postprocess_op(self._finds.infer(prepared)[0], (height, width))
        lines = tuple(_line(four, score, width, height) for four, score in zip(corners, scores, strict=True))
        found = Lettering(self._read(whole, lines), ground.busy(pixels, lines), round(width / height, 4))
        return ground.on_boards(pixels, found)

    def _read(self, whole: NDArray[np.uint8], lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """The lines, with it known of the largest whether there are letters in them."""
        largest = sorted(lines, key=lambda line: line.height * (line.right - line.left), reverse=True)[:_READ]
        if not largest:
            return lines
        texts, _ = self._reads([_middle(whole, line) for line in largest])
        aspect = whole.shape[1] / whole.shape[0]
        legible = {
            line: _is_text(text[0], text[1], line.is_long(aspect)) for line, text in zip(largest, texts, strict=True)
        }
        return tuple(replace(line, legible=legible.get(line)) for line in lines)


def _is_text(text: str, sure: float, is_long: bool) -> bool:
    one = len(text.strip()) < 2 and not is_long and text.strip() not in _ENDS
    return bool(text.strip()) and sure >= (_SURE_OF_ONE if one else _SURE)


def _middle(whole: NDArray[np.uint8], line: Line) -> NDArray[np.uint8]:
    """The middle of a line as it is read: BGR, from left to right."""
    height, width = whole.shape[:2]
    rows = slice(int(line.top * height), max(int(line.top * height) + 1, round(line.bottom * height)))
    columns = slice(int(line.left * width), max(int(line.left * width) + 1, round(line.right * width)))
    cut = whole[rows, columns, ::-1]
    if cut.shape[0] > 1.5 * cut.shape[1]:
        cut = np.rot90(cut)
    spare = max(0, cut.shape[1] - round(cut.shape[0] * _LENGTH / _HEIGHT)) // 2
    return np.ascontiguousarray(cut[:, spare : cut.shape[1] - spare])


def _reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """No larger than needed, and at least as large as the network wants."""
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
    return Line(left, top, right, bottom, round(min(lengths) / height, 4), round(tilt, 2), round(float(score), 3))
