"""People as an ultralytics model sees them, with weights and classes from the settings: anime weights too.

ultralytics is AGPL-3.0, and that can reach whatever is shipped together with it; hence its own extra. A weights file
is a pickle, which may run code when it is loaded: take weights only from people you trust. ultralytics publishes no
hashes of its own weights, so none are pinned here.

Imports nothing heavy until `load`, and then tells ultralytics to stay off the network (it asks two name servers on
import and reports its use to Google otherwise), to install nothing, and to keep its settings file in our cache folder.
"""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ghibli_prep.detectors import Progress, Sighting, install_command
from ghibli_prep.detectors.model_files import ModelFile, obtain
from ghibli_prep.detectors.sources import Address
from ghibli_prep.errors import MissingExtra, ModelFileError, SettingsError
from ghibli_prep.framing import clipped

if TYPE_CHECKING:
    from ghibli_prep.settings import FilterSettings

SETTING = "filter.yolo.weights"

ASSETS = "https://github.com/ultralytics/assets/releases/download"
"""Where ultralytics itself fetches its weights from."""

FLOOR = 0.05
"""Candidates less sure than this are noise."""


def load(settings: FilterSettings, cache: Path, progress: Progress, assets: str = ASSETS) -> YoloDetector:
    """Fetch the weights if need be and load them. Raises SettingsError, ModelFileError or MissingExtra."""
    ultralytics = quiet_ultralytics(cache)
    file = _weights(settings.yolo.weights, cache, progress, assets)
    try:
        model = ultralytics.YOLO(str(file), verbose=False)
        names: dict[int, str] = model.names
    except Exception as error:  # noqa: BLE001 - whatever torch and pickle raise on a file that is no model
        why = (str(error).strip() or type(error).__name__).split("\n")[0]
        raise ModelFileError(
            f"{file}: ultralytics cannot load these weights ({why}). Set {SETTING} to others; if these are official "
            "ones in the cache folder, delete the file to have it fetched anew."
        ) from None
    if model.task not in ("detect", "segment", "pose"):
        raise ModelFileError(
            f"{file}: these weights are made to {model.task} and say nothing of where people are. "
            f"Set {SETTING} to weights that detect."
        )
    return YoloDetector(model, _numbers(settings.yolo.classes, names, file))


def quiet_ultralytics(cache: Path) -> Any:
    """The module, kept from the network if it was not imported before. Raises MissingExtra if it does not start."""
    os.environ.update(
        YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_VERBOSE="false", YOLO_CONFIG_DIR=str(cache.absolute())
    )
    opens = Image.open
    try:
        return importlib.import_module("ultralytics")
    except (ImportError, OSError) as error:  # OSError: a library of torch's that does not load
        raise MissingExtra(
            f"ultralytics is installed but does not start: {error}\nTry to install it anew: {install_command('yolo')}"
        ) from None
    finally:
        Image.open = opens  # ultralytics puts its own there, which wants pi-heif for every file that is no picture


def _weights(value: str, cache: Path, progress: Progress, assets: str) -> Path:
    """The file that the setting means: a path, or a name in the cache folder, fetched into it if it is official."""
    file = Path(value).expanduser()
    if file.name != value:
        if not file.exists():
            raise ModelFileError(f"{SETTING}: there is no file {file}. Set it to a path that exists.")
        return file.absolute()
    downloads = importlib.import_module("ultralytics.utils.downloads")
    if value not in downloads.GITHUB_ASSETS_NAMES and not (cache / value).exists():
        raise ModelFileError(
            f"{SETTING}: ultralytics publishes no weights called {value}, and there is no file {cache / value}. "
            f"For a file in the current folder write ./{value}"
        )
    release = inspect.signature(downloads.attempt_download_asset).parameters["release"].default
    source = Address(f"{assets}/{release}/{value}")
    return obtain(ModelFile(value, None, SETTING, optional=False, sources=(source,)), cache.absolute(), progress)


def _numbers(wanted: Sequence[str], names: Mapping[int, str], file: Path) -> dict[int, str]:
    """The wanted classes by their number in the weights; upper and lower case are one."""
    by_name = {name.casefold(): number for number, name in names.items()}
    unknown = [name for name in wanted if name.casefold() not in by_name]
    if unknown:
        raise SettingsError(
            f"filter.yolo.classes: {', '.join(unknown)}: no such class in {file}. It has: {', '.join(names.values())}"
        )
    return {by_name[name.casefold()]: name for name in wanted}


class YoloDetector:
    """model: an `ultralytics.YOLO`; classes: what counts as people, names by their number in the weights."""

    name = "yolo"

    def __init__(self, model: Any, classes: Mapping[int, str]) -> None:
        self._model = model
        self._classes = classes

    def look(self, picture: Image.Image) -> Sighting:
        boxes = self._model.predict(
            picture.convert("RGB"), device="cpu", classes=list(self._classes), conf=FLOOR, verbose=False, save=False
        )[0].boxes
        found = zip(boxes.conf.tolist(), boxes.cls.tolist(), boxes.xyxyn.tolist(), strict=True)
        return Sighting.of(
            clipped(left, top, right, bottom, min(1.0, score), self._classes[int(number)])
            for score, number, (left, top, right, bottom) in found
        )

    def close(self) -> None:
        self._model = None
