"""One picture: whole or not, and as it must be."""

from __future__ import annotations

import io
import os
import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ghibli_prep.settings import ResizeSettings
from ghibli_prep.validating.pictures import PRINT, look

SIZE = 64
SETTINGS = ResizeSettings(size=SIZE)


def saved(picture: Image.Image, kind: str = "JPEG", **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


@pytest.fixture
def picture(photos: Path) -> Image.Image:
    with Image.open(photos / "astronaut.png") as whole:
        return whole.convert("RGB").crop((0, 0, 256, 256)).resize((SIZE, SIZE))


@pytest.fixture
def wrong(tmp_path: Path) -> Any:
    """The names of what is wrong with a picture of these bytes."""

    def look_at(content: bytes) -> dict[str, str]:
        file = tmp_path / "1.jpg"
        file.write_bytes(content)
        seen = look(file, SETTINGS)
        assert len(seen.fingerprint) in (0, PRINT.itemsize)
        assert bool(seen.fingerprint) or seen.wrong
        return seen.wrong

    return look_at


@pytest.mark.parametrize(
    "how",
    [{}, {"quality": 30}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}, {"comment": b"a note"}],
    ids=str,
)
def test_a_good_picture_is_good_however_it_is_encoded(wrong: Any, picture: Image.Image, how: dict[str, Any]) -> None:
    assert wrong(saved(picture, **how)) == {}


def test_a_picture_cut_off_anywhere_is_found(wrong: Any, picture: Image.Image) -> None:
    whole = saved(picture)
    for end in (1, 2, 3, 20, len(whole) // 2, len(whole) - 300):
        assert list(wrong(whole[:-end])) == ["decodes"]


def test_zeros_where_a_pulled_cable_left_them_are_found(wrong: Any, picture: Image.Image) -> None:
    whole = saved(picture)
    half = len(whole) // 2
    assert list(wrong(whole[:half] + bytes(len(whole) - half))) == ["decodes"]
    assert list(wrong(whole[:half] + bytes(200) + whole[half + 200 :])) == ["decodes"]


def test_damage_that_pillow_opens_without_a_word_is_found(wrong: Any, picture: Image.Image) -> None:
    whole = saved(picture)
    start = whole.index(b"\xff\xda") + 20  # the pixels begin here
    chance = random.Random(1)
    found = silent = 0
    for _ in range(50):
        content = bytearray(whole)
        for _ in range(20):
            content[chance.randrange(start, len(content))] = chance.randrange(256)
        found += "decodes" in wrong(bytes(content))
        try:
            Image.open(io.BytesIO(bytes(content))).load()
        except (OSError, SyntaxError):
            continue
        silent += 1
    assert found > 45
    assert silent > 25


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0" + bytes(100)])
def test_what_is_no_picture_is_found(wrong: Any, content: bytes) -> None:
    assert list(wrong(content)) == ["decodes"]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "BMP"])
def test_another_format_under_the_name_of_a_jpeg_is_found(wrong: Any, picture: Image.Image, kind: str) -> None:
    assert "jpeg" in wrong(saved(picture, kind))


@pytest.mark.parametrize(("mode", "said"), [("L", "greyscale"), ("CMYK", "CMYK")])
def test_other_colours_than_rgb_are_found(wrong: Any, picture: Image.Image, mode: str, said: str) -> None:
    found = wrong(saved(picture.convert(mode)))
    assert list(found) == ["rgb"]
    assert said in found["rgb"]


def test_a_cmyk_picture_that_is_cut_off_is_both(wrong: Any, picture: Image.Image) -> None:
    assert list(wrong(saved(picture.convert("CMYK"))[:-400])) == ["rgb", "decodes"]


@pytest.mark.parametrize("size", [(64, 63), (63, 64), (65, 65), (128, 128), (16, 16), (1, 1), (2000, 3)])
def test_another_size_is_found_and_named(wrong: Any, picture: Image.Image, size: tuple[int, int]) -> None:
    found = wrong(saved(picture.resize(size)))
    assert list(found) == ["size"]
    assert f"{size[0]} x {size[1]} pixels" in found["size"]


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    file = tmp_path / "1.jpg"
    file.write_bytes(saved(Image.new("RGB", (1100, 1000)))[:-100])
    seen = look(file, ResizeSettings(size=SIZE, max_megapixels=1))
    assert (list(seen.wrong), seen.fingerprint) == (["size"], b"")


def test_a_picture_that_is_gone_or_may_not_be_read_is_found(tmp_path: Path, picture: Image.Image) -> None:
    assert list(look(tmp_path / "1.jpg", SETTINGS).wrong) == ["decodes"]
    (tmp_path / "2.jpg").mkdir()
    assert list(look(tmp_path / "2.jpg", SETTINGS).wrong) == ["decodes"]
    if os.name != "nt" and os.geteuid():
        (tmp_path / "3.jpg").write_bytes(saved(picture))
        (tmp_path / "3.jpg").chmod(0)
        assert "permission denied" in look(tmp_path / "3.jpg", SETTINGS).wrong["decodes"]


def test_a_problem_names_the_picture_and_how_to_get_it_back(dataset: Any) -> None:
    dataset.picture(3).write_bytes(dataset.picture(3).read_bytes()[:500])
    (problem,) = dataset.look().found
    assert (problem.check, problem.file, problem.line) == ("decodes", "train/3.jpg", None)
    assert "ghibli-prep resize" in problem.remedy
