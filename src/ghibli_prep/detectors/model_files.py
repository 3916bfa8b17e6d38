"""The detectors' model files: fetched once from their official addresses, checked, and kept in the cache folder.

A file is written beside its place and moved there only when its SHA-256 is the pinned one, so what lies in the cache
is whole. Which folder that is, and who watches the progress, is handed in.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from ghibli_prep.detectors import Progress
from ghibli_prep.detectors.sources import Address, Source, Unavailable, WheelMember
from ghibli_prep.errors import ModelFileError


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A file that a detector needs.

    name: as it is called in the cache folder; sha256: in hex, None where its makers publish none;
    setting: the one that names another file instead; optional: whether that setting may say "off";
    sources: tried in order.
    """

    name: str
    sha256: str | None
    setting: str
    optional: bool
    sources: tuple[Source, ...]


PERSON_MODEL = ModelFile(
    name="efficientdet_lite0.tflite",
    sha256="40338edf5ec70d43e318b0a716a84d4564cd1802759a7a07170c7e43796dbf58",
    setting="filter.mediapipe.person_model",
    optional=True,
    sources=(
        Address(
            "https://storage.googleapis.com/mediapipe-models/object_detector/efficientdet_lite0/float32/1/"
            "efficientdet_lite0.tflite"
        ),
    ),
)
"""EfficientDet-Lite0, float32, version 1: finds whole persons, trained on COCO."""

FACE_MODEL = ModelFile(
    name="face_detection_full_range_sparse.tflite",
    # Address and hash stand together in mediapipe's third_party/external_files.bzl; the wheel holds the same bytes.
    sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    setting="filter.mediapipe.face_model",
    optional=True,
    sources=(
        Address(
            "https://storage.googleapis.com/mediapipe-assets/face_detection_full_range_sparse.tflite"
            "?generation=1674261618323821"
        ),
        WheelMember(
            requirement="mediapipe==0.10.21",
            member="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
            python_version="3.11",
            platforms=("manylinux_2_28_x86_64", "manylinux2014_x86_64"),
            megabytes=36,
        ),
    ),
)
"""BlazeFace, full range: finds faces up to about 5 m from the camera, smaller ones than the short-range model does."""


def obtain(model: ModelFile, folder: Path, progress: Progress = lambda _name, _done, _total: None) -> Path:
    """Where `model` lies in `folder`, fetched now if it is not there, or not whole.

    Raises ModelFileError, which names each address and its fault, and every way around.
    """
    file = folder / model.name
    faults: list[str] = []
    try:
        if file.is_file() and model.sha256 in (None, sha256(file)):
            return file
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetching-", dir=folder) as beside:
            for source in model.sources:
                fault = _try(source, model, Path(beside) / model.name, progress)
                if fault is None:
                    os.replace(Path(beside) / model.name, file)  # noqa: PTH105 - the name the design uses
                    return file
                faults.append(f"  {source}: {fault}")
    except OSError as error:
        raise ModelFileError(
            f"{error.filename or folder}: the cache folder for model files cannot be used ({error.strerror})"
        ) from None
    raise ModelFileError("\n".join([f"The model file {model.name} cannot be had:", *faults, _ways_around(model, file)]))


def _try(source: Source, model: ModelFile, waiting: Path, progress: Progress) -> str | None:
    """Fetch into `waiting`; None if the right file came, else what went wrong."""
    try:
        source.fetch(waiting, progress)
    except Unavailable as fault:
        return str(fault)
    found = sha256(waiting)
    if model.sha256 in (None, found):
        return None
    return f"what came is not the expected file and was not kept (its sha256 is {found}, not {model.sha256})"


def _ways_around(model: ModelFile, file: Path) -> str:
    off = ', or to "off" to do without it' if model.optional else ""
    return (
        f"Try again later; or fetch it on another machine and put it at {file}; or set {model.setting} in your "
        f"settings file to the path of one you have{off}; or run with --skip-filter to take every picture."
    )


def sha256(file: Path) -> str:
    """In hex, of the file's bytes."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def default_cache_folder(environ: Mapping[str, str], platform: str, home: Path | None = None) -> Path:
    """The user's cache folder for this tool. platform: as `sys.platform`; home: the user's, asked for if None."""
    home = home or Path.home()
    if platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
        if not base.is_absolute():  # as the XDG base directory specification wants it
            base = home / ".cache"
    return base / "ghibli-prep"


class DownloadBar:
    """A Progress that draws a bar on stderr, one a file."""

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] | None = None

    def __call__(self, name: str, done: int, total: int | None) -> None:
        bar = self._bar
        if bar is None or bar.desc != f"{name}: ":
            self.close()
            self._bar = bar = tqdm(desc=name, total=total, unit="B", unit_scale=True, unit_divisor=1024)
        bar.total = total
        bar.update(done - bar.n)
        if done == total:
            self.close()

    def close(self) -> None:
        """End the bar's line; may be said twice."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
