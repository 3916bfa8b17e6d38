"""The report as its readers meet it: in a browser, from a file, without a network."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

EVIL = 'Ghibli style a sign that says <script>document.title="taken"</script><!-- </script> & "quotes" on a wall'


@pytest.fixture
def dataset(home: Any, sandbox: Any) -> Any:
    """Six pictures of two films: one is blocked, and one was edited by hand to look like a script."""
    home.frames(0, 1, 2, film="A & B")
    home.frames(3, 4, 5, film="Totoro")
    home.settings('strategy = "sequential"')
    home.keys(1, sandbox(best={"rpd": 4}, next={}, faults=[{"kind": "blocked_prompt", "calls": [3]}]).url)
    assert home.run("run").code == 0
    file = home.train / "metadata.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for line in lines:
        if line["file_name"] == "1.jpg":
            line["text"] = EVIL
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return home


@pytest.fixture
def page(dataset: Any, browser: Any) -> Any:
    """The report, opened; what it asks of any network is kept in `page.asked`, what goes wrong in `page.errors`."""
    said = dataset.run("report")
    assert said.code == 0
    assert "report.html is written" in said.out
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light", offline=True)
    opened = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    opened.goto((dataset.workspace / "report.html").absolute().as_uri())
    opened.wait_for_selector('html[data-ready="all"]')
    yield opened
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert errors == []
    context.close()


def until(page: Any, condition: str) -> None:
    """Wait for it. (The page lets nobody evaluate texts, playwright's own way of waiting among them.)"""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {condition}")


def shown(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("figure .badge:first-child").all_inner_texts()]


def test_every_picture_is_on_the_sheet_with_its_caption_and_its_image(page: Any, dataset: Any) -> None:
    assert shown(page) == [f"{number}.jpg" for number in range(1, 7)]
    assert page.locator("figure p").all_inner_texts()[1] == dataset.captions["2.jpg"]
    widths = page.eval_on_selector_all("figure img", "images => images.map(image => image.naturalWidth)")
    assert widths == [32] * 6
    assert page.inner_text("#shown") == "6 of 6 pictures"


def test_a_text_that_looks_like_a_script_is_only_a_text(page: Any, dataset: Any) -> None:
    assert page.title() == f"{Path('data/ghibli')} · dataset report"
    assert (
        page.locator("figure p").first.inner_text().startswith("Ghibli style a sign that says <script>document.title")
    )
    content = (dataset.workspace / "report.html").read_text("utf-8")
    assert "says <script" not in content
    assert re.search(r"""(src|href)=["']?https?:""", content.split("<script>")[0]) is None


def test_searching_and_filtering_leave_what_fits(page: Any) -> None:
    page.fill("#search", "sign WALL")
    assert shown(page) == ["1.jpg"]
    page.fill("#search", "")
    page.select_option("#film", "Totoro")
    assert shown(page) == ["4.jpg", "5.jpg", "6.jpg"]
    page.select_option("#film", "")
    page.select_option("#state", "blocked")
    assert shown(page) == ["3.jpg"]
    page.select_option("#state", "edited by hand")
    assert shown(page) == ["1.jpg"]
    page.select_option("#state", "")
    page.select_option("#rule", "min-words")
    assert shown(page) == ["1.jpg"]
    page.select_option("#rule", "")
    page.select_option("#model", "next")
    assert page.inner_text("#shown") == "2 of 6 pictures"
    page.select_option("#model", "")
    page.select_option("#sort", "shortest")
    assert shown(page)[:2] == ["3.jpg", "1.jpg"]


def test_plots_are_drawn_in_the_colours_of_the_page_and_follow_it_into_the_dark(page: Any) -> None:
    until(page, "document.querySelectorAll('.plot .js-plotly-plot').length > 1")
    page.locator("#plot-words").scroll_into_view_if_needed()
    until(page, "document.querySelector('#plot-words .xtick text') !== null")
    ink = "document.querySelector('#plot-words .xtick text').style.fill"
    light = page.evaluate(ink)
    page.emulate_media(color_scheme="dark")
    until(page, f"{ink} !== {json.dumps(light)}")
    picture = Image.open(io.BytesIO(page.screenshot())).convert("L")
    assert picture.resize((1, 1)).getpixel((0, 0)) < 90  # type: ignore[operator]


def test_a_screenshot_shows_a_light_page_with_something_on_it(page: Any) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    assert picture.size == (1280, 900)
    assert sum(picture.resize((1, 1)).getpixel((0, 0))) / 3 > 180  # type: ignore[arg-type]
    colours = picture.getcolors(maxcolors=10**6)
    assert colours is not None and len(colours) > 50


@pytest.mark.parametrize("width", [320, 390])
def test_on_a_phone_nothing_stands_out_to_the_side(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_printed_it_has_every_picture(page: Any) -> None:
    page.emulate_media(media="print")
    assert page.locator(".controls").is_hidden()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    until(page, "[...document.querySelectorAll('.plot > div')].every(plot => plot.querySelector('svg.main-svg'))")
    assert page.pdf()[:5] == b"%PDF-"
    assert len(shown(page)) == 6


def test_a_long_sheet_is_made_as_the_reader_comes_near(page: Any) -> None:
    page.evaluate("DATA.pictures = Array.from({length: 500}, (_, n) => ({...DATA.pictures[0], n})); show()")
    first = page.locator("figure").count()
    assert first < 500
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    until(page, f"document.querySelectorAll('figure').length > {first}")


def test_the_sample_shows_all_that_is_known_and_the_same_seed_draws_the_same(
    dataset: Any, browser: Any, tmp_path: Path
) -> None:
    pages: list[bytes] = []
    for name in ("a", "b"):
        assert dataset.run("sample", "3", "--seed", "5", "--out", tmp_path / f"{name}.html").code == 0
        pages.append(re.sub(rb"Made by ghibli-prep, [^<]*", b"", (tmp_path / f"{name}.html").read_bytes()))
    assert pages[0] == pages[1]
    opened = browser.new_page(viewport={"width": 390, "height": 800}, offline=True)
    opened.goto((tmp_path / "a.html").absolute().as_uri())
    assert opened.locator("figure").count() == 3
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    opened.close()


def test_a_sample_may_be_of_chosen_pictures_and_escapes_their_texts(dataset: Any, tmp_path: Path) -> None:
    out = tmp_path / "new" / "sample.html"
    assert dataset.run("sample", "--where", "edited=yes", "--out", out).code == 0
    content = out.read_text("utf-8")
    assert content.count("<figure") == 1
    assert "&lt;script&gt;" in content and "<script" not in content
    assert "A &amp; B/0000.png" in content and "edited by hand" in content
    none = dataset.run("sample", "--where", "text~nothing like it", "--out", out)
    assert none.code == 0
    assert "No picture fits that" in none.err


def test_more_pictures_move_no_other_in_the_draw() -> None:
    from ghibli_prep.overview import draw
    from ghibli_prep.rows import Row

    more = [Row(number, "captioned", "text", "", "", None) for number in range(1, 400)]
    some = more[:199]
    first = {row.number for row in draw(some, 50, 1)}
    assert {row.number for row in draw(more, 50, 1) if row.number < 200} <= first
    assert first != {row.number for row in draw(some, 50, 2)}
