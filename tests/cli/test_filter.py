"""The filter as users meet it: real photographs, the real face model, and decisions overruled by moving files."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ghibli_prep.commands import making
from ghibli_prep.detectors.model_files import FACE_MODEL, default_cache_folder, obtain
from ghibli_prep.session import Session
from ghibli_prep.settings import Settings

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("mediapipe") is None, reason="the mediapipe extra is not installed"
)
FACES = """
[filter]
detector = "mediapipe"
[filter.mediapipe]
person_model = "off"
[resize]
size = 32
[caption]
models = ["best"]
backoff_seconds = [0.02]
"""


@pytest.fixture(scope="session")
def decided(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose filter has decided on five photographs."""
    cache = default_cache_folder(os.environ, sys.platform)
    obtain(FACE_MODEL, cache)
    root = tmp_path_factory.mktemp("decided") / "ghibli"
    shutil.copytree(photos, root / "raw" / "film")
    session = Session(Settings.model_validate(tomllib.loads(FACES)), (), root, root / "raw", cache)
    making.filter_frames(session, redo=False, review=False, out=None)
    return root


@pytest.fixture
def filtered(home: Any, decided: Path) -> Any:
    """A copy of that workspace, for one test to change."""
    home.settings(text=FACES)
    shutil.copytree(decided, home.workspace)
    return home


def test_the_filter_says_what_it_kept_and_dropped(filtered: Any) -> None:
    said = filtered.run("filter")
    assert said.code == 0
    assert "2 pictures kept: " in said.out
    assert "3 dropped: " in said.out


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*.*"))


def test_moving_files_overrules_the_filter_for_good(filtered: Any, sandbox: Any) -> None:
    kept, dropped = filtered.workspace / "filtered_temp", filtered.workspace / "filtered_out"
    assert names(kept) == ["astronaut.png", "camera.png"]
    assert names(dropped / "no_people") == ["chelsea.png", "coffee.png", "rocket.jpg"]
    (dropped / "no_people" / "film" / "coffee.png").rename(kept / "film" / "coffee.png")
    (dropped / "too dark").mkdir()
    (kept / "film" / "camera.png").rename(dropped / "too dark" / "camera.png")
    filtered.keys(1, sandbox(best={}).url)
    said = filtered.run("run")
    assert said.code == 0
    assert "film/coffee.png: kept by your hand" in said.err
    assert "film/camera.png: dropped by your hand" in said.err
    assert len(filtered.pictures) == 2
    now = filtered.run("status", "--json").json
    assert (now["kept"], now["dropped"]) == (2, {"no_people": 2, "too dark": 1})
    shutil.rmtree(kept)  # safe after resize
    said = filtered.run("filter", "--redo")
    assert said.code == 0
    again = filtered.run("status", "--json").json
    assert (again["kept"], again["dropped"]) == (2, {"no_people": 2, "too dark": 1})
    assert filtered.run("run").code == 0
    assert len(filtered.captions) == 2


def test_a_picture_dropped_by_hand_after_it_was_captioned_goes_with_the_next_cleanup(
    filtered: Any, sandbox: Any
) -> None:
    filtered.keys(1, sandbox(best={}).url)
    assert filtered.run("run").code == 0
    assert len(filtered.captions) == 2
    shutil.move(
        filtered.workspace / "filtered_temp" / "film" / "astronaut.png", filtered.workspace / "filtered_out" / "a.jpg"
    )
    assert filtered.run("run").code == 0
    said = filtered.run("cleanup", "--yes")
    assert "1.jpg  moved to filtered_out by hand" in said.out
    assert filtered.pictures == ["2.jpg"]
    assert filtered.run("run").code == 0
    assert filtered.pictures == ["2.jpg"]


def test_a_run_with_all_decided_loads_no_detector(filtered: Any) -> None:
    text = FACES.replace('person_model = "off"', 'person_model = "off"\nface_model = "no-such-file.tflite"')
    filtered.settings(text=text)
    assert filtered.run("filter").code == 0
    filtered.frames(0)
    said = filtered.run("filter")
    assert said.code == 2
    assert "no-such-file.tflite" in said.err


def test_what_lies_in_filtered_temp_alone_is_taken(filtered: Any, frame: Any) -> None:
    (filtered.workspace / "filtered_temp" / "mine.png").write_bytes(frame(4))
    shutil.rmtree(filtered.raw)
    said = filtered.run("resize")
    assert said.code == 0
    assert filtered.pictures == ["1.jpg", "2.jpg", "3.jpg"]


def wide_frames(home: Any, photos: Path) -> None:
    """A photograph of somebody who stands at the left edge, outside the square in the middle."""
    (home.raw / "film").mkdir(parents=True)
    with Image.open(photos / "astronaut.png") as picture:
        person = picture.convert("RGB").crop((60, 0, 380, 400))
    wide = Image.new("RGB", (1200, 400), "grey")
    wide.paste(person, (0, 0))
    wide.save(home.raw / "film" / "wide.png")


@pytest.mark.parametrize("before", [("filter",), ()], ids=["after the filter", "without the filter"])
def test_fit_people_cuts_where_they_are(home: Any, photos: Path, before: tuple[str, ...]) -> None:
    home.settings(text=FACES.replace("size = 32", 'size = 100\nfit = "people"'))
    wide_frames(home, photos)
    for command in before:
        assert home.run(command).code == 0
    said = home.run("resize", *(() if before else ("--skip-filter",)))
    assert said.code == 0, said.err
    with Image.open(home.train / "1.jpg") as made:
        plain = np.count_nonzero((abs(np.asarray(made).astype(int) - 128) < 10).all(axis=2))
        assert made.size == (100, 100)
    assert plain < 4000  # in the middle, all of its 10,000 pixels would be grey


def test_fit_people_without_a_detector_takes_the_centre_and_says_so(home: Any, photos: Path) -> None:
    text = FACES.replace("size = 32", 'size = 32\nfit = "people"').replace(
        'detector = "mediapipe"', 'detector = "none"'
    )
    home.settings(text=text)
    wide_frames(home, photos)
    said = home.run("resize", "--skip-filter")
    assert said.code == 0
    assert 'resize.fit is "people", but nobody looks for them' in said.err
    assert 'filter.detector is "none"' in said.err
    assert home.pictures == ["1.jpg"]
