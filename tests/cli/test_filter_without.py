"""`filter` where nothing is asked of the frames, and where its page may be written."""

from __future__ import annotations

from typing import Any

import pytest

TEXT = """
[filter]
detector = "none"
[resize]
size = 32
[caption]
models = ["best"]
backend = "sandbox"
"""


@pytest.fixture
def asked_nothing(home: Any) -> Any:
    home.settings(text=TEXT)
    home.frames(0, 1, 2)
    return home


def test_where_nothing_is_asked_it_says_so_and_who_takes_the_pictures(asked_nothing: Any) -> None:
    said = asked_nothing.run("filter")
    assert said.code == 0
    assert said.out.startswith("3 pictures not decided, as nothing is asked of them by [filter].")
    assert "`ghibli-prep resize --skip-filter`" in said.out


def test_a_frame_dropped_by_hand_is_no_reason_to_speak_of_detectors(asked_nothing: Any) -> None:
    frame = next(asked_nothing.raw.rglob("*.png"))
    assert asked_nothing.run("drop", frame).code == 0
    said = asked_nothing.run("run")
    assert "Detectors" not in said.out + said.err
    assert len(asked_nothing.pictures) == 2


@pytest.mark.parametrize("out", ["data/ghibli/train/metadata.jsonl", "data/ghibli/raw/x.html", ".", "file/x.html"])
def test_a_page_is_not_written_where_none_may_be_and_nothing_is_decided_first(asked_nothing: Any, out: str) -> None:
    (asked_nothing.folder / "file").write_text("mine")
    asked_nothing.settings(text=TEXT.replace('detector = "none"', 'detector = "none"\nuse = ["black"]'))
    before = asked_nothing.everything()
    said = asked_nothing.run("filter", "--review", "--out", out)
    assert said.code == 2
    assert "--out" in said.err
    assert asked_nothing.everything() == before
    asked_nothing.run("resize", "--skip-filter")
    for command in ("report", "sample"):
        assert asked_nothing.run(command, "--out", out).code == 2


def test_out_alone_is_a_usage_error(asked_nothing: Any) -> None:
    said = asked_nothing.run("filter", "--out", "x.html")
    assert said.code == 2
    assert "--review" in said.err


def test_a_detector_that_is_installed_is_not_called_missing_where_no_filter_is_chosen(asked_nothing: Any) -> None:
    pytest.importorskip("mediapipe", reason="the mediapipe extra is not installed")
    asked_nothing.settings(text=TEXT.replace('detector = "none"', "use = []"))
    said = asked_nothing.run("filter")
    assert said.code == 0
    assert "No detector is installed" not in said.err
    assert said.out.startswith("3 pictures not decided")
