"""The filters are killed again and again, and decide in the end what they decide undisturbed."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image, ImageFilter

from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace

KILLS = 8
SETTINGS = """
[filter]
use = ["black", "white", "flat", "blur", "fade", "duplicate"]
[resize]
size = 32
[caption]
models = ["best"]
backend = "sandbox"
"""


def frames(folder: Path) -> None:
    """Pieces of photographs; of each also a blurred one and a smaller copy; and some black frames."""
    folder.mkdir(parents=True)
    for at, name in enumerate(("astronaut", "chelsea", "coffee", "rocket", "cat", "camera", "motorcycle_left")):
        picture = getattr(skimage.data, name, None)
        if picture is None:
            continue
        whole = Image.fromarray(picture()).convert("RGB")
        for part in range(3):
            left, top = part * (whole.width - 240) // 2, part * (whole.height - 180) // 2
            piece = whole.crop((left, top, left + 240, top + 180))
            piece.save(folder / f"{at}{part}.png")
            piece.filter(ImageFilter.GaussianBlur(6)).save(folder / f"{at}{part}-soft.png")
            piece.resize((200, 150)).save(folder / f"{at}{part}-small.png")
    for level in range(3):
        Image.new("RGB", (240, 180), (level, level, level)).save(folder / f"black{level}.png")


def decided(workspace: Path) -> dict[str, tuple[bool, str]]:
    """What was decided of each frame."""
    verdicts = Workspace(workspace, hash_file).facts.verdicts.values()
    return {verdict.source: (verdict.kept, verdict.reason) for verdict in verdicts}


def shown(workspace: Path) -> list[str]:
    folders = (workspace / "filtered_temp", workspace / "filtered_out")
    return sorted(str(file.relative_to(workspace)) for folder in folders for file in folder.rglob("*.png"))


def done(workspace: Path) -> int:
    """How far a run has come: what was measured and what was decided."""
    state = workspace / ".ghibli-prep"
    files = [state / "measures.jsonl", state / "journal.jsonl"]
    return sum(file.read_bytes().count(b"\n") for file in files if file.exists())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_killed_again_and_again_the_filters_decide_the_same(home: Any) -> None:
    draw = random.Random(os.environ.get("GHIBLI_PREP_SEED", str(time.time_ns())))
    home.settings(text=SETTINGS)
    frames(home.raw / "film")
    assert home.run("filter").code == 0
    truth, there = decided(home.workspace), shown(home.workspace)
    assert {reason for _, reason in truth.values()} >= {"black", "blur", "duplicate"}
    steps = done(home.workspace)
    for folder in ("filtered_temp", "filtered_out", ".ghibli-prep"):
        shutil.rmtree(home.workspace / folder)

    plain = {name: "" for name in os.environ if name.startswith("COVERAGE")}
    for moment in sorted(draw.randrange(steps) for _ in range(KILLS)):
        process = home.start("filter", **plain)
        while process.poll() is None and done(home.workspace) < moment:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert home.run("filter").code == 0
    assert decided(home.workspace) == truth
    assert shown(home.workspace) == there
