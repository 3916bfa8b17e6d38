"""A finished dataset of small photographs, and a look at it without a console."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.settings import Settings
from ghibli_prep.validating import checking, fixing, thinning
from ghibli_prep.validating.checking import Report
from ghibli_prep.validating.folders import Place
from ghibli_prep.validating.problems import Problem

SIZE = 64
PHOTOS = ("astronaut", "camera", "coffee", "chelsea", "rocket")
THINGS = ("red ball", "white cat", "tall tree", "small boat", "blue kite", "old bicycle", "straw hat", "green umbrella")


@cache
def photograph(number: int, size: int = SIZE, quality: int = 95) -> bytes:
    """Another part of a photograph for each number, as the JPEG that resize makes of it."""
    whole = Image.fromarray(getattr(skimage.data, PHOTOS[number % 5])()).convert("RGB")
    left = 30 + 25 * (number // 5)
    file = io.BytesIO()
    whole.crop((left, 40, left + 200, 240)).resize((size, size), Image.Resampling.LANCZOS).save(
        file, "JPEG", quality=quality
    )
    return file.getvalue()


def caption(number: int) -> str:
    """Another one for each number; it obeys every rule."""
    thing, place = THINGS[number % 8], THINGS[number // 8 % 8]
    return (
        f"Ghibli style a young girl with short brown hair stands on a hill near the sea and holds a {thing}, "
        f"while a {place} lies behind her in the warm light of the evening"
    )


def line(number: int, text: str | None = None) -> bytes:
    record = {"file_name": f"{number}.jpg", "text": caption(number) if text is None else text}
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"


@dataclass
class Dataset:
    """A workspace with a finished dataset, to be harmed."""

    root: Path
    told: list[str] = field(default_factory=list)
    settings: Settings = field(default_factory=lambda: Settings.model_validate({"resize": {"size": SIZE}}))

    def make(self, numbers: Sequence[int]) -> Dataset:
        self.train.mkdir(parents=True)
        for number in numbers:
            self.picture(number).write_bytes(photograph(number))
        self.metadata.write_bytes(b"".join(map(line, numbers)))
        return self

    @property
    def train(self) -> Path:
        return self.root / "train"

    @property
    def metadata(self) -> Path:
        return self.train / "metadata.jsonl"

    def picture(self, number: int) -> Path:
        return self.train / f"{number}.jpg"

    @property
    def lines(self) -> list[bytes]:
        return self.metadata.read_bytes().splitlines(keepends=True)

    def write(self, lines: Sequence[bytes]) -> None:
        self.metadata.write_bytes(b"".join(lines))

    def choose(self, **values: Any) -> None:
        """Settings of [validate]."""
        chosen = {"resize": {"size": SIZE}, "validate": values}
        self.settings = Settings.model_validate(chosen)

    def look(self) -> Report:
        return checking.validate(Place.at(self.root), self.settings, lambda looked, _total: looked)

    @property
    def found(self) -> list[tuple[str, str, int | None]]:
        """(check, file, line) of each problem and warning."""
        return [(p.check, p.file, p.line) for p in self.look().found]

    def fix(self) -> list[Problem]:
        from ghibli_prep.stages.find import hash_file

        done = fixing.fix(Place.at(self.root), self.settings, hash_file, self.told.append)
        return done + thinning.take_out_copies(self.look(), hash_file, self.told.append)

    @property
    def everything(self) -> dict[str, bytes]:
        return {
            file.relative_to(self.root).as_posix(): file.read_bytes()
            for file in sorted(self.root.rglob("*"))
            if file.is_file()
        }

    @property
    def pictures(self) -> set[bytes]:
        """The content of every picture, wherever it lies."""
        return {file.read_bytes() for file in self.root.rglob("*.jpg")}

    @property
    def texts(self) -> set[str]:
        """Every text that can be found again, wherever it lies."""
        found = set()
        for folder in (self.train, self.root / "removed", self.root / ".ghibli-prep" / "set_aside"):
            for file in folder.glob("*.jsonl") if folder.is_dir() else ():
                for raw in file.read_bytes().lstrip(b"\xef\xbb\xbf").split(b"\n"):
                    try:
                        found.add(str(json.loads(raw)["text"]))
                    except (ValueError, KeyError, TypeError):
                        found.add(raw.strip().decode(errors="replace"))
        return found


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset(tmp_path / "workspace").make(range(1, 7))


@pytest.fixture(scope="session")
def new_dataset(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[int]], Dataset]:
    """Makes datasets, each in a folder of its own."""
    return lambda numbers: Dataset(tmp_path_factory.mktemp("made") / "workspace").make(numbers)
