"""Where in a film frames are wanted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.stages.extract.marks import Mark, every, in_scenes

Lengths = st.floats(0, 10_000)


def test_marks_lie_a_step_apart_from_the_start_to_before_the_end() -> None:
    assert [mark.at for mark in every(2, 17, 5, 0.5, None)] == [2, 7, 12]
    assert [mark.at for mark in every(0, 15, 5, 0.5, None)] == [0, 5, 10]
    assert every(5, 5, 5, 0.5, None) == []
    assert every(9, 5, 5, 0.5, None) == []


def test_a_window_goes_no_further_than_the_film_and_half_way_to_the_next_mark() -> None:
    assert every(0, 6, 5, 0.5, None) == [Mark(0, 0, 0.5), Mark(5, 4.5, 5.5)]
    assert [(mark.first, mark.last) for mark in every(0, 0.6, 0.2, 0.5, None)] == [(0, 0.1), (0.1, 0.3), (0.3, 0.5)]
    assert all(mark.exact for mark in every(0, 6, 5, 0, None))


def test_at_most_so_many_are_spread_over_the_film() -> None:
    assert [mark.at for mark in every(0, 100, 5, 0.5, 4)] == [10, 35, 60, 85]
    assert len(every(0, 100, 5, 0.5, 40)) == 20


def test_each_scene_has_its_share_clear_of_its_ends() -> None:
    marks = in_scenes([4, 10, 30], 0, 20, 2, 0.5, None)
    assert [(mark.at, mark.scene) for mark in marks] == [(1, 0), (3, 0), (5.5, 1), (8.5, 1), (12.5, 2), (17.5, 2)]
    assert in_scenes([0.4], 0, 1, 1, 0.5, None)[0].last < 0.4


@given(Lengths, Lengths, st.floats(0.01, 600), st.floats(0, 2), st.none() | st.integers(1, 50))
def test_windows_never_overlap(start: float, end: float, step: float, window: float, most: int | None) -> None:
    if (end - start) / step > 2000:
        step = (end - start) / 2000
    check(every(start, end, step, window, most), start, end, most)


@given(st.lists(Lengths), st.integers(1, 4), st.floats(0, 2), st.none() | st.integers(1, 9))
def test_neither_do_those_of_scenes(cuts: list[float], per_scene: int, window: float, most: int | None) -> None:
    marks = in_scenes(sorted(set(cuts)), 3, 8000, per_scene, window, most)
    check(marks, 3, 8000, most)


def check(marks: list[Mark], start: float, end: float, most: int | None) -> None:
    assert most is None or len(marks) <= most
    for one, other in pairwise(marks):
        assert one.at < other.at + 1e-5
        assert one.last <= other.first + 2e-5
    for mark in marks:
        assert start - 1e-5 <= mark.first <= mark.at + 1e-5
        assert mark.at <= mark.last + 1e-5
        assert mark.last <= end + 1e-5


@pytest.mark.parametrize("length", [0.03, 0.5])
def test_the_shortest_film_has_a_mark(length: float) -> None:
    assert [mark.at for mark in every(0, length, 5, 0.5, None)] == [0]
    assert len(in_scenes([], 0, length, 1, 0.5, None)) == 1
