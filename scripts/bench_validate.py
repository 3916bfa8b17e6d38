"""How fast a dataset is validated, and in how much memory.

Speed: pictures/s of `validate` (every check of pictures, lines, captions and copies, and the start of its processes),
against bare Pillow loops that open and decode the same pictures, in as many processes as there are cores, started
before; in the same run, in rounds that take turns; the median of the rounds' ratios counts. Bar: 0.6.
Memory: the peak of all processes together for 20,000 pictures against 2,000. Bar: 1.25.
Copies: seconds to compare the fingerprints of 100,000 pictures against 10,000; comparing each with each would take 100
times as long. Bar: 20.

The pictures are cut at random places from the demo's photographs, so no two are alike: 512 x 512 pixels for the speed,
64 x 64 for the memory, where only their number counts.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.pool import Pool
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.settings import Settings
from ghibli_prep.validating.checking import validate
from ghibli_prep.validating.copies import near
from ghibli_prep.validating.folders import Place
from ghibli_prep.validating.looking import Looked
from ghibli_prep.validating.pictures import PRINT

SPEED_BAR = 0.6
MEMORY_BAR = 1.25
COPIES_BAR = 20


def make_dataset(root: Path, count: int, size: int, seed: int) -> Path:
    """A workspace with `count` pictures that are all different, and captions that obey the rules."""
    chance = random.Random(seed)
    photos = [Image.open(photo).convert("RGB") for photo in sorted(PHOTOS.glob("*.jpg"))]
    train = root / "train"
    train.mkdir(parents=True)
    with (train / "metadata.jsonl").open("w", encoding="utf-8", newline="\n") as metadata:
        for number in tqdm(range(1, count + 1), desc=f"{count:,} pictures of {size} pixels"):
            photo = chance.choice(photos)
            side = chance.uniform(80, min(photo.size) - 1)
            left, top = chance.uniform(0, photo.width - side), chance.uniform(0, photo.height - side)
            square = photo.resize((size, size), box=(left, top, left + side, top + side))
            square.save(train / f"{number}.jpg", quality=95)
            text = f"Ghibli style a young girl with {number} flowers in a basket and short brown hair walks along a "
            text += f"narrow path past house number {chance.randrange(10**9)} towards the sea in the warm evening light"
            metadata.write(json.dumps({"file_name": f"{number}.jpg", "text": text}) + "\n")
    return root


def ours(root: Path, size: int) -> float:
    """Seconds that all checks take."""
    settings = Settings.model_validate({"resize": {"size": size}, "validate": {"near_duplicates": "warning"}})

    def uncounted(looked: Iterator[Looked], _total: int) -> Iterator[Looked]:
        return looked

    began = time.perf_counter()
    report = validate(Place.at(root), settings, uncounted)
    seconds = time.perf_counter() - began
    if report.problems:
        sys.exit(f"a problem where there is none: {report.problems[0]}")
    return seconds


def _decode(file: Path) -> None:
    with Image.open(file) as image:
        image.load()


def bare(root: Path, pool: Pool) -> float:
    """Seconds that Pillow takes to decode every picture on all cores."""
    files = list((root / "train").glob("*.jpg"))
    began = time.perf_counter()
    pool.map(_decode, files, chunksize=50)
    return time.perf_counter() - began


def _peak(root: Path, size: int, answer: multiprocessing.Queue[float]) -> None:
    """In a process of its own: the peak in MB of it and its workers, each as large as the largest."""
    import resource

    ours(root, size)
    unit = 1 if sys.platform == "darwin" else 1024
    own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    answer.put((own + largest * (os.cpu_count() or 1)) * unit / 1e6)


def peak_memory(root: Path, size: int) -> float:
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_peak, args=(root, size, answer))
    process.start()
    peak = answer.get()
    process.join()
    return peak


def copies_seconds(count: int) -> float:
    """Seconds to look for near-duplicates among `count` fingerprints of which every hundredth has one."""
    chance = np.random.default_rng(1)
    prints = np.zeros(count, PRINT)
    prints["bits"] = chance.integers(0, 2**64, (count, 4), np.uint64)
    prints["bits"][99::100] = prints["bits"][0::100][: count // 100] ^ np.uint64(1)
    began = time.perf_counter()
    found = len(list(near(prints, 8, 4)))
    if found != count // 100:
        sys.exit(f"{found} near-duplicates found, and {count // 100} are there")
    return time.perf_counter() - began


def speed(folder: Path, pictures: int, rounds: int) -> float:
    cores = os.cpu_count() or 1
    root = make_dataset(folder / "speed", pictures, 512, seed=1)
    with multiprocessing.get_context("spawn").Pool(cores) as pool:
        bare(root, pool)  # once unmeasured, so that both find the files in the disk's cache
        times = [(ours(root, 512), bare(root, pool)) for _ in range(rounds)]
    ratio = statistics.median(bare_time / our_time for our_time, bare_time in times)
    our_rate = pictures / statistics.median(our_time for our_time, _ in times)
    bare_rate = pictures / statistics.median(bare_time for _, bare_time in times)
    print(f"speed: {our_rate:,.0f} pictures/s; bare Pillow {bare_rate:,.0f}, on {cores} cores; ", end="")
    print(f"ratio {ratio:.2f} (bar {SPEED_BAR})")
    return ratio


def memory(folder: Path, pictures: int) -> float:
    if sys.platform == "win32":
        return 1.0
    small = peak_memory(make_dataset(folder / "small", pictures // 10, 64, seed=2), 64)
    large = peak_memory(make_dataset(folder / "large", pictures, 64, seed=3), 64)
    print(f"memory: {large:.0f} MB for {pictures:,} pictures, {small:.0f} MB for a tenth; ", end="")
    print(f"ratio {large / small:.2f} (bar {MEMORY_BAR})")
    return large / small


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=20_000, help="for the memory; a tenth of it is compared")
    parser.add_argument("--per-round", type=int, default=8000, help="pictures a round, for the speed")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-validate-") as folder:
        ratio = speed(Path(folder), chosen.per_round, chosen.rounds)
        growth = memory(Path(folder), chosen.pictures)
    few, many = copies_seconds(10_000), copies_seconds(100_000)
    print(f"copies: {many:.2f} s among 100,000, {few:.2f} s among 10,000; ratio {many / few:.1f} (bar {COPIES_BAR})")
    if ratio < SPEED_BAR or growth > MEMORY_BAR or many / few > COPIES_BAR:
        sys.exit("a bar was missed")


if __name__ == "__main__":
    main()
