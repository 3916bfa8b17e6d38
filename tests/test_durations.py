"""Lengths of film as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.durations import clock, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5s", 5), ("500ms", 0.5), ("1m", 60), ("1m30s", 90), ("1h2m3.5s", 3723.5), ("2.5", 2.5), (" 2,5 S ", 2.5),
        (7, 7), (0.25, 0.25), ("1:30", 90), ("1:02:03", 3723), ("0", 0), ("1 m 30 s", 90), (".5", 0.5),
    ],
)  # fmt: skip
def test_a_length_is_read_as_people_write_it(text: str | float, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "soon", "5 apples", "-3s", "s5", "1:75", "nan", "inf", -1.0, float("nan"), True])
def test_what_is_no_length_says_how_to_write_one(text: str | float) -> None:
    with pytest.raises(ValueError, match="write it like 5s"):
        seconds(text)


@given(st.integers(0, 400_000_000))
def test_a_clock_reads_back_as_the_same_millisecond(thousandths: int) -> None:
    text = clock(thousandths / 1000)
    if thousandths < 360_000_000:
        assert len(text) == len("00:00:00.000")
    hours, minutes, rest = text.split(":")
    assert round((int(hours) * 3600 + int(minutes) * 60 + float(rest)) * 1000) == thousandths
