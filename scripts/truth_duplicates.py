"""Repeats of which it is known what they repeat, among pictures that are like them and are none.

A group is one picture and copies of it: cut by up to a tenth a side, scaled, saved anew, brighter or darker, with more
or less contrast, or all of that. What is like it and is another picture is a group of its own: the camera went on, a
figure stands elsewhere, a later frame of a shot in which something moved, another part of the same grass, another scene
in the same mist. The same seed makes the same frames; nothing is tuned on the bench's default seed.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import cv2
import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat
from truth_frames import SIZE, photographs, saved
from truth_moving import shots

Box = tuple[float, float, float, float]
MOST_CUT = 0.1
"""Of the width or the height, at each side."""
_SHARED = 0.5
"""What two windows of one photograph may have in common at the most, as a share of what both show together."""
_CONTRAST = 10.0
"""The deviation of brightness below which a picture is for the filter `flat`."""
_SEEN = 30.0
"""Grey levels that a figure differs from its ground, in the mean."""
_TWICE = {"motorcycle_right"}
"""What `motorcycle_left` shows, from a hand's breadth beside it: people would not agree."""
_FLOW = 0.03, 0.1
"""How far (share of the width) how much of a picture must have moved for it to be another one."""


@dataclass(frozen=True, slots=True)
class Copy:
    """group: frames of the same number are repeats of each other, all others are not. change: what was done to it, or
    what makes it hard to tell from others."""

    film: str
    picture: Image.Image
    group: int
    change: str


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a photograph, which may be turned by quarters and mirrored. box: left, top, right, bottom."""

    name: str
    turn: int
    box: Box

    @property
    def photograph(self) -> Image.Image:
        return _turned(self.name, self.turn)

    @property
    def seen(self) -> Image.Image:
        return self.photograph.resize(SIZE, Image.Resampling.LANCZOS, box=self.box)


class Windows:
    """Windows of photographs, no two of which show much the same."""

    def __init__(self, draw: random.Random, tries: int = 2000) -> None:
        self._draw, self._tries = draw, tries
        self._taken: dict[tuple[str, int], list[Box]] = defaultdict(list)

    def new(self, name: str = "") -> Window:
        """Raises ValueError where there are no more."""
        for _ in range(self._tries):
            name, turn = name or self._draw.choice(sorted(set(photographs()) - _TWICE)), self._draw.randrange(8)
            width, height = _turned(name, turn).size
            wide = min(width, height * 16 / 9) * self._draw.uniform(0.3, 0.9)
            tall = wide * 9 / 16
            left, top = self._draw.uniform(0, width - wide), self._draw.uniform(0, height - tall)
            window = Window(name, turn, (left, top, left + wide, top + tall))
            if self.take(window):
                return window
            name = ""
        raise ValueError("no more windows of these photographs: ask for fewer frames")

    def take(self, window: Window, beside: Window | None = None) -> bool:
        """Whether it lies in the photograph, something is seen in it, and it is not like one that was taken, other than
        `beside`, from which it is known to differ."""
        width, height = window.photograph.size
        left, top, right, bottom = window.box
        taken = self._taken[window.name, window.turn]
        inside = min(left, top, width - right, height - bottom) >= 0
        others = [box for box in taken if beside is None or box != beside.box]
        if (
            not inside
            or any(_in_common(window.box, box) > _SHARED for box in others)
            or _contrast(window.seen) < _CONTRAST
        ):
            return False
        taken.append(window.box)
        return True


@cache
def _turned(name: str, turn: int) -> Image.Image:
    picture = photographs()[name]
    if turn % 2:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return picture.rotate(90 * (turn // 2), expand=True)


def _contrast(picture: Image.Image) -> float:
    return float(np.asarray(picture.convert("L")).std())


def _in_common(one: Box, other: Box) -> float:
    across = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    down = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    sizes = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return across * down / (sum(sizes) - across * down)


def _scene(_: random.Random, windows: Windows) -> list[Image.Image]:
    """A window of a photograph."""
    return [windows.new().seen]


def _camera(draw: random.Random, windows: Windows) -> list[Image.Image]:
    """The camera goes on by a fourth to two fifths of the picture, or comes as much nearer."""
    while True:
        first = windows.new()
        left, top, right, bottom = first.box
        wide, tall = right - left, bottom - top
        how, far = draw.choice(("right", "down", "nearer")), draw.uniform(0.25, 0.4)
        if how == "nearer":
            x, y = left + wide * far * draw.random(), top + tall * far * draw.random()
            box = x, y, x + wide * (1 - far), y + tall * (1 - far)
        else:
            x, y = (far * wide, 0.0) if how == "right" else (0.0, far * tall)
            box = left + x, top + y, right + x, bottom + y
        then = Window(first.name, first.turn, box)
        if windows.take(then, beside=first):
            return [first.seen, then.seen]


def _figure(draw: random.Random, windows: Windows) -> list[Image.Image]:
    """Before the same ground a figure stands here and, at least its own width away, there."""
    tall = int(SIZE[1] * draw.uniform(0.4, 0.8))
    wide = int(tall * draw.uniform(0.4, 0.7))
    shape = Image.new("L", (wide, tall), 0)
    ImageDraw.Draw(shape).ellipse((wide * 0.25, 0, wide * 0.75, tall * 0.35), fill=255)
    ImageDraw.Draw(shape).rounded_rectangle((1, tall * 0.3, wide - 1, tall * 1.2), wide * 0.3, fill=255)
    while True:
        ground, skin = windows.new().seen, windows.new().seen.resize((wide, tall))
        here = draw.randint(0, SIZE[0] - 2 * wide)
        places = [(x, SIZE[1] - tall) for x in (here, draw.randint(here + wide, SIZE[0] - wide))]
        behind = [ground.crop((x, y, x + wide, y + tall)) for x, y in places]
        if all(ImageStat.Stat(ImageChops.difference(skin, each).convert("L")).mean[0] > _SEEN for each in behind):
            break
    made = [ground.copy(), ground.copy()]
    for frame, place in zip(made, places, strict=True):
        frame.paste(skin, place, shape.filter(ImageFilter.GaussianBlur(0.7)))
    return made


def _texture(draw: random.Random, windows: Windows) -> list[Image.Image]:
    """Two pieces of the same grass, gravel, wall or sky of stars."""
    name = draw.choice(("grass", "gravel", "brick", "hubble_deep_field", "ihc"))
    return [windows.new(name).seen, windows.new(name).seen]


def _mist(draw: random.Random, windows: Windows) -> list[Image.Image]:
    """Two scenes in one mist or one night: next to nothing is seen of either."""
    level, left = draw.uniform(30, 220), draw.uniform(0.25, 0.4)
    pair = [np.asarray(windows.new().seen).astype(np.float32) for _ in range(2)]
    return [Image.fromarray(np.clip(level + left * (one - one.mean()), 0, 255).astype(np.uint8)) for one in pair]


@cache
def _later() -> list[list[Image.Image]]:
    """Of each shot of the clips the frames between which something moved."""
    return [kept for frames in shots() if len(kept := _apart(frames)) > 1]


def _apart(frames: Sequence[Image.Image]) -> list[Image.Image]:
    kept: list[Image.Image] = []
    for frame in frames[::3]:
        if all(_moved(frame, other) for other in kept):
            kept.append(frame)
    return kept


def _moved(one: Image.Image, other: Image.Image) -> bool:
    """Whether something in the picture did, whatever the camera did."""
    greys = [np.asarray(each.convert("L").resize((320, 180))) for each in (one, other)]
    flow = cv2.calcOpticalFlowFarneback(*greys, np.empty(0), 0.5, 4, 21, 3, 7, 1.5, 0)  # type: ignore[call-overload]
    flow = flow - np.median(flow, axis=(0, 1))
    return float((np.hypot(flow[..., 0], flow[..., 1]) > 320 * _FLOW[0]).mean()) > _FLOW[1]


def _crop(draw: random.Random, picture: Image.Image) -> Image.Image:
    """At one side or at all."""
    sides = [draw.uniform(0, MOST_CUT) for _ in range(4)]
    if draw.random() < 0.5:
        at = draw.randrange(4)
        sides = [cut if side == at else 0.0 for side, cut in enumerate(sides)]
    (width, height), (left, top, right, bottom) = picture.size, sides
    return picture.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )


def _scale(draw: random.Random, picture: Image.Image) -> Image.Image:
    times = draw.uniform(0.4, 1.6)
    return picture.resize((round(picture.width * times), round(picture.height * times)), Image.Resampling.BICUBIC)


def _jpeg(draw: random.Random, picture: Image.Image) -> Image.Image:
    return saved(picture, draw.randint(30, 90))


def _light(draw: random.Random, picture: Image.Image) -> Image.Image:
    """Brightness and contrast by up to a fourth; brighter only as far as no more than a tenth turns white."""
    values = np.asarray(picture).astype(np.float32)
    values = values.mean() + (values - values.mean()) * draw.uniform(0.75, 1.25)
    room = 255 / max(1.0, float(np.percentile(values, 90)))
    times = min(draw.uniform(0.75, 1.25), max(1.0, room))
    return Image.fromarray(np.clip(values * times, 0, 255).astype(np.uint8))


CHANGES: dict[str, Sequence[Callable[[random.Random, Image.Image], Image.Image]]] = {
    "crop": (_crop,),
    "scale": (_scale,),
    "jpeg": (_jpeg,),
    "light": (_light,),
    "all": (_crop, _scale, _light, _jpeg),
}
SCENES = {"scene": _scene, "camera": _camera, "figure": _figure, "texture": _texture, "mist": _mist}


def copies(seed: int, count: int) -> Iterator[Copy]:
    """About `count` frames of four films, in no order; half of the groups have one to three copies."""
    draw = random.Random(f"{seed} copies")
    windows = Windows(draw)
    made: list[Callable[[], Copy]] = []
    group = 0
    later = [("later", frame) for frames in _later() for frame in frames]
    draw.shuffle(later)
    while len(made) < count:
        kind = draw.choice([*SCENES, "later"])
        if kind == "later":
            originals, later = later[:2], later[2:]
        else:
            originals = [(kind, picture) for picture in SCENES[kind](draw, windows)]
        for name, picture in originals:
            changes = ["", *draw.choices(list(CHANGES), k=draw.choice((0, 0, 0, 1, 2, 3)))]
            made += [
                partial(_made, f"{seed} {group} {at}", group, name, picture, how) for at, how in enumerate(changes)
            ]
            group += 1
    draw.shuffle(made)
    for make in made[:count]:
        yield make()


def _made(seed: str, group: int, kind: str, picture: Image.Image, change: str) -> Copy:
    draw = random.Random(seed)
    for step in CHANGES.get(change, ()):
        picture = step(draw, picture)
    return Copy(f"film{draw.randrange(4)}", saved(picture, draw.randint(85, 95)), group, change or kind)
