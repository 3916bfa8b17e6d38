"""Lines of text, and what they form together."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.lettering import Block, Lettering, Line


def line(left: float, top: float, width: float = 0.2, height: float = 0.05, tilt: float = 0.0) -> Line:
    return Line(left, top, left + width, top + height, height, tilt, 0.8)


def grouped(*lines: Line) -> list[int]:
    """How many lines are in each block."""
    return [len(block.lines) for block in Lettering(lines, 0.5, 16 / 9).blocks]


def test_lines_that_stand_below_each_other_are_one_block_and_those_far_away_another() -> None:
    assert grouped(line(0.4, 0.2), line(0.35, 0.3), line(0.4, 0.4), line(0.4, 0.9)) == [3, 1]


def test_two_columns_are_one_block_with_as_many_rows_as_there_are() -> None:
    columns = [line(left, top) for top in (0.2, 0.3, 0.4) for left in (0.27, 0.52)]
    (block,) = Lettering(tuple(columns), 0.5, 16 / 9).blocks
    assert (block.rows, len(block.lines)) == (3, 6)
    assert (block.left, block.top, block.right, block.bottom) == pytest.approx((0.27, 0.2, 0.72, 0.45))


def test_what_is_beside_but_far_is_not_of_the_same_block() -> None:
    assert grouped(line(0.0, 0.2), line(0.7, 0.2)) == [1, 1]


def test_the_longer_a_line_is_the_less_it_may_be_tilted() -> None:
    long, short = line(0.1, 0.5, 0.8, tilt=2.5), line(0.4, 0.5, 0.06, tilt=2.5)
    assert Block((long,), 16 / 9).in_scene and not Block((short,), 16 / 9).in_scene


def test_lines_that_lean_together_are_aslant_sooner_than_one_alone() -> None:
    lines = tuple(line(0.3, 0.2 + 0.1 * at, 0.4, tilt=tilt) for at, tilt in enumerate((-1.4, -1.3, 1.3, 1.4)))
    assert Block(lines, 16 / 9).in_scene and not Block(lines[:1], 16 / 9).in_scene


def test_a_line_from_top_to_bottom_is_as_long_as_it_is_high() -> None:
    upright = Line(0.5, 0.1, 0.55, 0.9, 0.09, 0.0, 0.8)
    assert upright.length(16 / 9) == pytest.approx(0.8)


def test_columns_of_japanese_are_counted_as_rows_are() -> None:
    columns = tuple(Line(left, 0.2, left + 0.04, 0.6, 0.07, 0.0, 0.8) for left in (0.4, 0.46, 0.52))
    (block,) = Lettering(columns, 0.5, 16 / 9).blocks
    assert block.rows == 3


def test_what_is_short_and_cannot_be_read_is_no_text() -> None:
    eye, word = replace(line(0.2, 0.2, 0.05), legible=False), replace(line(0.6, 0.2, 0.4), legible=False)
    found = Lettering((eye, word), 0.5, 16 / 9)
    assert found.text == [word] and [block.lines for block in found.blocks] == [(word,)]
    assert not found.blocks[0].legible


def test_the_air_around_a_block_is_as_wide_as_high_and_ends_with_the_picture() -> None:
    box = Block((line(0.0, 0.5),), 2.0).box(1.0)
    assert (box.left, box.top, box.right, box.bottom) == pytest.approx((0.0, 0.45, 0.225, 0.6))


def test_the_share_counts_what_two_lines_cover_once() -> None:
    assert Lettering((line(0.1, 0.1), line(0.1, 0.1)), 0.5, 1.0).share == pytest.approx(0.01)


def test_what_stands_on_a_board_is_marked_line_by_line() -> None:
    found = Lettering((line(0.1, 0.1), line(0.1, 0.8)), 0.5, 1.0)
    assert [one.board for one in found.on_boards(found.blocks[:1]).lines] == [True, False]


SHARES = st.floats(0, 1)
READ = st.sampled_from((True, False, None))
LINES = st.builds(Line, SHARES, SHARES, SHARES, SHARES, SHARES, st.floats(-45, 45), SHARES, READ, st.booleans())


@given(st.lists(LINES, max_size=8), SHARES, st.floats(0.1, 10))
def test_it_is_the_same_after_json_and_each_line_of_text_is_in_one_block(
    lines: list[Line], busy: float, aspect: float
) -> None:
    found = Lettering(tuple(lines), busy, aspect)
    assert Lettering.of_json(json.loads(json.dumps(found.as_json()))) == found
    assert Counter(one for block in found.blocks for one in block.lines) == Counter(found.text)


@pytest.mark.parametrize("fact", [{}, {"lines": [{"left": 1}], "busy": 0, "aspect": 1}, {"lines": 3}])
def test_what_is_none_is_refused(fact: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Lettering.of_json(fact)
