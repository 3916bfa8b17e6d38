"""How a frame looks: colours, pixels, turned films, bars, squares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("av", reason="the extract extra is not installed")

from ghibli_prep.stages.extract.tones import HLG, PQ, to_sdr


def first(frames: Any, file: Any, **options: Any) -> Any:
    return next(iter(frames(file, every=1, window=0, **options).values()))


def close(one: Any, other: Any, mean: float = 4) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(int) - other).mean()) < mean


def test_colours_are_those_that_were_drawn(film: Any, frames: Any) -> None:
    blocks = np.zeros((64, 192, 3), np.uint8)
    for at, colour in enumerate(
        [(200, 30, 30), (30, 200, 30), (30, 30, 200), (230, 230, 60), (128, 128, 128), (0, 0, 0)]
    ):
        blocks[:, 32 * at : 32 * at + 32] = colour
    taken = first(frames, film("c.mkv", [blocks] * 10), bars=False)
    for at in range(6):
        assert np.abs(taken[32, 32 * at + 16].astype(int) - blocks[32, 32 * at + 16]).max() <= 4
    assert close(first(frames, film("ten.mkv", [blocks] * 10, form="yuv420p10le"), bars=False), taken, 2)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ({"degrees": 90}, lambda picture: np.rot90(picture)), ({"degrees": 180}, lambda picture: np.rot90(picture, 2)),
        ({"degrees": 270}, lambda picture: np.rot90(picture, 3)),
        ({"degrees": 0, "hflip": True}, lambda picture: picture[:, ::-1]),
        ({"degrees": 90, "hflip": True}, lambda picture: np.rot90(picture[:, ::-1], 3)),
    ],
)  # fmt: skip
def test_a_turned_film_is_set_upright(film: Any, scene: Any, frames: Any, turn: Any, expected: Any) -> None:
    file = film("t.mp4", [scene("astronaut")] * 10, rotate=turn)
    assert close(first(frames, file), expected(scene("astronaut")))


def test_pixels_that_are_not_square_are_made_so(film: Any, scene: Any, frames: Any) -> None:
    assert first(frames, film("w.mkv", [scene("coffee")] * 10, aspect="4/3")).shape == (128, 256, 3)
    assert first(frames, film("n.mkv", [scene("coffee")] * 10, aspect="1/2")).shape == (256, 192, 3)


def test_the_largest_centred_square_is_cut_out(film: Any, scene: Any, frames: Any) -> None:
    taken = first(frames, film("s.mkv", [scene("coffee")] * 10), square=True)
    assert close(taken, scene("coffee")[:, 32:160])


def with_bars(picture: Any) -> Any:
    whole = np.full((176, 240, 3), 3, np.uint8)
    whole[24:152, 24:216] = picture
    return whole


def test_black_bars_are_cut_off_though_scenes_are_dark_and_a_caption_stands_in_them(
    film: Any, scene: Any, frames: Any
) -> None:
    pictures = []
    for at in range(100):
        picture = scene("coffee", at)
        if 30 <= at < 70:
            picture = picture // 4
            picture[:64] = 0
        pictures.append(with_bars(picture))
    pictures[55][156:170, 60:180] = 240
    file = film("b.mkv", pictures, g="5")
    assert close(first(frames, file), scene("coffee"), 5)
    assert first(frames, file, square=True).shape == (128, 128, 3)
    assert first(frames, file, bars=False).shape == (176, 240, 3)


def test_a_film_without_bars_keeps_its_dark_edges(film: Any, scene: Any, frames: Any) -> None:
    pictures = [scene("rocket", at) for at in range(60)]
    for at in range(36):
        pictures[at] = pictures[at].copy()
        pictures[at][:30] = 0
    assert first(frames, film("d.mkv", pictures, g="2")).shape == (128, 192, 3)
    night = [np.full((128, 192, 3), 5, np.uint8)] * 20
    assert first(frames, film("n.mkv", night)).shape == (128, 192, 3)


def pq(nits: Any) -> Any:
    power = (np.asarray(nits) / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


NITS = [0, 1, 10, 50, 100, 203, 400, 1000, 4000]


def test_hdr_is_brought_down_with_its_order_kept_and_white_near_white() -> None:
    codes = (pq(NITS) * 65535).astype(np.uint16)
    greys = to_sdr(np.repeat(codes[None, :, None], 3, axis=2), PQ)[0]
    assert (greys.max(axis=1) - greys.min(axis=1) <= 2).all()
    levels = greys[:, 1].astype(int)
    assert levels[0] == 0
    assert list(levels[:8]) == sorted(set(levels[:8].tolist())), "some shape is kept up to 1000 cd/m2"
    assert 185 <= levels[5] <= 240
    assert levels[8] >= 253
    ramp = np.linspace(0, 65535, 50).astype(np.uint16)
    hlg = to_sdr(np.repeat(ramp[None, :, None], 3, axis=2), HLG)[0, :, 1].astype(int)
    assert (np.diff(hlg) >= 0).all()
    assert 185 <= hlg[37] <= 240  # 75 %: reference white
    red = to_sdr(np.array([[[int(pq(150) * 65535), int(pq(5) * 65535), int(pq(5) * 65535)]]], np.uint16), PQ)[0, 0]
    assert red[0] > 150 > 60 > max(red[1], red[2])


def test_an_hdr_film_of_ten_bits_comes_out_tone_mapped(film: Any, frames: Any) -> None:
    codes = (pq(np.repeat(NITS[:8], 24)) * 65535).astype(np.uint16)
    picture = np.repeat(np.repeat(codes[None, :, None], 64, axis=0), 3, axis=2)
    colours = "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    file = film(
        "h.mkv", [picture] * 10, codec="libx265", form="yuv420p10le",
        tags={"color_trc": PQ, "color_primaries": 9, "colorspace": 9}, **{"x265-params": colours},
    )  # fmt: skip
    taken = first(frames, file, bars=False)
    expected = to_sdr(picture, PQ)
    assert np.abs(taken[32, 12::24].astype(int) - expected[32, 12::24]).max() <= 8
