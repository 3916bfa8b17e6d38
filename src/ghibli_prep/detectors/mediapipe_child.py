"""The process in which mediapipe looks at pictures: `python -m ... WHAT=FILE...`, WHAT being `person` or `face`.

Says `{}` when ready, or `{"refused": WHAT, "why": ...}` and ends. Then, for each picture on stdin (width and height
as little-endian uint32, then the RGB bytes), one line of JSON on stdout: {WHAT: [[score, left, top, right, bottom],
...]}, in pixels. Ends with stdin, so it never outlives its parent, and leaves Ctrl-C to it.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

Seen = list[list[float]]
"""Score, left, top, right, bottom of each that is seen; in pixels, and perhaps beyond the edges."""
Look = Callable[[bytes, int, int], Seen]
"""RGB bytes, width, height: what is seen."""

FLOOR = 0.05
"""Candidates less sure than this are noise."""

MOST = 100
"""Candidates a picture."""


class Refused(Exception):
    """mediapipe does not take this model file; the text says why."""


def serve(questions: BinaryIO, answers: BinaryIO, looks: Mapping[str, Look]) -> None:
    """Answer until there are no more questions."""
    while len(header := questions.read(8)) == 8:
        width, height = struct.unpack("<II", header)
        rgb = questions.read(width * height * 3)
        if len(rgb) < width * height * 3:
            return
        say(answers, {what: look(rgb, width, height) for what, look in looks.items()})


def say(answers: BinaryIO, what: Mapping[str, Any]) -> None:
    answers.write(json.dumps(what).encode() + b"\n")
    answers.flush()


def open_model(what: str, model: bytes) -> Look:
    """A look for `what` with the bytes of a model file. Raises Refused."""
    import mediapipe
    import numpy as np
    from mediapipe.tasks.python import BaseOptions, vision

    base = BaseOptions(model_asset_buffer=model)  # bytes: a path in another script is not understood everywhere
    try:
        if what == "face":
            options = vision.FaceDetectorOptions(base_options=base, min_detection_confidence=FLOOR)
            detector = vision.FaceDetector.create_from_options(options)
        else:
            options = vision.ObjectDetectorOptions(
                base_options=base, score_threshold=FLOOR, max_results=MOST, category_allowlist=["person"]
            )
            detector = vision.ObjectDetector.create_from_options(options)
    except (ValueError, RuntimeError) as error:
        raise Refused(str(error).strip().split("\n")[0]) from None

    def look(rgb: bytes, width: int, height: int) -> Seen:
        pixels = np.frombuffer(rgb, np.uint8).reshape(height, width, 3)
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)
        return [[found.categories[0].score, *_edges(found.bounding_box)] for found in detector.detect(image).detections]

    return look


def _edges(box: Any) -> list[float]:
    return [box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height]


def main(arguments: list[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever native code prints is no answer
    looks: dict[str, Look] = {}
    for argument in arguments:
        what, _, file = argument.partition("=")
        try:
            looks[what] = open_model(what, Path(file).read_bytes())
        except Refused as refusal:
            say(answers, {"refused": what, "why": str(refusal)})
            return
    say(answers, {})
    serve(sys.stdin.buffer, answers, looks)


if __name__ == "__main__":
    main(sys.argv[1:])
