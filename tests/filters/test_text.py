"""The filter `text`: credits and titles go, what stands in a scene stays, subtitles are flagged."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from ghibli_prep.errors import MissingExtra
from ghibli_prep.filters import FILTERS, NOTHING_AGAINST, Entry, Frame
from ghibli_prep.filters.judging import Judged
from ghibli_prep.filters.text import Text, load
from ghibli_prep.lettering import Lettering, Line
from ghibli_prep.settings import FilterSettings

WIDE = 16 / 9


def line(middle: float, width: float = 0.3, height: float = 0.06, *, across: float = 0.5, **more: Any) -> Line:
    sides = across - width / 2, middle - height / 2, across + width / 2, middle + height / 2
    return Line(*sides, **{"height": height, "tilt": 0.0, "score": 0.8, **more})


def stack(count: int, first: float = 0.3, **more: Any) -> list[Line]:
    return [line(first + 0.09 * at, **more) for at in range(count)]


def judged(lines: list[Line], busy: float = 0.5, **settings: Any) -> Judged:
    made = load(FilterSettings.model_validate({"text": settings}))
    (opinion,) = made.judge([Frame("a", "a.png", text=Lettering(tuple(lines), busy, WIDE))])
    return Judged.of(made, opinion)


def test_a_scene_without_text_loses_nothing_to_it() -> None:
    assert judged([]).opinion.value == 1.0


def test_rows_of_names_over_a_scene_are_credits() -> None:
    one = judged(stack(5))
    assert one.dropped and one.opinion.reason == "credits"
    assert one.opinion.detail == "text takes 29% of the picture"


def test_names_in_two_columns_are_credits() -> None:
    columns = [line(0.2 + 0.08 * at, 0.2, 0.04, across=across) for at in range(6) for across in (0.39, 0.61)]
    one = judged(columns)
    assert one.dropped and one.opinion.reason == "credits"


def test_a_few_large_words_in_the_middle_are_a_title() -> None:
    one = judged([line(0.5, 0.5, 0.14)])
    assert one.dropped and one.opinion.reason == "title"


def test_small_words_on_a_plain_ground_are_all_there_is_to_see() -> None:
    one = judged([line(0.7, 0.1, 0.04, across=0.3)], busy=0.0)
    assert (one.dropped, one.opinion.value, one.opinion.reason) == (True, 0.0, "title")


def test_a_lit_sign_in_the_dark_is_flagged_though_there_is_nothing_else_to_see() -> None:
    assert judged([line(0.5, 0.3, board=True)], busy=0.0).flagged


def test_long_rows_all_over_are_a_text_to_read() -> None:
    one = judged(stack(7, 0.2, width=0.8))
    assert one.dropped and one.opinion.reason == "text"


def test_a_sign_with_a_ground_of_its_own_or_seen_aslant_keeps_no_frame_out() -> None:
    assert judged(stack(6, board=True)).opinion.value == 1.0
    assert judged(stack(6, tilt=7.0)).opinion.value == 1.0


def test_one_line_somewhere_in_the_scene_is_flagged_at_most_however_large() -> None:
    assert judged([line(0.4, 0.2, 0.06, across=0.3)]).flagged
    assert judged([line(0.4, 0.4, 0.16, across=0.3)]).flagged


def test_large_words_in_the_very_middle_are_a_title_whatever_they_seem_to_stand_on() -> None:
    assert judged([line(0.5, 0.3, 0.15, board=True)]).dropped


def test_two_eyes_in_a_face_are_no_text_though_they_are_taken_for_it() -> None:
    eyes = [line(0.5, 0.12, 0.2, across=across, legible=False) for across in (0.35, 0.65)]
    assert judged(eyes).opinion.value == judged(eyes, busy=0.0).opinion.value == 1.0


def test_what_is_as_long_as_a_line_but_cannot_be_read_is_flagged_at_most() -> None:
    roof = line(0.3, 0.6, 0.15, across=0.4, legible=False)
    assert judged([roof]).flagged and judged([roof], busy=0.0).flagged
    many = [line(0.2 + 0.1 * at, 0.6, legible=False) for at in range(5)]
    assert judged(many).dropped
    planks = [line(0.2 + 0.3 * at, 0.9, 0.2, legible=False) for at in range(3)]
    assert judged(planks).flagged


def test_a_mark_in_a_corner_is_nothing_even_on_a_plain_ground() -> None:
    mark = line(0.07, 0.12, 0.04, across=0.9)
    assert judged([mark]).opinion.value == judged([mark], busy=0.0).opinion.value == 1.0


@pytest.mark.parametrize("rows", [1, 2])
def test_subtitles_are_flagged_unless_the_settings_say_otherwise(rows: int) -> None:
    lines = stack(rows, 0.93 - 0.07 * (rows - 1), width=0.5)
    assert judged(lines).flagged and judged(lines).opinion.reason == "subtitles"
    kept, dropped = judged(lines, subtitles="keep"), judged(lines, subtitles="drop")
    assert not kept.flagged and not kept.dropped
    assert dropped.dropped and dropped.opinion.reason == "subtitles"


def test_credits_go_as_credits_with_subtitles_or_without() -> None:
    one = judged([*stack(5, 0.2), line(0.93, 0.5)], subtitles="keep")
    assert one.dropped and one.opinion.reason == "credits"


def test_where_the_thresholds_leave_no_room_between_them_subtitles_stay_without_a_flag() -> None:
    one = judged([line(0.92)], drop=0.5, review=0.4)
    assert not one.dropped and not one.flagged


def test_nothing_is_held_against_a_frame_that_nobody_looked_at() -> None:
    assert list(load(FilterSettings()).judge([Frame("a", "a.png")])) == [NOTHING_AGAINST]


SHARES = st.floats(0, 1)
SIZES = st.floats(0.01, 0.5)
READ = st.sampled_from((True, False, None))
LINES = st.builds(
    lambda x, y, wide, high, *more: Line(x, y, min(1, x + wide), min(1, y + high), high, *more),
    SHARES, SHARES, SIZES, SIZES, st.floats(-45, 45), SHARES, READ, st.booleans(),
)  # fmt: skip


@given(st.lists(LINES, max_size=12), SHARES, st.floats(0.5, 3))
def test_whatever_is_found_the_value_is_a_share_and_the_reason_a_known_one(
    lines: list[Line], busy: float, aspect: float
) -> None:
    made: Text = load(FilterSettings())
    (opinion,) = made.judge([Frame("a", "a.png", text=Lettering(tuple(lines), busy, aspect))])
    assert 0 <= opinion.value <= 1
    assert opinion.reason in ("credits", "title", "text", "subtitles")


# With the real detector ------------------------------------------------------------------------------


def photograph(name: str) -> Image.Image:
    return Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((640, 360))


def written(picture: Image.Image, lines: list[tuple[int, str]], size: int) -> Image.Image:
    """Centred lines, each with where its middle is, in pixels from above."""
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for y, text in lines:
        pen.text((picture.width / 2, y), text, (255, 255, 255), font, "mm", stroke_width=2, stroke_fill=(0, 0, 0))
    return picture


NAMES = ["Directed by Clara Ito", "Produced by Johan Berg", "Music by Nina Okada", "Camera by Paul Keller", "Editing"]


def a_film(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    black = Image.new("RGB", (640, 360))
    names = [(70 + 50 * at, name) for at, name in enumerate(NAMES)]
    written(black, names, 26).save(folder / "rolled.png")
    written(photograph("coffee"), names, 26).save(folder / "over.png")
    written(photograph("astronaut"), [(180, "The Long Summer")], 64).save(folder / "card.png")
    written(photograph("chelsea"), [(335, "We should go home before the rain.")], 24).save(folder / "spoken.png")
    photograph("camera").save(folder / "scene.png")


SETTINGS = """
[filter]
detector = "none"
use = ["text"]
{text}
[caption]
backend = "sandbox"
models = ["best"]
"""


@pytest.fixture
def cinema(home: Any) -> Any:
    pytest.importorskip("rapidocr_onnxruntime", reason="the ocr extra is not installed")
    home.settings(text=SETTINGS.format(text=""))
    a_film(home.raw / "film")
    return home


def dropped(home: Any) -> dict[str, str]:
    out = home.workspace / "filtered_out"
    return {file.name: file.relative_to(out).parts[0] for file in out.rglob("*.png")}


def test_credits_and_titles_are_in_folders_of_their_reasons_and_the_rest_stays(cinema: Any) -> None:
    said = cinema.run("filter")
    assert said.code == 0, said.err
    assert dropped(cinema) == {"rolled.png": "credits", "over.png": "credits", "card.png": "title"}
    assert "1 kept with a doubt" in said.err
    assert cinema.run("status", "--json").json["dropped"] == {"credits": 2, "title": 1}


def test_the_review_shows_subtitles_first_and_says_so(cinema: Any) -> None:
    cinema.run("filter", "--review", "--out", cinema.workspace / "review.html")
    page = (cinema.workspace / "review.html").read_text("utf-8")
    assert page.index("film/spoken.png") < page.index("film/rolled.png")
    assert "text takes" in page


def test_what_was_found_once_is_not_looked_for_again_at_other_thresholds(cinema: Any) -> None:
    cinema.run("filter")
    measures = cinema.workspace / ".ghibli-prep" / "measures.jsonl"
    assert len(measures.read_text("utf-8").splitlines()) == 5
    before = measures.read_bytes()
    cinema.settings(text=SETTINGS.format(text='[filter.text]\nsubtitles = "drop"'))
    assert cinema.run("filter", "--redo").code == 0
    assert dropped(cinema)["spoken.png"] == "subtitles" and len(dropped(cinema)) == 4
    cinema.settings(text=SETTINGS.format(text="[filter.text]\ndrop = 0.0"))
    assert cinema.run("filter", "--redo").code == 0
    assert dropped(cinema) == {}
    assert measures.read_bytes() == before


def test_without_its_package_a_list_that_names_it_is_refused_and_auto_goes_on_without_it(home: Any) -> None:
    home.monkeypatch.setitem(FILTERS, "text", Entry("ghibli_prep.filters.text", "text", "no_such_package", "ocr"))
    home.settings(text=SETTINGS.format(text=""))
    a_film(home.raw / "film")
    said = home.run("filter")
    assert said.code == 2
    assert "'text' needs the package no_such_package" in said.err and 'pip install "ghibli-prep[ocr]"' in said.err
    home.settings(text=SETTINGS.replace('use = ["text"]', 'use = "auto"').format(text=""))
    assert home.run("filter").code == 0
    assert dropped(home) == {}


def test_where_there_is_no_package_for_this_python_nobody_is_sent_to_install_it() -> None:
    entry = Entry("ghibli_prep.filters.text", "text", "no_such_package", "ocr", sys.version_info[:2])
    with pytest.raises(MissingExtra, match=rf"use Python 3\.{sys.version_info[1] - 1}, or leave the filter out"):
        entry.load(FilterSettings())
