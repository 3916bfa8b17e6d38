"""A disk that is really full: a file-size limit in a child process, and a tiny disk where one may be mounted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ghibli_prep.errors import DiskError
from ghibli_prep.samples import BLOCKED_TEXT, Blocked, Captioned, Rendered
from ghibli_prep.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither file-size limits nor tmpfs")
Open = Callable[[], Workspace]

LIMITED = """
import resource, sys
sys.dont_write_bytecode = True  # half a .pyc would stay behind
from pathlib import Path
from ghibli_prep.errors import DiskError
from ghibli_prep.samples import *
from ghibli_prep.workspace import Workspace

with Workspace(Path(sys.argv[1]), str) as held:
    size = (held.train / "metadata.jsonl").stat().st_size if sys.argv[2] == "metadata.jsonl" else 100
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, size + 20))
    try:
        held.record(Captioned(int(sys.argv[3]), sys.argv[4]))
    except DiskError as error:
        print(error)
"""
"""Allows 20 bytes more than metadata.jsonl has: an answer breaks off in the middle."""


def texts(root: Path) -> dict[str, str]:
    rows = [json.loads(line) for line in (root / "train/metadata.jsonl").read_bytes().splitlines()]
    assert len({row["file_name"] for row in rows}) == len(rows)
    return {row["file_name"]: row["text"] for row in rows}


@pytest.mark.parametrize("number", [51, 1], ids=["a new picture", "a retry of a blocked one"])
def test_an_answer_over_the_size_limit_is_rescued_and_comes_home(
    root: Path, workspace: Open, child: Callable[..., CompletedProcess[str]], number: int
) -> None:
    with workspace() as held:
        held.record(Blocked(1, "SAFETY"))
        for known in range(2, 51):
            held.record(Captioned(known, f"Ghibli style {known}"))
    before = (root / "train/metadata.jsonl").read_bytes()
    ended = child(LIMITED, root, "metadata.jsonl", number, "Ghibli style, a long answer that was paid for " * 2)
    assert f"{root}/train/metadata.jsonl: the disk is full" in ended.stdout, ended.stderr
    assert (root / "train/metadata.jsonl").read_bytes() == before
    with workspace() as held:
        assert held.mended
        assert held.captions[number].startswith("Ghibli style, a long answer")
        assert len(held.captions) == max(50, number)
    assert texts(root).keys() == {f"{at}.jpg" for at in range(1, max(50, number) + 1)}
    assert not (root / ".ghibli-prep/rescued.jsonl").exists()


def test_an_answer_that_fits_nowhere_is_told_in_the_error(
    root: Path, workspace: Open, child: Callable[..., CompletedProcess[str]]
) -> None:
    with workspace() as held:
        held.record(Captioned(1, "Ghibli style one, " * 10))
    ended = child(LIMITED, root, "any file", 2, "Ghibli style two, " * 10)
    assert "This answer could not be saved: {'file_name': '2.jpg', 'text': 'Ghibli style two" in ended.stdout
    with workspace() as held:
        assert held.pending() == []
        assert held.captions.keys() == {1}


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 400 kB."""
    disk = tmp_path / "tiny"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no tmpfs can be mounted here: needs Linux and root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> None:
    with (disk / "filler").open("ab", buffering=0) as filler:
        for size in (4096, 1):
            try:
                while True:
                    filler.write(b"x" * size)
            except OSError:
                pass


def test_a_full_disk_stops_the_run_in_words_and_loses_no_answer(tiny: Path) -> None:
    with Workspace(tiny, str) as held:
        held.record(Blocked(1, "SAFETY"))
        number = 1
        with pytest.raises(DiskError, match=r"metadata\.jsonl: the disk is full .* run the same command again"):
            fill(tiny)
            while True:
                number += 1
                held.record(Captioned(number, f"Ghibli style {number}, " + "a window, " * 30))
        for under_way in (number + 1, number + 2):  # what the other calls answer meanwhile
            held.record(Captioned(under_way, f"Ghibli style {under_way}"))
        fill(tiny)
        with pytest.raises(DiskError):
            held.record(Captioned(1, "Ghibli style 1"))
        fill(tiny)
        with pytest.raises(DiskError, match="the disk is full"):
            held.number([_rendered(held, tiny)])
    (tiny / "filler").unlink()
    with Workspace(tiny, str) as held:
        assert held.captions.keys() >= set(range(2, number + 3))
        assert held.captions[1] in ("Ghibli style 1", BLOCKED_TEXT)
        assert held.pictures() == []
    assert texts(tiny).keys() == {f"{at}.jpg" for at in range(1, number + 3)}


def _rendered(held: Workspace, disk: Path) -> Rendered:
    return Rendered("identity", "film/" + "x" * 5000, held.staging / "1.jpg")


def test_opening_on_a_full_disk_says_so_and_changes_nothing(tiny: Path) -> None:
    with Workspace(tiny, str) as held:
        held.record(Captioned(1, "Ghibli style one"))
    (tiny / ".ghibli-prep/reserve").unlink()
    fill(tiny)
    with pytest.raises(DiskError, match="the disk is full"), Workspace(tiny, str):
        pass
    assert texts(tiny) == {"1.jpg": "Ghibli style one"}
    assert Workspace(tiny, str).captions == {1: "Ghibli style one"}


def test_a_new_caption_on_a_full_disk_is_saved_and_the_old_line_stands_until_there_is_room(tiny: Path) -> None:
    with Workspace(tiny, str) as held:
        for number in range(1, 41):
            held.record(Captioned(number, f"old {number}, " + "a window, " * 30))
    old = texts(tiny)
    with suppress(DiskError), Workspace(tiny, str) as held:  # on leaving there may be no room to settle it
        fill(tiny)
        with pytest.raises(DiskError, match="the disk is full"):
            for number in range(1, 41):
                held.record(Captioned(number, f"new {number}, " + "a door, " * 30))
                fill(tiny)
        fill(tiny)
        with pytest.raises(DiskError):
            held.settle_captions()
        assert texts(tiny) == old
    assert texts(tiny).keys() == old.keys()
    (tiny / "filler").unlink()
    with Workspace(tiny, str) as held:
        saved = [n for n in range(1, 41) if held.captions[n].startswith("new ")]
        assert saved == list(range(1, number + 1))
    assert [n for n in range(1, 41) if texts(tiny)[f"{n}.jpg"].startswith("new ")] == saved
