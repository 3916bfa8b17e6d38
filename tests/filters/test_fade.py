"""Scenes of real photographs, joined by cuts, fades and dissolves whose every frame is known."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
import skimage.data
from PIL import Image

from ghibli_prep.filters import NOTHING_AGAINST, Frame
from ghibli_prep.filters.fade import load
from ghibli_prep.filters.look import look
from ghibli_prep.settings import FilterSettings

FADE = load(FilterSettings())


def scene(name: str) -> np.ndarray:
    picture = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    return np.asarray(picture.resize((320, 180))).astype(np.float32)


ONE, OTHER = scene("astronaut"), scene("coffee")
BLACK, WHITE = np.zeros_like(ONE), np.full_like(ONE, 255)


def film(pictures: Iterable[np.ndarray], step: float | None = None, name: str = "film") -> list[Frame]:
    return [
        Frame(
            f"{name}/{at:03}", f"{name}/{at:03}", name, None if step is None else at * step,
            look(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))),
        )
        for at, pixels in enumerate(pictures)
    ]  # fmt: skip


def gone(frames: list[Frame]) -> list[int]:
    return [at for at, opinion in enumerate(FADE.judge(frames)) if opinion.value < FADE.drop]


def mixed(share: float, one: np.ndarray = ONE, other: np.ndarray = OTHER) -> np.ndarray:
    return (1 - share) * one + share * other


@pytest.mark.parametrize("step", [None, 0.5, 5.0])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7])
def test_a_mix_of_the_pictures_before_and_after_goes(share: float, step: float | None) -> None:
    assert gone(film([ONE, ONE, mixed(share), OTHER, OTHER], step)) == [2]


@pytest.mark.parametrize("end", [BLACK, WHITE])
@pytest.mark.parametrize("step", [None, 0.5, 5.0])
def test_a_picture_half_black_or_white_goes_before_its_scene_and_after_it(end: np.ndarray, step: float | None) -> None:
    assert gone(film([OTHER, ONE, mixed(0.5, ONE, end), end], step)) == [2]
    assert gone(film([end, mixed(0.5, ONE, end), ONE, OTHER], step)) == [1]


def test_each_frame_of_a_slow_dissolve_goes_though_its_neighbours_are_mixes_too() -> None:
    shares = [at / 16 for at in range(1, 16)]
    frames = film([*[ONE] * 6, *[mixed(share) for share in shares], *[OTHER] * 6], 0.1)
    assert set(gone(frames)) >= set(range(6 + 3, 6 + 12))
    assert set(gone(frames)) <= set(range(6, 6 + 15))


def test_each_frame_of_a_slow_fade_goes() -> None:
    frames = film([*[ONE] * 6, *[mixed(at / 10, ONE, BLACK) for at in range(1, 10)], BLACK, OTHER, OTHER], 0.1)
    assert set(range(6 + 3, 6 + 9)) <= set(gone(frames)) <= set(range(6 + 2, 6 + 9))


def test_cuts_stay() -> None:
    assert gone(film([ONE, ONE, OTHER, OTHER, ONE], 0.5)) == []


def test_a_scene_that_is_dark_for_a_while_stays() -> None:
    assert gone(film([ONE, ONE, mixed(0.5, ONE, BLACK), ONE, ONE], 0.5)) == []


def test_what_moves_through_a_picture_is_no_mix_of_before_and_after() -> None:
    wide = np.asarray(Image.fromarray(skimage.data.rocket()).resize((960, 540))).astype(np.float32)
    assert gone(film([wide[180:360, at * 24 : at * 24 + 320] for at in range(24)], 0.1)) == []


def test_frames_of_another_film_or_far_away_in_time_are_no_neighbours() -> None:
    before, mix, after = film([ONE, mixed(0.5), OTHER], 60.0)
    assert gone([before, mix, after]) == []
    others = [*film([ONE], name="a"), *film([mixed(0.5)], name="b"), *film([OTHER], name="c")]
    assert gone(others) == []


def test_one_frame_alone_and_frames_all_the_same_stay() -> None:
    assert gone(film([mixed(0.5)])) == []
    assert gone(film([ONE] * 5, 0.5)) == []
    assert gone(film([BLACK] * 5, 0.5)) == []


def test_a_frame_that_was_not_measured_is_left_alone_and_is_no_neighbour() -> None:
    frames = film([ONE, mixed(0.5), OTHER], 0.5)
    frames[1] = Frame("x", "film/001", "film", 0.5)
    assert FADE.judge(frames)[1] == NOTHING_AGAINST
    assert gone(frames) == []
