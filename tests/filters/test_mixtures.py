"""Scenes that move while they are mixed, seen so sparsely that no frame is a neighbour dimmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from ghibli_prep.filters import Frame
from ghibli_prep.filters.fade import load
from ghibli_prep.filters.judging import in_order
from ghibli_prep.filters.look import Look, look
from ghibli_prep.settings import FilterSettings

FADE = load(FilterSettings())
Pixels = NDArray[np.float32]


def pan(name: str, count: int, step: int = 14) -> list[Pixels]:
    """A window that moves over a photograph."""
    wide = np.asarray(Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((640, 360)), np.float32)
    return [wide[80:260, 20 + step * at : 20 + step * at + 320] for at in range(count)]


def film(pictures: Iterable[Pixels], step: float | None, name: str = "film") -> list[Frame]:
    return [
        Frame(f"{name}/{at:03}", f"{name}/{at:03}", name, None if step is None else at * step, look_of(pixels))
        for at, pixels in enumerate(pictures)
    ]


def look_of(pixels: Pixels) -> Look:
    return look(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)))


def gone(frames: Sequence[Frame]) -> list[int]:
    return [at for at, opinion in enumerate(FADE.judge(frames)) if opinion.value < FADE.drop]


@pytest.mark.parametrize("step", [None, 1.0, 5.0])
@pytest.mark.parametrize("share", [0.35, 0.5, 0.65])
def test_a_dissolve_between_two_pans_goes(share: float, step: float | None) -> None:
    one, other = pan("astronaut", 5), pan("coffee", 5)
    frames = film([*one[:3], (1 - share) * one[3] + share * other[0], *other[1:4]], step)
    assert gone(frames) == [3]


@pytest.mark.parametrize("end", [0.0, 255.0])
@pytest.mark.parametrize("step", [None, 1.0, 5.0])
def test_the_last_frame_of_a_pan_half_black_or_white_goes_though_no_black_frame_was_taken(
    end: float, step: float | None
) -> None:
    one, other = pan("astronaut", 4), pan("coffee", 3)
    assert gone(film([*one[:3], 0.5 * one[3] + 0.5 * end, *other], step)) == [3]
    assert gone(film([*other, 0.5 * one[0] + 0.5 * end, *one[1:]], step)) == [3]


@pytest.mark.parametrize("step", [0.2, 1.0, 5.0])
def test_pans_with_cuts_stay(step: float) -> None:
    assert gone(film([*pan("astronaut", 8), *pan("chelsea", 8), *pan("rocket", 8, 20)], step)) == []


def test_a_sun_that_sets_slowly_before_a_cut_stays() -> None:
    (scene,) = pan("rocket", 1)
    setting = [scene * (1 - 0.02 * at) for at in range(20)]
    assert gone(film([*setting, *pan("coffee", 4)], 1.0)) == []


def test_the_same_film_twice_is_judged_the_same_twice() -> None:
    one, other = pan("astronaut", 5), pan("coffee", 5)
    pictures = [*one[:3], 0.5 * one[3] + 0.5 * other[0], *other[1:4]]
    both = [*film(pictures, 1.0, "a"), *film(pictures, 1.0, "b")]
    values = [opinion.value for opinion in FADE.judge(both)]
    assert values[:7] == values[7:]
    assert gone(both) == [3, 10]


MIXED = [*pan("astronaut", 4), 0.5 * pan("astronaut", 5)[4] + 0.5 * pan("coffee", 1)[0], *pan("coffee", 4)]
FRAMES = [*film(MIXED, 1.0, "timed"), *film(MIXED, None, "untimed")]


@settings(max_examples=15)
@given(st.permutations(range(len(FRAMES))))
def test_only_film_and_time_say_who_is_a_neighbour_not_the_order_in_which_frames_are_found(order: list[int]) -> None:
    frames = in_order([FRAMES[at] for at in order], lambda source: source)
    assert frames == FRAMES
    assert gone(frames) == [4, 13]


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)), min_size=1, max_size=6),
    st.sampled_from([None, 0.1, 5.0]),
)
def test_plain_frames_of_any_colours_are_judged_without_a_warning(
    colours: list[tuple[int, int, int]], step: float | None
) -> None:
    frames = film([np.full((16, 16, 3), colour, np.float32) for colour in colours], step)
    assert all(0 <= opinion.value <= 1 for opinion in FADE.judge(frames))
