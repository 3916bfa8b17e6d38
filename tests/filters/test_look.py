from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import skimage.data
import skimage.measure
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from ghibli_prep.filters.look import THUMBNAIL, Look, look

PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "rocket")


def photo(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB")


@pytest.mark.parametrize("name", PHOTOS)
def test_a_look_goes_through_json_and_takes_less_than_five_kilobytes(name: str) -> None:
    seen = look(photo(name))
    text = json.dumps(seen.as_json())
    assert len(text) < 5000
    assert Look.of_json(json.loads(text)) == seen


@pytest.mark.parametrize("what", [{"small": "AAAA"}, {"small": "*"}, {"sharpness": None}, {"bright": "very"}])
def test_what_is_no_look_is_refused(what: dict[str, Any]) -> None:
    fact = look(photo("coffee")).as_json() | what
    with pytest.raises((KeyError, TypeError, ValueError)):
        Look.of_json(fact)
    with pytest.raises(KeyError):
        Look.of_json({})


@pytest.mark.parametrize("name", PHOTOS)
def test_blur_makes_a_photograph_less_sharp(name: str) -> None:
    sharp, soft = look(photo(name)), look(photo(name).filter(ImageFilter.GaussianBlur(4)))
    assert sharp.sharpness > 0.35
    assert soft.sharpness < sharp.sharpness / 2


def test_sharpness_is_what_the_paper_and_scikit_image_say() -> None:
    for blurred in (0, 1, 2, 4):
        picture = photo("camera").filter(ImageFilter.GaussianBlur(blurred))
        theirs = 1 - skimage.measure.blur_effect(np.asarray(picture.convert("L")), h_size=5)
        assert look(picture).sharpness == pytest.approx(theirs, abs=0.05)


def test_one_sharp_part_is_enough_to_be_sharp() -> None:
    sharp = photo("astronaut")
    mixed = sharp.filter(ImageFilter.GaussianBlur(6))
    mixed.paste(sharp.crop((150, 0, 350, 250)), (150, 0))
    assert look(mixed).sharpness > 3 * look(sharp.filter(ImageFilter.GaussianBlur(6))).sharpness


@pytest.mark.parametrize("name", PHOTOS)
def test_sharpness_does_not_depend_on_contrast_and_hardly_on_resolution(name: str) -> None:
    sharp = photo(name)
    pale = Image.blend(sharp, Image.new("RGB", sharp.size, (128, 128, 128)), 0.6)
    assert look(pale).sharpness == pytest.approx(look(sharp).sharpness, rel=0.1)
    large = sharp.resize((1280, 1280 * sharp.height // sharp.width), Image.Resampling.LANCZOS)
    same = large.resize((640, large.height // 2), Image.Resampling.LANCZOS)
    assert look(large).sharpness == pytest.approx(look(same).sharpness, rel=0.1)


def test_light_is_told_in_grey_levels() -> None:
    seen = look(photo("camera"))
    assert 0 <= seen.darkest <= seen.dark < seen.middle < seen.bright <= seen.brightest <= 255
    assert seen.colourfulness == 0
    assert look(photo("coffee")).colourfulness > 20


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)),
)
def test_one_colour_is_flat_whatever_its_size(size: tuple[int, int], colour: tuple[int, int, int]) -> None:
    seen = look(Image.new("RGB", size, colour))
    assert (seen.spread, seen.sharpness) == (0, 0)
    assert seen.darkest == seen.brightest
    assert np.array_equal(seen.thumbnail, np.full((THUMBNAIL[1], THUMBNAIL[0], 3), colour, np.uint8))


@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_any_picture_has_a_look_that_json_can_hold(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    seen = look(Image.fromarray(pixels))
    assert Look.of_json(json.loads(json.dumps(seen.as_json(), allow_nan=False))) == seen
    assert replace(seen) == seen
    assert look(Image.fromarray(pixels).convert("L").convert("RGB")).colourfulness == 0
