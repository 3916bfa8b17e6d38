"""A merge is killed, at each of its writes and at random moments, and the same command ends with the same dataset."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.workspace import Workspace

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL, which this system lacks")
SETTINGS = '[resize]\nsize = 32\n[filter]\ndetector = "none"\n[caption]\nbackend = "sandbox"\n'

EVERY_WRITE = """
import os, shutil, signal, sys
from pathlib import Path
from ghibli_prep import cli, merging
from ghibli_prep.cli import app
from ghibli_prep.merging import bringing, here, looking, words

root, sources = Path(sys.argv[1]), sys.argv[2:]

def merge(into):
    sys.argv[1:] = []
    try:
        cli.main(["merge", *sources, "--exact-captions", "--into", str(into)])
    except SystemExit as ended:
        assert ended.code == 0, ended.code

def killed(into, moment):
    # did a child that merges die at its write number `moment`?
    child = os.fork()
    if child == 0:
        left = [moment]
        def count(event, arguments):
            writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
            if writes or event in ("os.rename", "os.remove", "os.mkdir", "os.truncate", "os.rmdir"):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        merge(into)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or status == 0, status
    return os.WIFSIGNALED(status)

moment = 0
while killed(root / str(moment + 1), moment + 1):
    moment += 1
    if moment % 4 == 0:
        killed(root / str(moment), moment % 17 + 1)  # the next one may be killed too
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        merge(root / str(moment))
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
print(moment)
"""


def whole(root: Path) -> dict[str, Any]:
    """All that is true of a merged dataset."""
    look = Workspace(root, lambda file: file.name)
    lines = [json.loads(line) for line in (root / "train" / "metadata.jsonl").read_text("utf-8").splitlines()]
    merged = look.merged()
    return {
        "files": {file.name: file.read_bytes() for file in root.glob("train/*.jpg")},
        "lines": sorted(lines, key=lambda line: str(line["file_name"])),
        "origins": sorted((number, origin.dataset, origin.file) for number, origin in merged.origins.items()),
        "settled": merged.settled,
        "sources": look.facts.sources,
        "made": sorted((made.number, made.text, made.picture, made.source) for made in look.answers()),
    }


@pytest.fixture
def sources(home: Any, kohya: Any, picture: Any) -> list[str]:
    home.settings(text=SETTINGS)
    for number in range(2):
        file = home.folder / "ours" / "raw" / "Totoro" / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(number, side=48, kind="PNG"))
    assert home.run("run", "-w", "ours").code == 0
    pictures = {"a.png": (picture(3, side=48, kind="PNG"), "one"), "b.jpg": (picture(0, side=36), "a copy")}
    return [str(home.folder / "ours"), str(kohya("k", {**pictures, "c.jpg": (picture(4), "two")}))]


def test_killed_at_any_write_a_merge_ends_with_the_same_dataset(
    home: Any, sources: list[str], tmp_path: Path, everything: Any
) -> None:
    before = everything(*map(Path, sources))
    assert home.run("merge", *sources, "--exact-captions", "--into", tmp_path / "never").code == 0
    expected = whole(tmp_path / "never")
    assert len(expected["files"]) == 4
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    plain |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # children of a fork have one thread anyway
    command = [sys.executable, "-c", EVERY_WRITE, str(tmp_path / "killed"), *sources]
    (tmp_path / "killed").mkdir()
    said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, env=plain, cwd=home.folder)
    assert said.returncode == 0, said.stderr[-3000:]
    moments = int(said.stdout.split()[-1])
    assert moments > 30
    for moment in range(1, moments + 1):
        assert whole(tmp_path / "killed" / str(moment)) == expected, f"killed at write {moment}"
    assert everything(*map(Path, sources)) == before


def test_killed_again_and_again_a_larger_merge_ends_with_the_same_dataset(
    home: Any, kohya: Any, picture: Any, tmp_path: Path
) -> None:
    home.settings(text=SETTINGS)
    pictures = {f"{at:03}.png": (picture(at % 24, side=40 + at, kind="PNG"), f"caption {at}") for at in range(120)}
    folder = kohya("k", pictures)
    arguments = ("merge", folder, "--no-dedupe", "--into")
    assert home.run(*arguments, tmp_path / "never").code == 0
    expected = whole(tmp_path / "never")
    assert len(expected["files"]) > 70
    seed = int(os.environ.get("GHIBLI_PREP_SEED", str(random.SystemRandom().randrange(10**9))))
    draw, kills = random.Random(seed), 0
    while kills < 8:
        running = home.start(*arguments, tmp_path / "killed")
        journal = tmp_path / "killed" / ".ghibli-prep" / "journal.jsonl"
        while not journal.exists() and running.poll() is None:
            time.sleep(0.005)
        time.sleep(draw.uniform(0, 0.5) if kills else 0)  # the first at once: none is too fast for that
        running.send_signal(signal.SIGKILL)
        kills += home.end(running).code == -signal.SIGKILL
        if running.returncode == 0:
            break
    assert kills, "it was never killed in the middle"
    assert home.run(*arguments, tmp_path / "killed").code == 0
    assert whole(tmp_path / "killed") == expected, f"GHIBLI_PREP_SEED={seed}, after {kills} kills"
