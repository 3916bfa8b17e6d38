from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ghibli_prep.workspace.identities import Identities


class Hashing:
    """Hashes files, and counts how many it had to read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __call__(self, file: Path) -> str:
        self.read.append(file.name)
        return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture
def frame(tmp_path: Path, photo: Callable[[int], bytes]) -> Path:
    file = tmp_path / "千と千尋 frame.jpg"
    file.write_bytes(photo(1))
    return file


def test_a_file_is_read_once_in_its_life(frame: Path, tmp_path: Path) -> None:
    cache, hashing = tmp_path / "identities.jsonl", Hashing()
    first = Identities(cache, cache, hashing)
    identity = first(frame, frame.stat())
    assert first(frame, frame.stat()) == identity
    first.flush()
    assert Identities(cache, cache, hashing)(frame, frame.stat()) == identity
    assert hashing.read == [frame.name]


def test_a_changed_file_is_read_again(frame: Path, tmp_path: Path, photo: Callable[[int], bytes]) -> None:
    hashing = Hashing()
    identities = Identities(None, tmp_path / "none", hashing)
    before = identities(frame, frame.stat())
    frame.write_bytes(photo(2))
    assert identities(frame, frame.stat()) != before


def test_who_only_looks_writes_nothing(frame: Path, tmp_path: Path) -> None:
    identities = Identities(None, tmp_path / "identities.jsonl", Hashing())
    identities(frame, frame.stat())
    identities.flush()
    assert list(tmp_path.iterdir()) == [frame]


def test_lines_that_make_no_sense_are_skipped(frame: Path, tmp_path: Path) -> None:
    cache, hashing = tmp_path / "identities.jsonl", Hashing()
    cache.write_bytes(b'[]\n{"file": 7, "identity": "x"}\n\xff\n{"file": "cut off he')
    identities = Identities(cache, cache, hashing)
    identities(frame, frame.stat())
    identities.flush()
    Identities(cache, cache, hashing)(frame, frame.stat())
    assert hashing.read == [frame.name]


def test_many_threads_write_whole_lines_in_batches(tmp_path: Path) -> None:
    cache, hashing = tmp_path / "identities.jsonl", Hashing()
    files = [tmp_path / f"{at}.txt" for at in range(600)]
    for at, file in enumerate(files):
        file.write_text(str(at))
    identities = Identities(cache, cache, hashing)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda file: identities(file, file.stat()), files))
    identities.flush()
    again = Identities(cache, cache, hashing)
    assert [again(file, file.stat()) for file in files] == found
    assert len(hashing.read) == 600


def test_a_cache_that_cannot_be_written_stops_nothing(frame: Path, tmp_path: Path) -> None:
    identities = Identities(tmp_path / "no such folder" / "identities.jsonl", tmp_path / "none", Hashing())
    identities(frame, frame.stat())
    identities.flush()
