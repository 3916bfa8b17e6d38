"""Which frame stands for a mark: films made so that the right one is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

pytest.importorskip("av", reason="the extract extra is not installed")

from ghibli_prep.stages.extract.choosing import is_mixed


def blurred(picture: Any, radius: float = 2) -> Any:
    return np.array(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def mixed(one: Any, other: Any, share: float) -> Any:
    return (one * (1 - share) + other * share).round().astype(np.uint8)


def test_the_sharpest_within_half_a_second_is_taken(film: Any, scene: Any, frames: Any) -> None:
    pictures = [blurred(scene("coffee", at)) for at in range(60)]
    for at in (17, 44):
        pictures[at] = scene("coffee", at)
    pictures[35] = scene("coffee", 35)  # sharp too, but far from every mark
    assert list(frames(film("f.mkv", pictures), every=2)) == [pytest.approx(0, abs=0.5), 1.7, 4.4]


def test_the_exact_frame_is_taken_if_asked_for(film: Any, scene: Any, frames: Any) -> None:
    pictures = [blurred(scene("coffee", at)) for at in range(60)]
    pictures[19] = scene("coffee", 19)
    taken = frames(film("f.mkv", pictures), every=2, window=0)
    assert list(taken) == [0, 2, 4]
    for time, picture in taken.items():
        assert np.abs(picture.astype(int) - pictures[round(time * 10)]).mean() < 3


def test_no_frame_of_a_dissolve_is_taken_where_there_are_others(film: Any, scene: Any, frames: Any) -> None:
    one, other = [scene("coffee", at) for at in range(96)], [scene("rocket", at) for at in range(96)]
    pictures = [
        blurred(one[at], 0.8) if at < 44 else blurred(other[at], 0.8) if at > 56
        else mixed(one[at], other[at], (at - 44) / 12)
        for at in range(96)
    ]  # fmt: skip  # the mixtures are sharper than all else, and the mark is in their middle
    (_, time) = frames(film("f.mkv", pictures, rate=25), every=2)
    assert 1.5 <= time <= 2.5
    assert not 45 / 25 <= time <= 55 / 25


@pytest.mark.parametrize("colour", [0, 255])
def test_no_frame_of_a_fade_is_taken_where_there_are_others(film: Any, scene: Any, frames: Any, colour: int) -> None:
    still = scene("astronaut")
    flat = np.full_like(still, colour)
    pictures = [
        blurred(still, 1) if at < 50 else mixed(still, flat, (at - 50) / 20) if at < 70 else flat for at in range(100)
    ]
    (_, time) = frames(film("f.mkv", pictures, rate=25), every=2)
    assert 1.5 <= time <= 51 / 25


def test_where_all_is_a_fade_the_mark_still_has_its_frame(film: Any, scene: Any, frames: Any) -> None:
    still = scene("astronaut")
    pictures = [mixed(still, np.zeros_like(still), at / 100) for at in range(100)]
    assert len(frames(film("f.mkv", pictures, rate=25), every=2)) == 2


def small(picture: Any) -> Any:
    return np.array(Image.fromarray(picture).convert("L").resize((96, 54)), dtype=np.float32)


def test_a_mixture_is_told_from_what_moves_and_from_what_only_changes(scene: Any) -> None:
    coffee, rocket = small(scene("coffee")), small(scene("rocket"))
    assert is_mixed(coffee, 0.6 * coffee + 0.4 * rocket, rocket)
    assert is_mixed(coffee, 0.5 * coffee, 0 * coffee)
    assert not is_mixed(coffee, coffee, rocket)
    assert not is_mixed(coffee, rocket, rocket)
    assert not is_mixed(coffee, small(scene("chelsea")), rocket)
    for name in ("coffee", "rocket", "chelsea", "astronaut"):
        for step in (1, 3, 8):
            pan = [small(scene(name, at)) for at in (0, step, 2 * step)]
            assert not is_mixed(*pan), (name, step)


def test_a_still_film_gives_each_frame_once(film: Any, scene: Any, events: Any, frames: Any) -> None:
    slides = film("s.mkv", [scene("coffee"), scene("rocket"), scene("chelsea")], times=[0, 7.3, 16.1])
    assert list(frames(slides, every=2)) == [0, 7.3, 16.1]
    assert list(frames(slides, every=2, window=0)) == [0, 7.3]  # the third is shown from 16.1 s on, at no mark


def test_frames_of_a_varying_rate_are_placed_by_their_time(film: Any, scene: Any, frames: Any, tmp_path: Path) -> None:
    gaps = [0.02, 0.2, 0.05, 0.31, 0.04]
    times = [round(float(time), 3) for time in np.cumsum([0, *(gaps * 12)])]
    pictures = [scene("coffee", at) for at in range(len(times))]
    file = film("v.mp4", pictures, times=times)
    for every in (0.5, 1.0, 3.0):
        taken = frames(file, every=every, window=0)
        marks = [every * k for k in range(100) if every * k < times[-1]]
        shown = {max(time for time in times if time <= mark) for mark in marks}
        assert sorted(taken) == sorted(shown)
        for time, picture in taken.items():
            assert np.abs(picture.astype(int) - pictures[times.index(time)]).mean() < 4
    near = frames(file, every=1.0)
    assert all(any(abs(time - mark) <= 0.51 for mark in range(13)) for time in near)
