"""What text stands on, by the pixels around it."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ghibli_prep.lettering import Lettering, Line
from ghibli_prep.lettering.ground import busy, on_boards

Pixels = NDArray[np.uint8]
SIZE = (640, 360)
LINE = Line(0.4, 0.45, 0.6, 0.55, 0.1, 0.0, 0.8)


def photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize(SIZE)


def shaded(grain: float) -> Pixels:
    rows = np.linspace(60, 100, SIZE[1])[:, None, None]
    noise = np.random.default_rng(1).normal(0, grain, (SIZE[1], SIZE[0], 3))
    return np.clip(rows + noise, 0, 255).astype(np.uint8)


def marked(picture: Image.Image, *lines: Line) -> list[bool]:
    found = on_boards(np.asarray(picture), Lettering(lines or (LINE,), 0.5, SIZE[0] / SIZE[1]))
    return [line.board for line in found.lines]


@pytest.mark.parametrize("grain", [0, 3])
def test_a_shaded_ground_is_plain_with_or_without_grain(grain: float) -> None:
    assert busy(shaded(grain), ()) == 0.0


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "moon", "rocket"])
def test_a_scene_is_not_though_half_of_it_is_sky(name: str) -> None:
    assert busy(np.asarray(photograph(name)), ()) > 0.05


def test_the_letters_themselves_are_nothing_to_see() -> None:
    ground = Image.fromarray(shaded(2))
    ImageDraw.Draw(ground).rectangle((256, 162, 384, 198), fill="white")
    assert busy(np.asarray(ground), (LINE,)) == 0.0 < busy(np.asarray(ground), ())


def test_where_text_is_all_over_nothing_is_left_to_see() -> None:
    assert busy(np.asarray(photograph("coffee")), (Line(0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.8),)) == 0.0


def test_a_sign_ends_around_the_line_and_a_scene_or_a_wall_does_not() -> None:
    scene = photograph("coffee")
    assert marked(scene) == [False]
    ImageDraw.Draw(scene).rectangle((240, 150, 400, 210), fill=(40, 60, 110))
    assert marked(scene) == [True]
    assert marked(Image.new("RGB", SIZE, (200, 190, 180))) == [False]


def test_a_board_may_end_with_the_picture() -> None:
    scene = photograph("coffee")
    ImageDraw.Draw(scene).rectangle((0, 150, 150, 210), fill=(40, 60, 110))
    assert marked(scene, Line(0.0, 0.45, 0.2, 0.55, 0.1, 0.0, 0.8)) == [True]


def test_only_the_lines_on_the_board_are_marked() -> None:
    scene = photograph("coffee")
    ImageDraw.Draw(scene).rectangle((240, 150, 400, 210), fill=(40, 60, 110))
    assert marked(scene, LINE, Line(0.1, 0.8, 0.5, 0.9, 0.1, 0.0, 0.8)) == [True, False]


def test_a_line_over_the_whole_picture_has_nothing_around_it_that_could_end() -> None:
    assert marked(photograph("coffee"), Line(0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.8)) == [False]
