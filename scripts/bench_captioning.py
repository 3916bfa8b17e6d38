"""How near captioning comes to what the quotas allow, and what it costs besides.

Pace: the real dispatcher in virtual time against the sandbox's quota rules (60 s windows, Pacific days), requests
arriving up to 0.25 s late: makespan over the bound, for each strategy, and the 429s drawn. The bound of `parallel-all`
is C^-1(N) + L, C(t) = sum over slots of min(r t, RPD), L the mean latency; of `parallel-keys` the same with each key
going down its ladder in order, and of `sequential` the slots in a row, one request at a time. Days that do not suffice
are used up whole, and the rest follows after midnight Pacific. Bars: 1.03 and no 429.
Overhead (--http): seconds a picture of `caption`, one at a time and eight at once, over a bare loop of the SDK with as
many threads, against the sandbox without latency in a process of its own, in rounds that take turns; the medians count.
Bar: 1.15. The second ratio is over a loop that also puts each caption on the disk before it goes on, as ours does.
Memory (--http): the peak of a run with 1,000 requests under way, and how many were.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from ghibli_prep.captioning import Attempt, Described, Key, SlotSpent, SlotTired, Usage
from ghibli_prep.captioning.calls import Call
from ghibli_prep.captioning.days import next_reset
from ghibli_prep.captioning.rota import Strategy
from ghibli_prep.captioning.simulation import Simulation
from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.planning import STRATEGIES, Experience, Plan, play
from ghibli_prep.sandbox.quota import Limit, Quota
from ghibli_prep.settings import CaptionSettings, Limits, Settings

PACE_BAR, OVERHEAD_BAR = 1.03, 1.15
LATE = 0.25
LADDER = {
    "gemini-2.5-flash": Limits(rpm=10, rpd=250, tpm=250_000),
    "gemini-2.5-flash-lite": Limits(rpm=15, rpd=1000, tpm=250_000),
    "gemini-2.0-flash": Limits(rpm=15, rpd=200, tpm=1_000_000),
    "gemini-2.0-flash-lite": Limits(rpm=30, rpd=200, tpm=1_000_000),
}
"""The free limits of 2025."""
TOKENS = 700


# Pace -------------------------------------------------------------------------------------------------


def capacity(strategy: Strategy, keys: int, latency: float) -> Callable[[float], float]:
    """C(t): the requests that the quotas allow in the first t seconds of a day."""
    row = [(rpm_of(limits) / 60, float(limits.rpd or 0)) for limits in LADDER.values()]

    def in_order(slots: Sequence[tuple[float, float]], seconds: float) -> float:
        done = 0.0
        for rate, most in slots:
            here = min(rate * seconds, most)
            done, seconds = done + here, seconds - here / rate
        return done

    match strategy:
        case "parallel-all":
            return lambda t: keys * sum(min(rate * t, most) for rate, most in row)
        case "parallel-keys":
            return lambda t: keys * in_order(row, t)
        case "sequential":
            slower = [(min(rate, 1 / latency), most) for rate, most in row * keys]
            return lambda t: in_order(slower, t)


def rpm_of(limits: Limits) -> float:
    return min(limits.rpm or 0, (limits.tpm or 0) / TOKENS)


def bound(strategy: Strategy, keys: int, pictures: int, start: float, latency: float) -> float:
    """Seconds from `start` until the last answer, at best."""
    can, now, left = capacity(strategy, keys, latency), start, float(pictures)
    while left > can(next_reset(now) - now):
        left -= can(next_reset(now) - now)
        now = next_reset(now)
    low, high = 0.0, next_reset(now) - now
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if can(middle) < left else (low, middle)
    return now + high + latency - start


@dataclass
class Provider:
    """The sandbox's quota rules; requests arrive a little late, each by its own bit."""

    chance: random.Random
    calls: Simulation | None = None

    def __post_init__(self) -> None:
        self.quota, self.refused = Quota(), Counter[str]()

    def __call__(self, call: Call) -> Attempt:
        limits = LADDER[call.slot.model]
        every = [
            Limit("requests_minute", limits.rpm or 0),
            Limit("requests_day", limits.rpd or 0),
            Limit("tokens_minute", limits.tpm or 0),
        ]
        arrives = call.sent_at + self.chance.uniform(0, LATE)
        refusal = self.quota.admit(call.slot.key.payer, call.slot.model, every, TOKENS, arrives)
        if refusal is None:
            return Described(f"picture {call.picture.number}", Usage(TOKENS, 60), "")
        self.refused[call.slot.model] += 1
        if any(limit.measure == "requests_day" for limit in refusal.limits):
            return SlotSpent("day")
        return SlotTired(refusal.seconds, "minute")


def pace(strategy: Strategy, keys: int, pictures: int, start: float) -> tuple[float, float, int, int]:
    """Seconds, the ratio to the bound, 429s, and the most requests under way."""
    chance = random.Random(f"{strategy} {keys} {pictures}")
    settings = CaptionSettings(models=tuple(LADDER), limits=LADDER)
    some = [Key(number, f"K{number}", f"secret {number}") for number in range(1, keys + 1)]
    plan = Plan(some, settings, {}, Experience(4.0, TOKENS, 60), start)
    provider = Provider(chance)
    calls = Simulation(provider, lambda _: chance.uniform(2, 6), start)
    played = play(plan.rota(strategy), calls, pictures)
    if played.left:
        sys.exit(f"{len(played.left)} pictures were never asked")
    took = calls.now() - start
    return took, took / bound(strategy, keys, pictures, start, 4.0), provider.refused.total(), calls.most


def show_pace(pictures: int) -> bool:
    print(f"pace: {pictures:,} pictures, latencies of 2 to 6 s, the free limits of 2025")
    print(f"{'begins':<26}{'keys':>5}  {'strategy':<14}{'hours':>8}{'/ bound':>9}{'429s':>6}{'at once':>9}")
    good = True
    for begins in ("2026-06-10T00:10:00-07:00", "2026-03-07T18:00:00-08:00", "2026-10-31T18:00:00-07:00"):
        for keys, strategy in itertools.product((1, 3, 5), STRATEGIES):
            took, ratio, refused, most = pace(strategy, keys, pictures, datetime.fromisoformat(begins).timestamp())
            missed = refused > 0 or (ratio > PACE_BAR and strategy != "sequential")
            good &= not missed
            print(
                f"{begins:<26}{keys:>5}  {strategy:<14}{took / 3600:>8.2f}{ratio:>9.4f}{refused:>6}{most:>9}"
                f"{'  MISSED' if missed else ''}"
            )
    return good


# Over HTTP --------------------------------------------------------------------------------------------


def make_workspace(root: Path, count: int) -> None:
    """`count` pictures in train/, each another part of a photograph."""
    chance, train = random.Random(1), root / "train"
    train.mkdir(parents=True)
    photo = Image.open(sorted(PHOTOS.glob("*.jpg"))[0]).convert("RGB")
    for number in range(1, count + 1):
        side = chance.randint(photo.height // 2, photo.height)
        left, top = chance.randint(0, photo.width - side), chance.randint(0, photo.height - side)
        picture = photo.resize((512, 512), box=(left, top, left + side, top + side))
        picture.save(train / f"{number}.jpg", quality=95)


@contextmanager
def sandbox(folder: Path, latency: float) -> Iterator[str]:
    """The address of a sandbox without limits, in a process of its own."""
    file = folder / "sandbox.toml"
    file.write_text(f"[models.m]\n[latency]\nmin_seconds = {latency}\nmax_seconds = {latency}\n")
    command = ["-c", "from ghibli_prep.cli import main; main()", "sandbox", "-c", str(file), "--port", "0"]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split("GEMINI_BASE_URL=")[1].strip()
    finally:
        process.terminate()
        process.wait()


def settings_of(url: str, in_flight: int) -> Settings:
    limits = {"m": Limits(rpm=60_000)}
    caption = {"models": ["m"], "base_url": url, "max_in_flight": in_flight, "limits": limits}
    rules = {"disabled": ["same-text", "clip-tokens", "cefr"]}
    return Settings.model_validate({"caption": {**caption, "rules": rules}})


def ours(root: Path, url: str, strategy: Strategy = "sequential", in_flight: int = 1) -> None:
    from ghibli_prep.commands import making
    from ghibli_prep.session import Session

    settings = settings_of(url, in_flight)
    chosen = settings.model_copy(update={"caption": settings.caption.model_copy(update={"strategy": strategy})})
    session = Session(chosen, [Key(1, "K1", "some-key-0123456789")], root, root / "raw", root)
    making.caption(session, limit=None, wait=False, retry_blocked=False)


def bare(root: Path, url: str, at_once: int, durable: bool) -> None:
    """The shortest loop of google-genai that has every picture described; durable: each caption then on the disk."""
    from google import genai
    from google.genai import types

    prompt = CaptionSettings().prompt_text
    config = types.GenerateContentConfig(
        max_output_tokens=1024, thinking_config=types.ThinkingConfig(thinking_budget=0)
    )
    client = genai.Client(api_key="some-key-0123456789", http_options=types.HttpOptions(base_url=url))
    file, lock = root / "captions.txt", threading.Lock()

    def describe(picture: Path) -> None:
        contents: list[types.PartUnionDict] = [
            types.Part.from_bytes(data=picture.read_bytes(), mime_type="image/jpeg"),
            types.Part.from_text(text=prompt),
        ]
        text = client.models.generate_content(model="m", contents=contents, config=config).text
        if not text:
            raise ValueError("no caption")
        if durable:
            with lock, file.open("a") as lines:
                lines.write(text + "\n")
                lines.flush()
                os.fsync(lines.fileno())

    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(describe, sorted((root / "train").glob("*.jpg"))))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return time.perf_counter() - began


def show_overhead(rounds: int, pictures: int, at_once: int) -> bool:
    strategy: Strategy = "sequential" if at_once == 1 else "parallel-all"
    taken = []
    with tempfile.TemporaryDirectory(prefix="bench-captioning-") as folder, sandbox(Path(folder), 0) as url:
        for number in range(rounds + 1):
            root = Path(folder, str(number))
            make_workspace(root, pictures)
            plain = seconds(lambda: bare(root, url, at_once, durable=False))  # noqa: B023 - called at once
            safe = seconds(lambda: bare(root, url, at_once, durable=True))  # noqa: B023
            mine = seconds(lambda: ours(root, url, strategy, at_once))  # noqa: B023
            taken.append((plain, safe, mine))
    taken = taken[1:]  # the first round warms up
    plain, safe, mine = (statistics.median(each) / pictures * 1000 for each in zip(*taken, strict=True))
    ratio = statistics.median(mine / plain for plain, _, mine in taken)
    durable = statistics.median(mine / safe for _, safe, mine in taken)
    print(
        f"overhead, {at_once} at once: {mine:.2f} ms a picture, the bare loop {plain:.2f} ms, saving {safe:.2f} ms; "
        f"ratio {ratio:.3f} (bar {OVERHEAD_BAR}), to the saving loop {durable:.3f}"
    )
    return ratio <= OVERHEAD_BAR


def _peak(root: Path, url: str, in_flight: int, answer: multiprocessing.Queue[tuple[float, int]]) -> None:
    """In a process of its own: its peak memory in MB, and the most threads that asked at once."""
    import resource

    most, over = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.05):
            most = max(most, sum(thread.name.startswith("ask-") for thread in threading.enumerate()))

    threading.Thread(target=watch, daemon=True).start()
    with contextlib.redirect_stdout(io.StringIO()):
        ours(root, url, "parallel-all", in_flight)
    over.set()
    unit = 1 if sys.platform == "darwin" else 1024
    answer.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6, most))


def show_memory(in_flight: int) -> None:
    context = multiprocessing.get_context("spawn")
    peaks = []
    with tempfile.TemporaryDirectory(prefix="bench-captioning-") as folder, sandbox(Path(folder), 10) as url:
        for most in (1, in_flight):
            root, answer = Path(folder, str(most)), context.Queue()
            make_workspace(root, most)
            process = context.Process(target=_peak, args=(root, url, most, answer))
            process.start()
            peaks.append(answer.get())
            process.join()
    (small, _), (large, threads) = peaks
    print(f"memory: {large:.0f} MB at {threads:,} under way, {small:.0f} MB at one")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4789, help="for the pace")
    parser.add_argument("--http", action="store_true", help="also over HTTP: overhead and memory")
    parser.add_argument("--rounds", type=int, default=5, help="for the overhead")
    parser.add_argument("--per-round", type=int, default=100, help="pictures a round")
    parser.add_argument("--in-flight", type=int, default=1000, help="for the memory")
    chosen = parser.parse_args()
    good = show_pace(chosen.pictures)
    if chosen.http:
        for at_once in (1, 8):
            good &= show_overhead(chosen.rounds, chosen.per_round, at_once)
        show_memory(chosen.in_flight)
    if not good:
        sys.exit("a bar was missed")


if __name__ == "__main__":
    main()
