"""Pictures to make films of: parts of real photographs, some of them moved, blurred or mixed."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage import data

from ghibli_prep.settings import ExtractSettings
from ghibli_prep.stages.extract import Happening, Job, Taken, extract

SIZE = (192, 128)


@cache
def _photo(name: str) -> Any:
    return Image.fromarray(getattr(data, name)()).convert("RGB")


@pytest.fixture
def scene() -> Callable[..., Any]:
    """`scene("coffee", 3)`: the photograph, three steps into a pan there and back; height 128, width 192, RGB."""

    def make(name: str, at: int = 0, size: tuple[int, int] = SIZE) -> Any:
        left = 20 + 2 * min(at % 140, -at % 140)
        return np.array(_photo(name).resize(size, box=(left, 30, left + 288, 222)))

    return make


@pytest.fixture
def events() -> Callable[..., list[Happening]]:
    """What comes of one film: `events(file, every=2)`."""

    def run(file: Path, *, done: Any = (), taken: Any = (), **options: Any) -> list[Happening]:
        return list(extract([Job(file, done, taken)], ExtractSettings.model_validate(options)))

    return run


@pytest.fixture
def frames(events: Callable[..., list[Happening]]) -> Callable[..., dict[float, Any]]:
    """The pictures of one film by their times: `frames(file, every=2)`."""

    def run(file: Path, **options: Any) -> dict[float, Any]:
        return {one.time: _picture(one.content) for one in _taken(events(file, **options)) if one.time is not None}

    return run


def _taken(events: list[Happening]) -> Iterator[Taken]:
    return (event for event in events if isinstance(event, Taken))


def _picture(content: bytes | None) -> Any:
    assert content is not None
    return np.array(Image.open(io.BytesIO(content)).convert("RGB"))
