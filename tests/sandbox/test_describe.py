"""Captions of real photographs and of flat colours: what is said was measured, and nothing else is said."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ghibli_prep import resources
from ghibli_prep.sandbox.describe import describe, trigger_of
from ghibli_prep.sandbox.measure import Measured, NotAPicture, colour_name, measure

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "camera")
SHARES = st.floats(0, 1)
COLOURS = st.sampled_from(["red", "blue", "grey", "brown"])


def flat(*colour: int, mode: str = "RGB", kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (64, 48), colour if len(colour) > 1 else colour[0]).save(file, kind)
    return file.getvalue()


def test_photographs_get_captions_that_differ_in_more_than_a_word(photo: Callable[[str], bytes]) -> None:
    captions = [set(describe(measure(photo(name)), "Ghibli style").split()) for name in PHOTOS]
    for one, other in itertools.combinations(captions, 2):
        assert len(one ^ other) > 3


@pytest.mark.parametrize("name", PHOTOS)
def test_a_caption_keeps_the_rules_of_captions(name: str, photo: Callable[[str], bytes]) -> None:
    caption = describe(measure(photo(name)), "Ghibli style")
    assert caption.startswith("Ghibli style ")
    assert 20 <= len(caption.split()) <= 35
    assert "." not in caption
    assert "\n" not in caption
    assert "  " not in caption


@given(
    st.builds(
        Measured,
        brightness=SHARES, contrast=SHARES, detail=SHARES, saturation=SHARES, warmth=st.floats(-1, 1), likeness=SHARES,
        spread=SHARES, light=st.integers(0, 8), shade=st.integers(0, 8),
        colours=st.lists(COLOURS, max_size=3).map(tuple),
        edges=st.tuples(COLOURS, COLOURS, COLOURS, COLOURS),
    )
)  # fmt: skip
def test_every_measurement_can_be_said_in_20_to_35_words(seen: Measured) -> None:
    assert 20 <= len(describe(seen, "Ghibli style").split()) <= 35


def test_two_crops_of_one_photograph_nearly_always_differ(photo: Callable[[str], bytes]) -> None:
    captions = []
    for name in PHOTOS:
        image = Image.open(io.BytesIO(photo(name)))
        for left, upper in itertools.product((0, 64, 128), repeat=2):
            file = io.BytesIO()
            image.crop((left, upper, left + 128, upper + 128)).save(file, "JPEG", quality=95)
            captions.append(describe(measure(file.getvalue()), "Ghibli style"))
    assert len(set(captions)) == len(captions)


def test_a_dark_blue_picture_is_said_to_be_dark_and_blue_and_evenly_lit() -> None:
    caption = describe(measure(flat(0, 0, 140)), "Ghibli style")
    assert caption.startswith("Ghibli style unlit picture, faint contrast, blue nearly everywhere")
    assert "evenly lit all over" in caption
    assert caption.endswith("halves alike")


def test_light_is_found_where_it_is() -> None:
    image = Image.new("RGB", (90, 90), (20, 20, 20))
    image.paste((250, 250, 250), (60, 0, 90, 30))
    file = io.BytesIO()
    image.save(file, "PNG")
    seen = measure(file.getvalue())
    assert "brightest upper right, darkest upper left" in describe(seen, "x")
    assert seen.likeness < 1
    assert seen.colours == ("black", "white")


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((0, 0, 0), "black"), ((255, 255, 255), "white"), ((128, 128, 128), "grey"), ((200, 20, 20), "red"),
        ((250, 140, 20), "orange"), ((110, 60, 20), "brown"), ((240, 220, 180), "cream"), ((250, 240, 40), "yellow"),
        ((120, 120, 40), "olive"), ((20, 160, 40), "green"), ((20, 160, 160), "teal"), ((30, 60, 200), "blue"),
        ((120, 30, 180), "purple"), ((230, 80, 180), "pink"), ((240, 180, 180), "pink"),
    ],
)  # fmt: skip
def test_colours_have_plain_names(colour: tuple[int, int, int], name: str) -> None:
    assert colour_name(*colour) == name


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_every_colour_has_a_name_of_one_word(red: int, green: int, blue: int) -> None:
    assert colour_name(red, green, blue).isalpha()


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA"])
def test_pictures_of_any_mode_are_measured(mode: str) -> None:
    colour = (9,) if mode in "LP" else (200, 0, 0, 255)
    measure(flat(*colour, mode=mode, kind="TIFF"))


def test_what_is_no_picture_or_only_half_of_one_is_said_to_be_none(photo: Callable[[str], bytes]) -> None:
    whole = photo("coffee")
    for broken in (b"", b"not a picture", whole[: len(whole) // 2], flat(1, 2, 3)[:60]):
        with pytest.raises(NotAPicture):
            measure(broken)


def test_the_trigger_words_are_those_that_the_shipped_prompt_asks_for() -> None:
    template = resources.prompt("ghibli")
    assert trigger_of(template.replace("{trigger}", "Ghibli style")) == "Ghibli style"
    assert trigger_of(template.replace("{trigger}", "old film look")) == "old film look"


@pytest.mark.parametrize("prompt", ["", "Describe it.", "Begin with the words you like"])
def test_without_trigger_words_in_the_prompt_the_usual_ones_are_used(prompt: str) -> None:
    assert trigger_of(prompt) == "Ghibli style"
