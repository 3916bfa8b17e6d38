from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ghibli_prep.detectors import (
    DETECTORS,
    INSTALL_COMMAND,
    NOBODY,
    Detector,
    Entry,
    Progress,
    Sighting,
    choose,
    install_command,
)
from ghibli_prep.errors import MissingExtra, SettingsError
from ghibli_prep.settings import FilterSettings


class Blind:
    """The least a detector can be."""

    def __init__(self, name: str) -> None:
        self.name = name

    def look(self, picture: Image.Image) -> Sighting:  # noqa: ARG002 - the protocol's name
        return NOBODY

    def close(self) -> None:
        pass


def entry(package: str, name: str) -> Entry:
    def load(settings: FilterSettings, cache: Path, progress: Progress) -> Detector:
        progress(str(cache), 0, None)
        return Blind(name)

    return Entry(package, "its-extra", load)


ABSENT = entry("a_package_that_nobody_installs", "absent")


def test_auto_takes_the_first_that_is_installed(tmp_path: Path) -> None:
    detectors = {"a": ABSENT, "b": entry("json", "b"), "c": entry("json", "c")}
    chosen = choose(FilterSettings(detector="auto"), tmp_path, detectors=detectors)
    assert chosen is not None
    assert chosen.name == "b"


def test_auto_with_none_installed_is_no_detector(tmp_path: Path) -> None:
    assert choose(FilterSettings(detector="auto"), tmp_path, detectors={"mediapipe": ABSENT}) is None


def test_none_is_no_detector_even_if_one_is_installed(tmp_path: Path) -> None:
    assert choose(FilterSettings(detector="none"), tmp_path, detectors={"a": entry("json", "a")}) is None


def test_a_named_one_is_taken_though_another_stands_before_it(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    detectors = {"mediapipe": entry("json", "first"), "yolo": entry("json", "second")}
    chosen = choose(FilterSettings(detector="yolo"), tmp_path, lambda *what: told.append(what), detectors)
    assert chosen is not None
    assert chosen.name == "second"
    assert told == [(str(tmp_path), 0, None)]


def test_a_named_one_that_is_not_installed_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r'pip install "ghibli-prep\[its-extra\]"'):
        choose(FilterSettings(detector="yolo"), tmp_path, detectors={"yolo": ABSENT})


def test_an_unknown_name_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There are: mediapipe"):
        choose(FilterSettings(detector="yolo"), tmp_path, detectors={"mediapipe": ABSENT})


def test_the_built_in_ones_are_tried_mediapipe_first() -> None:
    assert list(DETECTORS) == ["mediapipe", "yolo"]
    assert install_command("mediapipe") == INSTALL_COMMAND


def test_importing_the_detectors_imports_nothing_heavy() -> None:
    ask = (
        "import sys, ghibli_prep.detectors as d; d.DETECTORS['mediapipe'].installed; "
        "print(*{'mediapipe', 'ultralytics', 'torch', 'numpy', 'PIL', 'cv2', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
