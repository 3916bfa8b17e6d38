"""Runs are killed at random moments, again and again, and nothing that was paid for is lost.

What "nothing is lost" means, held against the sandbox's call log after every kill. A picture is *paid* when the sandbox
answered for it, and *recorded* when `metadata.jsonl` has its line.

- A recorded picture is never asked again, and its text never changes.
- Paid and not recorded are at most the pictures of the requests that were under way at the kill: `max_in_flight`, one
  if sequential, none after Ctrl-C, with `pictures_per_request` each. A block pays for a picture that stood alone. Each
  of them is paid once more later, and nothing else is: answers = 1 + kills that it was lost in.
- A line's text is what the sandbox says of the bytes of its picture, and a number's bytes never change.

Another seed than a fresh one: GHIBLI_PREP_SEED.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.sandbox import Sandbox, SandboxSettings
from ghibli_prep.sandbox.calls import Call
from ghibli_prep.sandbox.describe import describe
from ghibli_prep.sandbox.measure import measure

KILLS = 17
"""Of `run`, a dataset; six datasets. Killed cleanups come on top."""
PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "retina", "cat", "camera", "hubble_deep_field", "coins", "moon")
SIDE = 64
OURS = re.compile(r"[1-9][0-9]*\.jpg|metadata\.jsonl")
SETTINGS = f"""
[resize]
size = {SIDE}
[caption]
models = ["gemini-2.5-flash", "gemini-2.5-flash-lite"]
backoff_seconds = [0.02, 0.04, 0.06, 0.08, 0.1]
max_in_flight = IN_FLIGHT
pictures_per_request = TOGETHER
"""
WEATHER = SandboxSettings.model_validate(
    {
        "models": {"gemini-2.5-flash": {"rpm": 60_000}, "gemini-2.5-flash-lite": {"rpm": 60_000}},
        "blocked": {"share": 0.12},
        "latency": {"min_seconds": 0.01, "max_seconds": 0.12},
        "faults": [
            {"kind": "503", "share": 0.03},
            {"kind": "429_minute", "share": 0.03, "seconds": 0.02},
            {"kind": "reset", "share": 0.03},
            {"kind": "truncated", "share": 0.03},
        ],
    }
)


@cache
def frames() -> tuple[Image.Image, ...]:
    """Pieces of real photographs, each of which the sandbox describes in other words than all the rest."""
    by_words: dict[str, Image.Image] = {}
    for name in PHOTOS:
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
        for left in range(0, min(photo.width, 640) - SIDE, 56):
            for top in range(0, min(photo.height, 640) - SIDE, 56):
                piece = photo.crop((left, top, left + SIDE, top + SIDE))
                by_words.setdefault(words_for(jpeg(piece)), piece)
    return tuple(by_words.values())


def jpeg(piece: Image.Image) -> bytes:
    file = io.BytesIO()
    piece.save(file, "JPEG", quality=95)
    return file.getvalue()


@cache
def words_for(content: bytes) -> str:
    return describe(measure(content), "Ghibli style")


@contextmanager
def told(seed: int, kills: list[float]) -> Iterator[None]:
    """A failure says with which seed, and after how many kills."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"GHIBLI_PREP_SEED={seed}, after {len(kills)} kills")
        raise


def plain_environment() -> dict[str, str]:
    """Without what makes starting slow: with compiled modules at hand a start takes half the time."""
    slow = ("PYTHONDONTWRITEBYTECODE", "COVERAGE")  # and a killed child would leave half its coverage data
    return {name: value for name, value in os.environ.items() if not name.startswith(slow)}


class Dataset:
    """A workspace under fire, and all that was ever seen of it."""

    def __init__(
        self, home: Path, sandbox: Sandbox, strategy: str, in_flight: int, together: int, draw: random.Random
    ) -> None:
        self.home, self.sandbox, self.draw = home, sandbox, draw
        self.root, self.train, self.removed = home / "data", home / "data" / "train", home / "data" / "removed"
        self.in_flight = together * (1 if strategy == "sequential" else in_flight)
        self.strategy = strategy
        (home / "ghibli.toml").write_text(
            SETTINGS.replace("IN_FLIGHT", str(in_flight)).replace("TOGETHER", str(together)), "utf-8"
        )
        self.unused = draw.sample(frames(), len(frames()))
        self.sources: list[Path] = []
        self.owners: dict[int, str] = {}
        self.texts: dict[int, str] = {}
        self.lost: Counter[str] = Counter()
        self.heard = 0
        self.kills: list[float] = []
        self.cut_lines = 0

    def add_frames(self, count: int) -> None:
        """New ones, and now and then an old one renamed and another copied."""
        for _ in range(count):
            file = self.root / "raw" / f"film {self.draw.randrange(3)}" / f"{self.draw.randrange(10**9):09}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            self.unused.pop().save(file)
            self.sources.append(file)
        if self.sources and self.draw.random() < 0.5:
            at = self.draw.randrange(len(self.sources))
            self.sources[at] = self.sources[at].rename(self.sources[at].with_name(f"renamed {time.time_ns()}.png"))
        if self.sources and self.draw.random() < 0.5:
            shutil.copy(self.draw.choice(self.sources), self.root / "raw" / f"copy {time.time_ns()}.png")

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        keys = {f"GEMINI_API_KEY_{n}": f"AIza-{n}-of-a-crash" for n in (1, 2, 3)}
        command = [sys.executable, "-c", "from ghibli_prep.cli import main; main()", *arguments, "-w", "data"]
        with (self.home / "output.txt").open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self.home,
                env={**plain_environment(), **keys, "GEMINI_BASE_URL": self.sandbox.url},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def end(self, child: subprocess.Popen[bytes], seconds: float, after_call: bool, how: int | None) -> int:
        """Let it run for `seconds`, counted from its first request if `after_call`, then stop it; its exit code.

        how: a signal, None for a kill. All the while `train/` may hold nothing but the dataset.
        """
        begun, asked = time.monotonic(), not after_call
        deadline = begun + 60
        while child.poll() is None and time.monotonic() < deadline:
            self.look_at_names()
            if not asked and len(self.sandbox.calls) > self.heard:
                asked, begun = True, time.monotonic()
            if asked and time.monotonic() >= begun + seconds:
                child.kill() if how is None else child.send_signal(how)
                break
            time.sleep(0.004)
        code = child.wait(60)
        self.wait_until_quiet()
        return code

    def wait_until_quiet(self) -> None:
        """Requests that were sent before the kill may still be on their way into the call log."""
        before = -1
        while before != len(self.sandbox.calls):
            before = len(self.sandbox.calls)
            time.sleep(0.05)

    def look_at_names(self) -> None:
        if self.train.is_dir():
            assert [name for name in os.listdir(self.train) if not OURS.fullmatch(name)] == []  # noqa: PTH208 - fast

    def check(self, killed: bool) -> None:
        """Everything that must hold after each end of a process. killed: whether it had no chance to finish."""
        self.look_at_names()
        self.check_owners()
        here, there = self.lines(self.train), self.lines(self.removed)
        now = {**there, **here}
        for number, text in now.items():
            content = self.picture(number)
            alone = (sha256(content),)
            blocked = any(call.outcome == "blocked" for call in self.sandbox.calls if about(call) == alone)
            assert text == (BLOCKED_TEXT if blocked else words_for(content)), f"{number}.jpg has another's caption"
        assert self.texts.items() <= now.items(), "a caption is lost or changed"
        self.check_calls(set(now), self.in_flight if killed else 0)
        self.texts = now
        if (checkpoint := self.root / "checkpoint.json").exists():
            assert json.loads(checkpoint.read_bytes())["version"] == 1
        output = (self.home / "output.txt").read_text("utf-8")
        assert "Traceback" not in output, output[-3000:]

    def check_owners(self) -> None:
        owners = {
            int(file.stem): sha256(file.read_bytes())
            for folder in (self.train, self.removed)
            for file in folder.glob("*.jpg")
        }
        assert self.owners.items() <= owners.items(), "a picture is lost, or its number is another's"
        assert len(set(owners.values())) == len(owners), "a picture has two numbers"
        self.owners = owners

    def check_calls(self, recorded: set[int], under_way: int) -> None:
        new = self.sandbox.calls[self.heard :]
        self.heard += len(new)
        known = {self.owners[number] for number in self.texts}
        assert not [call for call in new if known & {*about(call)}], "a captioned picture was asked again"
        paid = paid_for(new)
        assert set(paid.values()) <= {1}, "a picture was paid for twice in one run"
        lost = paid.keys() - {self.owners[number] for number in recorded}
        assert len(lost) <= under_way, "more is lost than was under way"
        self.lost.update(lost)

    def picture(self, number: int) -> bytes:
        file = self.train / f"{number}.jpg"
        return (file if file.exists() else self.removed / file.name).read_bytes()

    def lines(self, folder: Path) -> dict[int, str]:
        """The lines of a folder, each valid and none twice; only the very last may be cut, for the next to mend."""
        file = folder / "metadata.jsonl"
        *whole, tail = file.read_bytes().split(b"\n") if file.exists() else [b""]
        self.cut_lines += bool(tail)
        found: dict[int, str] = {}
        for line in whole:
            record = json.loads(line)
            assert list(record) == ["file_name", "text"]
            number = int(record["file_name"].removesuffix(".jpg"))
            assert number not in found, f"{number}.jpg has two lines"
            found[number] = record["text"]
        return found


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def about(call: Call) -> tuple[str, ...]:
    """The hashes of the pictures that were sent."""
    return call.pictures or (call.picture,)


def paid_for(calls: Sequence[Call]) -> Counter[str]:
    """How often each picture was answered for: a block of several says nothing of any one."""
    paid = [call for call in calls if call.outcome == "ok" or (call.outcome == "blocked" and not call.pictures)]
    return Counter(itertools.chain.from_iterable(map(about, paid)))


def shoot(dataset: Dataset) -> None:
    """One start and its end: mostly a run that is killed, now and then a cleanup, or Ctrl-C."""
    draw, what = dataset.draw, dataset.draw.random()
    if what < 0.2 and dataset.root.is_dir():
        child = dataset.start("cleanup", "--yes" if what < 0.1 else "--restore")
        code = dataset.end(child, draw.uniform(0.1, 0.9), after_call=False, how=None)
        dataset.check(killed=code != 0)
        return
    dataset.add_frames(draw.randrange(2, 5 + dataset.in_flight))
    child = dataset.start("run", "--skip-filter", "--strategy", dataset.strategy)
    if what > 0.9 and os.name != "nt":
        code = dataset.end(child, draw.uniform(0, 0.3), after_call=True, how=signal.SIGINT)
        dataset.check(killed=False)
        assert code in (0, 130, -signal.SIGINT)  # the last: it came when all was done, and Python was ending
        return
    asking = draw.random() < 0.75
    code = dataset.end(child, draw.uniform(0, 0.35) if asking else draw.uniform(0, 2.5), asking, None)
    dataset.check(killed=code != 0)
    if code != 0:
        dataset.kills.append(time.time())


def finish(dataset: Dataset) -> None:
    """The last run completes, with every frame in its place; one more has nothing to do."""
    for arguments in (["cleanup", "--restore"], ["run", "--skip-filter"], ["run", "--skip-filter"]):
        calls = dataset.heard
        code = dataset.end(dataset.start(*arguments), 60, after_call=False, how=None)
        assert code == 0, (dataset.home / "output.txt").read_text("utf-8")[-3000:]
        dataset.check(killed=False)
    assert dataset.heard == calls, "the run after the last asked for something"
    count = len(dataset.sources)
    assert sorted(dataset.lines(dataset.train)) == list(range(1, count + 1))
    assert not dataset.lines(dataset.removed)
    assert len({*dataset.texts.values()} - {BLOCKED_TEXT}) > 0.8 * count, "too many captions are alike to tell"
    paid = paid_for(dataset.sandbox.calls)
    assert paid == Counter(dataset.owners.values()) + dataset.lost


@pytest.mark.parametrize("again", [1, 2])
@pytest.mark.parametrize(
    ("strategy", "in_flight", "together"),
    [("sequential", 8, 1), ("parallel-keys", 3, 1), ("parallel-all", 6, 1), ("parallel-all", 2, 4)],
)
def test_killed_at_any_moment_nothing_is_lost_and_at_most_what_was_under_way_is_repeated(
    strategy: str, in_flight: int, together: int, again: int, tmp_path: Path
) -> None:
    seed = int(os.environ.get("GHIBLI_PREP_SEED") or random.SystemRandom().randrange(2**32))
    with Sandbox(WEATHER.model_copy(update={"seed": seed})) as sandbox:
        dataset = Dataset(tmp_path, sandbox, strategy, in_flight, together, random.Random(seed))
        with told(seed, dataset.kills):
            while len(dataset.kills) < KILLS:
                shoot(dataset)
            finish(dataset)
    assert dataset.lost.total() <= len(dataset.kills) * dataset.in_flight
