"""How pictures look: light, colours, thumbnails."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from ghibli_prep import looks


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"), ((220, 20, 20), "red"),
        ((240, 140, 20), "orange"), ((240, 230, 30), "yellow"), ((40, 160, 50), "green"), ((30, 170, 180), "teal"),
        ((30, 60, 220), "blue"), ((130, 40, 220), "purple"), ((240, 90, 200), "pink"),
    ],
)  # fmt: skip
def test_a_plain_picture_has_its_colour(tmp_path: Path, colour: tuple[int, int, int], name: str) -> None:
    Image.new("RGB", (512, 512), colour).save(tmp_path / "1.jpg", quality=95)
    (look,) = looks.look_at([tmp_path / "1.jpg"], thumbnails=False)
    assert look is not None
    assert look.main_colour == name
    assert look.thumbnail == b""
    assert sum(look.colours) == pytest.approx(1)


def test_brightness_goes_from_black_to_white(tmp_path: Path) -> None:
    for number, grey in enumerate((0, 128, 255)):
        Image.new("L", (64, 64), grey).save(tmp_path / f"{number}.png")
    seen = list(looks.look_at([tmp_path / f"{number}.png" for number in range(3)], thumbnails=False))
    assert [round(look.brightness, 1) for look in seen if look] == [0.0, 0.5, 1.0]


def test_thumbnails_are_small_webps_of_the_whole_picture(photos: Path) -> None:
    files = [photos / "astronaut.png", photos / "coffee.png"]
    for look, file in zip(looks.look_at(files, thumbnails=True), files, strict=True):
        assert look is not None
        with Image.open(io.BytesIO(look.thumbnail)) as small, Image.open(file) as whole:
            assert small.format == "WEBP"
            assert max(small.size) == looks.THUMBNAIL
            assert small.width / small.height == pytest.approx(whole.width / whole.height, rel=0.02)


def test_what_cannot_be_decoded_is_none_and_the_others_keep_their_order(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    files = [photos / "astronaut.png", tmp_path / "broken.jpg", tmp_path / "missing.jpg", photos / "camera.png"]
    seen = list(looks.look_at(files, thumbnails=True))
    assert [look is None for look in seen] == [False, True, True, False]
    assert looks.thumbnail(tmp_path / "broken.jpg", 64) == b""
