"""Where people are, how much they take of a picture, and the square that keeps them whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.framing import Box, clipped, count, share, square


def box(left: float, top: float, right: float, bottom: float, what: str = "person") -> Box:
    return Box(left, top, right, bottom, 0.9, what)


SIDES = st.integers(8, 4000)
PARTS = st.floats(0, 1)
BOXES = st.builds(clipped, PARTS, PARTS, PARTS, PARTS, PARTS, st.sampled_from(["face", "person"]))
PEOPLE = st.lists(BOXES, max_size=5)


def seen(people: list[Box], width: int, height: int, place: tuple[int, int, int]) -> float:
    """How many pixels of the boxes lie in the square, each box for itself."""
    left, top, side = place
    return sum(
        max(0.0, min(one.right * width, left + side) - max(one.left * width, left))
        * max(0.0, min(one.bottom * height, top + side) - max(one.top * height, top))
        for one in people
    )


def whole(one: Box, width: int, height: int, place: tuple[int, int, int]) -> bool:
    left, top, side = place
    return (
        one.left * width >= left - 0.5
        and one.right * width <= left + side + 0.5
        and one.top * height >= top - 0.5
        and one.bottom * height <= top + side + 0.5
    )


@given(SIDES, SIDES, PEOPLE)
def test_the_square_is_the_largest_there_is_and_lies_within_the_picture(
    width: int, height: int, people: list[Box]
) -> None:
    left, top, side = square(width, height, people)
    assert side == min(width, height)
    assert 0 <= left <= width - side
    assert 0 <= top <= height - side


@given(SIDES, SIDES)
def test_where_there_is_nobody_it_is_the_centre(width: int, height: int) -> None:
    left, top, side = square(width, height, [])
    assert abs(left - (width - side) / 2) <= 0.5
    assert abs(top - (height - side) / 2) <= 0.5


@given(SIDES, SIDES, BOXES)
def test_one_who_fits_into_it_is_whole_in_it(width: int, height: int, one: Box) -> None:
    place = square(width, height, [one])
    longer = (one.right - one.left) * width if width > height else (one.bottom - one.top) * height
    if longer <= min(width, height):
        assert whole(one, width, height, place)


@given(SIDES, SIDES, BOXES)
def test_no_less_of_one_is_seen_than_in_the_centre(width: int, height: int, one: Box) -> None:
    side = min(width, height)
    centre = ((width - side) // 2, (height - side) // 2, side)
    there, here = (seen([one], width, height, place) for place in (square(width, height, [one]), centre))
    assert there >= here - max(width, height)  # a line of pixels is lost by rounding, at the most


@given(SIDES, SIDES, PEOPLE)
def test_as_many_faces_are_whole_as_in_any_other_square(width: int, height: int, people: list[Box]) -> None:
    faces = [one for one in people if one.what == "face"]
    side = min(width, height)
    best = sum(whole(face, width, height, square(width, height, people)) for face in faces)
    for part in range(9):
        other = (round((width - side) * part / 8), round((height - side) * part / 8), side)
        assert sum(whole(face, width, height, other) for face in faces) <= best


def test_a_face_is_kept_before_a_body_and_people_get_some_air() -> None:
    assert square(200, 100, [box(0.0, 0.2, 0.3, 1.0), box(0.9, 0.1, 1.0, 0.3, "face")]) == (100, 0, 100)
    left, _, _ = square(200, 100, [box(0.1, 0.0, 0.2, 1.0)])
    assert left == 16  # the body begins at 20, and has 4 pixels of air


def test_what_boxes_cover_together_is_counted_once() -> None:
    assert share([]) == 0.0
    assert share([box(0, 0, 0.5, 0.5), box(0.25, 0, 0.75, 0.5)]) == pytest.approx(0.375)
    assert share([box(0, 0, 0.5, 0.5), box(0.5, 0.5, 1, 1)]) == pytest.approx(0.5)


@given(PEOPLE)
def test_a_share_is_no_more_than_all_and_no_less_than_the_largest_box(people: list[Box]) -> None:
    assert max((one.area for one in people), default=0) - 1e-9 <= share(people)
    assert share(people) <= min(1, sum(one.area for one in people)) + 1e-9


def test_a_face_within_a_body_is_the_same_person() -> None:
    body, face = box(0.0, 0.0, 0.5, 1.0), box(0.1, 0.1, 0.2, 0.2, "face")
    assert count([body, face]) == 1
    assert count([body, face, box(0.8, 0.1, 0.9, 0.2, "face")]) == 2


def test_a_box_beyond_the_edge_is_cut_at_it() -> None:
    assert clipped(-0.5, 0.2, 1.5, 0.4, 0.9, "face") == Box(0.0, 0.2, 1.0, 0.4, 0.9, "face")
