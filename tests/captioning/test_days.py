"""The provider's day: midnight in Pacific time, on days of 23, 24 and 25 hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning.days import SKEW, next_reset, pacific_day, quota_back_at


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "reset", "hours"),
    [
        ("2026-07-01T00:00:00-07:00", "2026-07-02T00:00:00-07:00", 24),
        ("2026-03-08T00:00:00-08:00", "2026-03-09T00:00:00-07:00", 23),  # summer time begins
        ("2026-11-01T00:00:00-07:00", "2026-11-02T00:00:00-08:00", 25),  # summer time ends
        ("2026-11-01T01:30:00-07:00", "2026-11-02T00:00:00-08:00", 23.5),
        ("2026-11-01T01:30:00-08:00", "2026-11-02T00:00:00-08:00", 22.5),  # the same hour once more
        ("2026-12-31T23:59:59-08:00", "2027-01-01T00:00:00-08:00", 1 / 3600),
    ],
)
def test_the_quota_is_reset_at_the_next_pacific_midnight(now: str, reset: str, hours: float) -> None:
    assert next_reset(at(now)) == at(reset) == pytest.approx(at(now) + hours * 3600)


def test_a_day_is_named_by_its_pacific_date() -> None:
    assert pacific_day(at("2026-07-01T06:59:59+00:00")) == "2026-06-30"
    assert pacific_day(at("2026-07-01T07:00:00+00:00")) == "2026-07-01"


@given(st.floats(at("2024-01-01T00:00:00+00:00"), at("2040-01-01T00:00:00+00:00")))
def test_a_new_day_begins_at_the_reset_and_not_before(now: float) -> None:
    reset = next_reset(now)
    assert now < reset <= now + 25 * 3600
    assert pacific_day(now) == pacific_day(reset - 0.001) < pacific_day(reset)


def test_a_quota_found_used_up_is_back_at_the_next_reset() -> None:
    assert quota_back_at(at("2026-07-01T12:00:00-07:00")) == at("2026-07-02T00:00:00-07:00")


def test_a_quota_found_used_up_in_a_days_first_minutes_is_tried_again_soon() -> None:
    midnight = at("2026-07-01T00:00:00-07:00")
    assert quota_back_at(midnight) == quota_back_at(midnight + SKEW - 1) == midnight + SKEW
    assert quota_back_at(midnight + SKEW) == at("2026-07-02T00:00:00-07:00")
