"""How large the report of 5,000 pictures is, how long it takes to write, and to open in Chromium.

Bars: at most 25 MB, and usable at most 2 s after the browser is told to open it (the median of several openings; the
browser itself is running). Pictures are crops of real photographs, 512x512.

    python scripts/bench_report.py [--pictures 5000] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import skimage.data
from PIL import Image

from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.metadata import Metadata
from ghibli_prep.workspace.provenance import Provenance
from ghibli_prep.workspace.provenance import append as append_provenance

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "cat", "retina", "hubble_deep_field", "camera")
NOUNS = "boy girl house field sky river road tree cat hill window rain light hand door old red green small large"
WORDS = NOUNS.split()
MOST_MEGABYTES, MOST_SECONDS, OPENINGS = 25.0, 2.0, 5
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--keep", type=Path, help="Make the workspace there, and leave it.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = chosen.keep or Path(scratch) / "workspace"
        fill(root, chosen.pictures)
        began = time.perf_counter()
        command = [sys.executable, "-c", "from ghibli_prep.cli import main; main()", "report", "-w", str(root)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        written = time.perf_counter() - began
        page = root / "report.html"
        megabytes = page.stat().st_size / 1e6
        print(f"{chosen.pictures:,} pictures: {megabytes:.1f} MB (bar {MOST_MEGABYTES:g}), written in {written:.1f} s")
        seconds = statistics.median(openings(page))
        print(f"usable after {seconds:.2f} s (bar {MOST_SECONDS:g}), the median of {OPENINGS} openings")
        if megabytes > MOST_MEGABYTES or seconds > MOST_SECONDS:
            sys.exit("a bar is missed")


def fill(root: Path, count: int) -> None:
    """A workspace of `count` captioned pictures of nine films, with where each came from."""
    draw = random.Random(0)
    photos = [Image.fromarray(getattr(skimage.data, name)()).convert("RGB") for name in PHOTOS]
    with Workspace(root, hash_file) as workspace:
        texts = {}
        for number in range(1, count + 1):
            photo = photos[number % len(photos)]
            side = round(min(photo.size) * draw.uniform(0.3, 0.95))
            left, top = draw.randrange(photo.width - side + 1), draw.randrange(photo.height - side + 1)
            piece = photo.crop((left, top, left + side, top + side)).resize((512, 512), Image.Resampling.LANCZOS)
            piece.save(workspace.file(number), "JPEG", quality=95)
            texts[number] = "Ghibli style " + " ".join(draw.choices(WORDS, k=draw.randint(18, 30)))
        Metadata(workspace.train / "metadata.jsonl", workspace.state).add(texts)
        for number, text in texts.items():
            append_provenance(workspace.state / "captions.jsonl", made(number, text))


def made(number: int, text: str) -> Provenance:
    return Provenance(
        number=number, outcome="captioned", text=text, reason="", source=f"Film {number % 9}/{number:05}.png",
        picture="0" * 64, backend="google-genai", model=f"gemini-{number % 4}", model_version="001", key=1,
        fingerprint="0" * 8, prompt="0" * 16, mended=(), asked_again=(), input_tokens=300, output_tokens=40,
        cost=0.0001, attempts=1, requests=1.0, seconds=2.0, time=f"2026-11-{number % 20 + 1:02}T12:00:00+00:00",
    )  # fmt: skip


def openings(page: Path) -> list[float]:
    """Seconds from the order to open the page until its pictures can be searched and its plots are drawn."""
    import shutil

    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        sys.exit("no Chromium is installed: how long the page takes to open was not measured")
    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        for _ in range(OPENINGS):
            opened = browser.new_page()
            began = time.perf_counter()
            opened.goto(page.absolute().as_uri(), wait_until="commit")
            opened.wait_for_selector('html[data-ready="all"]')
            taken.append(time.perf_counter() - began)
            opened.close()
        browser.close()
    return taken


if __name__ == "__main__":
    main()
