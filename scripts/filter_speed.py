"""How fast the filters are: a part of `bench_filters.py`.

All filters of the pixels: pictures/s of measuring frames as `extract` writes them and of judging them, against bare
decoding of the same files by Pillow in as many threads, in rounds that take turns; the median of the ratios counts. And
of each filter how fast it judges what was measured.
The index: processor time and peak memory of finding repeats among N fingerprints, each run in a process of its own,
against a tenth of them. The fingerprints are windows of real photographs and clips, each before another one as its
ground, and a fifth of them repeats of others.
"""

from __future__ import annotations

import itertools
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm
from truth_frames import clips, photographs

from ghibli_prep.eyes import Text
from ghibli_prep.filters import FILTERS, Frame
from ghibli_prep.filters.duplicate import Duplicate
from ghibli_prep.filters.judging import judge
from ghibli_prep.filters.look import Look, look
from ghibli_prep.likeness import HEIGHT, WIDTH, Thumbnails
from ghibli_prep.samples import Found
from ghibli_prep.settings import FilterSettings
from ghibli_prep.stages.filter import THREADS, Limits, measure

REPEATS = 0.2


def write_frames(folder: Path, count: int) -> list[Found]:
    """Frames of the animated clip, cut differently so that no two are the same file."""
    made = []
    frames = itertools.cycle(clips()["bigbuckbunny"])
    for at, frame in zip(tqdm(range(count), desc="frames", leave=False), frames, strict=False):
        file = folder / f"{at:05}.png"
        frame.crop((at % 7, at % 5, frame.width - at % 3, frame.height)).save(file, compress_level=2)
        made.append(Found(f"{at:064x}", f"film/{file.name}", file))
    return made


def _decode(frame: Found) -> None:
    with Image.open(frame.file) as picture:
        picture.convert("RGB")


def decoded(frames: Sequence[Found]) -> float:
    """Seconds that Pillow takes, in as many threads as the filters have."""
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_decode, frames))
    return time.perf_counter() - began


def filtered(frames: Sequence[Found]) -> tuple[float, float, list[Frame]]:
    """Seconds that measuring takes; and with judging by all filters of the pixels, one after another; the frames."""
    began = time.perf_counter()
    looks: dict[str, Look] = {}
    for seen in measure(frames, look, Limits(200, (255, 255, 255))):
        if not isinstance(seen, tuple):
            sys.exit(f"not measured: {seen}")
        looks[seen[0].identity] = seen[1]
    measuring = time.perf_counter() - began
    there = [
        Frame(each.identity, each.source, "film", at * 0.5, looks[each.identity]) for at, each in enumerate(frames)
    ]
    judge(there, [entry.load(FilterSettings()) for entry in FILTERS.values() if entry.need == "look"], lambda *_: True)
    return measuring, time.perf_counter() - began, there


def how_fast(count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-filters-") as folder:
        frames = write_frames(Path(folder), count)
        decoded(frames)  # once unmeasured, so that both find the files in the disk's cache
        took = [(decoded(frames), *filtered(frames)) for _ in range(rounds)]
        reading = _reading(frames[: max(1, count // 10)]) if FILTERS["text"].installed else None
    bare = statistics.median(one for one, *_ in took)
    print(f"{count} PNGs of 1280x720, {THREADS} threads: bare decoding by Pillow {count / bare:.0f} pictures/s")
    for at, what in ((1, "measured"), (2, "measured and judged by all filters of the pixels")):
        ours = statistics.median(one[at] for one in took)  # type: ignore[type-var]
        ratio = statistics.median(one[0] / one[at] for one in took)  # type: ignore[operator]
        print(f"  {what}: {count / ours:.0f} pictures/s, {ratio:.2f} of that")  # type: ignore[operator]
    for name, entry in FILTERS.items():
        if entry.need == "look":
            judging = statistics.median(_judging(name, took[-1][3]) for _ in range(rounds))
            print(f"  {name:<10} judges {count / judging:>9,.0f} measured pictures/s, {bare / judging:,.1f} times that")
    if reading:
        print(f"  text looks at {1 / reading:,.1f} decoded pictures/s, one after another")


def _reading(frames: Sequence[Found]) -> float:
    """Seconds a picture that looking for text takes."""
    eye = Text()
    eye.load()
    pictures = [Image.open(frame.file).convert("RGB") for frame in frames]
    began = time.perf_counter()
    for picture in pictures:
        eye.look(picture)
    return (time.perf_counter() - began) / len(pictures)


def _judging(name: str, frames: Sequence[Frame]) -> float:
    made = FILTERS[name].load(FilterSettings())
    began = time.perf_counter()
    made.judge(frames)
    return time.perf_counter() - began


def fingerprints(count: int, seed: int) -> Thumbnails:
    """count x HEIGHT x WIDTH."""
    draw = np.random.default_rng(seed)
    sources = [np.asarray(each.convert("L")) for each in photographs().values()]
    sources += [np.asarray(frame.convert("L")) for frames in clips().values() for frame in frames[::12]]
    made = np.empty((count, HEIGHT, WIDTH), np.uint8)
    for at in tqdm(range(count), desc="fingerprints", leave=False):
        if at and draw.random() < REPEATS:
            light, noise = draw.uniform(0.85, 1.15), draw.normal(0, 1.5, (HEIGHT, WIDTH))
            made[at] = np.clip(made[draw.integers(at)] * light + noise, 0, 255)
            continue
        ground, figure = (_piece(sources[draw.integers(len(sources))], draw) for _ in range(2))
        tall, wide = draw.integers(HEIGHT // 3, HEIGHT), draw.integers(WIDTH // 4, WIDTH // 2)
        top, left = draw.integers(HEIGHT - tall), draw.integers(WIDTH - wide)
        made[at] = ground
        made[at, top : top + tall, left : left + wide] = figure[:tall, :wide]
    return made


def _piece(picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], draw: np.random.Generator) -> Thumbnails:
    """A window of the picture, perhaps mirrored, with a light of its own."""
    height, width = picture.shape
    tall, wide = (int(side * draw.uniform(0.4, 0.9)) for side in (height, width))
    top, left = draw.integers(height - tall), draw.integers(width - wide)
    window = Image.fromarray(picture[top : top + tall, left : left + wide]).resize(
        (WIDTH, HEIGHT), Image.Resampling.BOX, reducing_gap=2
    )
    values = np.asarray(window, np.float64)[:, :: draw.choice((1, -1))]
    return np.clip((values - 128) * draw.uniform(0.5, 1) + draw.uniform(80, 170), 0, 255)


def index(count: int, seed: int) -> None:
    """Prints time and peak memory for a tenth of `count` and for `count`, and the growth."""
    runs = []
    for size in (max(1, count // 10), count):
        command = [sys.executable, __file__, str(size), str(seed)]
        run = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(
            f"{size:,} fingerprints: {run['seconds']:.1f} s of processor time, {run['gone']:,} repeats, "
            f"peak memory {run['peak']:.0f} MB, of which {run['before']:.0f} before it began",
            flush=True,
        )
        runs.append(run)
    grown = runs[1]["seconds"] / runs[0]["seconds"]
    print(f"ten times as many take {grown:.1f} times as long: growth with the power {np.log10(grown):.2f}")


def _measure(count: int, seed: int) -> None:
    pictures = fingerprints(count, seed)
    draw = np.random.default_rng(seed)
    nothing = dict.fromkeys(("darkest", "dark", "middle", "bright", "brightest", "spread", "colourfulness"), 0.0)
    frames = [
        Frame(f"{at}", f"film/{at}", "film", None, Look(**nothing, sharpness=sharp, small=b"", figure=each.tobytes()))
        for at, (each, sharp) in enumerate(zip(pictures, draw.random(count).tolist(), strict=True))
    ]
    made = Duplicate(FilterSettings())
    before, began = _peak(), time.process_time()
    gone = sum(opinion.value < made.drop for opinion in made.judge(frames))
    print(json.dumps({"seconds": time.process_time() - began, "gone": gone, "before": before, "peak": _peak()}))


def _peak() -> float:
    """Megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    _measure(int(sys.argv[1]), int(sys.argv[2]))
