"""`keep` and `drop`: the filter overruled by naming files, wherever they lie."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.samples import Removed
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace


@pytest.fixture
def resized(home: Any) -> Any:
    home.settings()
    home.frames(0, 1, 2)
    assert home.run("resize", "--skip-filter").code == 0
    return home


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.rglob("*.png"))


def test_dropping_and_keeping_a_frame_moves_it_from_side_to_side_for_good(resized: Any) -> None:
    out, kept = resized.workspace / "filtered_out", resized.workspace / "filtered_temp"
    frame = sorted(resized.raw.rglob("*.png"))[1]
    assert resized.run("drop", str(frame)).code == 0
    assert names(out / "by_hand") == [frame.name]
    assert resized.run("keep", str(next(out.rglob("*.png")))).code == 0
    assert (names(kept), names(out)) == ([frame.name], [])
    assert resized.run("drop", str(next(kept.rglob("*.png")))).code == 0
    assert (names(kept), names(out)) == ([], [frame.name])
    resized.run("filter")
    assert (names(kept), names(out)) == ([], [frame.name])


def test_a_picture_of_the_dataset_is_dropped_by_its_number_and_can_be_kept_again(resized: Any) -> None:
    picture = str(resized.workspace / "train" / "2.jpg")
    said = resized.run("drop", picture, picture)
    assert said.code == 0
    assert said.out.startswith("1 picture dropped by your word, for good.\nStill in ")
    assert "1 picture that you dropped. `ghibli-prep cleanup` takes them out." in said.out
    assert Workspace(resized.workspace, hash_file).dropped_by_hand() == {2}
    assert resized.run("keep", picture).code == 0
    assert Workspace(resized.workspace, hash_file).pending() == [1, 2, 3]


def test_what_is_no_picture_of_the_workspace_changes_nothing_not_even_for_the_others(resized: Any) -> None:
    frame = next(resized.raw.rglob("*.png"))
    stranger = resized.workspace.parent / "stranger.png"
    stranger.write_bytes(b"else")
    for bad in (stranger, stranger.with_name("nowhere.png"), resized.workspace / "train" / "99.jpg"):
        said = resized.run("drop", str(frame), str(bad))
        assert said.code == 2
        assert bad.name in said.err
        assert "Nothing was changed" in said.err
    assert not (resized.workspace / "filtered_out").exists()
    assert Workspace(resized.workspace, hash_file).facts.verdicts == {}


def test_a_frame_that_lies_only_in_filtered_temp_is_dropped_too(resized: Any) -> None:
    frame = next(resized.raw.rglob("*.png"))
    assert resized.run("keep", str(frame)).code == 0
    frame.unlink()
    (shown,) = (resized.workspace / "filtered_temp").rglob("*.png")
    assert resized.run("drop", str(shown)).code == 0
    assert not shown.exists()
    assert names(resized.workspace / "filtered_out") == [shown.name]


@pytest.mark.parametrize("with_frames", [True, False])
def test_a_picture_that_was_taken_out_comes_back_by_its_name_and_no_other(resized: Any, with_frames: bool) -> None:
    lines = "".join(f'{{"file_name": "{n}.jpg", "text": "a cat {n}"}}\n' for n in (1, 2, 3))
    (resized.train / "metadata.jsonl").write_text(lines, "utf-8")
    with Workspace(resized.workspace, hash_file) as held:
        held.take_out([Removed(number, "why not", False) for number in (2, 3)])
    if not with_frames:
        shutil.rmtree(resized.raw)
    said = resized.run("keep", resized.workspace / "removed" / "2.jpg")
    assert (said.code, said.out) == (0, "1 picture kept by your word, for good.\n")
    assert f"Back in {Path('data/ghibli/train')}: 2.jpg\n" in said.err
    assert resized.captions == {"1.jpg": "a cat 1", "2.jpg": "a cat 2"}
    assert resized.pictures == ["1.jpg", "2.jpg"]
    assert [file.name for file in (resized.workspace / "removed").glob("*.jpg")] == ["3.jpg"]
    assert resized.run("keep", resized.train / "1.jpg").code == 0  # one that is there stays, and nothing comes with it
    assert resized.run("status").code == 0
    if with_frames:
        resized.run("resize", "--skip-filter")
    assert resized.pictures == ["1.jpg", "2.jpg"]


def test_what_was_dropped_and_cleaned_up_comes_back_by_its_name(resized: Any) -> None:
    resized.run("drop", resized.train / "2.jpg")
    assert resized.run("cleanup", "--yes").code == 0
    assert resized.pictures == ["1.jpg", "3.jpg"]
    assert resized.run("keep", resized.workspace / "removed" / "2.jpg").code == 0
    assert resized.pictures == ["1.jpg", "2.jpg", "3.jpg"]
    assert Workspace(resized.workspace, hash_file).dropped_by_hand() == set()
    assert names(resized.workspace / "filtered_out") == []


@pytest.mark.parametrize("how", ["frame", "shown", "moved"])
def test_it_comes_back_whichever_way_it_is_kept(resized: Any, how: str) -> None:
    frame = sorted(resized.raw.rglob("*.png"))[1]
    resized.run("drop", resized.train / "2.jpg")
    assert resized.run("cleanup", "--yes").code == 0
    (shown,) = (resized.workspace / "filtered_out").rglob("*.png")
    if how == "moved":
        target = resized.workspace / "filtered_temp" / frame.relative_to(resized.raw)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(shown, target)
        said = resized.run("filter")
    else:
        said = resized.run("keep", frame if how == "frame" else shown)
    assert said.code == 0
    assert f"Back in {Path('data/ghibli/train')}: 2.jpg\n" in said.err
    assert resized.pictures == ["1.jpg", "2.jpg", "3.jpg"]


def test_what_was_deleted_for_good_is_said_not_to_come_back(resized: Any) -> None:
    frame = sorted(resized.raw.rglob("*.png"))[1]
    resized.run("drop", resized.train / "2.jpg")
    assert resized.run("cleanup", "--yes", "--purge").code == 0
    said = resized.run("keep", frame)
    assert "2.jpg was deleted for good by `cleanup --purge`: it cannot come back." in said.err


def test_a_picture_of_no_known_frame_comes_back_but_is_not_remembered(home: Any, photos: Path) -> None:
    home.settings()
    home.train.mkdir(parents=True)
    for number in (1, 2):
        shutil.copy(next(photos.glob("*.jpg")), home.train / f"{number}.jpg")
    lines = "".join(f'{{"file_name": "{n}.jpg", "text": "a cat {n}"}}\n' for n in (1, 2))
    (home.train / "metadata.jsonl").write_text(lines, "utf-8")
    with Workspace(home.workspace, hash_file) as held:
        held.take_out([Removed(2, "alike", False)])
    said = home.run("keep", home.workspace / "removed" / "2.jpg")
    assert said.code == 0
    assert f"Back in {Path('data/ghibli/train')}: 2.jpg" in said.err
    assert "2.jpg: of what frame it is is not known here" in said.err
    assert home.captions == {"1.jpg": "a cat 1", "2.jpg": "a cat 2"}


def test_what_is_not_there_and_a_folder_are_named_as_what_they_are(resized: Any) -> None:
    said = resized.run("drop", resized.train / "99.jpg")
    assert (said.code, "99.jpg: no such file" in said.err) == (2, True)
    said = resized.run("drop", resized.raw)
    assert (said.code, "raw: a folder. Name the pictures in it." in said.err) == (2, True)
