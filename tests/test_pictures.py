"""Pictures of every kind are opened as a person would see them, and broken ones are found out."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from ghibli_prep.pictures import NotAPicture, fitted, looks_like_picture, open_rgb, save_jpeg

WHITE = (255, 255, 255)
ASTRONAUT = Image.fromarray(data.astronaut()).resize((96, 64))


def opened(file: Path, background: tuple[int, int, int] = WHITE) -> Image.Image:
    return open_rgb(file, 200, background)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of two pictures, in steps of 0 to 255."""
    return float(np.abs(np.asarray(one, float) - np.asarray(other.convert("RGB"), float)).mean())


def saved(folder: Path, name: str, image: Image.Image = ASTRONAUT, **options: Any) -> Path:
    file = folder / name
    image.save(file, **options)
    return file


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "gif", "tiff", "avif"])
def test_each_format_is_opened_as_rgb_whatever_its_file_is_called(tmp_path: Path, ending: str) -> None:
    file = saved(tmp_path, f"frame.{ending}")
    head = file.read_bytes()[:32]
    unnamed = file.rename(tmp_path / "no-ending")
    assert looks_like_picture(head)
    picture = opened(unnamed)
    assert (picture.mode, picture.size) == ("RGB", ASTRONAUT.size)
    assert difference(picture, ASTRONAUT) < 12  # GIF has 256 colours


def test_other_files_do_not_look_like_pictures() -> None:
    heic = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + b"avif"  # the last is no longer in the list of brands
    bmw = b"BMW is a maker of cars, and their films"
    for head in (b"", b"hello", b"%PDF-1.7", b"\0\0\0\x20ftypisom", b"RIFF\0\0\0\0WAVE", b"\x7fELF", heic, bmw):
        assert not looks_like_picture(head)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_taken_sideways_stands_upright(tmp_path: Path, orientation: int) -> None:
    upright = Image.new("RGB", (40, 20), "black")
    upright.paste("red", (0, 0, 20, 10))  # the upper left is red, the lower right blue
    upright.paste("blue", (20, 10, 40, 20))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for ending in ("png", "webp", "tiff"):
        picture = opened(saved(tmp_path, f"turned.{ending}", stored, exif=exif, lossless=True))
        assert picture.size == (40, 20)
        assert difference(picture, upright) == 0


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_a_picture_with_broken_exif_data_is_still_one(tmp_path: Path, ending: str) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a photograph"
    content = exif.tobytes()
    for number in range(60):
        broken = content[: number % len(content)] if number < 20 else random.Random(number).randbytes(40)
        file = saved(tmp_path, f"odd.{ending}", exif=b"Exif\0\0" + broken.removeprefix(b"Exif\0\0"))
        assert sorted(opened(file).size) == sorted(ASTRONAUT.size)


def see_through(mode: str) -> Image.Image:
    image = Image.new("RGBA", (20, 10), (200, 0, 0, 255))
    image.paste((0, 0, 0, 0), (10, 0, 20, 10))  # the right half is clear
    return image.convert(mode) if mode != "P" else image.quantize(8)


@pytest.mark.parametrize(("mode", "left"), [("RGBA", (200, 0, 0)), ("LA", (60, 60, 60)), ("P", (200, 0, 0))])
def test_what_is_transparent_lies_on_the_background(tmp_path: Path, mode: str, left: tuple[int, int, int]) -> None:
    picture = opened(saved(tmp_path, "clear.png", see_through(mode)), (10, 20, 250))
    assert picture.getpixel((15, 5)) == (10, 20, 250)
    assert picture.getpixel((5, 5)) == left


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_colour_that_stands_for_transparent_lies_on_the_background(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (20, 10), 0)
    clear = (0, 0, 0) if mode == "RGB" else 0
    picture = opened(saved(tmp_path, "key.png", image, transparency=clear), (10, 20, 250))
    assert picture.getpixel((5, 5)) == (10, 20, 250)


def test_half_transparent_is_mixed_with_the_background(tmp_path: Path) -> None:
    picture = opened(saved(tmp_path, "half.png", Image.new("RGBA", (8, 8), (0, 0, 0, 128))))
    assert picture.getpixel((4, 4)) == (127, 127, 127)


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr"])
def test_every_way_to_keep_colours_becomes_rgb(tmp_path: Path, mode: str) -> None:
    ending = "jpg" if mode in ("CMYK", "YCbCr") else "png"
    image = ASTRONAUT.convert(mode)
    picture = opened(saved(tmp_path, f"colours.{ending}", image))
    assert picture.mode == "RGB"
    assert difference(picture, image.convert("RGB")) < 12


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path: Path) -> None:
    grey = np.asarray(ASTRONAUT.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    for name in ("deep.png", "deep.tiff"):
        assert difference(opened(saved(tmp_path, name, deep)), Image.fromarray(grey)) < 1


def test_sixteen_bits_a_colour_are_read_too(tmp_path: Path) -> None:
    deep = np.asarray(ASTRONAUT).astype(np.uint16) * 257
    for name in ("deep.png", "deep.tiff"):
        cv2.imwrite(str(tmp_path / name), deep[..., ::-1])
        assert difference(opened(tmp_path / name), ASTRONAUT) == 0


def test_a_grey_of_sixteen_bits_that_stands_for_transparent_lies_on_the_background(tmp_path: Path) -> None:
    deep = Image.fromarray(np.array([[1000, 65535]], np.uint16))
    picture = opened(saved(tmp_path, "key.png", deep, transparency=1000), (10, 20, 250))
    assert [picture.getpixel((x, 0)) for x in (0, 1)] == [(10, 20, 250), (255, 255, 255)]


def test_floats_that_are_no_numbers_are_black(tmp_path: Path) -> None:
    odd = Image.fromarray(np.array([[np.nan, np.inf, -1.0, 0.5, 1.0]], np.float32))
    picture = opened(saved(tmp_path, "odd.tiff", odd))
    assert [picture.getpixel((x, 0)) for x in range(5)] == [(v, v, v) for v in (0, 0, 0, 128, 255)]


@pytest.mark.parametrize(("kind", "scale"), [(np.float32, 1 / 255), (np.float32, 1), (np.int32, 1), (np.int32, 257)])
def test_greyscale_of_thirty_two_bits_is_scaled(tmp_path: Path, kind: type, scale: float) -> None:
    grey = np.asarray(ASTRONAUT.convert("L"))
    deep = Image.fromarray((grey.astype(np.float64) * scale).astype(kind))
    assert difference(opened(saved(tmp_path, "deep.tiff", deep)), Image.fromarray(grey)) < 1


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "tiff"])
def test_of_an_animation_the_first_frame_counts(tmp_path: Path, ending: str) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue", "green")]
    file = saved(tmp_path, f"moving.{ending}", frames[0], save_all=True, append_images=frames[1:])
    assert difference(opened(file), frames[0]) < 3


def test_an_empty_file_and_a_text_are_named_for_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(NotAPicture, match="empty file"):
        opened(tmp_path / "empty.png")
    with pytest.raises(NotAPicture, match="not a picture"):
        opened(tmp_path / "text.png")
    with pytest.raises(NotAPicture, match="No such file"):
        opened(tmp_path / "missing.png")


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    file = saved(tmp_path, "wide.png", Image.new("1", (4000, 1000)))
    with pytest.raises(NotAPicture, match=r"4000 x 1000 pixels .*max_megapixels"):
        open_rgb(file, 3, WHITE)
    assert open_rgb(file, 4, WHITE).size == (4000, 1000)


def test_a_bomb_whose_pixels_are_not_even_there_is_refused_by_its_size(tmp_path: Path) -> None:
    content = bytearray(saved(tmp_path, "bomb.bmp").read_bytes())
    content[18:26] = (60000).to_bytes(4, "little") * 2
    (tmp_path / "bomb.bmp").write_bytes(content)
    with pytest.raises(NotAPicture, match="too large: 60000 x 60000"):
        opened(tmp_path / "bomb.bmp")


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "gif", "tiff", "avif"])
def test_a_file_that_ends_too_early_is_never_half_a_picture(tmp_path: Path, ending: str) -> None:
    file = saved(tmp_path, f"whole.{ending}")
    whole, pixels = file.read_bytes(), opened(file).tobytes()
    cut = tmp_path / f"cut.{ending}"
    found_out = 0
    for kept in {*range(0, len(whole), len(whole) // 150 + 1), *range(len(whole) - 20, len(whole))}:
        cut.write_bytes(whole[:kept])
        try:
            assert opened(cut).tobytes() == pixels, kept  # only what comes after the pixels is missing
        except NotAPicture:
            found_out += 1
    assert found_out > 100


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "bmp", "gif", "tiff", "avif"])
def test_a_damaged_file_is_a_picture_or_not_and_nothing_else(tmp_path: Path, ending: str) -> None:
    whole = saved(tmp_path, f"whole.{ending}").read_bytes()
    damaged = tmp_path / f"damaged.{ending}"
    chance = random.Random(ending)
    for _ in range(400):
        content = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        damaged.write_bytes(content[: chance.randint(1, len(content))] if chance.random() < 0.3 else content)
        try:
            picture = opened(damaged)
        except NotAPicture as reason:
            assert str(reason)
        else:
            assert picture.mode == "RGB"


@given(
    width=st.integers(1, 300), height=st.integers(1, 300), size=st.integers(16, 96),
    fit=st.sampled_from(["crop", "pad", "stretch"]),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_any_shape_becomes_the_square(width: int, height: int, size: int, fit: str) -> None:
    square = fitted(Image.new("RGB", (width, height), "red"), size, fit, WHITE)  # type: ignore[arg-type]
    assert (square.mode, square.size) == ("RGB", (size, size))


def test_a_crop_takes_the_centre() -> None:
    wide = Image.new("RGB", (300, 100), "blue")
    wide.paste("red", (100, 0, 200, 100))
    for picture in (wide, wide.rotate(90, expand=True)):
        centre = fitted(picture, 50, "crop", WHITE)
        assert centre.crop((3, 3, 47, 47)).getcolors() == [(44 * 44, (255, 0, 0))]
        assert difference(centre, Image.new("RGB", (50, 50), "red")) < 0.5  # LANCZOS sees a little over the edge
        assert difference(centre, centre.transpose(Image.Transpose.ROTATE_180)) < 0.1


def test_padding_shows_all_of_it_on_the_background() -> None:
    padded = fitted(Image.new("RGB", (300, 100), "blue"), 60, "pad", (0, 255, 0))
    assert padded.getpixel((30, 5)) == (0, 255, 0)
    assert padded.getpixel((30, 30)) == (0, 0, 255)
    assert padded.getpixel((30, 55)) == (0, 255, 0)


def test_a_square_frame_is_resized_as_it_is_by_lanczos() -> None:
    square = Image.fromarray(data.astronaut())
    plain = square.resize((64, 64), Image.Resampling.LANCZOS)
    for fit in ("crop", "pad", "stretch"):
        assert difference(fitted(square, 64, fit, WHITE), plain) == 0


def test_a_saved_jpeg_is_whole_without_metadata_and_always_the_same(tmp_path: Path) -> None:
    sizes: list[int] = []
    exif = Image.Exif()
    exif[0x010E] = "a secret"
    told = saved(tmp_path, "told.jpg", quality=95, exif=exif, comment=b"a secret", icc_profile=b"a secret", dpi=(9, 9))
    picture = opened(told)
    for quality in (95, 95, 50):
        save_jpeg(picture, tmp_path / "out.jpg", quality)
        content = (tmp_path / "out.jpg").read_bytes()
        sizes.append(len(content))
        assert b"a secret" not in content
        with Image.open(io.BytesIO(content)) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", ASTRONAUT.size)
            assert not image.getexif()
    assert sizes[0] == sizes[1] > sizes[2]


def test_a_decoder_may_fail_in_any_way_that_it_knows(tmp_path: Path) -> None:
    """Headers that promise more than there is, in each of the ways that Pillow complains about."""
    makers: list[Callable[[], bytes]] = [
        lambda: b"GIF89a" + b"\0" * 10,
        lambda: b"BM" + b"\xff" * 60,
        lambda: b"II*\0" + b"\x08\0\0\0" + b"\xff" * 40,
        lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 40,
        lambda: b"\xff\xd8\xff\xe0" + b"\0" * 40,
    ]
    for make in makers:
        (tmp_path / "promise").write_bytes(make())
        with pytest.raises(NotAPicture):
            opened(tmp_path / "promise")
