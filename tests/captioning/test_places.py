"""Whose turn it is among the pictures: groups in their order, whole, halved, or one by one."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning.places import Places
from ghibli_prep.samples import Resized

PICTURES = [Resized(number, Path(f"{number}.jpg")) for number in range(100, 140)]


def numbers(places: Places, at_most: int = 99) -> list[list[int]]:
    taken = []
    while places:
        taken.append([picture.number for picture in places.take(at_most)])
    return taken


def test_the_last_group_may_be_incomplete_and_some_pictures_stay_alone() -> None:
    assert numbers(Places(PICTURES[:5], 2)) == [[100, 101], [102, 103], [104]]
    assert numbers(Places(PICTURES[:5], 2, alone={101})) == [[100, 102], [101], [103, 104]]
    assert numbers(Places((), 4)) == []


def test_what_comes_back_stands_in_its_old_place_and_what_is_late_behind() -> None:
    places = Places(PICTURES[:6], 2)
    first = places.take(2)
    second = places.take(2)
    places.back(second)
    places.halve(first)
    assert numbers(places) == [[100], [101], [102, 103], [104, 105]]
    places = Places(PICTURES[:3])
    places.back(places.take(1), late=1)
    assert numbers(places) == [[101], [102], [100]]


def test_a_picture_that_is_lost_leaves_the_others_together() -> None:
    places = Places(PICTURES[:3], 3)
    group = places.take(3)
    places.back_without(group, group[1])
    assert numbers(places) == [[100, 102]]


@given(st.integers(0, 40), st.integers(1, 32), st.integers(1, 32), st.sets(st.integers(100, 139)))
def test_every_picture_is_taken_once_whatever_the_sizes(count: int, most: int, at_most: int, alone: set[int]) -> None:
    places = Places(PICTURES[:count], most, alone)
    taken = numbers(places, at_most)
    assert sorted(itertools.chain(*taken)) == [picture.number for picture in PICTURES[:count]]
    assert all(len(group) <= min(most, at_most) for group in taken)
    assert all(len(group) == 1 for group in taken if alone & set(group))
