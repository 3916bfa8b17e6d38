"""A merge onto a disk that is really full: it says so, breaks no file, and goes on once there is room."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no tmpfs on Windows")
SETTINGS = "[resize]\nsize = 64\n"
Disk = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Makes a tmpfs of so many kilobytes, or gives the one there is so many."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def of(kilobytes: int) -> Path:
        option = f"{'remount,' if os.path.ismount(folder) else ''}size={kilobytes}k"
        command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
        return folder

    yield of
    subprocess.run(["umount", str(folder)], capture_output=True, check=False)


@pytest.mark.parametrize("kilobytes", [84, 120, 180, 240, 300, 340])
def test_on_a_full_disk_a_merge_says_so_and_goes_on_when_there_is_room(
    home: Any, kohya: Any, picture: Any, disk: Disk, kilobytes: int, everything: Any
) -> None:
    home.settings(text=SETTINGS)
    sides = [64 if at < 24 else 64 + at for at in range(70)]
    pictures = {f"{at:02}.jpg": (picture(at % 24, side=side), f"caption {at}") for at, side in enumerate(sides)}
    folder = kohya("k", pictures)
    before = everything(folder)
    arguments = ("merge", folder, "--no-dedupe", "--into")
    assert home.run(*arguments, "never").code == 0
    into = disk(kilobytes) / "c"
    said = home.run(*arguments, into)
    assert said.code == 75, said
    assert "the disk is full" in said.err
    if (into / "train" / "metadata.jsonl").exists():
        for line in (into / "train" / "metadata.jsonl").read_text("utf-8").splitlines():
            assert (into / "train" / json.loads(line)["file_name"]).stat().st_size > 0
    disk(4000)
    assert home.run(*arguments, into).code == 0
    once, again = (Workspace(root, lambda file: file.name) for root in (home.folder / "never", into))
    assert again.captions == once.captions
    assert again.facts.sources == once.facts.sources
    assert again.merged().origins == once.merged().origins
    for number in once.pictures():
        assert again.file(number).read_bytes() == once.file(number).read_bytes()
    assert everything(folder) == before
