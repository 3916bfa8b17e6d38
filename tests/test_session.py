"""What each command does over days, with a clock that is moved by hand or runs fast."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import Key
from ghibli_prep.commands import keeping, making
from ghibli_prep.errors import Paused, Stopped
from ghibli_prep.session import Session
from ghibli_prep.settings import Settings

NOON = datetime.fromisoformat("2026-06-10T12:00:00-07:00").timestamp()
BEFORE_MIDNIGHT = datetime.fromisoformat("2026-06-10T23:59:30-07:00").timestamp()


@dataclass
class Clock:
    """Epoch seconds from `start` on, `speed` times as fast as ours."""

    start: float = NOON
    speed: float = 1.0
    began: float = field(default_factory=time.monotonic)

    def __call__(self) -> float:
        return self.start + (time.monotonic() - self.began) * self.speed

    def tomorrow(self) -> None:
        self.start += 24 * 3600


def session(home: Any, url: str, clock: Clock, keys: int = 1, **caption: Any) -> Session:
    settings = Settings.model_validate(
        {
            "filter": {"detector": "none"},
            "resize": {"size": 32},
            "caption": {"models": ["best", "next"], "backoff_seconds": [0.02], "base_url": url, **caption},
        }
    )
    named = [Key(n + 1, f"GEMINI_API_KEY_{n + 1}", f"key-number-{n}-0123456789") for n in range(keys)]
    return Session(settings, named, home.workspace, home.raw, home.folder / "cache", clock=clock)


def run(made: Session, wait: bool = False, limit: int | None = None) -> None:
    making.run(made, skip_filter=False, skip_resize=False, limit=limit, wait=wait, retry_blocked=False, cleanup=False)


@pytest.mark.parametrize("strategy", ["sequential", "parallel-keys", "parallel-all"])
def test_the_next_day_the_same_command_goes_on(home: Any, sandbox: Any, strategy: str) -> None:
    clock = Clock()
    api = sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock)
    home.frames(*range(4))
    with pytest.raises(Paused, match="Still to caption: 2 of 4 pictures"):
        run(session(home, api.url, clock, strategy=strategy))
    first = home.captions
    clock.tomorrow()
    run(session(home, api.url, clock, strategy=strategy))
    assert len(home.captions) == 4
    assert first.items() <= home.captions.items()
    assert home.checkpoint["pending"] == 0
    assert home.checkpoint["timestamp"].startswith("2026-06-1")


def test_a_quota_that_came_back_early_is_found_by_the_probe(home: Any, sandbox: Any) -> None:
    clock = Clock()
    home.frames(*range(3))
    with pytest.raises(Paused):
        run(session(home, sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock).url, clock))
    run(session(home, sandbox(clock=clock).url, clock))  # the same day, another endpoint: nothing is spent there
    assert len(home.captions) == 3


def test_waiting_sleeps_through_midnight_in_california(home: Any, sandbox: Any) -> None:
    clock = Clock(BEFORE_MIDNIGHT, speed=24 * 3600 / 5)  # a day in five seconds, however slow the machine begins
    api = sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock)
    home.frames(*range(4))
    run(session(home, api.url, clock), wait=True)
    assert len(home.captions) == 4
    assert {call.outcome for call in api.calls} <= {"ok", "429_day"}


def test_the_end_is_told_in_the_users_time_with_the_way_to_go(home: Any, sandbox: Any) -> None:
    clock = Clock()
    home.frames(0, 1, 2)
    with pytest.raises(Paused) as pause:
        run(session(home, sandbox(best={"rpd": 1}, next={"rpd": 1}, clock=clock).url, clock))
    back = datetime.fromisoformat("2026-06-11T00:00:00-07:00").astimezone().strftime("%Y-%m-%d %H:%M:%S")
    assert f"The next quota is back at {back} your time (in 1" in str(pause.value)
    assert "run the same command again then, or use --wait" in str(pause.value)


def test_a_stop_before_anything_is_asked_is_a_stop(home: Any, sandbox: Any) -> None:
    api = sandbox()
    home.frames(0, 1)
    made = session(home, api.url, Clock())
    made.stop.ask()
    with pytest.raises(Stopped):
        run(made)
    assert api.calls == []
    assert home.checkpoint["last_processed"] == 0


def test_the_checkpoint_keeps_key_and_model_over_commands_that_ask_nobody(home: Any, sandbox: Any) -> None:
    clock = Clock()
    home.frames(0, 1, 2)
    made = session(home, sandbox(best={"rpd": 1}, next={"rpd": 9}, clock=clock).url, clock, strategy="sequential")
    run(made)
    home.frames(3)
    making.resize(session(home, "http://127.0.0.1:9", clock), skip_filter=True)
    stands = home.checkpoint
    assert (stands["last_processed"], stands["total_images"], stands["pending"]) == (3, 4, 1)
    assert (stands["current_model"], stands["current_model_index"]) == ("next", 1)
    assert stands["current_key"] == made.keys[0].fingerprint
    other = Session(Settings.model_validate({}), (), home.workspace, home.raw, Path("cache"), clock=clock)
    keeping.restore(other, dry_run=False)
    assert (home.checkpoint["current_model_index"], home.checkpoint["current_key"]) == (0, "")


def test_the_log_has_what_was_said_and_no_key(home: Any, sandbox: Any) -> None:
    home.frames(0)
    made = session(home, sandbox(best={"gone": "not_found"}, next={}).url, Clock())
    run(made)
    log = (home.workspace / ".ghibli-prep" / "run.log").read_text(encoding="utf-8")
    assert "key 1, best: left out of this run" in log
    assert "1.jpg by key 1, next in " in log
    assert made.keys[0].secret not in log


@pytest.mark.parametrize("wanted", ["auto", "none"])
def test_no_detector_keeps_every_picture_and_names_the_command_that_installs_one(home: Any, wanted: str) -> None:
    for package in ("mediapipe", "ultralytics"):
        home.monkeypatch.setitem(sys.modules, package, None)  # as where it is not installed
    home.frames(0, 1)
    home.settings(f'backend = "sandbox"\n[filter]\ndetector = "{wanted}"', text="[caption]\n{caption}")
    said = home.run("run")
    assert said.code == 0
    assert ("No detector is installed" in said.err) == (wanted == "auto")
    assert ('pip install "ghibli-prep[mediapipe]"' in said.err) == (wanted == "auto")
    assert len(home.captions) == 2


def test_a_file_that_was_mended_is_mentioned(home: Any, sandbox: Any) -> None:
    home.frames(0)
    url = sandbox().url
    run(session(home, url, Clock()))
    with (home.train / "metadata.jsonl").open("a") as file:
        file.write('{"file_na')
    run(session(home, url, Clock()))
    assert "its lines are whole again" in home.capture.readouterr().err
    assert len(home.captions) == 1
