from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

from ghibli_prep.samples import Rendered
from ghibli_prep.workspace import Workspace

Photo = Callable[[int], bytes]
Open = Callable[[], Workspace]
Render = Callable[[Workspace, int], Rendered]
Child = Callable[..., "subprocess.CompletedProcess[str]"]


def hash_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def photo() -> Photo:
    """The JPEG of a real photograph; another for every number."""
    whole = [Image.fromarray(picture()).convert("RGB") for picture in (data.astronaut, data.chelsea, data.coffee)]

    def cut(at: int) -> bytes:
        jpeg = io.BytesIO()
        whole[at % 3].crop((at, at, at + 64, at + 64)).save(jpeg, "JPEG", quality=95)
        return jpeg.getvalue()

    return cut


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "ghibli"


@pytest.fixture
def workspace(root: Path) -> Open:
    return lambda: Workspace(root, hash_file)


@pytest.fixture
def render(photo: Photo) -> Render:
    """What the resize stage hands over: picture number `at`, its JPEG in the staging folder."""

    def rendered(held: Workspace, at: int) -> Rendered:
        file = held.staging / f"{at}.jpg"
        file.write_bytes(photo(at))
        return Rendered(f"identity {at}", f"film/frame {at}.png", file)

    return rendered


@pytest.fixture
def child() -> Child:
    """Run Python code in a process of its own, with `arguments` in sys.argv[1:].

    It writes no coverage data: it is killed, or hits a limit on the size of files.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}

    def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", "-c", code, *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=plain)

    return run
