"""How fast pictures are resized, and in how much memory.

Speed: pictures/s of `stages.resize` with all cores, against a bare Pillow loop (open, crop, resize by LANCZOS, save) on
one core times the number of cores, in the same run, in rounds that take turns; the median of the rounds' ratios
counts. Bar: 0.95.
Memory: the peak of a process that resizes 5,000 frames against one that resizes 500. Bar: within 10 %.

The frames are 1920x1080 JPEGs, cut at random places from the demo's photographs, so no two are alike.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.samples import Found, Rendered
from ghibli_prep.settings import ResizeSettings
from ghibli_prep.stages.resize import resize

SPEED_BAR = 0.95
MEMORY_BAR = 1.10
SIZE = 512


def make_frames(folder: Path, count: int, seed: int) -> list[Found]:
    """`count` frames in `folder`, each another part of a photograph."""
    chance = random.Random(seed)
    photos = [Image.open(photo).convert("RGB") for photo in sorted(PHOTOS.glob("*.jpg"))]
    frames = []
    for number in tqdm(range(count), desc="frames"):
        photo = chance.choice(photos)
        width = chance.randint(photo.width // 2, photo.width)
        height = min(photo.height, width * 9 // 16)
        left, top = chance.randint(0, photo.width - width), chance.randint(0, photo.height - height)
        file = folder / f"{number:05}.jpg"
        photo.resize((1920, 1080), box=(left, top, left + width, top + height)).save(file, quality=90)
        frames.append(Found(f"{number:064x}", file.name, file))
    return frames


def ours(frames: Sequence[Found], staging: Path) -> float:
    """Seconds that the stage takes; the JPEGs are removed as they come, as the workspace moves them away."""
    began = time.perf_counter()
    for sample in resize(frames, ResizeSettings(size=SIZE), staging):
        if not isinstance(sample, Rendered):
            sys.exit(f"not rendered: {sample}")
        sample.file.unlink()
    return time.perf_counter() - began


def bare(frames: Sequence[Found], staging: Path) -> float:
    """Seconds that the shortest Pillow loop with the same result takes on one core."""
    began = time.perf_counter()
    for frame in frames:
        with Image.open(frame.file) as image:
            side = min(image.size)
            left, top = (image.width - side) // 2, (image.height - side) // 2
            square = image.convert("RGB").crop((left, top, left + side, top + side))
            square.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(staging / "bare.jpg", quality=95)
    return time.perf_counter() - began


def _peak(frames: Sequence[Found], staging: Path, answer: multiprocessing.Queue[float]) -> None:
    """In a process of its own: its peak memory in MB after resizing `frames`."""
    import resource

    ours(frames, staging)
    unit = 1 if sys.platform == "darwin" else 1024
    answer.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def peak_memory(frames: Sequence[Found], staging: Path) -> float:
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_peak, args=(frames, staging, answer))
    process.start()
    peak = answer.get()
    process.join()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=5000, help="for the memory; a tenth of it is compared")
    parser.add_argument("--rounds", type=int, default=5, help="for the speed")
    parser.add_argument("--per-round", type=int, default=120, help="frames a round")
    chosen = parser.parse_args()
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="bench-images-") as folder:
        raw, staging = Path(folder, "raw"), Path(folder, "staging")
        raw.mkdir()
        staging.mkdir()
        frames = make_frames(raw, chosen.frames, seed=1)
        few = frames[: chosen.per_round]
        ours(few, staging)  # once unmeasured, so that both find the files in the disk's cache
        rounds = [(ours(few, staging), bare(few, staging)) for _ in range(chosen.rounds)]
        ratio = statistics.median(bare_time / cores / our_time for our_time, bare_time in rounds)
        our_rate = len(few) / statistics.median(our_time for our_time, _ in rounds)
        bare_rate = len(few) / statistics.median(bare_time for _, bare_time in rounds)
        print(f"speed: {our_rate:.1f} pictures/s; bare Pillow {bare_rate:.1f} on one of {cores} cores; ", end="")
        print(f"ratio {ratio:.3f} (bar {SPEED_BAR})")
        growth = 1.0
        if sys.platform != "win32":
            small, large = peak_memory(frames[: chosen.frames // 10], staging), peak_memory(frames, staging)
            growth = large / small
            print(f"memory: {large:.0f} MB for {chosen.frames:,} frames, {small:.0f} MB for a tenth; ", end="")
            print(f"ratio {growth:.3f} (bar {MEMORY_BAR})")
    if ratio < SPEED_BAR or growth > MEMORY_BAR:
        sys.exit("a bar was missed")


if __name__ == "__main__":
    main()
