from __future__ import annotations

import random
from collections import Counter

import pytest
from truth_duplicates import CHANGES, Window, Windows, copies


def test_the_same_seed_makes_the_same_copies_and_another_seed_others() -> None:
    first, again, other = ([(copy.group, copy.picture.tobytes()) for copy in copies(seed, 20)] for seed in (31, 31, 32))
    assert first == again
    assert not {picture for _, picture in first} & {picture for _, picture in other}


def test_there_are_repeats_by_every_change_and_pictures_without_any() -> None:
    made = list(copies(31, 200))
    members = Counter(copy.group for copy in made)
    assert len(made) == 200
    assert {copy.change for copy in made} >= set(CHANGES)
    assert 1 in members.values()
    assert max(members.values()) <= 4


def test_no_window_lies_beyond_its_photograph_or_shows_what_another_shows() -> None:
    windows = Windows(random.Random(31))
    window = windows.new("coffee")
    left, top, right, bottom = window.box
    assert window.seen.size == (384, 216)
    assert not windows.take(window)
    assert not windows.take(Window(window.name, window.turn, (left + 1, top + 1, right, bottom)))
    assert not windows.take(Window(window.name, window.turn, (left - 5000, top, right - 5000, bottom)))
    assert windows.take(Window("astronaut", 0, (0, 0, 320, 180)))


def test_photographs_end() -> None:
    windows = Windows(random.Random(31), tries=2)
    with pytest.raises(ValueError, match="fewer"):
        for _ in range(10_000):
            windows.new()
