"""Frames of which it is known whether text keeps them out: the truth that `bench_filters.py` measures `text` by.

Rolled and standing credits, title and end cards, whole pages; and what is to stay: scenes with subtitles, a channel's
mark, signs, shop fronts, books and posters, and scenes without any text. All over real photographs and frames of real
clips or over plain grounds, in fonts that wheels carry, Latin, Cyrillic and Japanese. The same seed makes the same
frames; nothing is tuned on the default seed.
"""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont
from truth_frames import Known, clips, photographs, saved

SIZES = ((1280, 720), (1280, 720), (960, 720), (1280, 536), (720, 720), (854, 480))
"""Of frames: wide, as television was, wider, cut to squares by `extract --square`, small."""


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split("|")]


LATIN = _listed(
    "DejaVuSans|DejaVuSans-Bold|DejaVuSans-Oblique|DejaVuSerif|DejaVuSerif-Bold|DejaVuSerif-Italic|DejaVuSansMono|"
    "STIXGeneral|STIXGeneralBol|STIXGeneralItalic|cmr10|cmss10"
)
JAPANESE = "ipaexg"

_FIRST = _listed(
    "Anna|Hiro|Clara|Toshio|Mei|Johan|Ruth|Satsuki|Paul|Yuki|Marta|Ken|Ines|Oleg|Tom|Nina|Kenji|Lea|Omar|Rosa"
)
_LAST = _listed(
    "Tanaka|Berg|Suzuki|Moreau|Lindqvist|Ito|Novak|Fischer|Yamada|Rossi|Keller|Sato|Okada|Brandt|Ueda|Walsh"
)
_ROLES = _listed(
    "Directed by|Produced by|Music|Key Animation|Background Artists|Screenplay|Camera|In-between Animation|"
    "Colour Design|Sound Effects|Editing|Cast|Production Manager|Assistant to the Director|Ink and Paint|"
    "Special Thanks to|Recording"
)
_TITLES = _listed(
    "The End|FIN|The Valley of the Wind|A Long Summer|THE LAST FERRY|Chapter One|Part II|Three Days Later|Night Train|"
    "The Cat on the Roof|HARBOUR|Paper Boats|To be continued|Winter, 1946|THE GARDEN OF STONES"
)
_WORDS = _listed(
    "we|will|go|home|before|the|rain|comes|and|then|you|can|tell|her|what|he|said|about|the|old|house|by|the|river|it|"
    "was|never|meant|to|be|found|so|late|in|the|year|but|nobody|asked|why|they|left"
)
_CYRILLIC = _listed("Режиссёр|Анна|Петрова|Композитор|Иван|Орлов|Художник|Мария|Соколова|Конец|Часть|первая|Монтаж")
_KANJI = _listed(
    "監督|脚本|音楽|原画|動画|美術|撮影|録音|編集|田中|鈴木|山田|佐藤|伊藤|花子|太郎|健|美咲|製作|仕上|背景|色彩設計"
)
_KANA = _listed(
    "となりのまちへ|風のとおりみち|おわり|終|第一章 夏の日|海の見える丘|雨がふる前に帰ろう|もう、誰もいないの"
)


@cache
def fonts() -> dict[str, Path]:
    """By name; they lie in the wheels of matplotlib and of matplotlib-fontja, which are not imported for it."""
    found = {}
    for package, inside in (("matplotlib", "mpl-data/fonts/ttf"), ("matplotlib_fontja", "fonts")):
        place = importlib.util.find_spec(package)
        assert place is not None and place.origin, f"pip install {package.replace('_', '-')}"
        for file in (Path(place.origin).parent / inside).glob("*.ttf"):
            found[file.stem] = file
    return found


@dataclass(frozen=True, slots=True)
class Style:
    """How the letters of one frame look. size: pixels."""

    script: str
    font: str
    size: int
    fill: tuple[int, int, int]
    outline: tuple[int, int, int] | None = None

    def made(self, scale: float = 1.0) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(str(fonts()[self.font]), max(7, round(self.size * scale)))


class Sheet:
    """A picture that lines are written on."""

    def __init__(self, picture: Image.Image, style: Style) -> None:
        self.picture, self.style, self._pen = picture, style, ImageDraw.Draw(picture)

    def write(self, x: float, y: float, text: str, anchor: str = "mm", scale: float = 1.0) -> None:
        style, wide = self.style, max(1, round(self.style.size * scale / 14)) if self.style.outline else 0
        self._pen.text(
            (x, y), text, style.fill, style.made(scale), anchor, stroke_width=wide, stroke_fill=style.outline
        )

    def down(self, x: float, y: float, text: str, scale: float = 1.0) -> None:
        """Japanese from top to bottom; y: the middle of the first letter."""
        for at, letter in enumerate(text.replace(" ", "")):
            self.write(x, y + 1.05 * self.style.size * scale * at, letter, scale=scale)


def name(draw: random.Random, script: str) -> str:
    match script:
        case "japanese":
            return "".join(draw.sample(_KANJI, 2)) if draw.random() < 0.5 else " ".join(draw.sample(_KANJI, 2))
        case "cyrillic":
            return " ".join(draw.sample(_CYRILLIC, 2))
        case _:
            words = f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"
            return words.upper() if draw.random() < 0.3 else words


def role(draw: random.Random, script: str) -> str:
    return draw.choice(_ROLES) if script == "latin" else name(draw, script)


def sentence(draw: random.Random, script: str, words: int) -> str:
    if script == "japanese":
        return draw.choice(_KANA)
    return " ".join(draw.choice(_WORDS if script == "latin" else _CYRILLIC) for _ in range(words)).capitalize() + "."


def style(draw: random.Random, height: int, least: float, most: float, over: str) -> Style:
    """over: `dark`, `light` or `scenery`. least, most: of the letters' size, as shares of the frame's height."""
    script = draw.choices(("latin", "japanese", "cyrillic"), (0.6, 0.3, 0.1))[0]
    choice = {"latin": [*LATIN, JAPANESE], "japanese": [JAPANESE], "cyrillic": LATIN[:7]}[script]
    size = round(draw.uniform(least, most) * height)
    if over == "light":
        return Style(script, draw.choice(choice), size, draw.choice([(0, 0, 0), (40, 30, 20), (120, 20, 20)]))
    fill = draw.choice(
        [(255, 255, 255), (255, 255, 255), (235, 235, 225), (250, 225, 120), (190, 190, 190), (180, 210, 250)]
    )
    outline = (0, 0, 0) if over == "scenery" and draw.random() < 0.85 else None
    return Style(script, draw.choice(choice), size, fill if outline or over == "dark" else (255, 255, 255), outline)


def scenery(draw: random.Random, size: tuple[int, int], dim: bool = False) -> Image.Image:
    """A window of a photograph or of a clip's frame; with `dim`, more often darkened, or out of focus."""
    if draw.random() < 0.3:
        picture = draw.choice(clips()[draw.choice(("bigbuckbunny", "bikes"))])
    else:
        picture = photographs()[draw.choice(sorted(photographs()))]
    wide = min(picture.width, picture.height * size[0] / size[1]) * draw.uniform(0.7, 1)
    tall = wide * size[1] / size[0]
    left, top = draw.uniform(0, picture.width - wide), draw.uniform(0, picture.height - tall)
    picture = picture.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + wide, top + tall))
    if draw.random() < (0.4 if dim else 0.15):
        picture = ImageEnhance.Brightness(picture).enhance(draw.uniform(0.3, 0.7))
    if dim and draw.random() < 0.2:
        picture = picture.filter(ImageFilter.GaussianBlur(draw.uniform(3, 12)))
    return picture


def plain(draw: random.Random, size: tuple[int, int]) -> tuple[Image.Image, str]:
    """A ground with nothing on it: black, dark or light, of one colour, shaded or with grain."""
    light = draw.random() < 0.2
    colour = np.array(
        [draw.randint(190, 255) if light else draw.choice([0, 0, 0, draw.randint(0, 70)]) for _ in range(3)]
    )
    ground = np.broadcast_to(colour.astype(np.float32), (size[1], size[0], 3)).copy()
    if draw.random() < 0.3:
        ground += np.linspace(0, draw.uniform(-40, 40), size[1])[:, None, None].astype(np.float32)
    ground += np.random.default_rng(draw.randrange(2**31)).normal(0, draw.uniform(0, 3), ground.shape)
    return Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)), "light" if light else "dark"


def ground(draw: random.Random, size: tuple[int, int], scenes: float) -> tuple[Image.Image, str]:
    return (scenery(draw, size, dim=True), "scenery") if draw.random() < scenes else plain(draw, size)


# What is to go --------------------------------------------------------------------------------------


def rolled(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """Credits that roll over black or over pictures, in one, two or three columns, also where they begin and end."""
    picture, over = ground(draw, size, 0.4)
    sheet = Sheet(picture, style(draw, size[1], 0.028, 0.06, over))
    step = sheet.style.size * draw.uniform(1.25, 2.2)
    room = int(size[1] / step)
    count = draw.randint(min(4, room), max(4, room))
    top = draw.choice((step / 2, size[1] - count * step, (size[1] - count * step) / 2)) + draw.uniform(-0.5, 0.5) * step
    columns = draw.choice(("one", "one", "two", "two", "three", "left", "right"))
    at = {"left": draw.uniform(0.05, 0.15), "right": draw.uniform(0.85, 0.95)}.get(columns, 0.5) * size[0]
    gap = 0.02 * size[0]
    script = sheet.style.script
    for line in range(count):
        y = top + (line + 0.5) * step
        if line and draw.random() < 0.12:
            continue
        if columns == "two":
            if draw.random() < 0.6:
                sheet.write(at - gap, y, role(draw, script), "rm")
            sheet.write(at + gap, y, name(draw, script), "lm")
        elif columns == "three" and draw.random() < 0.8:
            for place in (0.2, 0.5, 0.8):
                sheet.write(place * size[0], y, name(draw, script).split()[0])
        else:
            words = role(draw, script) if draw.random() < 0.25 else name(draw, script)
            sheet.write(at, y, words, {"left": "lm", "right": "rm"}.get(columns, "mm"))
    return picture


def standing(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """Two to six lines that stand over the opening scenes, or over black: who, and as what."""
    picture, over = ground(draw, size, 0.7)
    sheet = Sheet(picture, style(draw, size[1], 0.04, 0.075, over))
    across, anchor = draw.choice(((0.5, "mm"), (0.5, "mm"), (0.08, "lm"), (0.92, "rm")))
    count, step = draw.randint(1, 5), sheet.style.size * draw.uniform(1.2, 1.8)
    if sheet.style.script == "japanese" and draw.random() < 0.3:
        for column in range(count + 1):
            names = name(draw, "japanese")
            sheet.down(across * size[0] + (count / 2 - column) * step, 0.25 * size[1], names)
        return picture
    middle = draw.choice((0.5, 0.5, 0.3, 0.7)) * size[1]
    top = middle - count * step / 2
    sheet.write(across * size[0], top, role(draw, sheet.style.script), anchor, draw.uniform(0.6, 1.0))
    for line in range(count):
        sheet.write(across * size[0], top + (line + 1) * step, name(draw, sheet.style.script), anchor)
    return picture


def title(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """A title or end card: a few large words in the middle, some with a small line below."""
    picture, over = ground(draw, size, 0.5)
    sheet = Sheet(picture, style(draw, size[1], 0.09, 0.2, over))
    script = sheet.style.script
    words = draw.choice(_KANA if script == "japanese" else _TITLES if script == "latin" else _CYRILLIC)
    lines = [words]
    if script == "japanese" and len(words) < 9 and draw.random() < 0.4:
        scale = min(1.0, 0.8 * size[1] / (1.05 * sheet.style.size * len(words)))
        top = (size[1] - 1.05 * sheet.style.size * scale * (len(words) - 1)) / 2
        sheet.down(draw.choice((0.5, 0.5, 0.8)) * size[0], top, words, scale)
        return picture
    if " " in words and draw.random() < 0.5:
        half = len(words.split()) // 2
        lines = [" ".join(words.split()[:half]), " ".join(words.split()[half:])]
    wide = max(sheet.style.made().getlength(line) for line in lines)
    scale = min(1.0, 0.86 * size[0] / wide)
    step = sheet.style.size * scale * 1.3
    top = draw.uniform(0.42, 0.58) * size[1] - (len(lines) - 1) * step / 2
    for at, line in enumerate(lines):
        sheet.write(size[0] / 2, top + at * step, line, scale=scale)
    if draw.random() < 0.3:
        sheet.write(size[0] / 2, top + len(lines) * step, role(draw, script), scale=scale * 0.4)
    return picture


def small_title(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """Some words on a plain ground: a place and a year, a dedication, the end."""
    picture, over = plain(draw, size)
    sheet = Sheet(picture, style(draw, size[1], 0.04, 0.08, over))
    x, y = draw.choice(((0.5, 0.5), (0.5, 0.5), (0.5, 0.8), (0.3, 0.7)))
    for line in range(draw.choice((1, 1, 2))):
        sheet.write(x * size[0], y * size[1] + line * 1.4 * sheet.style.size, name(draw, sheet.style.script))
    return picture


def page(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """A text to read: what happened before, a letter, a warning."""
    picture, over = ground(draw, size, 0.3)
    sheet = Sheet(picture, style(draw, size[1], 0.04, 0.06, over))
    step, left = sheet.style.size * draw.uniform(1.3, 1.7), draw.uniform(0.06, 0.14) * size[0]
    most = int(0.8 * size[0] / sheet.style.made().getlength("nice ")) if sheet.style.script == "latin" else 4
    count = draw.randint(5, max(5, int(0.8 * size[1] / step)))
    for line in range(count):
        y = size[1] / 2 + (line - count / 2 + 0.5) * step
        sheet.write(left, y, sentence(draw, sheet.style.script, max(3, most - draw.randint(0, 2))), "lm")
    return picture


# What is to stay ------------------------------------------------------------------------------------


def subtitles(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """One or two lines at the lower edge; seldom at the upper."""
    sheet = Sheet(scenery(draw, size), style(draw, size[1], 0.045, 0.065, "scenery"))
    lines = [sentence(draw, sheet.style.script, draw.randint(2, 7)) for _ in range(draw.choice((1, 1, 2)))]
    step = sheet.style.size * 1.25
    last = draw.uniform(0.9, 0.95) * size[1] if draw.random() < 0.9 else (0.06 * size[1] + (len(lines) - 1) * step)
    for at, line in enumerate(lines):
        wide = sheet.style.made().getlength(line)
        sheet.write(size[0] / 2, last - (len(lines) - 1 - at) * step, line, scale=min(1.0, 0.9 * size[0] / wide))
    return sheet.picture


def mark(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """A channel's mark in a corner, half transparent."""
    picture = scenery(draw, size)
    over = Sheet(picture.copy(), style(draw, size[1], 0.03, 0.05, "scenery"))
    x, anchor = draw.choice(((0.04, "lm"), (0.96, "rm")))
    over.write(x * size[0], draw.choice((0.06, 0.93)) * size[1], f"CHANNEL {draw.randint(1, 9)}", anchor)
    return Image.blend(picture, over.picture, draw.uniform(0.4, 1.0))


def _board(draw: random.Random, size: tuple[int, int], lines: Sequence[str], wide: float, tall: float) -> Image.Image:
    """A scene with a thing in it on which there are lines: turned, seen from aside, in the scene's light."""
    picture = scenery(draw, size)
    width, height = 480, max(24, round(480 * tall * size[1] / (wide * size[0])))
    dark = draw.random() < 0.5
    colour = tuple(draw.randint(10, 110) if dark else draw.randint(150, 245) for _ in range(3))
    step = height / (len(lines) + 0.6)
    board = Sheet(
        Image.new("RGB", (width, height), colour),
        Style("", JAPANESE, max(8, round(step * 0.75)), (245, 240, 225) if dark else (20, 20, 25)),
    )
    for at, line in enumerate(lines):
        fits = min(1.0, 0.9 * width / board.style.made().getlength(line))
        board.write(width / 2, (at + 0.8) * step, line, scale=fits)
    x, y = draw.uniform(0.02, 0.98 - wide), draw.uniform(0.02, 0.98 - tall)
    corners = np.array([(x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall)]) * size
    middle = corners.mean(axis=0)
    turn = 0.0 if draw.random() < 0.3 else np.radians(draw.uniform(-12, 12))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    aside = 0.0 if turn == 0 else 0.12
    corners = (corners - middle) @ spin.T + middle
    corners += np.array([[draw.uniform(-aside, aside) * tall * size[1] for _ in range(2)] for _ in range(4)])
    flat = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    place = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    shown = cv2.warpPerspective(np.asarray(board.picture), place, size, flags=cv2.INTER_AREA)
    where = cv2.warpPerspective(np.full((height, width), 255, np.uint8), place, size)[:, :, None] / 255
    lit = shown * draw.uniform(0.7, 1.0)
    return Image.fromarray((np.asarray(picture) * (1 - where) + lit * where).astype(np.uint8))


def sign(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    script = draw.choice(("latin", "japanese"))
    lines = [name(draw, script) for _ in range(draw.randint(1, 3))]
    return _board(draw, size, lines, draw.uniform(0.06, 0.25), draw.uniform(0.05, 0.2))


def shop(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    script = draw.choice(("latin", "japanese"))
    return _board(draw, size, [name(draw, script)], draw.uniform(0.3, 0.55), draw.uniform(0.07, 0.14))


def book(draw: random.Random, size: tuple[int, int]) -> Image.Image:
    """Also a newspaper, a poster, a screen."""
    script = draw.choice(("latin", "japanese"))
    lines = [sentence(draw, script, draw.randint(3, 6)) for _ in range(draw.randint(4, 16))]
    return _board(draw, size, lines, draw.uniform(0.15, 0.35), draw.uniform(0.25, 0.5))


TO_GO: dict[str, tuple[str, Callable[[random.Random, tuple[int, int]], Image.Image]]] = {
    "rolled": ("credits", rolled),
    "standing": ("credits", standing),
    "title": ("title", title),
    "small title": ("title", small_title),
    "page": ("text", page),
}
TO_STAY = {"subtitles": subtitles, "mark": mark, "sign": sign, "shop": shop, "book": book, "clean": scenery}


def texts(seed: int, count: int) -> Iterator[Known]:
    """`count` frames of each kind; the kind is the name of the film."""
    for kind in (*TO_GO, *TO_STAY):
        wrong, make = TO_GO.get(kind, ("", TO_STAY.get(kind, scenery)))
        for number in range(count):
            draw = random.Random(f"{seed} {kind} {number}")
            picture = make(draw, draw.choice(SIZES))
            yield Known(kind, None, saved(picture, draw.randint(70, 95)), wrong)
