"""The filters `black`, `white` and `flat`: nothing goes that has something in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageEnhance

from ghibli_prep.filters import FILTERS, NOTHING_AGAINST, Filter, Frame
from ghibli_prep.filters.judging import Judged
from ghibli_prep.filters.look import look
from ghibli_prep.settings import FilterSettings

LIGHT = ("black", "white", "flat")
PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "rocket", "moon", "brick", "grass", "gravel", "coins")


def made(name: str) -> Filter:
    return FILTERS[name].load(FilterSettings())


def judged(name: str, picture: Image.Image) -> Judged:
    there = made(name)
    (opinion,) = there.judge([Frame("a", "a.png", look=look(picture.convert("RGB")))])
    return Judged.of(there, opinion)


def dropped_by(picture: Image.Image) -> list[str]:
    return [name for name in LIGHT if judged(name, picture).dropped]


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB")


def plain(level: int, grain: float = 0.0, size: tuple[int, int] = (640, 360)) -> Image.Image:
    noise = np.random.default_rng(1).normal(level, grain, (size[1], size[0], 3))
    return Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))


def with_spot(level: int, spot: int, size: int = 24) -> Image.Image:
    picture = plain(level, 2)
    ImageDraw.Draw(picture).ellipse((300, 150, 300 + size, 150 + size), fill=(spot,) * 3)
    return picture


@pytest.mark.parametrize("level", [0, 4, 16])
def test_black_goes_with_or_without_grain(level: int) -> None:
    assert "black" in dropped_by(plain(level)) and "black" in dropped_by(plain(level, 2))


@pytest.mark.parametrize("level", [255, 248, 240])
def test_white_goes_with_or_without_grain(level: int) -> None:
    assert "white" in dropped_by(plain(level)) and "white" in dropped_by(plain(level, 2))


@pytest.mark.parametrize("level", [60, 128, 200])
def test_one_colour_is_flat_with_or_without_grain_and_neither_black_nor_white(level: int) -> None:
    assert dropped_by(plain(level)) == dropped_by(plain(level, 4)) == ["flat"]


@pytest.mark.parametrize("name", PHOTOS)
def test_no_photograph_goes_nor_a_night_nor_a_fog_made_of_it(name: str) -> None:
    picture = photo(name)
    night = ImageEnhance.Brightness(picture).enhance(0.25)
    fog = Image.blend(picture, Image.new("RGB", picture.size, (225, 228, 232)), 0.7)
    assert dropped_by(picture) == dropped_by(night) == dropped_by(fog) == []


def test_a_night_with_one_light_and_a_figure_in_the_snow_and_a_bird_in_the_sky_are_flagged_and_stay() -> None:
    light, figure, bird = with_spot(6, 180), with_spot(252, 60), with_spot(160, 30)
    assert dropped_by(light) == dropped_by(figure) == dropped_by(bird) == []
    assert judged("black", light).flagged and judged("white", figure).flagged and judged("flat", bird).flagged


def test_a_sky_that_only_grows_paler_downwards_stays() -> None:
    rows = np.linspace(0, 1, 360)[:, None, None]
    sky = np.broadcast_to(np.array([150, 190, 230]) + rows * np.array([40, 25, 10]), (360, 640, 3))
    assert dropped_by(Image.fromarray(sky.astype(np.uint8))) == []


def test_two_colours_of_the_same_brightness_are_not_flat() -> None:
    picture = Image.new("RGB", (64, 64), (200, 60, 60))
    picture.paste((35, 135, 60), (0, 0, 32, 64))
    assert dropped_by(picture) == []


@pytest.mark.parametrize("name", LIGHT)
def test_a_frame_that_was_not_measured_has_nothing_against_it(name: str) -> None:
    assert list(made(name).judge([Frame("a", "a.png")])) == [NOTHING_AGAINST]


@given(st.integers(0, 255), st.integers(1, 50), st.integers(1, 50))
def test_every_plain_picture_of_any_size_goes(level: int, width: int, height: int) -> None:
    assert "flat" in dropped_by(Image.new("RGB", (width, height), (level, 255 - level, level)))


def test_a_review_below_the_drop_flags_nothing() -> None:
    settings = FilterSettings.model_validate({"black": {"drop": 0.5, "review": 0.1}})
    there = FILTERS["black"].load(settings)
    assert there.drop == there.review == 0.5


def test_only_one_threshold_may_be_given() -> None:
    settings = FilterSettings.model_validate({"flat": {"drop": 0.0}})
    assert settings.flat.drop == 0.0


def test_frames_of_a_film_with_nothing_in_them_are_in_folders_of_their_reasons(home: Any) -> None:
    home.settings(text='[filter]\ndetector = "none"\nuse = ["black", "white", "flat"]\n')
    home.frames(0, 1)
    for name, level in (("night", 3), ("flash", 252), ("card", 120)):
        plain(level, 1, (64, 36)).save(home.raw / "film" / f"{name}.png")
    assert home.run("filter").code == 0
    out = home.workspace / "filtered_out"
    assert {str(file.relative_to(out)) for file in out.rglob("*.png")} == {
        "black/film/night.png",
        "white/film/flash.png",
        "flat/film/card.png",
    }
