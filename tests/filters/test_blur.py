"""Real photographs, sharp and blurred, as frames of films."""

from __future__ import annotations

from dataclasses import replace

import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from ghibli_prep.filters import NOTHING_AGAINST, Frame
from ghibli_prep.filters.blur import load
from ghibli_prep.filters.look import look
from ghibli_prep.settings import FilterSettings

NAMES = ("astronaut", "camera", "coffee", "chelsea", "rocket", "moon", "grass", "coins", "brick")
BLUR = load(FilterSettings())


def photograph(name: str, blurred: float = 0.0, size: int | None = None) -> Image.Image:
    picture = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    if size:
        picture.thumbnail((size, size))
    return picture.filter(ImageFilter.GaussianBlur(blurred * max(picture.size) / 640)) if blurred else picture


def frame(name: str, blurred: float = 0.0, film: str = "film", dropped_by: str = "") -> Frame:
    source = f"{film}/{name}-{blurred}"
    return Frame(source, source, film, look=look(photograph(name, blurred)), dropped_by=dropped_by)


SHARP = [frame(name) for name in NAMES]


def dropped(frames: list[Frame]) -> set[str]:
    return {f.identity for f, opinion in zip(frames, BLUR.judge(frames), strict=True) if opinion.value < BLUR.drop}


def test_a_blurred_frame_of_a_sharp_film_goes_and_the_sharp_ones_stay() -> None:
    blurred = [frame("astronaut", 3.0), frame("grass", 4.0), frame("coffee", 2.5)]
    assert dropped([*SHARP, *blurred]) == {each.identity for each in blurred}


def test_a_film_that_is_soft_throughout_is_not_blurred() -> None:
    soft = [frame(name, 1.0) for name in NAMES]
    assert dropped(soft) == set()
    worse = frame("coffee", 6.0)
    assert dropped([*soft, worse]) == {worse.identity}


def test_another_film_is_another_standard() -> None:
    soft = [frame(name, 1.0, film="soft") for name in NAMES]
    assert dropped([*SHARP, *soft]) == set()


def test_a_sharp_figure_before_a_soft_ground_is_not_blurred() -> None:
    picture = photograph("astronaut", 8.0)
    picture.paste(photograph("astronaut").crop((150, 20, 330, 240)), (150, 20))
    figure = Frame("figure", "film/figure", "film", look=look(picture))
    assert dropped([*SHARP, figure]) == set()


def test_a_film_of_two_frames_is_judged_by_what_films_are_like() -> None:
    assert dropped([frame("camera"), frame("coins", 5.0)]) == {"film/coins-5.0"}


def test_frames_with_nothing_in_them_say_nothing_of_how_sharp_a_film_is() -> None:
    empty = Image.new("RGB", (320, 180), (9, 9, 9))
    plain = [Frame(f"film/{at}", f"film/{at}", "film", look=look(empty)) for at in range(20)]
    soft = frame("coffee", 2.5)
    assert soft.identity in dropped([*SHARP, *plain, soft])


def test_what_became_of_the_other_frames_does_not_matter() -> None:
    others = [frame(name, 4.0) for name in NAMES[:3]]
    before = BLUR.judge([*SHARP, *others])
    assert list(BLUR.judge([*SHARP, *(replace(other, dropped_by="blur") for other in others)])) == list(before)


def test_a_frame_that_was_not_measured_is_left_alone() -> None:
    assert list(BLUR.judge([Frame("a", "a")])) == [NOTHING_AGAINST]


@settings(max_examples=20)
@given(st.permutations(range(len(SHARP) + 2)))
def test_the_order_of_the_frames_does_not_matter(order: list[int]) -> None:
    frames = [*SHARP, frame("astronaut", 3.0), frame("grass", 1.0)]
    opinions = {f.identity: o for f, o in zip(frames, BLUR.judge(frames), strict=True)}
    shuffled = [frames[at] for at in order]
    assert {f.identity: o for f, o in zip(shuffled, BLUR.judge(shuffled), strict=True)} == opinions
