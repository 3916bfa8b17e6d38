"""Figures and words about a workspace."""

from __future__ import annotations

from typing import Any

import pytest

from ghibli_prep import report
from ghibli_prep.captioning import Key
from ghibli_prep.samples import Blocked, Captioned, Failed, Rejected, Rendered
from ghibli_prep.settings import CaptionSettings, Limits
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.quota import Spent

NOW = 1_782_932_400.0  # 2026-07-01 at noon in California


@pytest.fixture
def workspace(home: Any) -> Any:
    with Workspace(home.workspace, hash_file) as workspace:
        for number in range(3):
            file = workspace.staging / f"{number}.jpg"
            file.write_bytes(b"x%d" % number)
            workspace.number([Rendered(str(number), f"film/{number}.png", file)])
        yield workspace


def test_counts_are_in_words_of_the_right_number() -> None:
    assert [report.pictures(count) for count in (0, 1, 4789)] == ["0 pictures", "1 picture", "4,789 pictures"]


def test_the_summary_says_what_is_left_and_what_to_do(workspace: Workspace) -> None:
    assert report.summary(workspace).splitlines() == [
        f"{workspace.train}: 0 captioned, 0 blocked, 0 failed, 3 still to caption, of 3 pictures."
    ]
    workspace.record(Captioned(1, "Ghibli style a boy"))
    workspace.record(Blocked(2, "SAFETY"))
    workspace.record(Failed(3, "no image"))
    first, second = report.summary(workspace).splitlines()
    assert first.endswith("1 captioned, 1 blocked, 1 failed, 0 still to caption, of 3 pictures.")
    assert "`ghibli-prep cleanup`" in second


def test_a_complete_dataset_is_called_one(workspace: Workspace) -> None:
    for number in (1, 2, 3):
        workspace.record(Captioned(number, "Ghibli style a boy"))
    assert (
        f"The dataset is complete: point your trainer at {workspace.train} (`ghibli-prep validate`"
        in report.summary(workspace)
    )


def test_a_dataset_with_a_picture_that_was_dropped_is_not_complete(workspace: Workspace) -> None:
    for number in (1, 2, 3):
        workspace.record(Captioned(number, "Ghibli style a boy"))
    frame = workspace.raw / "1.png"
    frame.parent.mkdir(parents=True, exist_ok=True)
    frame.write_bytes(b"a frame")
    workspace.record(Rejected("1", "film/1.png", frame, "user", "by_hand", 0.0))
    assert report.still_there(workspace) == (
        f"Still in {workspace.train}: 1 picture that you dropped. `ghibli-prep cleanup` takes them out."
    )
    assert report.still_there(workspace) in report.summary(workspace)
    assert "complete" not in report.summary(workspace)


def test_yesterdays_requests_and_a_quota_that_is_back_are_not_shown(workspace: Workspace) -> None:
    key = Key(1, "K", "secret-0123456789")
    settings = CaptionSettings(models=("a", "b"))
    spent = Spent("2026-07-01", 7, NOW + 60, "the day is spent")
    workspace.save_quota({f"{key.fingerprint}/a": spent, f"{key.fingerprint}/b": Spent("2026-06-30", 9, NOW - 60, "x")})
    first, second = report.figures(workspace, [key], settings, NOW)["slots"]
    assert (first["asked_today"], first["why"]) == (7, "the day is spent")
    assert (second["asked_today"], second["spent_until"], second["why"]) == (0, None, None)
    words = report.in_words(report.figures(workspace, [key], settings, NOW))
    assert "key 1, a: 7 requests today, spent until 2026-" in words
    assert "key 1, b" not in words


def test_each_slot_says_what_is_used_and_left_and_why_it_is_not_asked(workspace: Workspace) -> None:
    keys = [Key(1, "K1", "one"), Key(2, "K2", "two", "mine"), Key(3, "K3", "three", "mine"), Key(4, "K4", "four")]
    settings = CaptionSettings(models=("a", "b"), limits={"a": Limits(rpd=20)})
    one, four = keys[0].fingerprint, keys[3].fingerprint
    workspace.save_quota(
        {
            f"{one}/a": Spent("2026-07-01", 7, resting=NOW + 40, why="too many"),
            f"{one}/b": Spent("2026-07-01", 2, out="no longer available"),
            "project mine/a": Spent("2026-07-01", 19),
            "project mine/b": Spent("2026-07-01", 4, rpd=5),
            four: Spent(out="API key expired"),
            f"{four}/a": Spent("2026-07-01", 1, out="API key expired"),
        }
    )
    now = report.figures(workspace, keys, settings, NOW)
    by_slot = {(slot["key"], slot["model"]): slot for slot in now["slots"]}
    assert [by_slot[each]["left_today"] for each in ((1, "a"), (1, "b"), (2, "a"), (3, "a"), (2, "b"))] == [
        13,
        None,
        1,
        1,
        1,
    ]
    assert by_slot[4, "b"]["dead"] == "API key expired" and by_slot[1, "a"]["dead"] is None
    assert by_slot[1, "b"]["left_out"] == "no longer available"
    words = report.in_words(now)
    assert "key 1, a: 7 requests today, 13 left, resting until 2026-" in words and "(too many)" in words
    assert "key 1, b: 2 requests today, in the last run left out: no longer available" in words
    assert words.count("keys 2, 3 (project mine), a: 19 requests today, 1 left") == 1
    assert words.count(f"key 4 ({four}): dead, as the last run found: API key expired") == 1
