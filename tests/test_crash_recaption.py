"""A recaption is killed at random moments: each picture has one caption all the time, and no new one is lost."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.workspace import Workspace

FRAMES, KILLS, IN_FLIGHT = 40, 8, 4


def hash_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_again_and_again_every_caption_is_the_old_or_the_new_one(home: Any, sandbox: Any) -> None:
    draw = random.Random(os.environ.get("GHIBLI_PREP_SEED", str(time.time_ns())))
    api = sandbox(best={}, latency=0.2)
    home.keys(1, api.url)
    home.frames(*range(FRAMES))
    assert home.run("run").code == 0
    old, asked_before = dict(home.captions), len(api.calls)
    home.settings(f'trigger = "Pixel art of"\nmax_in_flight = {IN_FLIGHT}')
    plain = {name: "" for name in os.environ if name.startswith("COVERAGE")}

    known: dict[int, str] = {}
    for _ in range(KILLS):
        process = home.start("recaption", "--where", "text~style", **plain)
        time.sleep(draw.uniform(0.3, 1.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert home.captions.keys() == old.keys()
        now = dict(Workspace(home.workspace, hash_file).captions)
        for number, text in now.items():
            assert text.startswith("Pixel art of ") or text == old[f"{number}.jpg"]
        assert {number: now[number] for number in known} == known
        known = {number: text for number, text in now.items() if text.startswith("Pixel art of ")}

    assert home.run("recaption", "--where", "text~style").code == 0
    assert len(home.captions) == FRAMES
    assert all(text.startswith("Pixel art of ") for text in home.captions.values())
    assert len(api.calls) - asked_before <= FRAMES + KILLS * IN_FLIGHT
    assert not (home.workspace / ".ghibli-prep" / "rescued.jsonl").exists()
