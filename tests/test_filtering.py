"""The filters over a workspace: in two passes, measured once, and an outsider's filter enters by the same door."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image

from ghibli_prep.filters import FILTERS, NOTHING_AGAINST, Entry, Frame, Opinion
from ghibli_prep.settings import FilterSettings

TEXT = """
[filter]
detector = "none"
use = "all"
[resize]
size = 32
[caption]
backend = "sandbox"
models = ["best"]
"""


class Dark:
    """Drops what has nothing bright in it, but for the darkest: among copies one stays."""

    name, drop, review = "dark", 0.5, 0.9

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        return [
            NOTHING_AGAINST if frame.look is None else Opinion(frame.look.bright / 255, "too_dark") for frame in frames
        ]


def load(settings: FilterSettings) -> Dark:
    return Dark()


@pytest.fixture
def dark(home: Any) -> Any:
    """A home where the filter `dark` is entered, and frames some of which are dark."""
    home.monkeypatch.setitem(sys.modules, "dark_for_tests", sys.modules[__name__])
    for name in FILTERS.keys() - {"people"}:
        home.monkeypatch.delitem(FILTERS, name)
    home.monkeypatch.setitem(FILTERS, "dark", Entry("dark_for_tests", "look"))
    home.settings(text=TEXT)
    home.frames(0, 1)
    for level in (10, 20):
        Image.new("L", (40, 40), level).save(home.raw / "film" / f"night{level}.png")
    return home


def test_a_filter_is_one_file_and_one_line(dark: Any) -> None:
    said = dark.run("filter")
    assert said.code == 0, said.err
    assert sorted(file.name for file in (dark.workspace / "filtered_out" / "too_dark").rglob("*.png")) == [
        "night10.png",
        "night20.png",
    ]
    now = dark.run("status", "--json").json
    assert (now["kept"], now["dropped"]) == (2, {"too_dark": 2})
    journal = (dark.workspace / ".ghibli-prep" / "journal.jsonl").read_text("utf-8")
    assert '"by": "dark"' in journal


def test_what_was_measured_once_is_not_measured_again(dark: Any) -> None:
    dark.run("filter")
    measures = dark.workspace / ".ghibli-prep" / "measures.jsonl"
    assert len(measures.read_text("utf-8").splitlines()) == 4
    before = measures.read_bytes()
    assert dark.run("filter", "--redo").code == 0
    assert measures.read_bytes() == before
    assert dark.run("status", "--json").json["dropped"] == {"too_dark": 2}


def test_what_the_user_kept_stays_for_good(dark: Any) -> None:
    dark.run("filter")
    assert dark.run("keep", dark.workspace / "filtered_out" / "too_dark" / "film" / "night10.png").code == 0
    dark.run("filter", "--redo")
    assert dark.run("status", "--json").json["dropped"] == {"too_dark": 1}


def test_a_frame_that_cannot_be_read_is_named_and_the_rest_goes_on(dark: Any) -> None:
    (dark.raw / "film" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 40)
    said = dark.run("filter")
    assert said.code == 0
    assert "film/broken.png" in said.err
    assert dark.run("status", "--json").json["kept"] == 2


def test_frames_put_there_by_hand_pass_as_before_unless_the_settings_say_otherwise(dark: Any) -> None:
    dark.settings(text=TEXT.replace('use = "all"', ""))
    said = dark.run("run")
    assert said.code == 0, said.err
    assert len(dark.captions) == 4


@pytest.mark.parametrize("order", [("black", "flat"), ("flat", "black")])
def test_the_list_of_filters_is_also_their_order(home: Any, order: tuple[str, str]) -> None:
    home.settings(text=TEXT.replace('use = "all"', f"use = {list(order)}"))
    home.frames(0)
    Image.new("L", (40, 40), 3).save(home.raw / "film" / "night.png")
    assert home.run("filter").code == 0
    assert home.run("status", "--json").json["dropped"] == {order[0]: 1}


def test_what_stays_with_a_doubt_is_counted_for_the_user(home: Any) -> None:
    home.settings(text=TEXT.replace('use = "all"', 'use = ["black"]') + "[filter.black]\ndrop = 0.01\nreview = 0.5\n")
    home.frames(0)
    Image.new("L", (40, 40), 100).save(home.raw / "film" / "dusk.png")
    said = home.run("filter")
    assert "1 kept with a doubt: `ghibli-prep filter --review`" in said.err
    assert "with a doubt" not in home.run("filter").err
