"""The real detector on rendered frames, and what its text stands on."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageDraw, ImageFont

from ghibli_prep.lettering import Lettering

pytest.importorskip("rapidocr_onnxruntime", reason="the ocr extra is not installed")

from ghibli_prep.lettering.rapidocr import RapidOcr, load, maker

PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "moon", "brick", "grass", "gravel", "coins")


@pytest.fixture
def japanese() -> Path:
    """A font."""
    place = importlib.util.find_spec("matplotlib_fontja")
    if place is None or place.origin is None:
        pytest.skip("matplotlib-fontja is not installed")
    return Path(place.origin).parent / "fonts" / "ipaexg.ttf"


@cache
def eye() -> RapidOcr:
    return load()


def photograph(name: str, size: tuple[int, int] = (854, 480)) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize(size)


def written(picture: Image.Image, text: str, y: float, size: int, colour: str = "white") -> Image.Image:
    place = picture.width / 2, y * picture.height
    ImageDraw.Draw(picture).text(place, text, colour, ImageFont.load_default(size), "mm")
    return picture


def board(turn: float = 0.0) -> Lettering:
    """What is found of a shop's sign over the coffee."""
    sign = written(Image.new("RGBA", (300, 90), (40, 60, 110, 255)), "BAKERY", 0.5, 48)
    turned = sign.rotate(turn, Image.Resampling.BICUBIC, expand=True)
    scene = photograph("coffee")
    scene.paste(turned, (120, 60), turned)
    return eye().look(scene)


@pytest.mark.parametrize("name", PHOTOS)
def test_brick_grass_and_coins_are_no_text(name: str) -> None:
    assert eye().look(photograph(name)).text == []


def test_the_eyes_of_a_cat_and_the_moon_are_no_text() -> None:
    face = Image.fromarray(skimage.data.chelsea()).crop((100, 40, 330, 230)).resize((960, 720))
    night = Image.new("RGB", (1280, 720), (8, 10, 24))
    ImageDraw.Draw(night).ellipse((560, 260, 720, 420), fill=(240, 236, 210))
    for picture in (face, night):
        assert eye().look(picture).text == []


def test_what_is_written_over_a_scene_is_legible() -> None:
    picture = photograph("coffee", (1280, 720))
    written(picture, "The Long Summer", 0.5, 110)
    (line,) = eye().look(picture).text
    assert line.legible


def test_a_single_letter_is_read_where_it_is_one_and_a_window_is_none(japanese: Path) -> None:
    for letter in "終完":
        picture = Image.new("RGB", (1280, 720))
        ImageDraw.Draw(picture).text((640, 360), letter, "white", ImageFont.truetype(str(japanese), 120), "mm")
        assert [line.legible for line in eye().look(picture).text] == [True]
    night = Image.new("RGB", (1280, 720), (8, 10, 24))
    pen = ImageDraw.Draw(night)
    pen.rectangle((600, 300, 660, 360), fill=(240, 236, 110))
    pen.line((630, 300, 630, 360), "black", 6)
    pen.line((600, 330, 660, 330), "black", 6)
    assert eye().look(night).text == []


def test_every_line_is_found_where_it_is_in_shares_of_the_picture() -> None:
    picture = Image.new("RGB", (1280, 720))
    for y in (0.2, 0.5, 0.8):
        written(picture, "Key Animation by Mei Tanaka", y, 40)
    found = eye().look(picture)
    assert [line.middle for line in found.lines[::-1]] == pytest.approx([0.2, 0.5, 0.8], abs=0.02)
    assert all(line.left + line.right == pytest.approx(1, abs=0.02) and abs(line.tilt) < 1 for line in found.lines)
    assert found.busy == 0.0 and found.aspect == pytest.approx(16 / 9, abs=0.01)


def test_it_is_the_same_at_any_resolution() -> None:
    shares = [eye().look(written(photograph("moon", (w, w // 2)), "The End", 0.5, w // 12)).share for w in (480, 1920)]
    assert shares[0] == pytest.approx(shares[1], rel=0.25) and shares[0] > 0.02


def test_a_sign_stands_on_a_board_and_what_is_written_over_the_picture_does_not() -> None:
    (block,) = board().blocks
    assert block.in_scene and block.lines[0].board
    (over,) = eye().look(written(photograph("coffee"), "THE HARBOUR", 0.3, 60)).blocks
    assert not over.in_scene


def test_a_sign_seen_aslant_is_tilted() -> None:
    (block,) = board(turn=9).blocks
    assert block.in_scene and 6 < abs(block.lines[0].tilt) < 12


def test_scenes_have_more_to_see_than_plain_and_shaded_grounds() -> None:
    assert all(eye().look(photograph(name)).busy > 0.05 for name in PHOTOS)
    rows = np.linspace(60, 100, 480)[:, None, None] + np.random.default_rng(1).normal(0, 3, (480, 854, 3))
    assert eye().look(written(Image.fromarray(rows.astype(np.uint8)), "FIN", 0.5, 60)).busy < 0.02


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (1000, 20)])
def test_a_picture_of_any_size_can_be_looked_at(size: tuple[int, int]) -> None:
    assert eye().look(Image.new("RGB", size, "red")).lines == ()


def test_the_maker_names_the_version() -> None:
    assert maker().startswith("rapidocr-onnxruntime 1.")
