"""`ghibli-prep split`, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def dataset(home: Any, sandbox: Any) -> Any:
    home.frames(*range(20), film="Totoro")
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    return home


def side(home: Any, name: str) -> dict[str, str]:
    lines = (home.workspace / "split" / name / "metadata.jsonl").read_text("utf-8").splitlines()
    return {record["file_name"]: record["text"] for record in map(json.loads, lines)}


def test_each_side_is_a_dataset_of_its_own_and_both_together_are_the_whole(dataset: Any) -> None:
    said = dataset.run("split", "--validation", "20%", "--seed", "3")
    assert said.code == 0
    training, validation = side(dataset, "train"), side(dataset, "validation")
    assert {**training, **validation} == dataset.captions
    assert not training.keys() & validation.keys()
    assert validation
    for name, texts in (("train", training), ("validation", validation)):
        folder = dataset.workspace / "split" / name
        assert sorted(file.name for file in folder.glob("*.jpg")) == sorted(texts)
        for file in folder.glob("*.jpg"):
            assert file.read_bytes() == (dataset.train / file.name).read_bytes()
    assert "Pairs above the thresholds: 0." in said.out
    assert "bits apart" in said.out


def test_the_same_command_changes_nothing_and_a_cleaned_picture_leaves_its_side(dataset: Any) -> None:
    dataset.run("split", "--validation", "0.2")
    before = side(dataset, "validation")
    assert dataset.run("split", "--validation", "0.2").code == 0
    assert side(dataset, "validation") == before
    gone = sorted(before)[0]
    file = dataset.train / "metadata.jsonl"
    lines = [line for line in file.read_text("utf-8").splitlines() if f'"{gone}"' not in line]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    (dataset.train / gone).unlink()
    dataset.run("split", "--validation", "0.2")
    assert gone not in side(dataset, "validation")
    assert not (dataset.workspace / "split" / "validation" / gone).exists()


def test_json_says_who_is_where_and_how_near_the_sides_come(dataset: Any, tmp_path: Path) -> None:
    said = dataset.run("split", "--json", "--validation", "20%", "--out", tmp_path / "sides").json
    assert said["train"] + said["validation"] == 20
    assert said["too_near"] == 0
    assert len(said["validation_numbers"]) == said["validation"]
    assert (tmp_path / "sides" / "validation" / "metadata.jsonl").exists()


@pytest.mark.parametrize("share", ["0", "100%", "many", "-5%", "1.5"])
def test_a_share_that_is_none_is_a_usage_error(dataset: Any, share: str) -> None:
    said = dataset.run("split", f"--validation={share}")
    assert said.code == 2
    assert "is no share" in said.err


def test_a_folder_with_something_else_in_it_is_left_alone(dataset: Any, tmp_path: Path) -> None:
    (tmp_path / "out" / "train").mkdir(parents=True)
    (tmp_path / "out" / "train" / "notes.txt").write_text("mine")
    said = dataset.run("split", "--out", tmp_path / "out")
    assert said.code == 2
    assert "notes.txt: not of a split" in said.err
    assert (tmp_path / "out" / "train" / "notes.txt").read_text() == "mine"


def test_without_captions_there_is_nothing_to_split(home: Any) -> None:
    home.workspace.mkdir(parents=True)
    said = home.run("split")
    assert said.code == 2
    assert "no captioned picture to split" in said.err
