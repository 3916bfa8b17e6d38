"""Which of many pictures go as copies, by picture and by caption."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pytest
from PIL import Image, ImageEnhance

from ghibli_prep import likeness
from ghibli_prep.merging.joining import Candidate, Copy, join, plain

NEAR = 0.55


def one(key: object = None, text: str = "", thumbnail: bytes = b"", stays: bool = False) -> Candidate:
    unseen = bytes(likeness.WIDTH * likeness.HEIGHT)
    return Candidate((key,) if key is not None else (), thumbnail or unseen, text, stays)


def test_of_the_same_picture_the_first_stays_whatever_else_is_compared() -> None:
    many = [one("a"), one("b"), one("a"), one("b"), one("a")]
    assert join(many, None, False, None) == [
        Copy(2, 0, "the same picture"),
        Copy(3, 1, "the same picture"),
        Copy(4, 0, "the same picture"),
    ]


def test_pictures_are_the_same_by_any_of_their_keys() -> None:
    many = [Candidate(keys, one().thumbnail, "", False) for keys in (("a", "x"), ("b", "x"), ("b",))]
    assert [(copy.at, copy.of) for copy in join(many, None, False, None)] == [(1, 0), (2, 0)]


def test_what_has_its_number_stays_and_what_is_like_it_goes_though_it_comes_before() -> None:
    many = [one("a", "words"), one("b", "more words"), one("a", "other", stays=True), one("c", "Words.", stays=True)]
    assert join(many, None, True, None) == [Copy(0, 2, "the same picture")]
    many[0] = one("z", "words")
    assert join(many, None, True, None) == [Copy(0, 3, "the same caption")]


def test_nearly_the_same_picture_goes_and_another_piece_of_its_photograph_stays(picture: Any) -> None:
    def thumbnail(number: int, brighter: float = 1.0, cut: int = 0) -> bytes:
        whole = Image.open(io.BytesIO(picture(number, side=128))).convert("RGB")
        return likeness.thumbnail(ImageEnhance.Brightness(whole).enhance(brighter).crop((cut, cut, 128, 128)))

    many = [one(at, thumbnail=thumbnail(at)) for at in range(20)]
    again = [one(at + 100, thumbnail=thumbnail(at, 0.9, 6)) for at in range(20)]
    assert [(copy.at, copy.of, copy.how) for copy in join([*many, *again], NEAR, False, None)] == [
        (at + 20, at, "nearly the same picture") for at in range(20)
    ]
    assert join([*many, *again], None, False, None) == []


def test_captions_are_compared_by_their_words() -> None:
    assert plain("  A  girl, in the RAIN.") == plain("a girl in the rain") == "a girl in the rain"
    assert plain("Ｇhibli “style”") == plain("ghibli style")
    assert plain("...") == "..."
    many = [one("a", "A girl in the rain."), one("b", "a girl in rain"), one("c", "a girl, in the rain"), one("d")]
    assert join([*many, one("e")], None, True, None) == [Copy(2, 0, "the same caption")]
    assert join(many, None, False, None) == []


def test_captions_that_mean_the_same_are_found_among_what_is_left() -> None:
    asked: list[tuple[list[str], list[int]]] = []

    def alike(texts: Sequence[str], stays: Sequence[int]) -> list[tuple[int, int, float]]:
        asked.append((list(texts), list(stays)))
        return [(2, 1, 0.8)]

    many = [one("a", "x"), one("a", "y"), one("b", "z", stays=True), one("c"), one("d", "w")]
    assert join(many, None, True, alike) == [
        Copy(1, 0, "the same picture"),
        Copy(4, 2, "a like caption", 0.8),
    ]
    assert asked == [(["x", "z", "w"], [1])]


def test_what_went_before_goes_again_and_keeps_no_other_out(picture: Any) -> None:
    def thumbnail(number: int, brighter: float) -> bytes:
        whole = Image.open(io.BytesIO(picture(number, side=128))).convert("RGB")
        return likeness.thumbnail(ImageEnhance.Brightness(whole).enhance(brighter))

    many = [one(at, f"caption {at}", thumbnail(at // 2, 1.0 - at % 2 / 10)) for at in range(12)]
    found = join(many, NEAR, True, None, {4: "nearly the same picture", 7: "a like caption", 8: "a like caption"})
    assert [(copy.at, copy.of) for copy in found] == [(1, 0), (3, 2), (4, -1), (7, 6), (8, -1), (9, 8), (11, 10)]


def test_where_nothing_is_new_nothing_is_compared() -> None:
    def alike(texts: Sequence[str], stays: Sequence[int]) -> list[tuple[int, int, float]]:
        raise AssertionError(texts, stays)

    many = [one("a", "x", stays=True), one("b", "y"), one("c", "z"), one("d", "x")]
    before = {1: "nearly the same picture", 2: "a like caption"}
    assert [(copy.at, copy.of, copy.how) for copy in join(many, NEAR, True, alike, before)] == [
        (1, -1, "nearly the same picture"),
        (2, -1, "a like caption"),
        (3, 0, "the same caption"),
    ]


@pytest.mark.parametrize("near", [None, NEAR])
def test_nothing_is_a_copy_of_nothing(near: float | None) -> None:
    assert join([], near, True, None) == []
