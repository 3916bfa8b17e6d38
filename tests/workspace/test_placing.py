from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ghibli_prep.errors import UsageError
from ghibli_prep.samples import Kept, Rejected
from ghibli_prep.workspace.placing import place, take_away

OTHER_DISK = Path("/dev/shm")


class House:
    """An input folder beside the filter's two folders."""

    def __init__(self, root: Path, photo: Callable[[int], bytes]) -> None:
        self.raw, self.kept, self.out, self.staging = (root / n for n in ("raw", "filtered_temp", "filtered_out", "st"))
        self.staging.mkdir()
        self.photo = photo

    def frame(self, source: str, at: int = 1) -> Path:
        file = self.raw / source
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(self.photo(at))
        return file

    def keep(self, source: str, file: Path, identity: str = "ab" * 32) -> None:
        place(Kept(identity, source, file, "yolo", "person", 0.9), self.kept, self.out, self.staging)

    def drop(self, source: str, file: Path, by: str = "yolo") -> None:
        place(Rejected("ab" * 32, source, file, by, "no_people", 0.1), self.kept, self.out, self.staging)

    def shown(self) -> list[str]:
        root = self.kept.parent
        files = [*self.kept.rglob("*"), *self.out.rglob("*")]
        return sorted(file.relative_to(root).as_posix() for file in files if file.is_file())


@pytest.fixture
def house(tmp_path: Path, photo: Callable[[int], bytes]) -> House:
    return House(tmp_path, photo)


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    if not OTHER_DISK.is_dir() or OTHER_DISK.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("needs a second disk: /dev/shm is none here")
    file = OTHER_DISK / f"ghibli-prep-{os.getpid()}.jpg"
    yield file
    file.unlink(missing_ok=True)


def test_a_kept_picture_is_a_link_under_its_own_name(house: House) -> None:
    frame = house.frame("となりのトトロ/001.png")
    house.keep("となりのトトロ/001.png", frame)
    assert house.shown() == ["filtered_temp/となりのトトロ/001.png"]
    assert (house.kept / "となりのトトロ/001.png").samefile(frame)


def test_a_dropped_picture_lies_under_its_reason(house: House) -> None:
    house.drop("film/001.png", house.frame("film/001.png"))
    assert house.shown() == ["filtered_out/no_people/film/001.png"]


def test_placing_twice_is_placing_once(house: House) -> None:
    frame = house.frame("film/001.png")
    house.keep("film/001.png", frame)
    house.keep("film/001.png", frame)
    assert house.shown() == ["filtered_temp/film/001.png"]


def test_a_picture_the_user_moved_stays_where_the_user_put_it(house: House) -> None:
    for moved in (house.kept / "001.png", house.out / "mine" / "001.png"):
        moved.parent.mkdir(parents=True)
        moved.write_bytes(house.photo(1))
    house.keep("film/001.png", house.kept / "001.png")
    house.drop("film/001.png", house.out / "mine" / "001.png", by="user")
    assert house.shown() == ["filtered_out/mine/001.png", "filtered_temp/001.png"]


def test_another_picture_of_the_same_name_gets_a_name_of_its_own(house: House) -> None:
    house.keep("film/001.png", house.frame("film/001.png"))
    (house.raw / "film/001.png").unlink()
    for _ in range(2):
        house.keep("film/001.png", house.frame("film/001.png", at=2), identity="cd" * 32)
    assert house.shown() == ["filtered_temp/film/001.png", "filtered_temp/film/001~cdcdcdcd.png"]
    assert (house.kept / "film/001~cdcdcdcd.png").read_bytes() == house.photo(2)


def test_a_folder_of_the_pictures_name_is_no_obstacle(house: House) -> None:
    (house.kept / "film/001.png").mkdir(parents=True)
    house.keep("film/001.png", house.frame("film/001.png"))
    assert house.shown() == ["filtered_temp/film/001~abababab.png"]


def test_a_picture_on_another_disk_is_copied(house: House, other_disk: Path) -> None:
    other_disk.write_bytes(house.photo(1))
    for _ in range(2):
        house.keep("film/001.jpg", other_disk)
    assert (house.kept / "film/001.jpg").read_bytes() == house.photo(1)
    assert not list(house.staging.iterdir())


def test_a_linked_frame_is_shown_as_the_picture_it_links_to(house: House) -> None:
    real, link = house.frame("real.png"), house.raw / "link.png"
    link.symlink_to(real)
    house.keep("link.png", link)
    assert not (house.kept / "link.png").is_symlink()
    assert (house.kept / "link.png").samefile(real)


@pytest.mark.parametrize("suffix", [".png", "." + "p" * 200], ids=["short suffix", "long suffix"])
def test_a_name_as_long_as_the_disk_takes_is_shown_by_its_identity_where_it_does_not_fit(
    house: House, suffix: str
) -> None:
    name = "あ" * ((255 - len(suffix)) // 3) + suffix
    first = house.frame(f"film/{name}")
    house.keep(f"film/{name}", first)
    first.unlink()
    house.keep(f"film/{name}", house.frame(f"film/{name}", at=2), identity="cd" * 32)
    assert (house.kept / "film" / name).read_bytes() == house.photo(1)
    other = house.kept / ("cd" * 8 + (suffix if len(suffix) < 16 else ""))
    assert other.read_bytes() == house.photo(2)


def test_a_path_that_is_too_long_is_shown_by_its_identity(house: House) -> None:
    frame = house.frame("001.png")
    house.keep("/".join(["folder"] * 700) + "/001.png", frame)
    assert [name.count("/") for name in house.shown()] == [1]


def test_a_side_that_is_a_file_is_told_in_words(house: House) -> None:
    house.kept.write_text("mine")
    with pytest.raises(UsageError, match="filtered_temp: cannot be written"):
        house.keep("film/001.png", house.frame("film/001.png"))


def test_taking_away_leaves_no_empty_folders_and_touches_no_others(house: House) -> None:
    house.keep("film/a/001.png", house.frame("film/a/001.png"))
    house.keep("film/002.png", house.frame("film/002.png", at=2))
    take_away(house.kept / "film/a/001.png", house.kept)
    assert house.shown() == ["filtered_temp/film/002.png"]
    assert not (house.kept / "film/a").exists()
    take_away(house.kept / "film/002.png", house.kept)
    take_away(house.kept / "film/002.png", house.kept)
    assert house.kept.is_dir()
    assert not (house.kept / "film").exists()
