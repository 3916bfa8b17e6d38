"""A user's folder to run commands in, real photographs as frames, and the Gemini API on loopback."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import skimage
import skimage.data
from PIL import Image

from ghibli_prep import cli
from ghibli_prep.sandbox import Sandbox, SandboxSettings
from ghibli_prep.sandbox.settings import Fault, KeySettings, ModelSettings

# A busy machine is slow: no example has a deadline.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so, and children inherit it: Ctrl-C would then stop nothing here.
    signal.signal(signal.SIGINT, signal.default_int_handler)

KEYS = ("first-key-0123456789abcdef", "second-key-0123456789abcdef", "third-key-0123456789abcdef")
PHOTOS = ("astronaut", "camera", "coffee", "chelsea", "rocket")
TINY = """
[filter]
detector = "none"
[resize]
size = 32
[caption]
models = ["best", "next"]
backoff_seconds = [0.02, 0.02]
request_timeout_seconds = 5
{caption}
"""


@cache
def _frame(number: int) -> bytes:
    """A small window into a real photograph, another for each number: PNG."""
    name = PHOTOS[number % len(PHOTOS)]
    photograph = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    left = 40 + 7 * (number // len(PHOTOS)) % 100
    file = io.BytesIO()
    photograph.crop((left, 60, left + 96, 156)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def frame() -> Callable[[int], bytes]:
    return _frame


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real photographs from scikit-image's wheel: the first two have people, the others do not."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg"):
        (folder / name).write_bytes((Path(skimage.__file__).parent / "data" / name).read_bytes())
    return folder


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Makes films: `film("name.mkv", pictures, rate=10)` of RGB pictures, all of one size; skips without PyAV."""
    av = pytest.importorskip("av", reason="the extract extra is not installed")

    def make(name: str, pictures: Iterable[Any], *, rate: int = 10, codec: str = "libx264", form: str = "yuv420p",
             times: Sequence[float] | None = None, rotate: Mapping[str, Any] | None = None, aspect: str = "",
             tags: Mapping[str, int] | None = None, **options: str) -> Path:  # fmt: skip
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pictures = list(pictures)
        with av.open(str(file), "w") as container:
            chosen = {"crf": "12", "g": "20", "preset": "veryfast"} if codec == "libx264" else {}
            stream = container.add_stream(codec, rate=rate, options={**chosen, **options})
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt, stream.time_base = form, Fraction(1, 1000)
            stream.codec_context.time_base = Fraction(1, 1000)
            if rotate:
                stream.set_display_rotation(**rotate)
            if aspect:
                stream.codec_context.sample_aspect_ratio = Fraction(aspect)
            for tag, value in (tags or {}).items():
                setattr(stream, tag, value)
            for at, picture in enumerate(pictures):
                deep = picture.dtype == "uint16"
                frame = av.VideoFrame.from_ndarray(picture, format="rgb48le" if deep else "rgb24")
                matrix = 9 if tags else 5
                frame = frame.reformat(format=form, dst_colorspace=matrix, dst_color_range=1)
                for tag, value in (tags or {}).items():
                    setattr(frame, tag, value)
                frame.time_base = Fraction(1, 1000)
                frame.pts = round(1000 * (times[at] if times else at / rate))
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return file

    return make


@pytest.fixture
def sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Makes sandboxes: `sandbox(best={"rpd": 3}, faults=[...], clock=...)`; those not closed are closed at the end.

    A model is named by a keyword, its limits are the value; without any there are `best` and `next`, without limits.
    """
    made: list[Sandbox] = []

    def make(
        *,
        faults: Sequence[Mapping[str, Any]] = (),
        keys: Mapping[str, Mapping[str, Any]] | None = None,
        clock: Callable[[], float] = time.time,
        latency: float = 0.0,
        **models: Mapping[str, Any],
    ) -> Sandbox:
        settings = SandboxSettings.model_validate(
            {
                "models": {n: ModelSettings(**m) for n, m in (models or {"best": {}, "next": {}}).items()},
                "faults": [Fault(**fault) for fault in faults],
                "keys": {n: KeySettings(**k) for n, k in (keys or {}).items()},
                "latency": {"min_seconds": latency, "max_seconds": latency},
            }
        )
        made.append(Sandbox(settings, clock=clock))
        return made[-1]

    yield make
    for each in made:
        each.close()


@dataclass(frozen=True)
class Said:
    """What a command ended in."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Home:
    """A folder in which a user types commands; the workspace is `data/ghibli` below it."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def workspace(self) -> Path:
        return self.folder / "data" / "ghibli"

    @property
    def raw(self) -> Path:
        return self.workspace / "raw"

    @property
    def train(self) -> Path:
        return self.workspace / "train"

    def frames(self, *numbers: int, film: str = "film") -> None:
        (self.raw / film).mkdir(parents=True, exist_ok=True)
        for number in numbers:
            (self.raw / film / f"{number:04}.png").write_bytes(_frame(number))

    def settings(self, caption: str = "", text: str = TINY) -> None:
        (self.folder / "ghibli.toml").write_text(text.format(caption=caption), encoding="utf-8")

    def keys(self, count: int = 1, url: str = "") -> None:
        for number, key in enumerate(KEYS[:count], start=1):
            self.monkeypatch.setenv(f"GEMINI_API_KEY_{number}", key)
        if url:
            self.monkeypatch.setenv("GEMINI_BASE_URL", url)

    def run(self, *arguments: object) -> Said:
        """A command, in this process."""
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ending:
            cli.main([str(argument) for argument in arguments])
        said = self.capture.readouterr()
        code = ending.value.code
        assert code is None or isinstance(code, int)
        for key in KEYS:
            assert key not in said.out + said.err
        return Said(code or 0, said.out, said.err)

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """A command, in a process of its own."""
        process = subprocess.Popen(
            [sys.executable, "-c", "from ghibli_prep.cli import main; main()", *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def end(self, process: subprocess.Popen[str], *, after: int | None = None) -> Said:
        """What a process ended in, after it was sent a signal if one is given."""
        if after is not None:
            process.send_signal(after)
        out, err = process.communicate(timeout=60)
        return Said(process.returncode, out, err)

    @property
    def captions(self) -> dict[str, str]:
        """Text by file name, once the file was found to be as the contract says."""
        file = self.train / "metadata.jsonl"
        content = file.read_bytes().decode() if file.exists() else ""
        captions = {}
        for line in content.splitlines(keepends=True):
            record = json.loads(line)
            assert list(record) == ["file_name", "text"]
            assert line == json.dumps(record, ensure_ascii=False) + "\n"
            assert record["file_name"] not in captions
            captions[record["file_name"]] = record["text"]
        return captions

    @property
    def checkpoint(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.workspace / "checkpoint.json").read_text(encoding="utf-8"))
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", found["timestamp"])
        return found

    @property
    def pictures(self) -> list[str]:
        """The names in train/ but for the captions."""
        return sorted(file.name for file in self.train.iterdir() if file.name != "metadata.jsonl")

    def everything(self) -> dict[str, bytes]:
        """Every file and folder below, with its content."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file() else b""
            for path in sorted(self.folder.rglob("*"))
        }


@pytest.fixture
def everything() -> Callable[..., dict[str, str]]:
    """`everything(folder, ...)`: each file and folder below, with what it holds."""

    def look(*folders: Path) -> dict[str, str]:
        return {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            for folder in folders
            for path in sorted(folder.rglob("*"))
        }

    return look


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty folder, gone into, with tiny settings, no keys, and no address but loopback."""
    for name in [name for name in os.environ if name.startswith(("GEMINI_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Home(folder, capsys, monkeypatch)
    made.settings()
    yield made
    for process in made.started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.kill()
            process.communicate()
