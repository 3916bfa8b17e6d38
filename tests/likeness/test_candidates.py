from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ghibli_prep.likeness import HEIGHT, WIDTH, Thumbnails, thumbnail, thumbnails
from ghibli_prep.likeness.candidates import WINDOWS, candidates, looks

NAMES = ("astronaut", "camera", "coffee", "chelsea", "rocket", "moon", "coins")


def photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB")


def cut(picture: Image.Image, *edges: float) -> Image.Image:
    """Without these shares of it at the left, the top, the right and the bottom."""
    left, top, right, bottom = edges
    width, height = picture.size
    return picture.crop((int(width * left), int(height * top), int(width * (1 - right)), int(height * (1 - bottom))))


def pictures(*made: Image.Image) -> Thumbnails:
    return thumbnails([thumbnail(each) for each in made])


def pairs(there: Thumbnails) -> set[tuple[int, int]]:
    return {(min(whole, cut), max(whole, cut)) for whole, cut, _ in candidates(there).rows()}


@pytest.mark.parametrize(
    "edges", [(0, 0, 0, 0), (0.1, 0, 0, 0), (0, 0.1, 0, 0.0), (0.05, 0.05, 0.05, 0.05), (0, 0, 0.08, 0)]
)
def test_a_picture_and_what_is_left_of_it_are_a_pair_and_others_are_none(edges: Sequence[float]) -> None:
    made = [photograph(name) for name in NAMES]
    found = pairs(pictures(*made, *[cut(each, *edges) for each in made]))
    assert found >= {(at, at + len(NAMES)) for at in range(len(NAMES))}
    assert not {(one, other) for one, other in found if other < len(NAMES)}


def test_the_window_says_where_the_cut_picture_lies_in_the_whole_one() -> None:
    whole = photograph("astronaut")
    found = candidates(pictures(whole, cut(whole, 3 / 48, 0, 0, 0)))
    seen = {(w, c): WINDOWS[number] for w, c, number in found.rows()}
    assert seen[0, 1][0] == 3


def test_each_picture_knows_the_pairs_that_it_is_in_on_either_side() -> None:
    made = [photograph(name) for name in ("astronaut", "moon", "coffee")]
    found = candidates(pictures(*made, cut(made[0], 0.06, 0, 0, 0), cut(made[0], 0, 0.06, 0, 0)))
    for at, own in enumerate(found.by_picture(5)):
        assert sorted(own.rows()) == sorted(row for row in found.rows() if at in row[:2])
    assert [len(own.whole) for own in found.by_picture(5)] == [2, 0, 0, 2, 2]


def test_pictures_of_one_colour_are_like_nothing() -> None:
    flat = np.full((4, HEIGHT, WIDTH), 90, np.uint8)
    assert not looks(flat).any()
    assert pairs(flat) == set()
    assert [len(own.whole) for own in candidates(flat).by_picture(4)] == [0] * 4


def test_none_and_one_picture_have_no_pairs() -> None:
    assert pairs(np.zeros((0, HEIGHT, WIDTH), np.uint8)) == set()
    assert pairs(pictures(photograph("moon"))) == set()


@settings(max_examples=15)
@given(st.permutations(range(2 * len(NAMES))))
def test_repeats_are_found_in_whatever_order_they_come(order: list[int]) -> None:
    made = [photograph(name) for name in NAMES]
    there = pictures(*made, *[cut(each, 0.02, 0, 0, 0.02) for each in made])
    found = {tuple(sorted((order[one], order[other]))) for one, other in pairs(there[order])}
    assert found == {(at, at + len(NAMES)) for at in range(len(NAMES))}
