"""`ghibli-prep split`, as a user types it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image


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
    home.frames(0)
    said = home.run("split")
    assert said.code == 2
    assert "no captioned picture to split" in said.err


def test_what_is_no_workspace_is_left_as_it_is(home: Any, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "metadata.jsonl").write_text('{"file_name": "1.jpg", "text": "a boy"}\n')
    said = home.run("split", "-w", tmp_path / "other")
    assert said.code == 2
    assert "is no workspace" in said.err
    assert [file.name for file in (tmp_path / "other").iterdir()] == ["metadata.jsonl"]


def test_no_dataset_is_overwritten_not_even_through_a_link(dataset: Any, tmp_path: Path, everything: Any) -> None:
    other = tmp_path / "other"
    (other / "train").mkdir(parents=True)
    shutil.copy(dataset.train / "1.jpg", other / "train")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "train").symlink_to(dataset.train.absolute())
    (tmp_path / "file").touch()
    outs = [dataset.workspace, dataset.train, dataset.raw / "s", other, tmp_path / "link", tmp_path / "file"]
    before = everything(dataset.train, dataset.raw, other)
    for out in outs:
        said = dataset.run("split", "--out", out)
        assert said.code == 2, out
        assert "--out" in said.err
    assert everything(dataset.train, dataset.raw, other) == before


def test_a_stranger_among_the_pictures_of_a_split_keeps_all_of_it_as_it_is(dataset: Any, everything: Any) -> None:
    assert dataset.run("split", "--validation", "20%").code == 0
    (dataset.workspace / "split" / "validation" / "zz.txt").write_text("hi")
    before = everything(dataset.workspace / "split"), (dataset.workspace / ".ghibli-prep" / "split.json").read_bytes()
    said = dataset.run("split", "--validation", "40%", "--seed", "4")
    assert said.code == 2
    assert "zz.txt" in said.err
    after = everything(dataset.workspace / "split"), (dataset.workspace / ".ghibli-prep" / "split.json").read_bytes()
    assert after == before


def test_another_split_in_between_moves_no_picture(dataset: Any, tmp_path: Path) -> None:
    first = dataset.run("split", "--validation", "20%", "--json").json["validation_numbers"]
    dataset.run("split", "--validation", "30%", "--seed", "7", "--out", tmp_path / "between")
    dataset.frames(*range(20, 32), film="Ponyo")
    assert dataset.run("run").code == 0
    then = dataset.run("split", "--validation", "20%", "--json").json
    assert set(first) <= set(then["validation_numbers"])
    assert not {number for number in then["validation_numbers"] if number <= 20} - set(first)
    assert then["moved"] == []


def test_a_side_that_would_be_empty_is_no_split(home: Any, sandbox: Any) -> None:
    home.frames(0)
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    said = home.run("split")
    assert said.code == 3
    assert "one side would be empty" in said.err
    assert not (home.workspace / "split").exists()


def test_a_picture_and_what_is_left_of_it_after_a_cut_go_to_one_side(home: Any, sandbox: Any) -> None:
    (home.raw / "a").mkdir(parents=True)
    for at, name in enumerate(("astronaut", "coffee", "chelsea", "rocket", "moon", "camera", "coins")):
        whole = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
        side = min(whole.size)
        whole = whole.crop((0, 0, side, side))
        whole.save(home.raw / "a" / f"{at}.png")
        whole.crop((0, 0, round(side * 0.93), round(side * 0.93))).save(home.raw / "a" / f"{at}-cut.png")
    home.settings(text='[filter]\ndetector = "none"\n[resize]\nsize = 256\n[caption]\nmodels = ["best"]\n')
    home.keys(1, sandbox().url)
    assert home.run("run", "--skip-filter").code == 0
    sources = {}
    for line in (home.workspace / ".ghibli-prep" / "journal.jsonl").read_text("utf-8").splitlines():
        record = json.loads(line)
        if record.get("event") == "numbered" and f"{record['number']}.jpg" in home.captions:
            sources[record["number"]] = Path(record["source"]).stem.removesuffix("-cut")
    assert len(sources) > 12
    for seed in range(4):
        said = home.run("split", "--validation", "40%", "--seed", seed, "--json").json
        inside = {sources[number] for number in said["validation_numbers"]}
        outside = {sources[number] for number in sources.keys() - set(said["validation_numbers"])}
        assert not inside & outside
        assert said["repeats"] == 0
