"""`ghibli-prep cleanup`: what has no usable caption leaves train/, comes back only on demand, and keeps its number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ghibli_prep.samples import BLOCKED_TEXT


@pytest.fixture
def partly(home: Any, sandbox: Any) -> Any:
    """A dataset of four: 1 captioned, 2 blocked, 3 failed, 4 not asked yet."""
    faults = [{"kind": "blocked_prompt", "calls": (2,)}, {"kind": "unreadable_image", "calls": (3,)}]
    home.api = sandbox(faults=faults)
    home.keys(1, home.api.url)
    home.settings("max_in_flight = 1")
    home.frames(0, 1, 2, 3)
    assert home.run("run", "--limit", 3).code == 0
    return home


def removed(home: Any) -> dict[str, str]:
    lines = (home.workspace / "removed" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["file_name"]: record["text"] for record in map(json.loads, lines)}


def test_blocked_and_failed_pictures_go_to_removed_with_their_lines_and_pending_ones_stay(partly: Any) -> None:
    said = partly.run("cleanup", "--yes")
    assert said.code == 0
    assert "2 pictures without a usable caption would be moved to" in said.out
    assert "  2.jpg  blocked: PROHIBITED_CONTENT" in said.out
    assert "  3.jpg  failed: " in said.out
    assert partly.pictures == ["1.jpg", "4.jpg"]
    assert list(partly.captions) == ["1.jpg"]
    assert removed(partly) == {"2.jpg": BLOCKED_TEXT}
    assert partly.checkpoint["total_images"] == 2


def test_a_look_changes_nothing(partly: Any) -> None:
    before = partly.everything()
    for options in (["--dry-run"], ["--dry-run", "--purge"], ["--dry-run", "--include-pending"]):
        said = partly.run("cleanup", *options)
        assert said.code == 0
        assert ("4.jpg  not captioned" in said.out) == ("--include-pending" in options)
        assert ("deleted for good" in said.out) == ("--purge" in options)
    assert partly.run("cleanup", "--restore", "--dry-run").out.startswith("0 pictures would go back")
    assert partly.everything() == before


def test_nobody_there_to_answer_is_a_usage_error(partly: Any) -> None:
    before = partly.everything()
    said = partly.end(partly.start("cleanup"))
    assert said.code == 2
    assert "add --yes, or --dry-run to only look" in said.err
    assert partly.everything() == before


def test_pending_pictures_go_only_when_asked_for(partly: Any) -> None:
    partly.run("cleanup", "--yes", "--include-pending")
    assert partly.pictures == ["1.jpg"]


def test_what_was_taken_out_does_not_come_back_and_its_number_is_not_given_again(partly: Any) -> None:
    partly.run("cleanup", "--yes", "--include-pending")
    asked = len(partly.api.calls)
    partly.frames(4)
    assert partly.run("run").code == 0
    assert partly.pictures == ["1.jpg", "5.jpg"]
    assert len(partly.api.calls) == asked + 1
    assert partly.run("run", "--retry-blocked").code == 0
    assert len(partly.api.calls) == asked + 1


def test_purged_pictures_are_gone_and_do_not_come_back(partly: Any) -> None:
    partly.run("cleanup", "--yes")
    said = partly.run("cleanup", "--yes", "--purge", "--include-pending")
    assert "3 pictures deleted for good." in said.out
    assert [file.name for file in (partly.workspace / "removed").glob("*.jpg")] == []
    partly.run("run")
    assert partly.pictures == ["1.jpg"]
    assert "0 pictures" in partly.run("cleanup", "--restore").out


def test_restore_puts_everything_back(partly: Any) -> None:
    before = (partly.pictures, partly.captions)
    partly.run("cleanup", "--yes")
    said = partly.run("cleanup", "--restore")
    assert "2 pictures" in said.out
    assert (partly.pictures, partly.captions) == before
    partly.run("run", "--retry-blocked")
    assert len(partly.captions) == 4


def test_nothing_to_clean_up_says_so(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0)
    home.run("run")
    assert "nothing to clean up" in home.run("cleanup", "--yes").out
    assert "nothing to clean up" in home.run("cleanup", "--dry-run").out


@pytest.mark.parametrize("options", [["--yes"], ["--dry-run"], ["--restore"]])
def test_no_workspace_is_an_error_and_none_is_made(home: Any, options: list[str]) -> None:
    said = home.run("cleanup", *options)
    assert said.code == 2
    assert "no such workspace" in said.err
    assert not home.workspace.exists()
