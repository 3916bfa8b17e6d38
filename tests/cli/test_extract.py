"""`ghibli-prep extract` as users meet it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data

pytest.importorskip("av", reason="the extract extra is not installed")

COFFEE, ROCKET = (Image.fromarray(getattr(data, name)()).convert("RGB") for name in ("coffee", "rocket"))


def pan(count: int, photo: Image.Image = COFFEE) -> list[Any]:
    return [np.array(photo.resize((96, 64), box=(at, 20, at + 288, 212))) for at in range(count)]


@pytest.fixture
def totoro(film: Any) -> Path:
    """Twelve seconds."""
    return Path(film("films/totoro.mkv", pan(120)))


def files(home: Any) -> dict[str, bytes]:
    return {path.relative_to(home.raw).as_posix(): path.read_bytes() for path in sorted(home.raw.rglob("*.*"))}


def lines(home: Any) -> list[dict[str, Any]]:
    text = (home.workspace / ".ghibli-prep" / "frames.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_frames_are_named_by_film_and_time_and_a_run_finds_them(home: Any, sandbox: Any, totoro: Path) -> None:
    said = home.run("extract", totoro, "--exact")
    assert (said.code, said.out) == (0, f"totoro.mkv: 3 frames in {Path('data/ghibli/raw/totoro')}\n")
    assert list(files(home)) == [f"totoro/totoro_00-00-{at}-000.png" for at in ("00", "05", "10")]
    shots = [line for line in lines(home) if line["kind"] == "frame"]
    assert [(shot["time"], shot["file"]) for shot in shots] == list(zip((0, 5, 10), files(home), strict=True))
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    assert home.pictures == ["1.jpg", "2.jpg", "3.jpg"]


def test_the_same_command_again_changes_nothing_and_a_frame_deleted_stays_so(home: Any, totoro: Path) -> None:
    assert home.run("extract", totoro).code == 0
    before = home.everything()
    said = home.run("extract", totoro)
    assert (said.code, said.out) == (
        0,
        f"totoro.mkv: 3 frames (nothing left to do) in {Path('data/ghibli/raw/totoro')}\n",
    )
    after = home.everything()
    told = {f"data/ghibli/{name}": b"" for name in (".ghibli-prep/run.log", "checkpoint.json")}
    assert {**after, **told} == {**before, **told}
    name = next(iter(files(home)))
    (home.raw / name).unlink()
    assert home.run("extract", totoro).code == 0
    assert name not in files(home)
    shutil.rmtree(home.raw / "totoro")
    said = home.run("extract", totoro)
    assert "is gone; its frames are taken anew" in said.err
    assert len(files(home)) == 3


def test_other_options_leave_a_film_as_it_is_until_redo_is_said(home: Any, totoro: Path, film: Any) -> None:
    assert home.run("extract", totoro).code == 0
    before = files(home)
    said = home.run("extract", totoro, "--every", "2s", "--format", "jpg")
    assert said.code == 2
    assert "every: 5 s, now 2 s; format: png, now jpg" in said.err
    assert "--redo" in said.err
    assert files(home) == before
    other = film("films/ponyo.mkv", pan(60, ROCKET))
    said = home.run("extract", totoro, other, "--every", "2s")
    assert said.code == 0
    assert next(iter(files(home))).startswith("ponyo/")
    assert {name: content for name, content in files(home).items() if name.startswith("totoro")} == before
    said = home.run("extract", totoro, "--every", "2s", "--format", "jpg", "--square", "--redo")
    assert said.code == 0
    redone = [name for name in files(home) if name.startswith("totoro")]
    assert len(redone) == 6
    assert all(name.endswith(".jpg") for name in redone)
    with Image.open(home.raw / redone[0]) as picture:
        assert picture.size == (64, 64)


def test_films_of_one_name_get_folders_of_their_own_and_one_film_is_taken_once(
    home: Any, film: Any, totoro: Path
) -> None:
    other = film("more/Totoro.mkv", pan(60, ROCKET))
    copy = totoro.with_name("copy.mkv")
    copy.write_bytes(totoro.read_bytes())
    said = home.run("extract", totoro, other, copy)
    assert said.code == 0
    assert f"{copy}: the same film as {totoro}" in said.err
    assert "holds another film of this name" in said.err
    folders = sorted(folder.name for folder in home.raw.iterdir())
    assert len(folders) == 2
    assert {name.split("~")[0].lower() for name in folders} == {"totoro"}
    before = files(home)
    assert home.run("extract", other, totoro).code == 0
    assert files(home) == before


def test_a_folder_of_films_is_gone_through_and_what_is_no_film_is_told(home: Any, film: Any, totoro: Path) -> None:
    film("films/con.mp4", pan(60, ROCKET))
    (totoro.parent / "broken.mkv").write_text("no film")
    said = home.run("extract", totoro.parent)
    assert said.code == 0
    assert "broken.mkv: not a film" in said.err
    assert sorted(folder.name for folder in home.raw.iterdir()) == ["_con", "totoro"]


def test_without_any_film_nothing_is_changed(home: Any, tmp_path: Path) -> None:
    (tmp_path / "a.mkv").touch()
    before = home.everything()
    said = home.run("extract", tmp_path / "a.mkv", tmp_path / "b.mkv")
    assert said.code == 2
    assert "a.mkv: empty file" in said.err
    assert "b.mkv: no such file" in said.err
    assert home.everything() == before


@pytest.mark.parametrize(
    "options", [["--every", "soon"], ["--every", "0"], ["--every", "2s", "--scenes"], ["--format", "gif"], []]
)
def test_options_that_cannot_be_are_usage_errors(home: Any, totoro: Path, options: list[str]) -> None:
    said = home.run("extract", *([totoro, *options] if options else []))
    assert (said.code, said.out) == (2, "")
    assert not home.workspace.exists()


def test_settings_say_what_flags_do_not(home: Any, totoro: Path) -> None:
    home.settings(text='[extract]\nevery = "3s"\nmax_frames = 2\nwindow = "0s"\nformat = "jpg"\n')
    assert home.run("extract", totoro).code == 0
    assert list(files(home)) == ["totoro/totoro_00-00-03-000.jpg", "totoro/totoro_00-00-09-000.jpg"]
    assert home.run("extract", totoro, "--max-frames", 1, "--redo", "--keep-bars", "--skip-end", "2s").code == 0
    assert list(files(home)) == ["totoro/totoro_00-00-06-000.jpg"]
    home.settings(text='[extract]\nevery = "3 apples"\n')
    said = home.run("extract", totoro)
    assert said.code == 2
    assert "extract.every: is no length of time" in said.err


def test_scenes_are_kept_with_their_frames(home: Any, film: Any) -> None:
    file = film("cut.mkv", pan(50) + pan(60, ROCKET))
    assert home.run("extract", file, "--scenes", "--per-scene", 2).code == 0
    told = lines(home)
    assert [line["cuts"] for line in told if line["kind"] == "scenes"] == [[5.0]]
    assert [line["scene"] for line in told if line["kind"] == "frame"] == [0, 0, 1, 1]
    assert home.run("extract", file, "--per-scene", 2).code == 0


def test_damage_and_a_missing_end_are_told(home: Any, totoro: Path) -> None:
    content = bytearray(totoro.read_bytes())
    content[len(content) // 3 : len(content) // 3 + 8000] = bytes(8000)
    totoro.write_bytes(content[: len(content) * 3 // 4])
    said = home.run("extract", totoro, "--every", "500ms")
    assert said.code == 0
    assert re.search(r"totoro.mkv: (damaged|no pictures) from 00:00:0", said.err)
    assert "not at 00:00:12.000 as it says: cut off, it seems" in said.err


def test_without_its_packages_the_command_says_how_to_install_them(home: Any, totoro: Path) -> None:
    code = "import sys; sys.modules['av'] = None; from ghibli_prep.cli import main; main(['extract', 'x.mkv'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=home.folder, check=False)
    assert ended.returncode == 2
    assert 'pip install "ghibli-prep[extract]"' in ended.stderr


def test_state_of_another_version_is_refused(home: Any, totoro: Path) -> None:
    assert home.run("extract", totoro).code == 0
    state = home.workspace / ".ghibli-prep" / "frames.jsonl"
    before = state.read_text().replace('"version": 1', '"version": 9', 1)
    state.write_text(before)
    said = home.run("extract", totoro)
    assert said.code == 2
    assert "frames.jsonl, line 1: not a line of this ghibli-prep" in said.err
    assert state.read_text() == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals to another process are for Unix")
@pytest.mark.parametrize("options", [("--every", "300ms"), ("--scenes", "--per-scene", "9")])
def test_killed_again_and_again_it_ends_with_the_very_same_frames(
    home: Any, film: Any, tmp_path: Path, options: tuple[str, ...]
) -> None:
    film("a.mkv", pan(70) + pan(70, ROCKET), g="15")
    film("b.mp4", pan(70, ROCKET) + pan(70), g="15")
    assert home.run("extract", tmp_path / "a.mkv", tmp_path / "b.mp4", "-w", "whole", *options).code == 0
    whole = home.folder / "whole" / "raw"
    expected = {path.relative_to(whole).as_posix(): path.read_bytes() for path in whole.rglob("*.*")}
    assert len(expected) >= 36
    kills = 0
    for at in range(40):
        process = home.start("extract", tmp_path / "a.mkv", tmp_path / "b.mp4", *options)
        state, aim = home.workspace / ".ghibli-prep" / "frames.jsonl", 2 + len(expected) * (at + 1) // 6
        while process.poll() is None and (not state.exists() or state.read_bytes().count(b"\n") < aim):
            time.sleep(0.002)
        said = home.end(process, after=signal.SIGKILL if process.poll() is None else None)
        if said.code == 0:
            break
        assert said.code == -signal.SIGKILL, said.err
        kills += 1
        if kills == 2:  # as a kill in the middle of a line leaves it
            state.write_bytes(state.read_bytes() + b'{"version": 1, "ki')
    assert kills >= 3
    assert files(home) == expected
    shots = [line["file"] for line in lines(home) if line["kind"] == "frame" and line["file"]]
    assert sorted(shots) == sorted(expected)
    assert not list((home.workspace / ".ghibli-prep" / "staging").iterdir())


def test_frames_that_are_taken_anew_leave_none_of_before_behind(home: Any, sandbox: Any, totoro: Path) -> None:
    home.settings(text='[filter]\nuse = ["black"]\n[resize]\nsize = 32\n[caption]\nmodels = ["best"]\n')
    home.keys(1, sandbox().url)
    assert home.run("extract", totoro, "--exact").code == 0
    assert home.run("filter").code == 0
    assert home.run("extract", totoro, "--exact", "--square", "--redo").code == 0
    assert not list((home.workspace / "filtered_temp").rglob("*.png"))
    assert home.run("run").code == 0
    assert home.pictures == ["1.jpg", "2.jpg", "3.jpg"]
    kept = sorted((home.workspace / "filtered_temp").rglob("*.png"))
    assert [file.name for file in kept] == [Path(name).name for name in files(home)]
    said = home.run("extract", totoro, "--exact", "--redo")
    assert f"stay in {Path('data/ghibli/train')}: 3." in said.err


def test_a_film_of_which_nothing_is_left_is_told_and_not_done(home: Any, totoro: Path, film: Any) -> None:
    short = film("films/short.mkv", pan(30))
    said = home.run("extract", totoro, short, "--skip-end", "5s")
    assert said.code == 0
    assert "short.mkv: it is 00:00:03.000 long, and nothing of that is left by skip_start and skip_end" in said.err
    assert home.run("extract", short, "--skip-end", "1s").code == 0


def test_a_film_whose_clock_begins_late_is_as_long_as_it_is(home: Any, film: Any) -> None:
    late = film("films/late.mkv", pan(120), times=[100 + at / 10 for at in range(120)])
    said = home.run("extract", late, "--exact", "--skip-end", "4s")
    assert said.code == 0
    assert "cut off" not in said.err
    assert [shot["time"] for shot in lines(home) if shot["kind"] == "frame"] == [0, 5]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
def test_a_pipe_is_no_film(home: Any, totoro: Path) -> None:
    os.mkfifo(totoro.parent / "pipe.mkv")
    said = home.run("extract", totoro.parent / "pipe.mkv", totoro)
    assert said.code == 0
    assert "pipe.mkv: not a file; left out" in said.err
    assert home.run("extract", totoro.parent).code == 0
