"""Who is in the picture: what a detector must do, and which one is taken.

The built-in ones enter by the same door as an outsider's: an entry in `DETECTORS` with the package it needs and a
module whose `load` makes one. Nothing heavy is imported before a detector is loaded. This module knows no file, no
folder and no threshold: `stages.filter` decides from what a detector saw.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ghibli_prep.errors import MissingExtra, SettingsError
from ghibli_prep.framing import Box

if TYPE_CHECKING:
    from PIL import Image

    from ghibli_prep.settings import FilterSettings

NO_PEOPLE = "no_people"
"""The reason of a sighting of nobody; as a folder's name, the reason of a picture that the filter drops."""

INSTALL_COMMAND = 'pip install "ghibli-prep[mediapipe]"'
"""What to say where no detector is installed; `install_command` for a certain one."""

Progress = Callable[[str, int, int | None], None]
"""Told while a model file is fetched: its name, the bytes so far, and all its bytes, None while unknown."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a detector saw in one picture.

    people: how many candidates for a person, however unsure; 0 for none.
    score: 0 to 1, how sure it is of the surest one; 0 for none.
    reason: what the surest one was seen as, such as `face` or `person`; `no_people` for none.

    boxes: where each of them is.
    """

    people: int
    score: float
    reason: str
    boxes: tuple[Box, ...] = ()

    @classmethod
    def of(cls, boxes: Iterable[Box]) -> Sighting:
        """What these boxes are together."""
        found = tuple(sorted(boxes, key=lambda box: (-box.score, box.what, box.left, box.top)))
        return cls(len(found), found[0].score, found[0].what, found) if found else NOBODY

    def sure(self, min_score: float) -> list[Box]:
        """Where those are that the detector is as sure of as that."""
        return [box for box in self.boxes if box.score >= min_score]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, fact: Mapping[str, Any]) -> Sighting:
        """Raises KeyError, TypeError or ValueError for what is none."""
        boxes = tuple(Box(**box) for box in fact["boxes"])
        return cls(int(fact["people"]), float(fact["score"]), str(fact["reason"]), boxes)


NOBODY = Sighting(0, 0.0, NO_PEOPLE)


class Detector(Protocol):
    """Looks for people. One instance may be asked from one thread at a time."""

    name: str

    def look(self, picture: Image.Image) -> Sighting:
        """What is to be seen in `picture` (mode RGB, any size)."""
        ...

    def close(self) -> None:
        """Let go of models and processes; may be said twice."""
        ...


class Loader(Protocol):
    def __call__(self, settings: FilterSettings, cache: Path, progress: Progress) -> Detector:
        """A detector ready to look. Raises SettingsError, MissingExtra or ModelFileError."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """package: what must be importable; extra: the extra that installs it; load: makes the detector."""

    package: str
    extra: str
    load: Loader

    @property
    def installed(self) -> bool:
        """Whether the package can be found; it is not imported for that."""
        return importlib.util.find_spec(self.package) is not None


def _loader(module: str) -> Loader:
    def load(settings: FilterSettings, cache: Path, progress: Progress) -> Detector:
        detector: Detector = importlib.import_module(module).load(settings, cache, progress)
        return detector

    return load


DETECTORS: Mapping[str, Entry] = {
    "mediapipe": Entry("mediapipe", "mediapipe", _loader("ghibli_prep.detectors.mediapipe")),
    "yolo": Entry("ultralytics", "yolo", _loader("ghibli_prep.detectors.yolo")),
}
"""By name, in the order in which `auto` tries them."""


def name_of(settings: FilterSettings, detectors: Mapping[str, Entry] = DETECTORS) -> str | None:
    """The name of the detector that `choose` takes; None where it takes none. Raises SettingsError, MissingExtra."""
    wanted = settings.detector
    if wanted == "none":
        return None
    if wanted == "auto":
        return next((name for name, entry in detectors.items() if entry.installed), None)
    if wanted not in detectors:
        raise SettingsError(f"filter.detector: no detector is called {wanted!r}. There are: {', '.join(detectors)}")
    entry = detectors[wanted]
    if not entry.installed:
        raise MissingExtra(
            f"The detector {wanted!r} needs the package {entry.package}, which is not installed. "
            f"Install it: {install_command(entry.extra)}"
        )
    return wanted


def choose(
    settings: FilterSettings,
    cache: Path,
    progress: Progress = lambda _name, _done, _total: None,
    detectors: Mapping[str, Entry] = DETECTORS,
) -> Detector | None:
    """The detector that the settings ask for, loaded; None for `none`, and for `auto` where none is installed.

    cache: the folder for model files. Raises MissingExtra for a named one that is not installed, SettingsError for
    an unknown name, and whatever its loader raises.
    """
    name = name_of(settings, detectors)
    return None if name is None else detectors[name].load(settings, cache, progress)


def install_command(extra: str) -> str:
    """The words that install a detector: `extra` is the extra's name."""
    return f'pip install "ghibli-prep[{extra}]"'
