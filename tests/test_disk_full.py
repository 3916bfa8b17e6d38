"""The whole command on a disk that is really full: a tiny tmpfs, and a limit to the size of files.

Whatever the moment: the message names the disk, the exit code is 75, no file is broken, and when there is room again
the same command completes without asking for any picture twice.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.sandbox import Sandbox, SandboxSettings

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="neither tmpfs nor RLIMIT_FSIZE on Windows")

FRAMES = 40
PAID = ("ok", "blocked")
SETTINGS = """
[resize]
size = SIDE
[caption]
models = ["gemini-2.5-flash", "gemini-2.5-flash-lite"]
backoff_seconds = [0.02, 0.04]
max_in_flight = 4
"""


@pytest.fixture
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Answers after 0.02 to 0.05 seconds, or after as many as it is given."""
    seconds = getattr(request, "param", (0.02, 0.05))
    settings: dict[str, Any] = {
        "models": {"gemini-2.5-flash": {}, "gemini-2.5-flash-lite": {}},
        "blocked": {"share": 0.1},
        "latency": {"min_seconds": seconds[0], "max_seconds": seconds[1]},
    }
    with Sandbox(SandboxSettings.model_validate(settings)) as running:
        yield running


@dataclass
class Disk:
    """A tmpfs of its own. `fill` leaves `pages` pages of it free."""

    folder: Path

    def mount(self, option: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self, pages: int = 0) -> None:
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(4096))
                except OSError:
                    break
        os.truncate(ballast, max(0, ballast.stat().st_size - 4096 * pages))

    def free(self) -> None:
        (self.folder / "ballast").unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """4 MB."""
    small = Disk(tmp_path / "disk")
    small.folder.mkdir()
    if not small.mount("size=4m"):
        pytest.skip("a tmpfs cannot be mounted here: that takes root")
    yield small
    subprocess.run(["umount", "-l", str(small.folder)], check=True)


@dataclass
class Job:
    """One dataset: its frames lie on the large disk, its workspace where the test says."""

    home: Path
    root: Path
    sandbox: Sandbox

    def start(self, *arguments: str, file_size: int | None = None) -> subprocess.Popen[str]:
        """file_size: the most bytes that any file may have."""
        environment = {"GEMINI_API_KEY_1": "AIza-of-a-full-disk", "GEMINI_BASE_URL": self.sandbox.url}
        # Python 3.11 puts half of a compiled module in place where it cannot write all of it (gh-126606)
        # neither bytecode nor coverage data: they would hit the limit on the size of files, too
        plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        environment |= plain | {"PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", "from ghibli_prep.cli import main; main()", *arguments]
        return subprocess.Popen(
            [*command, "-w", str(self.root), "-i", str(self.home / "frames")],
            cwd=self.home,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=None if file_size is None else partial(limit_files, file_size),
        )

    def run(self, *arguments: str, file_size: int | None = None) -> tuple[int, str]:
        return self.end(self.start(*arguments, file_size=file_size))

    def end(self, child: subprocess.Popen[str]) -> tuple[int, str]:
        """Its exit code and what it said; whatever it was, no file is broken."""
        out, err = child.communicate(timeout=120)
        assert "Traceback" not in out + err, err
        self.check()
        return child.returncode, err

    def check(self) -> None:
        train = self.root / "train"
        names = [file.name for file in train.iterdir()] if train.is_dir() else []
        assert all(name == "metadata.jsonl" or name.endswith(".jpg") for name in names), names
        for name in names:
            if name.endswith(".jpg"):
                with Image.open(train / name) as picture:
                    picture.load()
        numbers = [record["file_name"] for record in records(train / "metadata.jsonl")]
        assert len(numbers) == len(set(numbers))
        records(self.root / ".ghibli-prep" / "journal.jsonl")
        records(self.root / ".ghibli-prep" / "rescued.jsonl")
        for file in (self.root / "checkpoint.json", self.root / ".ghibli-prep" / "quota.json"):
            assert not file.exists() or json.loads(file.read_bytes())

    def check_complete(self) -> None:
        """Everything is captioned and nothing was paid for twice."""
        here = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in self.root.glob("train/*.jpg")}
        assert sorted(here) == sorted(f"{number}.jpg" for number in range(1, FRAMES + 1))
        assert {record["file_name"] for record in records(self.root / "train" / "metadata.jsonl")} == here.keys()
        paid = Counter(call.picture for call in self.sandbox.calls if call.outcome in PAID)
        assert paid == Counter(here.values())
        assert len(self.sandbox.calls) == FRAMES


def limit_files(size: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def records(file: Path) -> list[Any]:
    """Every line of a file, none of them cut."""
    content = file.read_bytes() if file.exists() else b""
    assert content == b"" or content.endswith(b"\n")
    return [json.loads(line) for line in content.splitlines()]


MakeJob = Callable[[Path, int], Job]


@pytest.fixture
def job(tmp_path: Path, sandbox: Sandbox) -> MakeJob:
    """`job(workspace, side)`: pieces of a real photograph, to be resized to `side`."""

    def make(root: Path, side: int) -> Job:
        (tmp_path / "ghibli.toml").write_text(SETTINGS.replace("SIDE", str(side)), "utf-8")
        (tmp_path / "frames").mkdir()
        photo = Image.fromarray(skimage.data.astronaut())
        for at in range(FRAMES):
            photo.crop((at * 9, at * 6, at * 9 + 96, at * 6 + 96)).save(tmp_path / "frames" / f"{at:03}.png")
        return Job(tmp_path, root, sandbox)

    return make


def is_told_of_the_disk(code: int, err: str, root: Path) -> bool:
    return code == 75 and "the disk is full" in err and str(root) in err and "run the same command again" in err


@pytest.mark.parametrize("pages", [0, 3, 15])
def test_a_disk_that_is_full_at_the_start_is_named_and_the_same_command_completes_later(
    pages: int, disk: Disk, job: MakeJob
) -> None:
    work = job(disk.folder / "data", 64)
    disk.fill(pages)
    code, err = work.run("run", "--skip-filter")
    assert is_told_of_the_disk(code, err, work.root), (code, err)
    assert work.sandbox.calls == []
    disk.free()
    assert work.run("run", "--skip-filter")[0] == 0
    work.check_complete()


def test_a_disk_that_fills_up_during_resize_keeps_what_is_done_and_goes_on_with_more_room(
    disk: Disk, job: MakeJob
) -> None:
    assert disk.mount("remount,size=768k")
    work = job(disk.folder / "data", 768)  # 40 of them take more than that
    code, err = work.run("run", "--skip-filter")
    assert is_told_of_the_disk(code, err, work.root), (code, err)
    done = {file.name: file.read_bytes() for file in work.root.glob("train/*.jpg")}
    assert done
    assert disk.mount("remount,size=64m")
    assert work.run("run", "--skip-filter")[0] == 0
    work.check_complete()
    assert done.items() <= {file.name: file.read_bytes() for file in work.root.glob("train/*.jpg")}.items()


@pytest.mark.parametrize("pages", [0, 2])
@pytest.mark.parametrize("calls", [1, 12, 25])
def test_a_disk_that_fills_up_during_captioning_loses_no_answer(
    calls: int, pages: int, disk: Disk, job: MakeJob
) -> None:
    work = job(disk.folder / "data", 64)
    child = work.start("run", "--skip-filter")
    while len(work.sandbox.calls) < calls and child.poll() is None:
        time.sleep(0.002)
    disk.fill(pages)
    code, err = work.end(child)
    asked = len(work.sandbox.calls)
    if code != 0:  # a page or two may be enough for the rest
        assert is_told_of_the_disk(code, err, work.root), (code, err)
        again, err = work.run("run", "--skip-filter")
        assert is_told_of_the_disk(again, err, work.root) or again == 0, (again, err)
    assert pages or code
    disk.free()
    assert work.run("run", "--skip-filter")[0] == 0
    work.check_complete()
    assert asked <= len(work.sandbox.calls)


@pytest.mark.parametrize("sandbox", [(0.5, 0.9)], indirect=True)
def test_a_checkpoint_that_cannot_be_written_loses_no_answer_that_is_under_way(disk: Disk, job: MakeJob) -> None:
    work = job(disk.folder / "data", 64)
    child = work.start("run", "--skip-filter")
    while len(work.sandbox.calls) < 5 and child.poll() is None:  # the first line has its page on the disk
        time.sleep(0.002)
    disk.fill()
    code, err = work.end(child)
    assert is_told_of_the_disk(code, err, work.root), (code, err)
    assert "metadata.jsonl" not in err
    disk.free()
    assert work.run("run", "--skip-filter")[0] == 0
    work.check_complete()


@pytest.mark.parametrize("size", [0, 100, 1_250, 2_000, 4_000])
def test_metadata_that_cannot_grow_loses_no_answer(size: int, tmp_path: Path, job: MakeJob) -> None:
    work = job(tmp_path / "data", 64)
    assert work.run("resize", "--skip-filter")[0] == 0
    code, err = work.run("caption", file_size=size)
    assert is_told_of_the_disk(code, err, work.root), (code, err)
    again, err = work.run("caption", file_size=size)
    assert is_told_of_the_disk(again, err, work.root), (again, err)
    assert work.run("caption")[0] == 0
    work.check_complete()


@pytest.mark.parametrize("size", [0, 1_000, 2_500, 64 * 1024 - 1])
def test_pictures_that_cannot_be_written_stop_the_run_before_anyone_is_asked(
    size: int, tmp_path: Path, job: MakeJob
) -> None:
    work = job(tmp_path / "data", 64)
    code, err = work.run("run", "--skip-filter", file_size=size)
    assert is_told_of_the_disk(code, err, work.root), (code, err)
    assert work.sandbox.calls == []
    assert work.run("run", "--skip-filter")[0] == 0
    work.check_complete()
