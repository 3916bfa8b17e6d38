"""How much each project has asked of each model, and whether it may ask again.

Pure: it is told the time, never sleeps, and knows neither keys nor bodies. One thread at a time may call it.
A minute is the last 60 s, rolling; a day is a calendar day in Pacific time, 23 to 25 hours long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")
WINDOW = 60.0
"""Seconds in a rolling minute: a request counts from its second on until less than 60 s later."""

Measure = Literal["requests_minute", "requests_day", "tokens_minute"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What is not to be exceeded: requests or input tokens."""

    measure: Measure
    value: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """Every limit that one more request would exceed, and the seconds to wait as the API would say them.

    As with the real API the seconds of a spent day are of no use: they lead to the next minute, not to the reset.
    """

    limits: tuple[Limit, ...]
    seconds: float


@dataclass(slots=True)
class _Use:
    minute: deque[tuple[float, int]] = field(default_factory=deque)  # (epoch seconds, input tokens)
    days: dict[date, int] = field(default_factory=dict)


def pacific_day(now: float) -> date:
    """The calendar day in Pacific time at `now` epoch seconds."""
    return datetime.fromtimestamp(now, PACIFIC).date()


class Quota:
    def __init__(self) -> None:
        self._use: dict[tuple[str, str], _Use] = {}

    def admit(self, project: str, model: str, limits: Sequence[Limit], tokens: int, now: float) -> Refusal | None:
        """Count one request of `tokens` input tokens at `now` (epoch seconds), or say why not, counting nothing."""
        use = self._use.setdefault((project, model), _Use())
        while use.minute and now - use.minute[0][0] >= WINDOW:
            use.minute.popleft()
        day = pacific_day(now)
        waits = {limit: _wait(limit, use, day, tokens, now) for limit in limits}
        exceeded = {limit: wait for limit, wait in waits.items() if wait is not None}
        if exceeded:
            return Refusal(tuple(exceeded), max(exceeded.values()))
        use.minute.append((now, tokens))
        use.days = {day: use.days.get(day, 0) + 1}
        return None


def _wait(limit: Limit, use: _Use, day: date, tokens: int, now: float) -> float | None:
    """Seconds until one more request keeps within `limit`, None if it does now."""
    if limit.measure == "requests_day":
        return WINDOW - now % WINDOW if use.days.get(day, 0) >= limit.value else None
    is_tokens = limit.measure == "tokens_minute"
    spare = limit.value - (tokens if is_tokens else 1)
    costs = [(when, cost if is_tokens else 1) for when, cost in use.minute]
    over = sum(cost for _, cost in costs) - spare
    if over <= 0:
        return None
    for when, cost in costs:
        over -= cost
        if over <= 0:
            return when + WINDOW - now
    return WINDOW
