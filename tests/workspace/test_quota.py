from __future__ import annotations

from pathlib import Path

import pytest

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace import quota
from ghibli_prep.workspace.quota import Spent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "quota.json"


def test_what_is_spent_is_read_as_it_was_written(file: Path) -> None:
    slots = {"ab12/gemini": Spent("2026-07-01", 250, 1782889200.5, "day quota"), "cd34/gemini": Spent()}
    quota.write(file, slots)
    assert quota.read(file) == slots


def test_a_file_of_the_first_version_is_taken_over(file: Path) -> None:
    file.write_bytes(b'{"version": 1, "slots": {"ab/m": {"day": "2026-07-01", "asked": 7, "until": 1, "why": "x"}}}')
    assert quota.read(file) == {"ab/m": Spent("2026-07-01", 7, 1, "x")}


def test_no_file_is_nothing_spent(file: Path) -> None:
    assert quota.read(file) == {}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a list"),
        (b"[]", "not a list"),
        (b"\xff", "not a list"),
        (b"[" * 100_000, "not a list"),
        (b"{}", "not a list"),
        (b'{"version": 1}', "not a list"),
        (b'{"version": 1, "slots": []}', "not a list"),
        (b'{"version": 1, "slots": {"a": {"colour": "red"}}}', "not a list"),
        (b'{"version": 1, "slots": {"a": {"asked": "many"}}}', "not a list"),
        (b'{"version": 1, "slots": {"a": {"until": "noon"}}}', "not a list"),
        (b'{"version": 2, "slots": {"a": {"rpd": "20"}}}', "not a list"),
        (b'{"version": 3, "slots": {"a": {"colour": "red"}}}', "version 3; this one knows 2"),
    ],
)
def test_a_file_not_ours_is_refused_and_left_untouched(file: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ForeignState, match=says) as refused:
        quota.read(file)
    assert "left untouched" in str(refused.value)
    assert file.read_bytes() == content
