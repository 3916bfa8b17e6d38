"""How far two pictures are apart, once one is laid over the other as well as can be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ghibli_prep.likeness import HEIGHT, WIDTH
from ghibli_prep.likeness.candidates import WINDOWS, Window

UNLIKE = float("inf")
_SOFT = 2.5, 1.0
"""Pixels of blur: first much, by which a picture finds its place from afar; then as little as serves: thumbnails of
fine textures differ pixel by pixel as soon as a picture is shifted by half of one."""
_PROMISE = 0.82
"""Share of a picture, in squares, that the first step must promise to make the same: of 1,000 repeats it is less of 4
at the most, but of over 800 of 1,000 pairs that are alike from afar by chance: these are not laid over each other."""
_STEPS = 8
_STILL = 0.05
"""Pixels: a step that moves no corner farther is the last."""
_FARTHEST = np.array([0.05, 2.0, 0.05, 2.0])
"""What one step may change at the most."""
_CUT, _BEYOND = 0.13, 0.06
"""How far, as a share of width or height, an edge of one picture may lie within the other, and how far outside: where
more of both is seen only in one of them, the camera moved. A tenth of each of two edges is 0.125 of what is left."""
_SLACK = 0.06, 0.0
"""What is added to these while the place is only known roughly."""
_GAIN = 0.4, 2.5
"""Contrast of the one in that of the other: farther from 1 another picture is meant."""
_LEAST_CONTRAST, _HOW_MUCH = 8.0, 0.6
"""Of 0.4 to 1, that power told repeats from others well wherever contrast was great or small."""
_MOST_OF_IT = 98
_ACROSS, _DOWN = (np.arange(size, dtype=np.float32) - (size - 1) / 2 for size in (WIDTH, HEIGHT))
"""Columns and rows, from the centre."""
_FAR = (WIDTH - 1) / 2, (HEIGHT - 1) / 2

Layers = NDArray[np.float32]
"""HEIGHT x WIDTH x 3: brightness, and how fast it grows to the right and downwards."""
Place = NDArray[np.float64]
"""Where a picture lies in another: scale across, pixels to the right of the centre, scale down, pixels below it."""

cv2.setNumThreads(1)  # its threads wait for each other over pictures as small as these: twice the processor time


def apart(whole: NDArray[np.uint8], cut: NDArray[np.uint8], window: int) -> float:
    """How much most of the picture (98 %) differs at the most, as a share of its contrast: 0 is the same, and what is
    saved anew, scaled, cut by a tenth or brighter is below 0.5; frames of other scenes are above 0.8.

    whole, cut: thumbnails; `cut` is about what is seen of `whole` through the window of that number. Position and scale
    are refined to parts of a pixel by least squares, together with brightness and contrast (B. Lucas and T. Kanade,
    1981). Nothing is turned or sheared: of faint pictures noise would be laid over noise.
    """
    one, other, place = whole.tobytes(), cut.tobytes(), _guess(WINDOWS[window])
    laid = _Laid.of(_layers(one, _SOFT[-1]), _layers(other, _SOFT[-1]), place)
    if laid is None or laid.step[1] < _PROMISE:
        return UNLIKE
    for soft, slack in zip(_SOFT, _SLACK, strict=True):
        place, laid = _refined(_layers(one, soft), _layers(other, soft), place)
        if laid is None or not (_near(place, slack) or _near(_seen_from_there(place), slack)):
            return UNLIKE
    return laid.difference if laid is not None else UNLIKE


@lru_cache(maxsize=2048)
def _layers(thumbnail: bytes, soft: float) -> Layers:
    sharp = np.frombuffer(thumbnail, np.uint8).reshape(HEIGHT, WIDTH).astype(np.float32)
    values = cv2.GaussianBlur(sharp, (0, 0), soft)
    right, down = (cv2.Scharr(values, cv2.CV_32F, *way, scale=1 / 32) for way in ((1, 0), (0, 1)))
    return np.asarray(cv2.merge([values, right, down]), np.float32)


def _guess(window: Window) -> Place:
    left, top, right, bottom = window
    return np.array(
        [(WIDTH - left - right) / WIDTH, (left - right) / 2, (HEIGHT - top - bottom) / HEIGHT, (top - bottom) / 2]
    )


def _near(place: Place, slack: float) -> bool:
    """Whether no edge of the one picture is too far from that of the other."""
    halves = np.array([WIDTH / 2, HEIGHT / 2])
    scales, shifts = place[::2], place[1::2]
    inside = np.concatenate([halves - scales * halves + shifts, halves - scales * halves - shifts]) / np.tile(
        halves * 2, 2
    )
    return bool(inside.max() < _CUT + slack and inside.min() > -_BEYOND - slack)


def _seen_from_there(place: Place) -> Place:
    """Where the one picture lies in the other."""
    wide, right, tall, down = place
    return np.array([1 / wide, -right / wide, 1 / tall, -down / tall])


@dataclass(frozen=True, slots=True)
class _Laid:
    """What both pictures show, a rectangle of pixels. one, other: without their means. gain: the contrast of `other` in
    that of `one`. right, down: how fast `one` grows there. x, y: its columns and rows, from the centre of `other`."""

    one: NDArray[np.float32]
    other: NDArray[np.float32]
    gain: float
    right: NDArray[np.float32]
    down: NDArray[np.float32]
    x: NDArray[np.float32]
    y: NDArray[np.float32]

    @classmethod
    def of(cls, one: Layers, other: Layers, place: Place) -> _Laid | None:
        """None where the two have not half of a picture in common, or one has no contrast, or they are opposites."""
        wide, right, tall, down = place.tolist()
        moves = np.array(
            [[wide, 0, right + (1 - wide) * _FAR[0]], [0, tall, down + (1 - tall) * _FAR[1]]],
            np.float32,
        )
        across, along = _inside(_ACROSS, wide, right), _inside(_DOWN, tall, down)
        if 2 * (across.stop - across.start) * (along.stop - along.start) < WIDTH * HEIGHT:
            return None
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpAffine(one, moves, (WIDTH, HEIGHT), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        seen = laid[along, across].astype(np.float32, copy=False)
        first, second = seen[..., 0] - seen[..., 0].mean(), other[along, across, 0]
        second = second - second.mean()
        size, both = float(np.vdot(first, first)), float(np.vdot(first, second))
        gain = both / size if size else 0.0
        if min(size, float(np.vdot(second, second))) < first.size or not _GAIN[0] < gain < _GAIN[1]:
            return None
        return cls(first, second, gain, seen[..., 1], seen[..., 2], _ACROSS[across], _DOWN[along, None])

    @property
    def step(self) -> tuple[Place, float]:
        """What is to be added to the place so that what differs becomes least, brightness and contrast being free; and
        the share of `other`, in squares, that would then not differ."""
        rows = np.stack(
            [
                *(self.gain * slope for slope in (self.right * self.x, self.right, self.down * self.y, self.down)),
                self.one,
                self.other - self.gain * self.one,
            ]
        ).reshape(6, -1)
        rows -= rows.mean(axis=1, keepdims=True)
        # By OpenCV: NumPy's threads wait for each other even over products as small as this.
        products = np.asarray(cv2.gemm(rows, rows, 1, np.empty(0), 0, flags=cv2.GEMM_2_T), np.float64)
        along = products[:4, 4]
        squares = products[:4, :4] - np.outer(along, along) / products[4, 4]
        squares[np.diag_indices(4)] += 1e-3 * np.diag(squares) + 1e-6
        step = np.linalg.solve(squares, products[:4, 5])
        differs = products[5, 5] - step @ products[:4, 5]
        return np.clip(step, -_FARTHEST, _FARTHEST), 1 - differs / float(np.vdot(self.other, self.other))

    @property
    def difference(self) -> float:
        """Of small parts, for what is finer is noise; without the rim, where a blur knows nothing of what lies beyond.

        As a share of the contrast, but less so where there is much of it: a figure that moved does not stand out more
        in a picture of greater contrast, and what is saved anew or cut only leaves somewhat more.
        """
        parts = np.abs(cv2.blur(self.other / self.gain - self.one, (3, 3)))[1:-1, 1:-1]
        contrast = _LEAST_CONTRAST * float(np.maximum(self.one.std() / _LEAST_CONTRAST, 1)) ** _HOW_MUCH
        return float(np.percentile(parts, _MOST_OF_IT) / contrast)


def _inside(line: NDArray[np.float32], scale: float, shift: float) -> slice:
    """Which of the columns, or rows, lie in the other picture."""
    least, most = sorted(((line[0] - shift) / scale, (line[-1] - shift) / scale)) if scale else (1.0, 0.0)
    return slice(int(np.searchsorted(line, least)), int(np.searchsorted(line, most, "right")))


def _refined(one: Layers, other: Layers, place: Place) -> tuple[Place, _Laid | None]:
    """The place at which `other` fits best into `one`, near the given one, and the two so laid."""
    laid = _Laid.of(one, other, place)
    for _ in range(_STEPS):
        if laid is None:
            break
        step, _ = laid.step
        place = place + step
        laid = _Laid.of(one, other, place)
        if float(np.abs(step * [WIDTH / 2, 1, HEIGHT / 2, 1]).max()) < _STILL:
            break
    return place, laid
