"""What sees people and text for the filters."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghibli_prep.detectors import NOBODY
from ghibli_prep.eyes import People, eyes
from ghibli_prep.lettering import Lettering, Line
from ghibli_prep.settings import FilterSettings


def people(**settings: object) -> People:
    return People(FilterSettings.model_validate({"detector": "mediapipe", **settings}), Path("cache"))


def test_there_is_one_for_each_thing_and_none_is_loaded_before_it_looks(tmp_path: Path) -> None:
    there = eyes(FilterSettings(detector="none"), tmp_path / "cache")
    assert set(there) == {"people", "text"}
    assert there["people"].name == "" and there["text"].name == "text"
    for eye in there.values():
        eye.close()
    assert not (tmp_path / "cache").exists()


def test_each_reads_again_what_it_saw(tmp_path: Path) -> None:
    there = eyes(FilterSettings(detector="none"), tmp_path)
    text = Lettering((Line(0.1, 0.2, 0.3, 0.4, 0.2, 0.0, 0.9),), 0.5, 1.5)
    assert there["text"].read(text.as_json()) == text
    assert there["people"].read(NOBODY.as_json()) == NOBODY


def test_another_model_file_is_another_maker_and_another_threshold_is_not(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe", reason="the mediapipe extra is not installed")
    model = tmp_path / "own.tflite"
    model.write_bytes(b"one")
    first = people(mediapipe={"person_model": str(model)}).maker
    assert first == people(mediapipe={"person_model": str(model)}, min_score=0.9).maker != people().maker
    model.write_bytes(b"another")
    assert people(mediapipe={"person_model": str(model)}).maker != first
