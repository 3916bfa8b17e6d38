"""Files are mended whole or not at all, by the one who holds the workspace, and what goes is kept aside first."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghibli_prep.errors import UsageError, WorkspaceHeld
from ghibli_prep.workspace.mending import mending


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "train").mkdir()
    path = tmp_path / "train" / "metadata.jsonl"
    path.write_bytes(b"before\n")
    return path


def test_a_file_is_replaced_and_the_lines_that_go_are_kept(tmp_path: Path, file: Path) -> None:
    with mending(tmp_path) as mender:
        mender.rewrite(file, b"before\n", b"after\n", [b"one", b"two"])
        mender.rewrite(file, b"after\n", b"later\n", [b"three"])
    assert file.read_bytes() == b"later\n"
    assert (tmp_path / ".ghibli-prep/set_aside/train-metadata.jsonl").read_bytes() == b"one\ntwo\nthree\n"
    assert [path.name for path in file.parent.iterdir()] == ["metadata.jsonl"]


def test_a_file_that_was_edited_meanwhile_stays(tmp_path: Path, file: Path) -> None:
    with mending(tmp_path) as mender, pytest.raises(UsageError, match="was edited just now"):
        mender.rewrite(file, b"read earlier\n", b"after\n", [])
    assert file.read_bytes() == b"before\n"


def test_no_file_that_is_put_aside_takes_the_place_of_another(tmp_path: Path, file: Path) -> None:
    for content in (b"first", b"second", b"third"):
        stray = file.parent / "Thumbs.db"
        stray.write_bytes(content)
        with mending(tmp_path) as mender:
            mender.put_aside(stray)
    kept = sorted((tmp_path / ".ghibli-prep" / "set_aside").iterdir())
    assert [path.read_bytes() for path in kept] == [b"first", b"second", b"third"]


def test_it_holds_the_workspace_and_lets_it_go(tmp_path: Path, file: Path) -> None:
    with mending(tmp_path), pytest.raises(WorkspaceHeld), mending(tmp_path):
        pass
    with mending(tmp_path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, file: Path) -> None:
    script = f"""
import resource, signal
from pathlib import Path
from ghibli_prep.errors import DiskError
from ghibli_prep.workspace.mending import mending
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
file = Path({str(file)!r})
for after, aside in ((b"x" * 10_000, [b"kept"]), (b"short", [b"x" * 10_000])):
    try:
        with mending(Path({str(tmp_path)!r})) as mender:
            mender.rewrite(file, b"before\\n", after, aside)
    except DiskError as error:
        print("full" if "disk is full" in str(error) else error)
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    said = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["full", "full"]
    assert file.read_bytes() == b"before\n"
    assert (tmp_path / ".ghibli-prep/set_aside/train-metadata.jsonl").read_bytes() == b"kept\n"
    assert [path.name for path in file.parent.iterdir()] == ["metadata.jsonl"]
