"""A picture that is no longer the one its caption was written for is told; a text of the user's own is the user's."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def captioned(home: Any, sandbox: Any) -> Any:
    home.keys(1, sandbox().url)
    home.frames(0, 1, 2)
    assert home.run("run").code == 0
    return home


def changed(home: Any) -> list[str]:
    said = home.run("validate", "--json")
    return [problem["file"] for problem in said.json["warnings"] if problem["check"] == "changed-picture"]


def test_a_picture_that_was_exchanged_is_told_and_does_not_fail(captioned: Any) -> None:
    captioned.frames(9)
    captioned.run("resize", "--skip-filter")
    (captioned.train / "4.jpg").replace(captioned.train / "2.jpg")
    assert changed(captioned) == ["train/2.jpg"]
    assert captioned.run("validate").code == 0


def test_a_text_of_the_users_own_is_for_whatever_picture_lies_there(captioned: Any) -> None:
    captioned.frames(9)
    captioned.run("resize", "--skip-filter")
    (captioned.train / "4.jpg").replace(captioned.train / "2.jpg")
    file = captioned.train / "metadata.jsonl"
    records = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for record in records:
        record["text"] += " and a bird"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    assert changed(captioned) == []


def test_a_file_of_answers_that_cannot_be_read_is_named_with_its_line(captioned: Any) -> None:
    file = captioned.workspace / ".ghibli-prep" / "captions.jsonl"
    file.write_bytes(b"not JSON\n" + file.read_bytes())
    said = captioned.run("validate", "--json")
    assert said.code == 3
    (problem,) = said.json["problems"]
    assert (problem["check"], problem["file"]) == ("provenance", ".ghibli-prep/captions.jsonl")
    assert "line 1" in problem["detail"]
