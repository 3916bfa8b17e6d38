from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace import checkpoint
from ghibli_prep.workspace.checkpoint import Checkpoint

NOW = Checkpoint(3, 10, 3, 7, 1, "ab12cd34", 0, "gemini-2.5-flash", "2026-07-01 12:00:00")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.json"


def test_what_is_written_is_plain_json_with_the_promised_keys(file: Path, tmp_path: Path) -> None:
    checkpoint.write(file, NOW, tmp_path)
    found = json.loads(file.read_text())
    promised = "last_processed total_images current_key_index current_model_index current_model timestamp version"
    assert set(promised.split()) <= found.keys()
    assert checkpoint.read(file) == found


def test_no_file_is_no_checkpoint(file: Path) -> None:
    assert checkpoint.read(file) == {}


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change its time zone for one process")
def test_the_time_is_the_users_own() -> None:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    try:
        assert checkpoint.local_time(0) == "1970-01-01 09:00:00"
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not json", "not JSON"),
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "not a checkpoint"),
        (b"{}", "not a checkpoint"),
        (b'{"version": 1, "name": "of another tool"}', "not a checkpoint"),
        (b'{"version": "2", "last_processed": 1}', "not a checkpoint"),
        (b'{"version": true, "last_processed": 1}', "not a checkpoint"),
        (b'{"version": -1, "last_processed": 1}', "not a checkpoint"),
        (b'{"version": 2, "last_processed": 1}', r"newer ghibli-prep \(version 2"),
    ],
)
def test_a_file_not_ours_is_refused_and_left_untouched(file: Path, tmp_path: Path, content: bytes, says: str) -> None:
    file.write_bytes(content)
    with pytest.raises(ForeignState, match=says):
        checkpoint.read(file)
    with pytest.raises(ForeignState, match="left untouched"):
        checkpoint.migrate(file, tmp_path)
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_checkpoint_of_the_original_is_put_aside_once(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbf{"last_processed": 5, "total_images": 9}\r\n')
    checkpoint.migrate(file, tmp_path)
    aside = tmp_path / "checkpoint.v0.json"
    assert aside.read_bytes() == file.read_bytes()
    checkpoint.write(file, NOW, tmp_path)
    checkpoint.migrate(file, tmp_path)
    file.write_bytes(b'{"last_processed": 6}')
    checkpoint.migrate(file, tmp_path)
    assert b'"last_processed": 5' in aside.read_bytes()
