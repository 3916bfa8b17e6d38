"""SIGKILL, for real, at every step boundary of a batch: one job is paid for, and every picture has one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghibli_prep.sandbox import Sandbox, SandboxSettings

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which this system lacks")

PICTURES = 3
STEPS = """
import json, os, shutil, signal, sys, time
from collections import Counter
from pathlib import Path
import skimage.data
from PIL import Image
from ghibli_prep.captioning import Key
from ghibli_prep.captioning.backends.google_genai_batches import GoogleGenaiBatches
from ghibli_prep.errors import Paused
from ghibli_prep.commands import making
from ghibli_prep.session import Session
from ghibli_prep.settings import Settings

root, url, pictures = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
settings = Settings.model_validate({"caption": {
    "models": ["best"], "base_url": url, "rules": {"disabled": ["same-text"]}}, "resize": {"size": 32}})

class Counted:
    # the service, and a count of how often it was called and has answered
    def __init__(self, count):
        self.service, self.count = GoogleGenaiBatches(url, 20.0), count

    def __getattr__(self, name):
        method = getattr(self.service, name)
        if name in ("request", "answer", "close"):
            return method
        def called(*arguments):
            self.count(f"before {name}")
            said = method(*arguments)
            self.count(f"after {name}")
            return said
        return called

def session(place, moment, count, ahead=0.0):
    key = Key(1, "GEMINI_API_KEY_1", f"key-of-moment-{moment}")
    return Session(settings, [key], place, place / "raw", root, clock=lambda: time.time() + ahead,
                   batches=lambda: Counted(count))

def twice(place, moment, count):
    # the first sends, the second collects
    try:
        making.caption(session(place, moment, count), None, False, False, True)
    except Paused:
        making.caption(session(place, moment, count), None, False, False, True)

def killed(place, moment):
    child = os.fork()
    if child == 0:
        left = [moment]
        def count(what):
            left[0] -= 1
            if left[0] == 0:
                (root / f"{moment}.at").write_text(what)
                os.kill(os.getpid(), signal.SIGKILL)
        def audit(event, arguments):
            if event in ("os.rename", "os.remove"):
                count(f"{event} {arguments}")
            if event == "open" and str(arguments[0]).startswith(str(place)):
                writes = os.O_WRONLY | os.O_RDWR
                if any(letter in (arguments[1] or "") for letter in "wax+") or (arguments[2] or 0) & writes:
                    count(f"open {arguments[0]}")
        sys.stdout = sys.stderr = open(root / f"{moment}.log", "w")
        sys.addaudithook(audit)
        twice(place, moment, count)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, (moment, status, (root / f"{moment}.log").read_text())
    return os.WIFSIGNALED(status)

def gone_on(place, moment):
    for turn in range(1, 9):
        try:
            making.caption(session(place, moment, lambda what: None, ahead=60.0 * turn), None, False, False, True)
            return
        except Paused:
            continue
    raise AssertionError(f"moment {moment}: it never ends")

def check(place, moment):
    at = (root / f"{moment}.at").read_text() if (root / f"{moment}.at").exists() else "the end"
    lines = [json.loads(line) for line in (place / "train" / "metadata.jsonl").read_text("utf-8").splitlines()]
    names = [line["file_name"] for line in lines]
    assert sorted(names) == [f"{n}.jpg" for n in range(1, pictures + 1)], (moment, at, names)
    state = place / ".ghibli-prep"
    made = [json.loads(line) for line in (state / "captions.jsonl").read_text("utf-8").splitlines()]
    assert Counter(line["number"] for line in made) == {n: 1 for n in range(1, pictures + 1)}, (moment, at)
    assert not [file for file in state.rglob("*") if "answers" in file.name or "half" in file.name], (moment, at)
    assert not list((state / "staging").iterdir()), (moment, at)

def raw(place):
    (place / "raw").mkdir(parents=True)
    for number, name in enumerate(("astronaut", "coffee", "chelsea")[:pictures]):
        Image.fromarray(getattr(skimage.data, name)()).convert("RGB").save(place / "raw" / f"{number}.png")

sys.stderr = open(root / "log", "w")
sys.stdout, out = sys.stderr, sys.stdout
raw(root / "start")
making.resize(session(root / "start", 0, lambda what: None), True)
moment = 0
while True:
    moment += 1
    place = root / str(moment)
    shutil.copytree(root / "start", place)
    if not killed(place, moment):
        check(place, moment)
        break
    gone_on(place, moment)
    check(place, moment)
    shutil.rmtree(place)
print(moment, file=out)
"""


def test_a_kill_at_any_step_boundary_has_no_job_paid_for_twice_and_no_picture_lost(tmp_path: Path) -> None:
    with Sandbox(SandboxSettings.model_validate({"models": {"best": {}}, "batch": {"polls": 1}})) as server:
        command = [sys.executable, "-c", STEPS, str(tmp_path), server.url, str(PICTURES)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=540, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr + (tmp_path / "log").read_text()[-2000:]
        moments = int(ran.stdout)
        jobs = server.jobs
        answers = [call for call in server.calls if call.outcome == "batch_ok"]
    reached = {(tmp_path / f"{moment}.at").read_text().split()[-1] for moment in range(1, moments)}
    assert {"upload", "create", "look", "fetch", "discard"} <= reached
    assert len({job.project for job in jobs}) == moments, "each moment has a key and so a project of its own"
    assert len(jobs) == moments, "and one job in it"
    assert len(answers) == moments * PICTURES
