from __future__ import annotations

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageEnhance

from ghibli_prep.likeness import HEIGHT, WIDTH, thumbnail, thumbnails
from ghibli_prep.likeness.apart import UNLIKE, apart
from ghibli_prep.likeness.candidates import WINDOWS

NAMES = ("astronaut", "camera", "coffee", "chelsea", "rocket", "moon")
SAME, OTHER = 0.55, 0.8


def photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB")


def far(one: Image.Image, other: Image.Image, window: int = 0) -> float:
    first, second = thumbnails([thumbnail(one), thumbnail(other)])
    return apart(first, second, window)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_saved_anew_scaled_darker_or_cut_is_the_same(name: str) -> None:
    picture = photograph(name)
    width, height = picture.size
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=40)
    assert far(picture, picture) == pytest.approx(0, abs=1e-3)
    assert far(picture, Image.open(file)) < SAME
    assert far(picture, picture.resize((width // 3, height // 3))) < SAME
    assert far(picture, ImageEnhance.Brightness(picture).enhance(0.8)) < SAME
    for number, (left, top, right, bottom) in enumerate(WINDOWS):
        box = (
            width * left // WIDTH,
            height * top // HEIGHT,
            width - width * right // WIDTH,
            height - height * bottom // HEIGHT,
        )
        assert far(picture, picture.crop(box), number) < SAME, WINDOWS[number]


@pytest.mark.parametrize("name", NAMES[1:])
def test_other_pictures_are_not(name: str) -> None:
    assert far(photograph("astronaut"), photograph(name)) > OTHER


def test_something_that_moved_in_a_picture_counts_though_all_else_is_the_same() -> None:
    ground = photograph("coffee").resize((480, 270))
    figure = photograph("astronaut").resize((90, 120))
    here, there = ground.copy(), ground.copy()
    here.paste(figure, (60, 100))
    there.paste(figure, (260, 100))
    assert far(here, there) > OTHER
    a_little = ground.copy()
    a_little.paste(figure, (61, 100))
    assert far(here, a_little) < SAME


def test_nothing_can_be_said_of_pictures_of_one_colour() -> None:
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    (picture,) = thumbnails([thumbnail(photograph("moon"))])
    assert apart(flat, flat, 0) == apart(flat, picture, 0) == apart(picture, flat, 0) == UNLIKE


def test_a_negative_is_another_picture() -> None:
    picture = photograph("astronaut")
    negative = Image.fromarray(255 - np.asarray(picture))
    assert far(picture, negative) == UNLIKE
