from __future__ import annotations

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from ghibli_prep.detectors import NO_PEOPLE, NOBODY, Sighting
from ghibli_prep.detectors.mediapipe import NOWHERE, MediapipeDetector, _child_environment, load
from ghibli_prep.detectors.mediapipe_child import serve
from ghibli_prep.errors import GhibliPrepError, MissingExtra, ModelFileError, SettingsError
from ghibli_prep.settings import FilterSettings

pytest.importorskip("mediapipe", reason="the mediapipe extra is not installed")

Photograph = Callable[[str], Image.Image]


def settings(person: object, face: object) -> FilterSettings:
    return FilterSettings.model_validate({"mediapipe": {"person_model": str(person), "face_model": str(face)}})


def start(person: object, face: object, cache: Path = Path("unused")) -> MediapipeDetector:
    return load(settings(person, face), cache, lambda _name, _done, _total: None)


@pytest.fixture(scope="module")
def detector(face_model: Path) -> Iterator[MediapipeDetector]:
    detector = start("off", face_model)
    yield detector
    detector.close()


@pytest.mark.parametrize("name", ["astronaut.png", "camera.png", "bus.jpg", "zidane.jpg"])
def test_people_in_photographs_are_seen(name: str, detector: MediapipeDetector, photograph: Photograph) -> None:
    seen = detector.look(photograph(name))
    assert seen.people >= 1
    assert seen.score > 0.7
    assert seen.reason == "face"


def test_a_face_is_found_where_it_is(detector: MediapipeDetector, photograph: Photograph) -> None:
    seen = detector.look(photograph("astronaut.png"))
    face = seen.boxes[0]
    assert face.score == seen.score
    assert 0.3 < face.left < 0.44 < face.right < 0.6  # her nose is at 0.44 across, 0.23 down
    assert 0.08 < face.top < 0.23 < face.bottom < 0.4
    assert Sighting.of_json(json.loads(json.dumps(seen.as_json()))) == seen


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "retina.jpg"])
def test_photographs_without_people_stay_below_the_default_score(
    name: str, detector: MediapipeDetector, photograph: Photograph
) -> None:
    assert detector.look(photograph(name)).score < FilterSettings().min_score


def test_a_plain_picture_has_nobody_in_it(detector: MediapipeDetector) -> None:
    assert detector.look(Image.new("RGB", (64, 48), "grey")) == NOBODY
    assert NOBODY.reason == NO_PEOPLE


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (2000, 3)])
def test_a_picture_of_any_shape_can_be_looked_at(size: tuple[int, int], detector: MediapipeDetector) -> None:
    assert detector.look(Image.new("RGB", size)).score <= 1


def test_a_model_file_of_the_other_kind_is_refused_with_the_setting(face_model: Path) -> None:
    with pytest.raises(ModelFileError, match=r"to look for a person \(.+\)\. Set filter\.mediapipe\.person_model"):
        start(face_model, "off")


@pytest.mark.parametrize("content", [b"", b"no model", b"TFL3" * 1000])
def test_a_corrupt_model_file_is_refused_with_the_setting(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.tflite").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"broken\.tflite: .+ face .+ Set filter\.mediapipe\.face_model"):
        start("off", tmp_path / "broken.tflite")


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"filter\.mediapipe\.person_model: there is no file .*nowhere\.tflite"):
        start(tmp_path / "nowhere.tflite", "off")


def test_with_both_models_off_nothing_is_left_to_look_for() -> None:
    with pytest.raises(SettingsError, match="both off"):
        start("off", "off")


def test_auto_takes_the_model_from_the_cache_folder(face_model: Path) -> None:
    detector = start("off", "auto", face_model.parent)
    detector.close()


def test_closing_twice_is_closing_once_and_a_look_after_it_says_so(face_model: Path) -> None:
    detector = start("off", face_model)
    detector.close()
    detector.close()
    with pytest.raises(GhibliPrepError, match="stopped unexpectedly: it was closed"):
        detector.look(Image.new("RGB", (8, 8)))


def test_a_child_that_dies_is_told_with_its_exit_code(face_model: Path) -> None:
    detector = start("off", face_model)
    detector._child.kill()
    with pytest.raises(GhibliPrepError, match=r"mediapipe stopped unexpectedly: .+ \(exit code -?\d+\)"):
        for _ in range(3):
            detector.look(Image.new("RGB", (8, 8)))
    detector.close()


def test_a_mediapipe_that_does_not_start_is_told_with_the_install_command(tmp_path: Path) -> None:
    with pytest.raises(MissingExtra, match=r"(?s)FileNotFoundError.*ghibli-prep\[mediapipe\]"):
        MediapipeDetector({"face": tmp_path / "vanished.tflite"}, {"face": "filter.mediapipe.face_model"})


def test_nothing_is_printed_and_a_module_in_the_current_folder_is_not_taken(face_model: Path, tmp_path: Path) -> None:
    (tmp_path / "mediapipe.py").write_text("raise SystemExit('the wrong mediapipe')")
    script = f"""
from pathlib import Path
from PIL import Image
from ghibli_prep.detectors import choose
from ghibli_prep.settings import FilterSettings
chosen = {{"detector": "mediapipe", "mediapipe": {{"person_model": "off", "face_model": {str(face_model)!r}}}}}
detector = choose(FilterSettings.model_validate(chosen), Path("unused"))
detector.look(Image.new("RGB", (64, 64)))
detector.close()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_child_sees_no_keys_and_no_way_to_the_network() -> None:
    environment = _child_environment(
        {"PATH": "/bin", "GEMINI_API_KEY_1": "k", "no_proxy": "*", "HTTPS_PROXY": "http://proxy.example"}
    )
    assert environment == {
        "PATH": "/bin",
        "https_proxy": NOWHERE,
        "HTTPS_PROXY": NOWHERE,
        "all_proxy": NOWHERE,
        "ALL_PROXY": NOWHERE,
    }


def test_the_child_answers_each_picture_and_ends_with_its_questions() -> None:
    pictures = [struct.pack("<II", 2, 1) + b"\0\1\2\3\4\5", struct.pack("<II", 1, 1) + b"\6\7\x08"]
    answers = BytesIO()
    serve(
        BytesIO(b"".join(pictures)), answers, {"face": lambda rgb, width, height: [[rgb[0] / 10, 0, 0, width, height]]}
    )
    assert answers.getvalue() == b'{"face": [[0.0, 0, 0, 2, 1]]}\n{"face": [[0.6, 0, 0, 1, 1]]}\n'


def test_the_child_ends_quietly_when_its_parent_is_gone_in_the_middle_of_a_picture() -> None:
    answers = BytesIO()
    serve(BytesIO(struct.pack("<II", 2, 1) + b"\0"), answers, {})
    assert answers.getvalue() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent in another way there")
def test_ctrl_c_is_left_to_the_parent(face_model: Path) -> None:
    detector = start("off", face_model)
    os.kill(detector._child.pid, signal.SIGINT)
    assert detector.look(Image.new("RGB", (64, 48), "grey")) == NOBODY
    detector.close()
