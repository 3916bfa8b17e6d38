"""What lies in the folders: pictures 1:1 with lines, nothing else, and state that can be read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.errors import UsageError
from ghibli_prep.validating.folders import Place, listed


@pytest.mark.parametrize(
    "name",
    ["01.jpg", "0.jpg", "-1.jpg", "1.JPG", "7.jpeg", "7.png", "1 copy.jpg", "notes.txt", "metadata.json", ".hidden",
     "metadata.jsonl.bak", "９.jpg", "Thumbs.db", ".DS_Store", "._1.jpg", ".7.half", "x" * 200, "1" * 30 + ".jpg"],
)  # fmt: skip
def test_anything_but_numbered_jpegs_and_the_captions_is_found(dataset: Any, name: str) -> None:
    (dataset.train / name).write_bytes(b"x")
    assert dataset.found == [("stray", f"train/{name}", None)]


def test_a_folder_is_found_also_where_it_has_the_name_of_a_picture(dataset: Any) -> None:
    (dataset.train / "more").mkdir()
    (dataset.train / "8.jpg").mkdir()
    assert sorted(dataset.found) == [("stray", "train/8.jpg", None), ("stray", "train/more", None)]


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither")
def test_pipes_and_odd_links_are_found_and_not_waited_for(dataset: Any) -> None:
    os.mkfifo(dataset.picture(8))
    dataset.picture(9).symlink_to("nowhere")
    dataset.picture(10).symlink_to("10.jpg")
    (dataset.train / os.fsdecode(b"\xff.jpg")).write_bytes(b"x")
    found = dataset.found
    assert [check for check, _, _ in found] == ["stray"] * 4
    json.dumps([file for _, file, _ in found]).encode()


def test_a_picture_without_a_line_and_a_line_without_a_picture_are_found(dataset: Any) -> None:
    lines = dataset.lines
    dataset.write([*lines[:3], *lines[4:]])
    dataset.picture(2).unlink()
    assert sorted(dataset.found) == [("no-caption", "train/4.jpg", None), ("no-picture", "train/metadata.jsonl", 2)]


def test_a_line_whose_picture_was_removed_says_where_it_is(dataset: Any) -> None:
    (dataset.root / "removed").mkdir()
    dataset.picture(2).rename(dataset.root / "removed" / "2.jpg")
    (problem,) = dataset.look().found
    assert problem.check == "no-picture"
    assert "cleanup --restore" in problem.remedy


def test_a_picture_that_failed_says_why(dataset: Any) -> None:
    state = dataset.root / ".ghibli-prep"
    state.mkdir()
    (state / "journal.jsonl").write_text(
        '{"journal": "ghibli-prep", "version": 1}\n{"event": "failed", "number": 6, "reason": "too dark"}\n'
    )
    dataset.write(dataset.lines[:-1])
    (problem,) = dataset.look().found
    assert problem.detail == "has no caption (too dark)"


def test_an_empty_folder_is_a_problem_and_no_folder_is_a_mistake(tmp_path: Path, dataset: Any) -> None:
    for file in list(dataset.train.iterdir()):
        file.unlink()
    assert {check for check, _, _ in dataset.found} == {"empty", "metadata"}
    with pytest.raises(UsageError, match="no such folder"):
        Place.at(tmp_path / "nowhere")
    (tmp_path / "other").mkdir()
    with pytest.raises(UsageError, match=r"no train/ and no metadata\.jsonl"):
        Place.at(tmp_path / "other")
    with pytest.raises(UsageError, match="cannot be listed"):
        listed(tmp_path / "nowhere")


def test_a_bare_folder_is_named_as_it_is(dataset: Any) -> None:
    dataset.root = dataset.train
    (dataset.root / "notes.txt").touch()
    place = Place.at(dataset.root)
    assert (place.shown, place.removed, place.state) == ("", None, None)
    assert dataset.found == [("stray", "notes.txt", None)]


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("checkpoint.json", "checkpoint"),
        (".ghibli-prep/journal.jsonl", "journal"),
        (".ghibli-prep/quota.json", "quota"),
    ],
)
def test_state_that_cannot_be_read_is_named_with_a_remedy(dataset: Any, name: str, check: str) -> None:
    (dataset.root / ".ghibli-prep").mkdir()
    (dataset.root / name).write_bytes(b"{not JSON")
    (problem,) = dataset.look().found
    assert (problem.check, problem.file) == (check, name)
    assert str(dataset.root) not in problem.detail
    assert problem.detail
    assert problem.remedy


def test_captions_that_wait_for_room_on_the_disk_are_told(dataset: Any) -> None:
    (dataset.root / ".ghibli-prep").mkdir()
    lines = dataset.lines
    (dataset.root / ".ghibli-prep" / "rescued.jsonl").write_bytes(lines[-1])
    dataset.write(lines[:-1])
    assert {check for check, _, _ in dataset.found} == {"rescued", "no-caption"}
    assert {problem.check for problem in dataset.fix()} == {"rescued"}
    assert dataset.found == []
    assert dataset.lines == lines


def test_what_lies_in_removed_is_looked_at_too(dataset: Any) -> None:
    removed = dataset.root / "removed"
    removed.mkdir()
    (removed / "3.jpg").write_bytes(dataset.picture(3).read_bytes())
    (removed / "metadata.jsonl").write_bytes(b'{"file_name": "9.jpg", "text": "[BLOCKED_BY_SAFETY_FILTER]"}\nx\n')
    assert dataset.found == [("json", "removed/metadata.jsonl", 2), ("both-folders", "removed/3.jpg", None)]
