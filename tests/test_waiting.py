"""`--wait` in injected time: over resets, days of 23 and 25 hours, a laptop's sleep, outages, and a stop meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from ghibli_prep.asking import LONGEST_WAIT, _patiently
from ghibli_prep.captioning import Key
from ghibli_prep.captioning.days import next_reset, pacific_day
from ghibli_prep.captioning.posts import Exhausted
from ghibli_prep.commands import making
from ghibli_prep.errors import Paused, Stopped
from ghibli_prep.session import Session
from ghibli_prep.settings import Settings


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@dataclass
class Clock:
    """Epoch seconds from `start` on; `leap` is called with the time, and adds to it. The sandbox's threads look at it
    too: a leap must not be lost between two of them."""

    start: float
    leap: Callable[[float], float] = lambda _: 0.0
    began: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> float:
        with self.lock:
            now = self.start + time.monotonic() - self.began
            further = self.leap(now)
            self.start += further
            return now + further


def session(home: Any, url: str, clock: Callable[[], float]) -> Session:
    settings = Settings.model_validate(
        {
            "filter": {"detector": "none"},
            "resize": {"size": 32},
            "caption": {"models": ["best", "next"], "backoff_seconds": [0.02], "base_url": url},
        }
    )
    key = Key(1, "GEMINI_API_KEY_1", "key-number-0-0123456789")
    return Session(settings, [key], home.workspace, home.raw, home.folder / "cache", clock=clock)


def run(made: Session) -> None:
    making.run(made, skip_filter=False, skip_resize=False, limit=None, wait=True, retry_blocked=False, cleanup=False)


def to_just_before_midnight(home: Any) -> Callable[[float], float]:
    """A clock that leaps, once the day's two pictures are captioned, to just before the next reset."""
    leaps: list[float] = []

    def leap(now: float) -> float:
        if len(home.captions) < 2 * (len(leaps) + 1) or next_reset(now) - now < 0.5:
            return 0.0
        leaps.append(now)
        return next_reset(now) - now - 0.3

    return leap


@pytest.mark.parametrize(
    "start",
    [
        "2026-03-08T00:10:00-08:00",  # a day of 23 hours
        "2026-11-01T00:10:00-07:00",  # a day of 25 hours
        "2026-11-01T01:30:00-08:00",  # in the hour that comes twice
        "2026-12-31T12:00:00-08:00",
    ],
)
def test_it_goes_on_after_each_reset_and_never_before(home: Any, sandbox: Any, start: str) -> None:
    clock = Clock(at(start), to_just_before_midnight(home))
    api = sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock)
    home.frames(*range(5))
    run(session(home, api.url, clock))
    assert len(home.captions) == 5
    days = [pacific_day(call.time) for call in api.calls if call.outcome == "ok"]
    assert len(set(days)) == 3 and max(map(days.count, days)) == 2
    refused = {pacific_day(call.time) for call in api.calls if call.outcome == "429_day"}
    assert refused <= {days[0]}  # from then on the limits are known


def test_it_goes_on_when_a_laptop_wakes_up_days_later(home: Any, sandbox: Any) -> None:
    asleep: list[float] = []

    def leap(now: float) -> float:
        if len(home.captions) < 2 or asleep:
            return 0.0
        asleep.append(now)
        return 3 * 86_400.0

    clock = Clock(at("2026-06-10T12:00:00-07:00"), leap)
    api = sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock)
    home.frames(*range(4))
    run(session(home, api.url, clock))
    assert len(home.captions) == 4
    assert sorted({pacific_day(call.time) for call in api.calls if call.outcome == "ok"}) == [
        "2026-06-10",
        "2026-06-13",
    ]


def test_a_stop_while_it_waits_for_hours_is_heard_and_all_is_saved(
    home: Any, sandbox: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[Session] = []

    def leap(now: float) -> float:
        if made and len(home.captions) == 2 and "waiting until" in (said := capsys.readouterr().err):
            assert "Ctrl-C stops" in said
            made[0].stop.ask()
        return 0.0

    clock = Clock(at("2026-06-10T12:00:00-07:00"), leap)
    home.frames(*range(3))
    made.append(session(home, sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock).url, clock))
    with pytest.raises((Stopped, Paused)):
        run(made[0])
    assert len(home.captions) == 2
    assert home.checkpoint["pending"] == 1


def test_a_service_that_is_down_over_and_over_is_outlasted(home: Any, sandbox: Any) -> None:
    clock = Clock(at("2026-06-10T12:00:00-07:00"))
    down = [*range(1, 13), *range(15, 27), *range(28, 40)]
    api = sandbox(best={}, next={}, clock=clock, faults=[{"kind": "503", "calls": down}])
    home.frames(*range(6))
    run(session(home, api.url, clock))
    assert len(home.captions) == 6
    assert len([call for call in api.calls if call.outcome == "ok"]) == 6  # nothing was paid twice


def test_a_service_that_stays_down_is_tried_less_and_less_often_and_at_least_each_quarter_hour() -> None:
    end = Exhausted(1080.0, "service")
    waits = [_patiently(end, downs, 1000.0).until for downs in range(9)]
    assert waits == [1080, 1080, 1160, 1320, 1640, *[1000 + LONGEST_WAIT] * 4]
    quota = Exhausted(9000.0, "quota")
    assert _patiently(quota, 7, 1000.0) == quota
    assert _patiently(Exhausted(3000.0, "service"), 9, 1000.0).until == 3000.0  # the user's own rest is longer
