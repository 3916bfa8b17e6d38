"""The captions of another dataset, whatever shape it has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ghibli_prep.deduping.others import captions
from ghibli_prep.errors import NoInput, UsageError
from ghibli_prep.samples import BLOCKED_TEXT


def write(file: Path, *records: object) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{json.dumps(record)}\n" for record in records), "utf-8")
    return file


def read(place: Path) -> tuple[dict[str, str], list[str]]:
    told: list[str] = []
    found = captions(place, told.append)
    return {
        str(Path(name).relative_to(place.parent if place.is_file() else place)): t for name, t in found.items()
    }, told


def test_a_workspace_has_its_captions_in_train_and_blocked_pictures_have_none(tmp_path: Path) -> None:
    write(
        tmp_path / "train" / "metadata.jsonl",
        {"file_name": "1.jpg", "text": "a cat"},
        {"file_name": "2.jpg", "text": BLOCKED_TEXT},
    )
    write(tmp_path / "removed" / "metadata.jsonl", {"file_name": "3.jpg", "text": "a dog"})
    (tmp_path / ".ghibli-prep").mkdir()
    assert read(tmp_path) == ({"train/1.jpg": "a cat"}, [])


def test_lines_may_lie_in_the_folder_in_folders_of_it_or_be_named_themselves(tmp_path: Path) -> None:
    file = write(tmp_path / "metadata.jsonl", {"file_name": "deep/1.png", "caption": " a cat "})
    assert read(tmp_path) == ({"deep/1.png": "a cat"}, [])
    assert read(file) == ({"deep/1.png": "a cat"}, [])
    file.unlink()
    write(tmp_path / "train" / "metadata.jsonl", {"file_name": "1.jpg", "prompt": "a cat"})
    write(tmp_path / "test" / "metadata.jsonl", {"file_name": "1.jpg", "text": "a dog"})
    assert read(tmp_path) == ({"test/1.jpg": "a dog", "train/1.jpg": "a cat"}, [])


def test_captions_may_lie_beside_pictures_at_any_depth(tmp_path: Path) -> None:
    for name, text in (("a/1.png", "a cat"), ("a/2.JPG", "a dog"), ("3.webp", "")):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
        (tmp_path / name).with_suffix(".txt").write_text(text + "\n", "utf-8")
    (tmp_path / "4.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("of no picture")
    (tmp_path / "5.png").write_bytes(b"")
    (tmp_path / "5.txt").write_bytes(b"\xff\xfe\xff")
    found, told = read(tmp_path)
    assert found == {"a/1.png": "a cat", "a/2.JPG": "a dog"}
    assert told == [
        f"{tmp_path / '3.webp'}: 3.txt is empty; left out",
        f"{tmp_path / '5.png'}: 5.txt is not UTF-8; left out",
    ]


def test_a_line_that_says_nothing_is_told_of_and_the_rest_goes_on(tmp_path: Path) -> None:
    file = write(
        tmp_path / "metadata.jsonl", {"file_name": "1.jpg"}, "no object", {"file_name": "2.jpg", "text": "a cat"}
    )
    found, told = read(tmp_path)
    assert found == {"2.jpg": "a cat"}
    assert [text.partition(":")[0] for text in told] == [f"{file}, line 1", f"{file}, line 2"]


def test_no_captions_and_no_folder_are_errors_that_name_it(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"")
    with pytest.raises(NoInput, match="no captions"):
        read(tmp_path)
    with pytest.raises(NoInput, match="no such folder"):
        read(tmp_path / "nowhere")
    (tmp_path / "metadata.jsonl").mkdir()
    (tmp_path / "metadata.jsonl" / "metadata.jsonl").mkdir()
    with pytest.raises((NoInput, UsageError)):
        read(tmp_path)
