"""The sides of a split: nothing alike on both, groups whole, the same by seed, stable when pictures are added."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.settings import SplitSettings
from ghibli_prep.splitting import Picture, natural, split
from ghibli_prep.splitting.across import captions, pictures
from ghibli_prep.splitting.sides import grouped

SETTINGS = SplitSettings()
Bits = Any


def dataset(count: int, seed: int = 0, scenes: int = 0) -> tuple[list[Picture], Bits]:
    """Pictures that have nothing to do with each other; with `scenes`, so many frames in a row are of one."""
    draw = np.random.default_rng(seed)
    bits = draw.integers(0, 2**63, (count, 4), np.uint64) * 2 + draw.integers(0, 2, (count, 4), np.uint64)
    made = [
        Picture(
            number,
            " ".join(f"w{word}" for word in draw.integers(0, 5000, 20)),
            f"film {number % 3}",
            (float(number), natural(f"{number}")),
            number // 3 // scenes if scenes else None,
        )
        for number in range(1, count + 1)
    ]
    return made, bits


def nudged(bits: Bits, how_many: int, seed: int = 1) -> Bits:
    """A hash that is `how_many` bits away."""
    other = bits.copy()
    for position in random.Random(seed).sample(range(256), how_many):
        other[position // 64] ^= np.uint64(1) << np.uint64(position % 64)
    return other


def test_about_the_share_goes_to_validation_and_the_rest_to_training() -> None:
    made, bits = dataset(1000)
    assert len(split(made, bits, 0.05, 0, SETTINGS, {}).validation) == 50


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    made, bits = dataset(300)
    one, two, other = (split(made, bits, 0.1, seed, SETTINGS, {}).validation for seed in (1, 1, 2))
    assert one == two != other


def test_a_scene_is_never_torn_apart() -> None:
    made, bits = dataset(600, scenes=20)
    drawn = split(made, bits, 0.2, 0, SETTINGS, {}).validation
    assert drawn
    for film, scene in {(picture.film, picture.scene) for picture in made}:
        numbers = {picture.number for picture in made if (picture.film, picture.scene) == (film, scene)}
        assert numbers <= drawn or not numbers & drawn


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59), st.integers(0, 80)), max_size=25), st.integers(0, 99))
def test_nothing_alike_is_on_both_sides_however_pictures_resemble_each_other(
    near: list[tuple[int, int, int]], seed: int
) -> None:
    made, bits = dataset(60)
    for first, second, apart in near:
        bits[second] = nudged(bits[first], apart, seed)
    drawn = split(made, bits, 0.3, seed, SETTINGS, {})
    inside = [at for at in range(60) if made[at].number in drawn.validation]
    outside = [at for at in range(60) if made[at].number not in drawn.validation]
    apart_across = [int(np.bitwise_count(bits[one] ^ bits[other]).sum()) for one in inside for other in outside]
    assert drawn.too_near == 0
    assert all(apart > SETTINGS.bits for apart in apart_across)
    if apart_across:
        assert drawn.picture is not None and drawn.picture.distance == min(apart_across)


def test_pictures_with_one_caption_or_nearly_one_are_on_one_side() -> None:
    made, bits = dataset(200)
    text = " ".join(f"same{n}" for n in range(20))
    same = [Picture(p.number, text if p.number % 2 else p.text, p.film, p.order) for p in made]
    nearly = [Picture(p.number, f"{text} more" if p.number == 2 else p.text, p.film, p.order) for p in same]
    drawn = split(nearly, bits, 0.3, 0, SETTINGS, {}).validation
    alike = {picture.number for picture in nearly if picture.text.startswith(text)}
    assert alike <= drawn or not alike & drawn


@given(st.integers(0, 50), st.integers(1, 60))
def test_added_pictures_move_no_other_to_the_other_side(seed: int, more: int) -> None:
    made, bits = dataset(150)
    first = split(made[:90], bits[:90], 0.1, seed, SETTINGS, {})
    before = {picture.number: picture.number in first.validation for picture in made[:90]}
    then = split(made[: 90 + more], bits[: 90 + more], 0.1, seed, SETTINGS, before)
    assert {number for number in then.validation if number <= 90} == first.validation


def test_a_new_picture_that_is_like_both_sides_brings_them_to_one() -> None:
    made, bits = dataset(100)
    first = split(made[:99], bits[:99], 0.1, 0, SETTINGS, {})
    before = {picture.number: picture.number in first.validation for picture in made[:99]}
    inside = next(at for at in range(99) if made[at].number in first.validation)
    outside = next(at for at in range(99) if made[at].number not in first.validation)
    bits[outside] = nudged(bits[inside], 60)
    halfway = bits[inside] ^ bits[outside]
    bits[99] = bits[inside] ^ (halfway & np.uint64(0x5555555555555555))
    then = split(made, bits, 0.1, 0, SETTINGS, before)
    assert then.too_near == 0


def test_groups_are_whatever_is_linked_however_far_around() -> None:
    assert grouped(6, [(0, 1), (4, 5), (1, 4)]) == [[0, 1, 4, 5], [2], [3]]
    assert grouped(0, []) == []


def test_the_nearest_pair_is_found_over_many_blocks() -> None:
    _, bits = dataset(1500)
    bits[1400] = nudged(bits[3], 7)
    inside, outside = np.arange(1000, 1500), np.arange(1000)
    seen = pictures(bits, inside, outside, 10)
    assert seen.pairs == [(1400, 3)]
    assert seen.closest == (1400, 3, 7.0)


def test_captions_are_compared_by_the_words_they_share() -> None:
    texts = ["a red cat", "a Red, cat", "a red dog", ""]
    assert captions(texts, np.array([1]), np.array([0, 2, 3]), 0.9).pairs == [(1, 0)]
    closest = captions(texts, np.array([2]), np.array([0]), 0.5).closest
    assert closest is not None and closest[:2] == (2, 0) and closest[2] == pytest.approx(0.5)
    assert captions(texts, np.array([], np.int64), np.array([0]), 0.5).closest is None


def test_frames_are_in_the_order_of_their_numbers_and_not_of_their_letters() -> None:
    names = ["film/f10.png", "film/f9.png", "2.png", "film/f9b.png"]
    assert sorted(names, key=natural) == ["2.png", "film/f9.png", "film/f9b.png", "film/f10.png"]


def test_repeats_go_to_one_side_whatever_their_hashes_say() -> None:
    made, bits = dataset(60)
    repeats = [(at, at + 30) for at in range(30)]
    for seed in range(5):
        drawn = split(made, bits, 0.3, seed, SETTINGS, {}, repeats)
        assert drawn.repeats == 0
        assert all((at + 1 in drawn.validation) == (at + 31 in drawn.validation) for at in range(30))


def test_captions_without_spaces_are_compared_letter_by_letter() -> None:
    made, bits = dataset(20)
    stem = "一个穿着红色衣服的小女孩站在绿色的田野里看着远处的蓝色天空和白云"
    last = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉"
    chinese = [replace(one, text=stem + letter) for one, letter in zip(made, last, strict=True)]
    assert split(chinese, bits, 0.3, 0, SETTINGS, {}).groups == (20,)
    marks = [replace(one, text="!" * 3 + " " * at) for at, one in enumerate(made)]
    assert split(marks, bits, 0.3, 0, SETTINGS, {}).groups == (20,)


def test_who_had_to_move_to_the_other_side_is_said() -> None:
    made, bits = dataset(10)
    before = {one.number: one.number <= 3 for one in made}
    drawn = split(made, bits, 0.3, 0, SETTINGS, before, [(0, 8), (8, 9)])
    assert drawn.moved == (1,)
    assert drawn.validation == frozenset({2, 3})
