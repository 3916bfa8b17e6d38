"""Pictures are found by content, in a stable order, whatever else lies in the folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.errors import NoInput
from ghibli_prep.samples import Found, Unreadable
from ghibli_prep.stages.find import find, hash_file

ASTRONAUT, COFFEE = PHOTOS / "astronaut.jpg", PHOTOS / "coffee.jpg"
posix_only = pytest.mark.skipif(os.name == "nt", reason="needs links or names that Windows does not allow")


def identity_of(file: Path, _stat: os.stat_result) -> str:
    return hash_file(file)


def put(folder: Path, name: str, photo: Path = ASTRONAUT) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(photo, file)
    return file


def found(root: Path, *skip: Path) -> list[str]:
    return [sample.source for sample in find(root, identity_of, skip) if isinstance(sample, Found)]


def unreadable(root: Path) -> dict[str, str]:
    return {s.source: s.reason for s in find(root, identity_of) if isinstance(s, Unreadable)}


def test_pictures_are_found_at_any_depth_sorted_by_the_parts_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/2.jpg", "b/10.jpg", "a/z/deep/er/1.jpg", "a.jpg", "a/1.jpg"):
        put(tmp_path, name)
    assert found(tmp_path) == ["a/1.jpg", "a/z/deep/er/1.jpg", "a.jpg", "b/10.jpg", "b/2.jpg"]


def test_content_decides_and_not_the_ending(tmp_path: Path) -> None:
    put(tmp_path, "no-ending")
    put(tmp_path, "wrong.txt")
    (tmp_path / "notes.md").write_text("not a picture, and does not claim to be one")
    (tmp_path / "cars.txt").write_text("BMW: the first two letters are those of a bitmap")
    (tmp_path / "claims.PNG").write_text("claims to be one")
    assert found(tmp_path) == ["no-ending", "wrong.txt"]
    assert unreadable(tmp_path) == {"claims.PNG": "not a picture"}


def test_an_empty_file_with_a_pictures_ending_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.webp").touch()
    (tmp_path / "empty.txt").touch()
    assert unreadable(tmp_path) == {"empty.webp": "empty file"}


def test_each_copy_is_found_with_the_identity_of_its_bytes(tmp_path: Path) -> None:
    put(tmp_path, "one.jpg")
    put(tmp_path, "two.png")
    identities = {sample.identity for sample in find(tmp_path, identity_of)}
    assert identities == {hashlib.sha256(ASTRONAUT.read_bytes()).hexdigest()}


def test_dot_files_and_dot_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, ".hidden.jpg")
    put(tmp_path, ".thumbnails/1.jpg")
    assert found(tmp_path) == []


def test_the_workspaces_own_folders_are_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "film/1.jpg")
    put(tmp_path, "train/1.jpg")
    assert found(tmp_path, tmp_path / "train") == ["film/1.jpg"]


def test_names_in_any_script_and_of_full_length_are_found(tmp_path: Path) -> None:
    names = ["となりのトトロ/フレーム 1.jpg", "Ёлка.jpg", "🎞️ film/%s & $HOME 'x'.jpg", "n" * 251 + ".jpg"]
    for name in names:
        put(tmp_path, name)
    assert sorted(found(tmp_path)) == sorted(names)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets names be any bytes")
def test_a_name_that_is_no_text_gets_one_that_can_be_written(tmp_path: Path) -> None:
    put(tmp_path, os.fsdecode(b"caf\xe9.jpg"))
    (source,) = found(tmp_path)
    assert source.encode("utf-8") == b"caf\\udce9.jpg"


@posix_only
def test_folders_as_deep_as_the_disk_takes_are_looked_into(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(1100):  # more than Python lets functions call each other
        deep = deep / "d"
        deep.mkdir()
    shutil.copyfile(ASTRONAUT, deep / "1.jpg")
    assert found(tmp_path) == ["d/" * 1100 + "1.jpg"]
    subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # pytest's own way to remove it calls itself as often


@pytest.mark.skipif(sys.platform != "linux", reason="only there is the longest path known")
def test_a_folder_too_deep_for_its_path_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    put(tmp_path, "e.jpg")
    handles = [os.open(tmp_path, os.O_RDONLY)]
    for _ in range(20):  # 20 x 251 characters, where Linux takes 4,096 in one path
        os.mkdir("d" * 250, dir_fd=handles[-1])
        handles.append(os.open("d" * 250, os.O_RDONLY, dir_fd=handles[-1]))
    try:
        assert found(tmp_path) == ["e.jpg"]
        (reason,) = unreadable(tmp_path).values()
        assert reason == "a folder that cannot be listed (file name too long)"
    finally:
        for handle in handles:
            os.close(handle)
        subprocess.run(["rm", "-r", tmp_path / ("d" * 250)], check=True)


@posix_only
def test_folders_that_link_to_each_other_are_each_looked_into_once(tmp_path: Path) -> None:
    """Eight folders, each with links to all others: every path without a loop would be 110,000 pictures."""
    folders = [put(tmp_path, f"{name}/1.jpg").parent for name in "abcdefgh"]
    for folder in folders:
        for other in folders:
            if other != folder:
                (folder / f"to-{other.name}").symlink_to(other)
    assert len(found(tmp_path)) == 8


@posix_only
def test_links_are_followed_and_loops_survived(tmp_path: Path) -> None:
    raw, elsewhere = tmp_path / "raw", tmp_path / "elsewhere"
    put(raw, "film/1.jpg")
    put(elsewhere, "2.jpg", COFFEE)
    (raw / "film" / "again").symlink_to(raw)
    (raw / "linked").symlink_to(elsewhere)
    (raw / "self.jpg").symlink_to(raw / "self.jpg")
    assert found(raw) == ["film/1.jpg", "linked/2.jpg"]


@posix_only
def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    assert unreadable(tmp_path) == {"gone.jpg": "a link to nothing"}


@posix_only
def test_a_pipe_never_holds_it_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    os.mkfifo(tmp_path / "pipe")
    assert unreadable(tmp_path) == {"pipe.jpg": "not a file"}


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root and Windows read what has no permissions")
def test_what_may_not_be_read_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    put(tmp_path, "secret.jpg").chmod(0)
    put(tmp_path, "closed/1.jpg").parent.chmod(0)
    put(tmp_path, "open.jpg")
    try:
        closed = "a folder that cannot be listed (permission denied)"
        assert unreadable(tmp_path) == {"closed": closed, "secret.jpg": "permission denied"}
        assert found(tmp_path) == ["open.jpg"]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_file_that_fails_while_it_is_hashed_is_named(tmp_path: Path) -> None:
    put(tmp_path, "bad-sector.jpg")

    def failing(_file: Path, _stat: os.stat_result) -> str:
        raise OSError(5, "Input/output error")

    (tmp_path / "claims.png").write_text("no picture, and as bad a sector")
    assert list(find(tmp_path, failing)) == [
        Unreadable("", "bad-sector.jpg", "input/output error"),
        Unreadable("", "claims.png", "input/output error"),
    ]


def test_a_missing_folder_is_said_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(NoInput, match="--input"):
        next(find(tmp_path / "nowhere", identity_of))


def test_hundreds_of_pictures_keep_their_order_and_stopping_early_is_fine(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03}.jpg").write_bytes(ASTRONAUT.read_bytes()[:100] + bytes([number % 256, number // 256]))
    assert found(tmp_path) == [f"{number:03}.jpg" for number in range(300)]
    search = find(tmp_path, identity_of)
    next(search)
    search.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("hash")]
