"""ultralytics for real: a tiny network with random weights, saved and loaded as any other; only its verdicts are ours.

Its last layer's bias is set so that it sees class 0 everywhere in one file, and nothing at all in the other. The
official weights cannot be fetched where these tests run, so no real person is recognised here.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, UnidentifiedImageError

from ghibli_prep.detectors import NOBODY, choose
from ghibli_prep.detectors.yolo import load, quiet_ultralytics
from ghibli_prep.errors import MissingExtra, ModelFileError, SettingsError
from ghibli_prep.settings import FilterSettings

if importlib.util.find_spec("ultralytics") is None:
    pytest.skip("the yolo extra is not installed", allow_module_level=True)

# torch warns of its own future on several Pythons, while it is imported and while it looks
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch", "ignore::FutureWarning:torch")

Photograph = Callable[[str], Image.Image]


def settings(weights: object, *classes: str) -> FilterSettings:
    yolo = {"weights": str(weights), "classes": classes or ("person",)}
    return FilterSettings.model_validate({"detector": "yolo", "yolo": yolo})


def silent(_name: str, _done: int, _total: int | None) -> None:
    pass


@pytest.fixture(scope="module")
def ultralytics(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return quiet_ultralytics(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="module")
def weights(ultralytics: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `blind.pt`, which sees nothing, and `keen.pt`, which sees a person everywhere."""
    folder = tmp_path_factory.mktemp("weights")
    model = ultralytics.YOLO("yolo11n.yaml", task="detect", verbose=False)
    model.model.names = {number: f"thing {number}" for number in range(80)} | {0: "person", 1: "Anime Girl"}
    model.save(str(folder / "blind.pt"))
    for branch in model.model.model[-1].cv3:
        branch[-1].bias.data[0] = 3.0
    model.save(str(folder / "keen.pt"))
    return folder


def test_a_person_is_seen_with_score_and_class(weights: Path, photograph: Photograph) -> None:
    detector = load(settings(weights / "keen.pt"), weights, silent)
    seen = detector.look(photograph("bus.jpg"))
    assert seen.people >= 1
    assert 0.9 < seen.score <= 1
    assert seen.reason == "person"
    assert len(seen.boxes) == seen.people
    assert all(0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1 for box in seen.boxes)
    assert {(box.what, box.score <= seen.score) for box in seen.boxes} == {("person", True)}
    detector.close()
    detector.close()


def test_other_classes_than_the_wanted_do_not_count(weights: Path, photograph: Photograph) -> None:
    detector = load(settings(weights / "keen.pt", "anime girl", "thing 7"), weights, silent)
    assert detector.look(photograph("zidane.jpg")) == NOBODY


def test_nothing_seen_is_nobody(weights: Path) -> None:
    detector = load(settings(weights / "blind.pt"), weights, silent)
    assert detector.look(Image.new("RGB", (50, 70))) == NOBODY


def test_an_unknown_class_is_told_the_known_ones(weights: Path) -> None:
    with pytest.raises(SettingsError, match=r"(?s)boy: no such class in .*blind\.pt\. It has: person, Anime Girl, "):
        load(settings(weights / "blind.pt", "person", "boy"), weights, silent)


@pytest.mark.parametrize("content", [b"", b"no weights at all", b"PK\x03\x04" * 100])
def test_a_corrupt_file_is_refused_with_the_setting(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "broken.pt").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"broken\.pt: ultralytics cannot load .+ Set filter\.yolo\.weights"):
        load(settings(tmp_path / "broken.pt"), tmp_path, silent)


def test_weights_that_only_classify_are_refused(ultralytics: Any, tmp_path: Path) -> None:
    ultralytics.YOLO("yolo11n-cls.yaml", task="classify", verbose=False).save(str(tmp_path / "c.pt"))
    with pytest.raises(ModelFileError, match="made to classify"):
        load(settings(tmp_path / "c.pt"), tmp_path, silent)


def test_a_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"filter\.yolo\.weights: there is no file"):
        load(settings(tmp_path / "nowhere.pt"), tmp_path, silent)


def test_a_bare_name_is_looked_up_in_the_cache_folder(weights: Path, tmp_path: Path) -> None:
    shutil.copy(weights / "keen.pt", tmp_path / "anime.pt")
    assert load(settings("anime.pt"), tmp_path, silent).name == "yolo"


def test_an_unknown_bare_name_is_told_how_to_name_a_file_here(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"no weights called anime\.pt, .+ write \./anime\.pt"):
        load(settings("anime.pt"), tmp_path, silent)


def test_official_weights_are_fetched_into_the_cache_folder_and_not_the_current_one(
    weights: Path, file_server: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    releases = [f"/v8.{minor}.0/yolo11n.pt" for minor in range(10)]
    file_server.files |= dict.fromkeys(releases, (weights / "keen.pt").read_bytes())
    assert load(settings("yolo11n.pt"), tmp_path / "cache", silent, file_server.address).name == "yolo"
    assert [file.name for file in (tmp_path / "cache").iterdir()] == ["yolo11n.pt"]
    assert list((tmp_path / "here").iterdir()) == []
    assert len(file_server.asked) == 1


def test_official_weights_that_cannot_be_reached_are_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"(?s)127\.0\.0\.1:1/.+/yolo11n\.pt: no answer.+--skip-filter"):
        load(settings("yolo11n.pt"), tmp_path, silent, "http://127.0.0.1:1")


def test_it_is_chosen_by_name(weights: Path) -> None:
    chosen = choose(settings(weights / "keen.pt"), weights)
    assert chosen is not None
    assert chosen.name == "yolo"


def test_pillow_opens_files_as_it_did_before(weights: Path, tmp_path: Path) -> None:
    load(settings(weights / "blind.pt"), weights, silent).look(Image.new("RGB", (50, 70)))
    (tmp_path / "text.png").write_text("words")
    with pytest.raises(UnidentifiedImageError):
        Image.open(tmp_path / "text.png")


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], cwd=folder, capture_output=True, text=True)


def test_nothing_is_printed_and_settings_stay_in_the_cache_folder(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    script = f"""
from pathlib import Path
from PIL import Image, UnidentifiedImageError
from ghibli_prep.detectors.yolo import load
from ghibli_prep.settings import FilterSettings
settings = FilterSettings.model_validate({{"yolo": {{"weights": {str(weights / "keen.pt")!r}}}}})
load(settings, Path({str(tmp_path / "cache")!r}), print).look(Image.new("RGB", (64, 64)))
from ultralytics.utils.events import events
assert not events.enabled
"""
    done = run(script, tmp_path / "here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list((tmp_path / "here").iterdir()) == []
    assert [file.name for file in (tmp_path / "cache" / "Ultralytics").iterdir()] == ["settings.json"]


def test_an_ultralytics_that_does_not_start_is_told_with_the_install_command(tmp_path: Path) -> None:
    (tmp_path / "ultralytics.py").write_text("raise ImportError('libGL.so.1: no such file')")
    script = """
from pathlib import Path
from ghibli_prep.detectors.yolo import quiet_ultralytics
quiet_ultralytics(Path("unused"))
"""
    done = run(script, tmp_path)
    assert f"{MissingExtra.__name__}: ultralytics is installed but does not start: libGL.so.1" in done.stderr
    assert 'pip install "ghibli-prep[yolo]"' in done.stderr
