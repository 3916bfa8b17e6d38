"""The page of the filter's decisions as its readers meet it: in a browser, from a file, without a network."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import skimage.data
from PIL import Image, ImageFilter

TEXT = """
[filter]
use = ["black", "blur", "duplicate"]
[resize]
size = 32
[caption]
backend = "sandbox"
models = ["best"]
"""
EVIL = "a 'quoted' <script>document.title='taken'<script> & more"


@pytest.fixture
def filtered(home: Any) -> Any:
    """Frames of a film with an odd name: three photographs, a repeat of one, a blurred and a black one."""
    home.settings(text=TEXT)
    folder = home.raw / EVIL
    folder.mkdir(parents=True)
    photos = {
        name: Image.fromarray(getattr(skimage.data, name)()).convert("RGB") for name in ("astronaut", "moon", "coffee")
    }
    photos["copy"] = photos["moon"].crop((10, 10, 500, 500))
    photos["blurred"] = photos["astronaut"].rotate(180).filter(ImageFilter.GaussianBlur(9))
    photos["black"] = Image.new("RGB", (64, 64))
    for name, picture in photos.items():
        picture.save(folder / f"{name}.png")
    said = home.run("filter", "--review")
    assert said.code == 0, said.err
    assert "review.html is written: 0 flagged" in said.out
    return home


@pytest.fixture
def page(filtered: Any, browser: Any) -> Any:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("request", lambda request: wrong.append(request.url) if request.url.startswith("http") else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.goto((filtered.workspace / "review.html").absolute().as_uri())
    opened.wait_for_selector('html[data-ready="all"]')
    yield opened
    assert wrong == []
    context.close()


def card(page: Any, name: str) -> Any:
    return page.locator("figure").filter(has=page.locator(f'img[alt$="/{name}.png"]:not(.other)'))


def test_every_decision_is_there_with_its_reason_and_a_repeat_with_the_frame_that_stays(page: Any) -> None:
    assert page.locator("figure").count() == 6
    assert "dropped: black" in card(page, "black").inner_text()
    assert "dropped: blur" in card(page, "blurred").inner_text()
    copy = card(page, "copy").or_(card(page, "moon")).filter(has_text="dropped: duplicate")
    assert copy.count() == 1
    assert copy.locator("img.other").count() == 1
    assert page.title() == "The filter's decisions"


def test_what_is_clicked_becomes_commands_that_do_it(page: Any, filtered: Any) -> None:
    card(page, "blurred").click()
    card(page, "coffee").focus()
    page.keyboard.press("d")
    card(page, "astronaut").focus()
    page.keyboard.press("k")  # it is kept already
    commands = page.inner_text("#commands").splitlines()
    assert len(commands) == 2
    for command in commands:
        program, *words = shlex.split(command)
        assert program == "ghibli-prep"
        assert filtered.run(*words).code == 0
    now = filtered.run("status", "--json").json
    assert now["dropped"] == {"black": 1, "by_hand": 1, "duplicate": 1}


def test_marks_outlive_a_reload_and_can_be_taken_back(page: Any) -> None:
    card(page, "blurred").click()
    page.reload()
    page.wait_for_selector('html[data-ready="all"]')
    assert "to keep" in card(page, "blurred").inner_text()
    card(page, "blurred").focus()
    page.keyboard.press("u")
    assert page.locator("#overruled").is_hidden()


def test_the_sheet_can_be_searched_and_narrowed(page: Any) -> None:
    page.select_option("#reason", "black")
    assert page.locator("figure").count() == 1
    page.select_option("#reason", "")
    page.fill("#search", "coffee")
    assert page.inner_text("#shown") == "1 of 6 frames"


def test_the_page_goes_where_the_user_wants_it_and_shows_what_the_user_decided(filtered: Any) -> None:
    frame = filtered.workspace / "filtered_out" / "black" / EVIL / "black.png"
    assert filtered.run("keep", frame).code == 0
    said = filtered.run("filter", "--review", "--out", filtered.workspace / "pages" / "mine.html")
    assert said.code == 0
    text = (filtered.workspace / "pages" / "mine.html").read_text("utf-8")
    assert '"by":"user"' in text
    assert EVIL not in text
