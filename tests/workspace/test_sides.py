"""What a split remembers, and where its folders may lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghibli_prep.errors import ForeignState, UsageError
from ghibli_prep.workspace.sides import Draw, Remembered, check, read, write

SIDES = ("train", "validation")


def test_every_draw_is_remembered_by_its_seed_and_share(tmp_path: Path) -> None:
    file = tmp_path / "split.json"
    assert read(file) == Remembered()
    first, other, again = (Draw(seed, 0.1, {1: side}) for seed, side in ((0, True), (1, False), (0, False)))
    known = Remembered().and_also(first, "split").and_also(other, "../o").and_also(again, "split")
    write(file, known)
    assert read(file) == known
    assert read(file).sides(0, 0.1) == {1: False}
    assert read(file).sides(1, 0.1) == {1: False}
    assert read(file).sides(0, 0.2) == {}
    assert read(file).outs == {"split", "../o"}


def test_the_one_draw_of_an_older_file_counts(tmp_path: Path) -> None:
    (tmp_path / "split.json").write_text('{"version": 1, "seed": 3, "share": 0.05, "sides": {"7": true}}\n')
    assert read(tmp_path / "split.json") == Remembered((Draw(3, 0.05, {7: True}),), frozenset({"split"}))


@pytest.mark.parametrize("content", ["", "[]", "{", '{"version": 9}', '{"version": 2, "draws": [{}], "outs": []}'])
def test_what_is_not_of_ours_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "split.json").write_text(content)
    with pytest.raises(ForeignState, match=r"split\.json: not a split"):
        read(tmp_path / "split.json")


def test_new_and_empty_folders_may_be_filled_and_own_ones_again(tmp_path: Path) -> None:
    check(tmp_path / "new", SIDES, (), ours=False)
    (tmp_path / "train").mkdir()
    check(tmp_path, SIDES, (), ours=False)
    for name in ("1.jpg", "metadata.jsonl", ".2.jpg.77.half"):
        (tmp_path / "train" / name).touch()
    check(tmp_path, SIDES, (), ours=True)
    with pytest.raises(ForeignState, match="not of a split of this workspace"):
        check(tmp_path, SIDES, (), ours=False)
    (tmp_path / "train" / "notes.txt").touch()
    with pytest.raises(ForeignState, match=r"notes\.txt"):
        check(tmp_path, SIDES, (), ours=True)


def test_nothing_is_filled_in_what_is_to_be_left_alone(tmp_path: Path) -> None:
    (tmp_path / "ws" / "raw").mkdir(parents=True)
    with pytest.raises(UsageError, match="lies in"):
        check(tmp_path / "ws" / "raw" / "deep", SIDES, (tmp_path / "ws" / "raw",), ours=False)
    with pytest.raises(UsageError, match="lies in"):
        check(tmp_path, SIDES, (tmp_path / "train",), ours=True)
    (tmp_path / "ws" / ".ghibli-prep").mkdir()
    with pytest.raises(UsageError, match="is a workspace"):
        check(tmp_path / "ws", SIDES, (), ours=True)
