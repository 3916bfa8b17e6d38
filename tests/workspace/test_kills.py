"""SIGKILL, for real: at every step of each operation, and at random moments of a long run."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ghibli_prep.samples import Captioned, Removed, Rendered
from ghibli_prep.workspace import Workspace

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which this system lacks")

PRELUDE = """
import hashlib, json, os, random, shutil, signal, sys
from pathlib import Path
from ghibli_prep.samples import *
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.checkpoint import Checkpoint
from ghibli_prep.workspace.quota import Spent

def hash_file(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()

def rendered(held, at):
    file = held.staging / f"{at}.jpg"
    file.write_text(f"picture {at}")
    return Rendered(f"identity {at}", f"film/{at}.png", file)
"""

STEPS = (
    PRELUDE
    + """
operations = {
    "number": lambda held: held.number([rendered(held, at) for at in range(5)]),
    "record": lambda held: [held.record(Captioned(4, "text of 3")), held.record(Failed(4, "why"))],
    "retry": lambda held: held.record(Captioned(2, "text of 1")),
    "recaption": lambda held: [held.reopen([1, 3], "all"),
                               *[held.record(Captioned(n, f"new text of {n - 1}")) for n in (1, 3)]],
    "take_out": lambda held: held.take_out([Removed(1, "why", False), Removed(2, "why", False)]),
    "purge": lambda held: held.take_out([Removed(1, "why", True), Removed(3, "why", True)]),
    "restore": lambda held: held.restore(),
    "place": lambda held: held.record(Kept("k", "film/k.png", held.train / "1.jpg", "yolo", "person", 1.0)),
    "save": lambda held: [held.save_quota({"a/b": Spent()}),
                          held.save_checkpoint(Checkpoint(1, 2, 1, 1, 0, "k", 0, "m", "2026-07-01 12:00:00"))],
}

def start(root):
    with Workspace(root, hash_file) as held:
        held.number([rendered(held, at) for at in range(4)])
        held.record(Captioned(1, "text of 0"))
        held.record(Blocked(2, "SAFETY"))
        held.record(Captioned(3, "text of 2"))
        if sys.argv[2] == "restore":
            held.take_out([Removed(1, "why", False), Removed(2, "why", False), Removed(4, "why", False)])

def run(root, operation):
    with Workspace(root, hash_file) as held:
        operation(held)

def killed(root, operation, moment):
    # did a child that runs `operation` die at its disk access number `moment`?
    child = os.fork()
    if child == 0:
        left = [moment]
        def count(event, _):
            if event in ("open", "os.rename", "os.remove", "os.mkdir", "os.link", "os.truncate", "os.rmdir"):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        run(root, operation)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, status
    return os.WIFSIGNALED(status)

def truth(root):
    look = Workspace(root, hash_file)
    for folder, numbers, texts in ((look.train, look.pictures(), look.captions),
                                   (look.removed, look.pictures_removed(), look._lines_removed.texts)):
        identities = {number: identity for identity, number in look.facts.numbers.items()}
        assert texts.keys() <= set(numbers), (folder, texts, numbers)
        for number in numbers:
            at = identities[number].removeprefix("identity ")
            assert (folder / f"{number}.jpg").read_text() == f"picture {at}"
            assert texts.get(number, f"text of {at}") in (
                f"text of {at}", f"new text of {at}", "[BLOCKED_BY_SAFETY_FILTER]")
    assert not set(look.pictures()) & set(look.pictures_removed())
    assert len(set(look.facts.numbers.values())) == len(look.facts.numbers)
    return (look.pictures(), look.pictures_removed(), dict(sorted(look.captions.items())),
            look._lines_removed.texts, look.facts.numbers)

def one_line_each(root):
    # what a trainer would read right after the kill
    rows = [json.loads(row) for row in (root / "train/metadata.jsonl").read_text().splitlines()]
    assert [row["file_name"] for row in rows] == ["1.jpg", "2.jpg", "3.jpg"], rows
    assert all(row["text"].startswith(("text of", "new text of", "[BLOCKED")) for row in rows), rows

root, operation = Path(sys.argv[1]), operations[sys.argv[2]]
start(root / "start")
shutil.copytree(root / "start", root / "done")
run(root / "done", operation)
before, after = truth(root / "start"), truth(root / "done")
moment = 0
while True:
    moment += 1
    place = root / str(moment)
    shutil.copytree(root / "start", place)
    if not killed(place, operation, moment):
        break
    if sys.argv[2] in ("recaption", "retry"):
        one_line_each(place)
    killed(place, lambda held: None, moment % 11 + 1)      # the opening that mends may be killed too
    run(place, lambda held: None)
    found = truth(place)
    if sys.argv[2] in ("take_out", "purge", "restore"):    # all or nothing, with no call to end the job
        assert found in (before, after), (moment, before, after, found)
    run(place, operation)
    assert truth(place) == after, (moment, after, truth(place))
    shutil.rmtree(place)
print(moment)
"""
)

LONG = (
    PRELUDE
    + """
dice = random.Random(int(sys.argv[2]))
with Workspace(Path(sys.argv[1]), hash_file) as held:
    print("open", flush=True)
    while True:
        first = max(held.facts.numbers.values(), default=0)
        for made in held.number([rendered(held, at) for at in range(first, first + 3)]):
            held.record(Captioned(made.number, f"text of {made.number - 1}"))
        out = dice.sample(held.pictures(), 3)
        held.take_out([Removed(number, "why", number % 5 == 0) for number in out])
        if dice.random() < 0.7:
            held.restore()
"""
)


@pytest.mark.parametrize(
    "operation", ["number", "record", "retry", "recaption", "take_out", "purge", "restore", "place", "save"]
)
def test_a_kill_at_any_step_is_mended_by_the_next_opening(
    tmp_path: Path, child: Callable[..., CompletedProcess[str]], operation: str
) -> None:
    ended = child(STEPS, tmp_path, operation)
    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) > 10


def hash_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_kills_at_random_moments_lose_and_swap_nothing(root: Path) -> None:
    dice = random.Random(7)
    for seed in range(8):
        command = [sys.executable, "-c", LONG, str(root), str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            assert running.stdout.readline() == "open\n"
            time.sleep(dice.uniform(0.01, 0.3))
            running.send_signal(signal.SIGKILL)
            assert running.wait() == -signal.SIGKILL
        with Workspace(root, hash_file) as held:
            check(held)
            last = max(held.facts.numbers.values())
            for number in held.pending():  # what was under way when the kill came
                assert number > last - 3
                held.record(Captioned(number, f"text of {number - 1}"))
            held.number([again(held, number) for number in range(1, last + 1)])
            for number in held.pending():
                held.record(Captioned(number, f"text of {number - 1}"))
            check(held)
    purged = {number for number, removed in held.facts.removed.items() if removed.purged}
    assert {*held.pictures(), *held.pictures_removed()} == set(range(1, last + 1)) - purged


def again(held: Workspace, number: int) -> Rendered:
    file = held.staging / f"{number - 1}.jpg"
    file.write_text(f"picture {number - 1}")
    return Rendered(f"identity {number - 1}", "film/x.png", file)


def check(held: Workspace) -> None:
    numbers = held.facts.numbers
    assert len(set(numbers.values())) == len(numbers)
    assert not set(held.pictures()) & set(held.pictures_removed())
    for folder, pictures in ((held.train, held.pictures()), (held.removed, held.pictures_removed())):
        lines = (folder / "metadata.jsonl").read_text().splitlines() if folder.exists() else []
        texts = {row["file_name"]: row["text"] for row in map(json.loads, lines)}
        assert len(texts) == len(lines)
        assert texts.keys() <= {f"{number}.jpg" for number in pictures}
        for number in pictures:
            assert (folder / f"{number}.jpg").read_text() == f"picture {number - 1}"
            assert texts.get(f"{number}.jpg", f"text of {number - 1}") == f"text of {number - 1}"
    for removed in held.facts.removed.values():
        assert isinstance(removed, Removed)
