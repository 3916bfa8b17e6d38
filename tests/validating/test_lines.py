"""Each line of a metadata.jsonl alone: what is wrong is found with its line, and nothing else is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ghibli_prep.samples import BLOCKED_TEXT

LINE = "train/metadata.jsonl"
TEXT = "a text of one's own"
AMISS: dict[str, tuple[bytes, str]] = {
    "a BOM inside the file": (b'\xef\xbb\xbf{"file_name": "3.jpg", "text": "x"}\n', "json"),
    "CRLF": (b"CRLF", "crlf"),
    "half of JSON": (b'{"file_name": "3.jpg", "te\n', "json"),
    "no JSON at all": (b"3.jpg a girl\n", "json"),
    "two objects": (b'{"file_name": "3.jpg", "text": "x"}{"file_name": "9.jpg", "text": "x"}\n', "json"),
    "a list": (b'["3.jpg", "a girl"]\n', "json"),
    "a number": (b"3\n", "json"),
    "a number of many digits": (b"1" * 5000 + b"\n", "json"),
    "brackets within brackets": (b"[" * 100_000 + b"\n", "json"),
    "Latin-1": ('{"file_name": "3.jpg", "text": "caf\xe9"}\n'.encode("latin-1"), "json"),
    "UTF-16": ('{"file_name": "3.jpg", "text": "x"}'.encode("utf-16") + b"\n", "json"),
    "zeros": (b"\0" * 40 + b"\n", "blank-line"),
    "a blank line": (b"\n", "blank-line"),
    "spaces": (b" \t \n", "blank-line"),
    "no text": (b'{"file_name": "3.jpg"}\n', "keys"),
    "no file_name": (b'{"text": "a girl"}\n', "keys"),
    "another key": (b'{"file_name": "3.jpg", "caption": "a girl"}\n', "keys"),
    "a key more": (b'{"file_name": "3.jpg", "text": "x", "seed": 1}\n', "keys"),
    "a key twice": (b'{"file_name": "3.jpg", "text": "x", "text": "y"}\n', "keys"),
    "a text that is none": (b'{"file_name": "3.jpg", "text": null}\n', "types"),
    "a name that is none": (b'{"file_name": 3, "text": "x"}\n', "types"),
    "a list of texts": (b'{"file_name": "3.jpg", "text": ["x"]}\n', "types"),
    "an empty text": (b'{"file_name": "3.jpg", "text": ""}\n', "empty-text"),
    "a text of spaces": (b'{"file_name": "3.jpg", "text": " \\n\\t "}\n', "empty-text"),
    "a marker": (json.dumps({"file_name": "3.jpg", "text": BLOCKED_TEXT}).encode() + b"\n", "blocked"),
    "a folder in the name": (b'{"file_name": "train/3.jpg", "text": "x"}\n', "file-name"),
    "a folder of Windows": (b'{"file_name": "train\\\\3.jpg", "text": "x"}\n', "file-name"),
    "a leading zero": (b'{"file_name": "03.jpg", "text": "x"}\n', "file-name"),
    "another ending": (b'{"file_name": "3.png", "text": "x"}\n', "file-name"),
    "no number": (b'{"file_name": "girl.jpg", "text": "x"}\n', "file-name"),
    "zero": (b'{"file_name": "0.jpg", "text": "x"}\n', "file-name"),
    "digits of another script": ('{"file_name": "３.jpg", "text": "x"}\n'.encode(), "file-name"),
}


def test_a_finished_dataset_is_clean(dataset: Any) -> None:
    report = dataset.look()
    assert report.found == []
    assert (report.pictures, report.lines) == (6, 6)


@pytest.mark.parametrize("what", AMISS)
def test_a_line_amiss_is_found_where_it_stands(dataset: Any, what: str) -> None:
    raw, check = AMISS[what]
    lines = dataset.lines
    lines[2] = lines[2].removesuffix(b"\n") + b"\r\n" if raw == b"CRLF" else raw
    dataset.write(lines)
    assert (check, LINE, 3) in dataset.found
    assert {line for _, file, line in dataset.found if file == LINE} == {3}


@pytest.mark.parametrize("what", AMISS)
def test_every_problem_says_what_to_do(dataset: Any, what: str) -> None:
    lines = dataset.lines
    lines[2] = AMISS[what][0]
    dataset.write(lines)
    for problem in dataset.look().found:
        assert problem.detail
        assert problem.remedy.endswith(".")
        assert problem.in_words().startswith(problem.file)


@pytest.mark.parametrize("times", [1, 3])
def test_a_bom_at_the_start_is_found_and_hides_nothing_else(dataset: Any, times: int) -> None:
    dataset.metadata.write_bytes(b"\xef\xbb\xbf" * times + dataset.metadata.read_bytes())
    assert dataset.found == [("bom", LINE, 1)]


def test_a_last_line_without_newline_is_found_and_is_whole(dataset: Any) -> None:
    dataset.metadata.write_bytes(dataset.metadata.read_bytes().rstrip())
    assert dataset.found == [("last-newline", LINE, 6)]


@pytest.mark.parametrize("cut", range(2, 60, 7))
def test_a_last_line_cut_off_is_found_wherever_it_is_cut(dataset: Any, cut: int) -> None:
    dataset.metadata.write_bytes(dataset.metadata.read_bytes()[:-cut])
    assert sorted(dataset.found) == [("cut-off-line", LINE, 6), ("no-caption", "train/6.jpg", None)]


def test_a_second_line_for_a_picture_is_found_with_the_first(dataset: Any) -> None:
    dataset.write([*dataset.lines, dataset.lines[1]])
    (problem,) = dataset.look().found
    assert (problem.check, problem.line) == ("duplicate-line", 7)
    assert "2.jpg has a line already: line 2" in problem.detail


def test_a_line_that_is_only_spelled_another_way_is_fine(dataset: Any) -> None:
    lines = dataset.lines
    record = json.loads(lines[0])
    lines[0] = json.dumps({"text": record["text"], "file_name": "1.jpg"}, indent=None, separators=(",", ":")).encode()
    dataset.write([lines[0] + b"\n", *lines[1:]])
    assert dataset.found == []


def test_no_file_an_empty_file_and_a_folder_in_its_place_are_found(dataset: Any) -> None:
    dataset.metadata.write_bytes(b"")
    assert {check for check, _, _ in dataset.found} == {"no-caption"}
    dataset.metadata.unlink()
    assert ("metadata", LINE, None) in dataset.found
    dataset.metadata.mkdir()
    assert ("metadata", LINE, None) in dataset.found
    dataset.metadata.rmdir()
    dataset.metadata.symlink_to("nowhere")
    assert ("metadata", LINE, None) in dataset.found
