"""Quotas in a time that is told: rolling minutes, Pacific days, and refusals that cost nothing."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.sandbox.quota import WINDOW, Limit, Quota, pacific_day


def at(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


RPM, RPD, TPM = Limit("requests_minute", 3), Limit("requests_day", 5), Limit("tokens_minute", 1000)
STARTS = st.sampled_from(
    [at("2026-03-07T20:00:00-08:00"), at("2026-10-31T20:00:00-07:00"), at("2026-07-01T12:00:00-07:00")]
)
SMALL_STEPS = st.lists(st.one_of(st.just(0.0), st.just(20.0), st.just(60.0), st.floats(0, 90)), max_size=60)
LONG_STEPS = st.lists(st.floats(0, 6 * 3600), max_size=60)


def accepted(limit: Limit, start: float, steps: list[float], tokens: int = 1) -> list[float]:
    quota, now, times = Quota(), start, []
    for step in steps:
        now += step
        if quota.admit("p", "m", (limit,), tokens, now) is None:
            times.append(now)
    return times


@given(STARTS, SMALL_STEPS)
def test_no_rolling_minute_ever_holds_more_than_rpm(start: float, steps: list[float]) -> None:
    times = accepted(RPM, start, steps)
    for first, over in zip(times, times[RPM.value :], strict=False):
        assert over - first >= WINDOW


@given(STARTS, SMALL_STEPS, st.integers(1, 1000))
def test_no_rolling_minute_ever_holds_more_than_tpm(start: float, steps: list[float], tokens: int) -> None:
    times = accepted(TPM, start, steps, tokens)
    for place, now in enumerate(times):
        assert sum(tokens for then in times[: place + 1] if now - then < WINDOW) <= TPM.value


@given(STARTS, LONG_STEPS)
def test_no_pacific_day_ever_holds_more_than_rpd_whatever_its_length(start: float, steps: list[float]) -> None:
    times = accepted(RPD, start, steps)
    assert max(Counter(map(pacific_day, times)).values(), default=0) <= RPD.value


@given(STARTS, LONG_STEPS)
def test_a_day_gives_all_of_its_quota(start: float, steps: list[float]) -> None:
    asked = Counter(pacific_day(start + sum(steps[: n + 1])) for n in range(len(steps)))
    given_out = Counter(map(pacific_day, accepted(RPD, start, steps)))
    assert given_out == {day: min(count, RPD.value) for day, count in asked.items()}


@given(STARTS, SMALL_STEPS)
def test_who_waits_as_long_as_the_refusal_says_is_let_through(start: float, steps: list[float]) -> None:
    quota, now = Quota(), start
    for step in steps:
        now += step
        if refusal := quota.admit("p", "m", (RPM,), 1, now):
            now += refusal.seconds + 1e-6
            assert quota.admit("p", "m", (RPM,), 1, now) is None


def test_a_refusal_costs_nothing() -> None:
    quota = Quota()
    assert [quota.admit("p", "m", (RPM, RPD), 1, 0.0) for _ in range(3)] == [None] * 3
    for _ in range(50):
        assert quota.admit("p", "m", (RPM, RPD), 1, 30.0) is not None
    assert quota.admit("p", "m", (RPM, RPD), 1, 60.0) is None


def test_every_limit_that_is_reached_is_named() -> None:
    quota = Quota()
    for _ in range(3):
        quota.admit("p", "m", (), 400, 0.0)
    refusal = quota.admit("p", "m", (RPM, Limit("requests_day", 3), TPM), 400, 45.0)
    assert refusal is not None
    assert [limit.measure for limit in refusal.limits] == ["requests_minute", "requests_day", "tokens_minute"]
    assert refusal.seconds == 15.0


def test_a_request_too_large_for_any_minute_is_told_to_wait_one() -> None:
    refusal = Quota().admit("p", "m", (TPM,), 1001, 0.0)
    assert refusal is not None
    assert refusal.seconds == WINDOW


def test_projects_and_models_do_not_share() -> None:
    quota, one = Quota(), (Limit("requests_day", 1),)
    assert quota.admit("p", "m", one, 1, 0.0) is None
    assert quota.admit("p", "n", one, 1, 0.0) is None
    assert quota.admit("q", "m", one, 1, 0.0) is None
    assert quota.admit("p", "m", one, 1, 0.0) is not None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-03-08T23:59:59-07:00", "2026-03-09T00:00:00-07:00"),  # the day of 23 hours
        ("2026-11-01T23:59:59-08:00", "2026-11-02T00:00:00-08:00"),  # the day of 25 hours
    ],
)
def test_the_day_ends_at_midnight_in_california(before: str, after: str) -> None:
    quota, one = Quota(), (Limit("requests_day", 1),)
    assert quota.admit("p", "m", one, 1, at(before)) is None
    assert quota.admit("p", "m", one, 1, at(before)) is not None
    assert quota.admit("p", "m", one, 1, at(after)) is None
