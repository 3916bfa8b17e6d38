"""`--fix`: what is mended, what is left to the user, and that nothing is lost."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ghibli_prep.errors import UsageError, WorkspaceHeld
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace


def record(raw: bytes) -> Any:
    return json.loads(raw)


def test_what_is_only_spelled_wrongly_is_mended(dataset: Any) -> None:
    good = dataset.lines
    lines = [line.replace(b"\n", b"\r\n") for line in good]
    lines.insert(3, b"\r\n")
    lines.append(lines[1])
    dataset.metadata.write_bytes(b"\xef\xbb\xbf" + b"".join(lines).rstrip())
    checks = {problem.check for problem in dataset.fix()}
    assert checks == {"bom", "crlf", "blank-line", "duplicate-line", "last-newline"}
    assert dataset.lines == good
    assert dataset.found == []
    assert not (dataset.root / ".ghibli-prep" / "set_aside").exists()


def test_a_clean_dataset_is_not_written(dataset: Any) -> None:
    before = dataset.metadata.stat()
    assert dataset.fix() == []
    after = dataset.metadata.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_captions_are_mended_by_the_rules_and_the_old_text_is_put_aside(dataset: Any) -> None:
    text = record(dataset.lines[0])["text"]
    old = f"Caption: {text}."
    lines = dataset.lines
    lines[0] = json.dumps({"file_name": "1.jpg", "text": old}).encode() + b"\n"
    dataset.write(lines)
    assert {p.check for p in dataset.look().problems} == {"preamble", "trigger", "final-stop"} & {
        p.check for p in dataset.look().problems
    }
    assert all(problem.fixable for problem in dataset.look().problems)
    dataset.fix()
    assert record(dataset.lines[0])["text"] == text
    assert dataset.found == []
    assert old in dataset.texts


def test_captions_of_another_style_are_left_alone(dataset: Any) -> None:
    lines = [line.replace(b"Ghibli style", b"pixel art of") for line in dataset.lines]
    dataset.write(lines)
    dataset.fix()
    assert dataset.lines == lines
    assert "do not begin with 'Ghibli style'" in dataset.told[0]


def test_of_two_captions_the_first_stays_and_the_other_is_put_aside(dataset: Any) -> None:
    other = {"file_name": "2.jpg", "text": record(dataset.lines[1])["text"] + " by the road"}
    dataset.write([*dataset.lines, json.dumps(other).encode() + b"\n"])
    good = dataset.lines[:-1]
    dataset.fix()
    assert dataset.lines == good
    assert other["text"] in dataset.texts


def test_a_caption_counts_for_more_than_a_marker_wherever_it_stands(dataset: Any) -> None:
    good = dataset.lines
    marker = json.dumps({"file_name": "2.jpg", "text": BLOCKED_TEXT}).encode() + b"\n"
    dataset.write([marker, *good, marker])
    dataset.fix()
    assert sorted(dataset.lines) == sorted(good)


def test_keys_too_many_go_and_the_line_is_put_aside(dataset: Any) -> None:
    lines = dataset.lines
    lines[0] = json.dumps({**record(lines[0]), "seed": 1234}).encode() + b"\n"
    good = dataset.lines
    dataset.write(lines)
    dataset.fix()
    assert [record(line) for line in dataset.lines] == [record(line) for line in good]
    assert b"1234" in (dataset.root / ".ghibli-prep" / "set_aside" / "train-metadata.jsonl").read_bytes()


def test_a_name_with_the_folder_of_the_dataset_is_mended_and_another_folder_is_not(dataset: Any) -> None:
    good = dataset.lines
    lines = [line.replace(b'"1.jpg"', b'"train/1.jpg"').replace(b'"2.jpg"', b'"film-b/2.jpg"') for line in good]
    dataset.write(lines)
    dataset.fix()
    assert [record(line) for line in dataset.lines] == [record(good[0]), record(lines[1]), *map(record, good[2:])]
    assert sorted(dataset.found) == [("file-name", "train/metadata.jsonl", 2), ("no-caption", "train/2.jpg", None)]


def test_half_a_line_and_an_empty_text_are_put_aside_for_their_pictures_to_be_asked_again(dataset: Any) -> None:
    lines = dataset.lines
    empty = b'{"file_name": "1.jpg", "text": " "}\n'
    dataset.write([empty, *lines[1:-1], lines[-1][:70]])
    dataset.fix()
    assert dataset.lines == lines[1:-1]
    assert dataset.found == [("no-caption", "train/1.jpg", None), ("no-caption", "train/6.jpg", None)]
    assert lines[-1][:70].decode() in dataset.texts


def test_what_only_the_user_can_know_stays_as_it_is(dataset: Any) -> None:
    lines = [*dataset.lines, b"not JSON\n", b'{"file_name": "girl.jpg", "text": "a girl"}\n', b'{"text": 3}\n']
    dataset.write(lines)
    (dataset.train / "notes.txt").write_text("mine")
    found = dataset.found
    assert dataset.fix() == []
    assert dataset.lines == lines
    assert dataset.found == found


def test_what_the_system_left_is_moved_out_and_kept(dataset: Any) -> None:
    for name in ("Thumbs.db", ".DS_Store", "._1.jpg", "desktop.ini"):
        (dataset.train / name).write_bytes(name.encode())
    dataset.fix()
    assert dataset.found == []
    (dataset.train / "Thumbs.db").write_bytes(b"again")
    dataset.fix()
    aside = dataset.root / ".ghibli-prep" / "set_aside"
    assert (aside / "Thumbs.db").read_bytes() == b"Thumbs.db"
    assert (aside / "Thumbs.db.2").read_bytes() == b"again"


def test_what_a_kill_left_half_written_goes(dataset: Any) -> None:
    (dataset.train / ".7.jpg.half").write_bytes(b"half a picture")
    assert [problem.check for problem in dataset.fix()] == ["stray"]
    assert dataset.found == []


def test_an_exact_copy_moves_to_removed_with_its_caption_and_can_come_back(dataset: Any) -> None:
    before = dataset.everything
    text = record(dataset.lines[4])["text"]
    dataset.picture(5).write_bytes(dataset.picture(2).read_bytes())
    dataset.fix()
    assert dataset.found == []
    assert sorted(file.name for file in (dataset.root / "removed").iterdir()) == ["5.jpg", "metadata.jsonl"]
    assert text in dataset.texts
    with Workspace(dataset.root, hash_file) as workspace:
        assert workspace.restore() == [5]
    assert sorted(dataset.lines) == sorted(before["train/metadata.jsonl"].splitlines(keepends=True))


def test_of_equal_pictures_the_one_with_a_caption_stays(dataset: Any) -> None:
    lines = dataset.lines
    marker = json.dumps({"file_name": "1.jpg", "text": BLOCKED_TEXT}).encode() + b"\n"
    dataset.write([marker, *lines[1:]])
    for number in (3, 4):
        dataset.picture(number).write_bytes(dataset.picture(1).read_bytes())
    dataset.fix()
    assert sorted(int(file.stem) for file in dataset.train.glob("*.jpg")) == [2, 3, 5, 6]
    assert dataset.found == []


def resaved(content: bytes, quality: int) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(content)) as picture:
        picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def test_near_duplicates_stay_unless_the_settings_say_remove(dataset: Any) -> None:
    dataset.picture(5).write_bytes(resaved(dataset.picture(2).read_bytes(), 92))
    assert dataset.fix() == []
    assert dataset.picture(5).exists()
    dataset.choose(near_duplicates="remove")
    assert [problem.remedy for problem in dataset.look().problems] == ["`--fix` moves it to removed/."]
    assert [problem.check for problem in dataset.fix()] == ["near-duplicate"]
    assert not dataset.picture(5).exists()
    assert (dataset.root / "removed" / "5.jpg").exists()
    assert dataset.found == []


def test_of_many_that_are_alike_one_with_a_caption_is_left(dataset: Any) -> None:
    dataset.choose(near_duplicates="remove")
    lines = dataset.lines
    marker = json.dumps({"file_name": "1.jpg", "text": BLOCKED_TEXT}).encode() + b"\n"
    dataset.write([marker, *lines[1:]])
    content = dataset.picture(1).read_bytes()
    for number, quality in ((2, 94), (3, 93), (4, 92), (5, 95)):
        dataset.picture(number).write_bytes(resaved(content, quality) if quality < 95 else content)
    while dataset.fix():
        pass
    left = sorted(int(file.stem) for file in dataset.train.glob("*.jpg"))
    assert len(left) == 2
    assert left[0] != 1
    assert left[1] == 6
    assert dataset.found == []


def test_a_line_that_no_workspace_opens_keeps_nothing_else_from_being_mended(dataset: Any) -> None:
    lines = dataset.lines
    dataset.write([b"\xef\xbb\xbf" + lines[0], b"not JSON\n", *lines[2:]])
    dataset.picture(5).write_bytes(dataset.picture(3).read_bytes())
    assert {problem.check for problem in dataset.fix()} == {"bom"}
    assert dataset.lines == [lines[0], b"not JSON\n", *lines[2:]]
    assert {check for check, _, _ in dataset.found} == {"json", "no-caption", "exact-copy"}
    assert "The copies stay until this is mended by hand" in dataset.told[0]


def test_a_held_workspace_is_looked_at_and_not_mended(dataset: Any) -> None:
    (dataset.train / "Thumbs.db").touch()
    with Workspace(dataset.root, hash_file):
        assert [check for check, _, _ in dataset.found] == ["stray"]
        with pytest.raises(WorkspaceHeld):
            dataset.fix()
    assert (dataset.train / "Thumbs.db").exists()


def test_a_bare_folder_is_not_mended(dataset: Any) -> None:
    dataset.root = dataset.train
    before = dataset.everything
    with pytest.raises(UsageError, match="--fix mends workspaces"):
        dataset.fix()
    assert dataset.everything == before


def test_looking_writes_nothing(dataset: Any) -> None:
    dataset.metadata.write_bytes(b"\xef\xbb\xbf" + dataset.metadata.read_bytes().rstrip() + b"\nx")
    dataset.picture(5).write_bytes(dataset.picture(2).read_bytes())
    before = dataset.everything
    assert dataset.look().problems
    assert dataset.everything == before


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_link_to_the_captions_stays_one(dataset: Any, tmp_path: Path) -> None:
    kept = tmp_path / "elsewhere.jsonl"
    kept.write_bytes(dataset.metadata.read_bytes().rstrip())
    dataset.metadata.unlink()
    dataset.metadata.symlink_to(kept)
    dataset.fix()
    assert dataset.metadata.is_symlink()
    assert dataset.found == []
