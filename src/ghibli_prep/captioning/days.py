"""The provider's day: quotas a day begin anew at midnight Pacific time."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")


def pacific_day(now: float) -> str:
    """The Pacific date at `now` (seconds since the epoch), `YYYY-MM-DD`."""
    return datetime.fromtimestamp(now, PACIFIC).date().isoformat()


def next_reset(now: float) -> float:
    """The next midnight in Pacific time after `now`, in seconds since the epoch; right on days of 23 and 25 hours."""
    tomorrow = datetime.fromtimestamp(now, PACIFIC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time.min, PACIFIC).timestamp()
