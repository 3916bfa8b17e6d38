"""What is seen of a file, and which can be taken byte for byte."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.likeness import thumbnails
from ghibli_prep.likeness.repeats import nearest
from ghibli_prep.merging.looking import Seen, look, look_at
from ghibli_prep.settings import FilterSettings, ResizeSettings

SETTINGS = ResizeSettings(size=32)


def seen(file: Path, content: bytes) -> Seen | str:
    file.write_bytes(content)
    return look(file, SETTINGS)


def saved(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def photo(picture: Any) -> Image.Image:
    return Image.open(io.BytesIO(picture(0, side=32))).convert("RGB")


def test_an_upright_jpeg_of_the_right_size_is_ready(tmp_path: Path, picture: Any) -> None:
    content = picture(0)
    found = seen(tmp_path / "a.jpg", content)
    assert isinstance(found, Seen)
    assert found.ready
    assert (found.content, found.size) == (hashlib.sha256(content).hexdigest(), (32, 32))


def test_what_a_trainer_would_not_take_is_not_ready(tmp_path: Path, picture: Any, photo: Image.Image) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    for content in (
        picture(0, kind="PNG"),
        picture(0, kind="WEBP"),
        picture(0, side=64),
        saved(photo.convert("L")),
        saved(photo.convert("CMYK")),
        saved(photo, exif=turned),
        saved(photo.convert("P"), "GIF"),
    ):
        found = seen(tmp_path / "a", content)
        assert isinstance(found, Seen)
        assert not found.ready


def test_a_picture_is_the_same_in_whatever_file_it_is(tmp_path: Path, picture: Any) -> None:
    png, webp = seen(tmp_path / "a", picture(0, kind="PNG")), seen(tmp_path / "b", picture(0, kind="WEBP"))
    other = seen(tmp_path / "c", picture(1, kind="PNG"))
    assert isinstance(png, Seen) and isinstance(webp, Seen) and isinstance(other, Seen)
    assert png.small == webp.small != other.small
    assert png.content != webp.content


@pytest.mark.parametrize("name", ["astronaut", "coffee", "coins"])
def test_a_cut_copy_of_a_fine_texture_is_near_its_whole(tmp_path: Path, name: str) -> None:
    whole = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    side = min(whole.size)
    made = []
    for edge in (side, round(side * 0.93)):
        square = whole.crop((0, 0, edge, edge)).resize((512, 512), Image.Resampling.LANCZOS)
        found = seen(tmp_path / f"{edge}.jpg", saved(square, quality=95))
        assert isinstance(found, Seen)
        made.append(found.thumbnail)
    said = nearest(thumbnails(made), [0, 1], set(), FilterSettings().duplicate.drop)
    assert [said[0].stays, said[1].stays] == [True, False]


def test_what_cannot_be_used_has_its_reason(tmp_path: Path, picture: Any) -> None:
    big = picture(0, side=256)
    assert seen(tmp_path / "a", b"") == "empty file"
    assert seen(tmp_path / "a", b"GIF89a and no more") == "damaged, cut off, or of a kind that cannot be opened"
    assert seen(tmp_path / "a", big[: len(big) // 2]) == "cut off: the file ends too early"
    damaged = bytearray(big)
    damaged[3000:3400] = b"\xff\xd9" * 200
    assert str(seen(tmp_path / "a", bytes(damaged))).startswith(("damaged", "cut off"))
    assert str(look(tmp_path / "gone", SETTINGS)) == "cannot be read (no such file or directory)"
    Image.new("RGB", (1100, 1000)).save(tmp_path / "large.jpg")
    small = ResizeSettings(size=32, max_megapixels=1)
    assert str(look(tmp_path / "large.jpg", small)).startswith("too large: 1100 x 1000 pixels")


def test_files_are_looked_at_in_order_and_the_threads_end_where_nobody_goes_on(tmp_path: Path, picture: Any) -> None:
    files = []
    for at in range(30):
        files.append(tmp_path / f"{at}.jpg")
        files[-1].write_bytes(picture(at) if at % 7 else b"none")
    found = list(look_at(files, SETTINGS))
    assert [isinstance(each, str) for each in found] == [at % 7 == 0 for at in range(30)]
    assert [each.content for each in found if isinstance(each, Seen)] == [
        hashlib.sha256(picture(at)).hexdigest() for at in range(30) if at % 7
    ]
    going = look_at(files, SETTINGS, threads=2)
    next(going)
    going.close()  # type: ignore[attr-defined]  # a generator, as it is
