"""What a folder of anybody's says of its pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ghibli_prep.layouts import beside, said, with_lines


def test_lines_of_the_folder_come_before_those_of_its_folders(tmp_path: Path) -> None:
    for part in ("test", "train", ".git"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "metadata.jsonl").touch()
    (tmp_path / "empty").mkdir()
    assert with_lines(tmp_path) == [tmp_path / "test", tmp_path / "train"]
    (tmp_path / "metadata.jsonl").touch()
    assert with_lines(tmp_path) == [tmp_path]


def test_a_line_says_its_name_and_caption_whatever_that_is_called(tmp_path: Path) -> None:
    file = tmp_path / "metadata.jsonl"
    records = [
        {"file_name": "a\\1.jpg", "caption": " a cat "},
        {"file_name": "2.jpg", "prompt": "a dog", "caption": "not this"},
    ]
    file.write_text("\n\n".join(map(json.dumps, records)), "utf-8")
    assert [(line.at, line.name, line.text, line.why) for line in said(file)] == [
        (1, "a/1.jpg", "a cat", ""),
        (3, "2.jpg", "a dog", ""),
    ]
    assert list(said(tmp_path / "none.jsonl")) == []


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "broken JSON"),
        ('{"text": "a cat"}', "no file_name"),
        ('{"file_name": "/etc/1.jpg", "text": "a cat"}', "outside"),
        ('{"file_name": "C:\\\\1.jpg", "text": "a cat"}', "outside"),
        ('{"file_name": "../1.jpg", "text": "a cat"}', "outside"),
        ('{"file_name": "1.jpg"}', "no caption"),
        ('{"file_name": "1.jpg", "text": 5}', "no text"),
        ('{"file_name": "1.jpg", "text": " "}', "empty"),
    ],
)
def test_a_line_that_cannot_be_used_says_why(tmp_path: Path, line: str, why: str) -> None:
    (tmp_path / "metadata.jsonl").write_text(line, "utf-8")
    (only,) = said(tmp_path / "metadata.jsonl")
    assert why in only.why


def test_the_file_beside_a_picture_is_its_caption(tmp_path: Path) -> None:
    (tmp_path / "1.caption").write_text("\ufeffa cat\n", "utf-8")
    (tmp_path / "2.txt").write_bytes(b"\xff")
    (tmp_path / "3.txt").touch()
    assert beside(tmp_path / "1.png") == ("a cat", "")
    assert beside(tmp_path / "2.png") == ("", "2.txt is not UTF-8")
    assert beside(tmp_path / "3.png") == ("", "3.txt is empty")
    assert beside(tmp_path / "4.png") is None
