"""Made films in which everything moves, with dissolves and fades: a harder truth than the films of `truth_frames`.

Scenes are photographs under a camera that stands, pans or zooms, photographs whose light goes down as at sunset, and
shots of the real clips. They go on while they are mixed, and are seen each 0.2 to 5 seconds, some without times, with
grain: what a frame was mixed from is not seen again just so.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from truth_frames import SIZE, Known, clips, photographs, saved

STEPS = (0.2, 0.5, 1.0, 2.0, 5.0)
Picture = NDArray[np.float32]
Shown = Callable[[float], Picture]
"""What a scene shows at a time from 0 to 1 and slightly beyond."""


@dataclass(frozen=True, slots=True)
class Part:
    """A scene from `start` to `end` seconds, and how it gives way to the next: in `length` seconds."""

    shown: Shown
    start: float
    end: float
    kind: str
    length: float

    def at(self, time: float) -> Picture:
        return self.shown((time - self.start) / (self.end - self.start))


@cache
def shots() -> list[list[Image.Image]]:
    """The clips, cut where their scenes change; those of a second and more."""
    found = []
    for frames in clips().values():
        smalls = [np.asarray(frame.resize((32, 18)), np.float32) for frame in frames]
        cuts = [at for at in range(1, len(frames)) if float(np.abs(smalls[at] - smalls[at - 1]).mean()) > 25]
        found += [frames[a:b] for a, b in zip([0, *cuts], [*cuts, len(frames)], strict=True) if b - a >= 12]
    return found


def _shot(draw: random.Random) -> Shown:
    frames = draw.choice(shots())

    def shown(at: float) -> Picture:
        frame = frames[min(len(frames) - 1, max(0, round(at * (len(frames) - 1))))]
        return np.asarray(frame.resize(SIZE, Image.Resampling.LANCZOS), np.float32)

    return shown


def _photograph(draw: random.Random, moves: str, length: float) -> Shown:
    """For `length` seconds, as far as is usual in `moves`."""
    picture = photographs()[draw.choice(sorted(photographs()))]
    wide = min(picture.width, picture.height * 16 / 9) * draw.uniform(0.7, 1)
    left, top = draw.uniform(0, picture.width - wide), draw.uniform(0, picture.height - wide * 9 / 16)
    box = (left, top, left + wide, top + wide * 9 / 16)
    scene = np.asarray(picture.resize((SIZE[0] * 2, SIZE[1] * 2), Image.Resampling.LANCZOS, box=box), np.float32)
    far, angle = draw.uniform(0.05, 0.3) if moves == "pan" else 0.0, draw.uniform(0, 2 * np.pi)
    grows = draw.uniform(0.75, 0.95) if moves == "zoom" else 1.0
    darkens = min(0.6, length * draw.uniform(0.01, 0.03)) if moves == "sunset" else 0.0

    def shown(at: float) -> Picture:
        scale = 1.3 * (1 + (grows - 1) * at)
        x = SIZE[0] * (1 + far * np.cos(angle) * (at - 0.5) - scale / 2)
        y = SIZE[1] * (1 + far * np.sin(angle) * (at - 0.5) - scale / 2)
        place = np.array([[scale, 0, x], [0, scale, y]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        seen = cv2.warpAffine(scene, place, SIZE, flags=flags, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(seen * (1 - darkens * at), np.float32)

    return shown


def _parts(draw: random.Random, seconds: float, step: float) -> list[Part]:
    parts: list[Part] = []
    now = 0.0
    while now < seconds:
        moves = draw.choice(("still", "pan", "pan", "zoom", "sunset", "shot"))
        end = now + draw.uniform(3, 8) * (2.5 if step >= 5 or moves == "sunset" else 1)
        scene = _shot(draw) if moves == "shot" else _photograph(draw, moves, end - now)
        kind = draw.choice(("cut", "cut", "dissolve", "black", "white"))
        parts.append(Part(scene, now, end, kind, draw.uniform(0.6, 2.4)))
        now = end
    return parts


def _seen(parts: list[Part], time: float) -> tuple[Picture, float]:
    """The picture at a time, and how much of it is its own: 1, or 0 where it is black, white, or half another one."""
    at = next(i for i, part in enumerate(parts) if time < part.end or i == len(parts) - 1)
    part = parts[at]
    ways = [(part, part.end - time, parts[at + 1])] if at + 1 < len(parts) else []
    ways += [(parts[at - 1], time - part.start, parts[at - 1])] if at else []
    for joint, left, other in ways:
        if joint.kind != "cut" and left < joint.length / 2:
            own = 2 * left / joint.length
            if joint.kind == "dissolve":
                return (1 + own) / 2 * part.at(time) + (1 - own) / 2 * other.at(time), own
            return own * part.at(time) + (1 - own) * (0 if joint.kind == "black" else 255), own
    return part.at(time), 1.0


def moving(seed: int, count: int) -> Iterator[Known]:
    """About `count` frames of films of sixty."""
    for number in range(max(1, count // 60)):
        draw = random.Random(f"{seed} moving {number}")
        noise = np.random.default_rng([seed, number])
        step, timed, quality = STEPS[number % len(STEPS)], draw.random() < 0.7, draw.randint(70, 95)
        parts = _parts(draw, 60 * step, step)
        for at in range(60):
            time = (at + 0.5 + draw.uniform(-0.1, 0.1)) * step
            picture, own = _seen(parts, time)
            pixels = np.clip(picture + noise.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
            wrong = "" if own > 0.97 else "fade" if 0.15 < own < 0.65 else None
            name = f"moving{number:04}"
            yield Known(name, time if timed else None, saved(pixels, quality), wrong)
