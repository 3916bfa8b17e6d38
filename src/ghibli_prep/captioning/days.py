"""The provider's day: quotas a day begin anew at midnight Pacific time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
SKEW = 300.0
"""Seconds by which this machine's clock may be ahead of the provider's."""


def pacific_day(now: float) -> str:
    """The Pacific date at `now` (seconds since the epoch), `YYYY-MM-DD`."""
    return datetime.fromtimestamp(now, PACIFIC).date().isoformat()


def next_reset(now: float) -> float:
    """The next midnight in Pacific time after `now`, in seconds since the epoch; right on days of 23 and 25 hours."""
    return _midnight(datetime.fromtimestamp(now, PACIFIC).date() + timedelta(days=1))


def quota_back_at(sent_at: float) -> float:
    """When a quota is back that a request, sent at `sent_at`, found used up: at the next midnight.

    In the first minutes of a day the provider's clock may still stand in yesterday; then it is back in minutes, and
    a run that waited for midnight does not lose the day.
    """
    began = _midnight(datetime.fromtimestamp(sent_at, PACIFIC).date())
    return began + SKEW if sent_at < began + SKEW else next_reset(sent_at)


def _midnight(day: date) -> float:
    return datetime.combine(day, time.min, PACIFIC).timestamp()
