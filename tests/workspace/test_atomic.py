from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ghibli_prep.errors import DiskError, UsageError
from ghibli_prep.workspace.atomic import (
    append_bytes,
    disk_error,
    disk_errors_in_words,
    left_halves,
    move,
    read_bytes,
    replace_bytes,
    sync_folder,
)

OTHER_DISK = Path("/dev/shm")
two_disks = pytest.mark.skipif(
    not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == Path("/tmp").stat().st_dev,
    reason="needs a second disk: /dev/shm is none here",
)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder on another disk than tmp_path, for tests marked two_disks."""
    folder = OTHER_DISK / f"ghibli-prep-{os.getpid()}-{tmp_path.name}"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def _swept(tmp_path: Path) -> object:
    yield
    for file in OTHER_DISK.glob(f"ghibli-prep-{os.getpid()}-{tmp_path.name}/*"):
        file.unlink()
    for folder in OTHER_DISK.glob(f"ghibli-prep-{os.getpid()}-{tmp_path.name}"):
        folder.rmdir()


def test_replacing_leaves_the_new_content_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    replace_bytes(file, b"one")
    replace_bytes(file, b"two")
    assert file.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [file]


def test_a_replacement_that_fails_leaves_the_old_content_and_no_half_file(tmp_path: Path) -> None:
    folder = tmp_path / "state.json"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"state\.json: cannot be written"):
        replace_bytes(folder, b"new")
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_that_the_user_keeps_elsewhere_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to(real)
    replace_bytes(link, b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


@two_disks
def test_a_file_moves_to_another_disk_whole(tmp_path: Path, elsewhere: Path) -> None:
    source, target = tmp_path / "1.jpg", elsewhere / "1.jpg"
    source.write_bytes(b"picture")
    move(source, target)
    assert target.read_bytes() == b"picture"
    assert not source.exists()
    assert not list(left_halves(elsewhere))


@two_disks
def test_a_move_to_another_disk_that_fails_leaves_the_source(tmp_path: Path, elsewhere: Path) -> None:
    source = tmp_path / "1.jpg"
    source.write_bytes(b"picture")
    with pytest.raises(OSError, match=r".") as raised:
        move(source, elsewhere / ("long" * 80))
    assert raised.value.errno == errno.ENAMETOOLONG
    assert source.read_bytes() == b"picture"
    assert not list(elsewhere.iterdir())


@two_disks
def test_a_move_onto_a_folder_on_another_disk_leaves_no_half_file(tmp_path: Path, elsewhere: Path) -> None:
    source, folder = tmp_path / "1.jpg", elsewhere / "1.jpg"
    source.write_bytes(b"picture")
    folder.mkdir()
    with pytest.raises(IsADirectoryError):
        move(source, folder)
    assert list(elsewhere.iterdir()) == [folder]
    folder.rmdir()


@two_disks
def test_a_file_on_another_disk_is_replaced_by_way_of_this_one(tmp_path: Path, elsewhere: Path) -> None:
    replace_bytes(elsewhere / "metadata.jsonl", b"new", beside=tmp_path)
    assert (elsewhere / "metadata.jsonl").read_bytes() == b"new"
    assert not list(tmp_path.iterdir())


def test_appending_goes_on_a_new_line_where_an_editor_left_none(tmp_path: Path) -> None:
    file = tmp_path / "metadata.jsonl"
    file.write_bytes(b"edited")
    append_bytes(file, b"new\n", durable=True)
    assert file.read_bytes() == b"edited\nnew\n"


def test_appending_follows_an_editor_that_put_another_file_in_place(tmp_path: Path) -> None:
    file, edited = tmp_path / "metadata.jsonl", tmp_path / "edited"
    append_bytes(file, b"one\n", durable=True)
    edited.write_bytes(b"ONE\n")
    edited.replace(file)
    append_bytes(file, b"two\n", durable=False)
    assert file.read_bytes() == b"ONE\ntwo\n"


def test_reading_tells_no_file_from_an_empty_one_and_names_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert read_bytes(tmp_path / "missing") is None
    assert read_bytes(tmp_path / "empty") == b""
    with pytest.raises(UsageError, match=r"cannot be read \(.+\)"):
        read_bytes(tmp_path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_with_its_remedy(code: int) -> None:
    error = disk_error(Path("train"), OSError(code, os.strerror(code)))
    assert isinstance(error, DiskError)
    assert "the disk is full" in str(error)
    assert "run the same command again" in str(error)


def test_a_failing_disk_is_not_blamed_on_the_user() -> None:
    error = disk_error(Path("train"), OSError(errno.EIO, os.strerror(errno.EIO)))
    assert isinstance(error, DiskError)
    assert "the disk failed" in str(error)


def test_what_may_not_be_written_is_named(tmp_path: Path) -> None:
    says = r"train: cannot be written \(Permission denied\)"
    with pytest.raises(UsageError, match=says), disk_errors_in_words(Path("train")):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_syncing_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    sync_folder(tmp_path / "gone")
