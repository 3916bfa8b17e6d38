"""Any harm done to a finished dataset is found, where it was done; --fix is done once and loses nothing."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

NUMBERS = range(1, 6)
META = "train/metadata.jsonl"
Harm = Callable[[Any, int], tuple[str, str, int | None]]
"""Harms the dataset at a picture; says which problem is to be found, in which file and line."""


def _edit(dataset: Any, number: int, change: Callable[[bytes], bytes]) -> None:
    lines = dataset.lines
    lines[number - 1] = change(lines[number - 1])
    dataset.write(lines)


def _record(**values: Any) -> Callable[[bytes], bytes]:
    return lambda raw: json.dumps({**json.loads(raw), **values}).encode() + b"\n"


def _words(change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    return lambda raw: json.dumps({**json.loads(raw), "text": change(json.loads(raw)["text"])}).encode() + b"\n"


def _line(check: str, change: Callable[[bytes], bytes]) -> Harm:
    def harm(dataset: Any, number: int) -> tuple[str, str, int | None]:
        _edit(dataset, number, change)
        return check, META, number

    return harm


def _picture(check: str, change: Callable[[bytes], bytes]) -> Harm:
    def harm(dataset: Any, number: int) -> tuple[str, str, int | None]:
        file = dataset.picture(number)
        file.write_bytes(change(file.read_bytes()))
        return check, f"train/{number}.jpg", None

    return harm


def _saved(change: Callable[[Image.Image], Image.Image], kind: str = "JPEG") -> Callable[[bytes], bytes]:
    def save(content: bytes) -> bytes:
        file = io.BytesIO()
        with Image.open(io.BytesIO(content)) as picture:
            change(picture).save(file, kind, quality=92)
        return file.getvalue()

    return save


def _stray(dataset: Any, number: int) -> tuple[str, str, int | None]:
    name = (f"0{number}.jpg", f"{number}.png", "Thumbs.db", "notes.txt", ".DS_Store")[number % 5]
    (dataset.train / name).write_bytes(b"x")
    return "stray", f"train/{name}", None


def _no_line(dataset: Any, number: int) -> tuple[str, str, int | None]:
    lines = dataset.lines
    dataset.write([*lines[: number - 1], *lines[number:]])
    return "no-caption", f"train/{number}.jpg", None


def _no_picture(dataset: Any, number: int) -> tuple[str, str, int | None]:
    dataset.picture(number).unlink()
    return "no-picture", META, number


def _copy(dataset: Any, number: int) -> tuple[str, str, int | None]:
    other = number % 5 + 1
    dataset.picture(other).write_bytes(dataset.picture(number).read_bytes())
    return "exact-copy", f"train/{max(number, other)}.jpg", None


def _near(dataset: Any, number: int) -> tuple[str, str, int | None]:
    other = number % 5 + 1
    dataset.picture(other).write_bytes(_saved(lambda picture: picture)(dataset.picture(number).read_bytes()))
    return "near-duplicate", f"train/{max(number, other)}.jpg", None


def _twice(dataset: Any, number: int) -> tuple[str, str, int | None]:
    dataset.write([*dataset.lines, dataset.lines[number - 1]])
    return "duplicate-line", META, 6


def _same_text(dataset: Any, number: int) -> tuple[str, str, int | None]:
    other = number % 5 + 1
    text = json.loads(dataset.lines[number - 1])["text"]
    _edit(dataset, other, _record(text=text))
    return "same-text", META, max(number, other)


def _bom(dataset: Any, number: int) -> tuple[str, str, int | None]:
    dataset.metadata.write_bytes(b"\xef\xbb\xbf" + dataset.metadata.read_bytes())
    return "bom", META, 1


def _cut(dataset: Any, number: int) -> tuple[str, str, int | None]:
    dataset.metadata.write_bytes(dataset.metadata.read_bytes()[: -1 - 9 * number])
    return "cut-off-line", META, 5


HARMS: dict[str, Harm] = {
    "broken JSON": _line("json", lambda raw: raw.replace(b'"text"', b'"text')),
    "not UTF-8": _line("json", lambda raw: raw.replace(b"girl", b"g\xefrl")),
    "CRLF": _line("crlf", lambda raw: raw.replace(b"\n", b"\r\n")),
    "another key": _line("keys", lambda raw: raw.replace(b'"text"', b'"caption"')),
    "a key more": _line("keys", _record(seed=1)),
    "a number for a text": _line("types", _record(text=7)),
    "an empty text": _line("empty-text", _record(text="")),
    "a marker": _line("blocked", _record(text="[BLOCKED_BY_SAFETY_FILTER]")),
    "a folder": _line("file-name", lambda raw: raw.replace(b'"file_name": "', b'"file_name": "train/')),
    "no trigger": _line("trigger", _words(lambda text: text.removeprefix("Ghibli style "))),
    "a stuck trigger": _line("trigger", _words(lambda text: text.replace("style ", "style"))),
    "a full stop": _line("final-stop", _words(lambda text: text + ".")),
    "markdown": _line("markdown", _words(lambda text: text.replace("girl", "**girl**"))),
    "two lines": _line("one-line", _words(lambda text: text.replace(" and ", "\n and "))),
    "half a character": _line("unicode", _words(lambda text: text + " \ud83d")),
    "a refusal": _line("refusal", _words(lambda _: "Ghibli style I'm sorry, I can't help with that" + " now" * 15)),
    "too short": _line("min-words", _words(lambda text: " ".join(text.split()[:9]))),
    "too long": _line("max-words", _words(lambda text: f"{text} {' '.join(f'word{n}' for n in range(80))}")),
    "a name": _line("names", _words(lambda text: text.replace("a young girl", "Totoro"))),
    "another language": _line("language", _words(lambda _: "Ghibli style " + "若い女の子が丘の上に立っている" * 4)),
    "a loop": _line("loop", _words(lambda text: text + " again" * 5)),
    "a half picture": _picture("decodes", lambda content: content[: len(content) // 2]),
    "zeros in a picture": _picture("decodes", lambda content: content[:-400] + bytes(400)),
    "no bytes": _picture("decodes", lambda _: b""),
    "a PNG": _picture("jpeg", _saved(lambda picture: picture.copy(), "PNG")),
    "greyscale": _picture("rgb", _saved(lambda picture: picture.convert("L"))),
    "CMYK": _picture("rgb", _saved(lambda picture: picture.convert("CMYK"))),
    "another size": _picture("size", _saved(lambda picture: picture.resize((63, 64)))),
    "a stray": _stray,
    "no line": _no_line,
    "no picture": _no_picture,
    "a copy": _copy,
    "a near-duplicate": _near,
    "a line twice": _twice,
    "one text for two": _same_text,
    "a BOM": _bom,
    "a cut": _cut,
}


@pytest.mark.parametrize("what", HARMS)
@given(number=st.sampled_from(NUMBERS))
@settings(max_examples=5)
def test_any_harm_is_found_in_its_file_and_line(new_dataset: Any, what: str, number: int) -> None:
    dataset = new_dataset(NUMBERS)
    expected = HARMS[what](dataset, number)
    before = dataset.everything
    assert expected in dataset.found
    assert dataset.everything == before


@given(harms=st.lists(st.tuples(st.sampled_from(sorted(HARMS)), st.sampled_from(NUMBERS)), min_size=1, max_size=4))
@settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])  # disks are slow when others write too
def test_fix_is_done_once_and_loses_no_caption_and_no_picture(new_dataset: Any, harms: list[tuple[str, int]]) -> None:
    dataset = new_dataset(NUMBERS)
    for what, number in harms:
        # harmed too much already for this, too
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
            HARMS[what](dataset, number)
    texts, pictures = captions(dataset), dataset.pictures
    dataset.fix()
    once = dataset.everything
    remaining = dataset.look()
    assert captions(dataset) >= texts
    assert dataset.pictures >= pictures
    assert dataset.fix() == []
    assert dataset.everything == once
    unopened = {"json", "keys", "types"} & {problem.check for problem in remaining.found}
    if not unopened and not dataset.told:  # told: most captions lack the trigger words
        assert not [problem for problem in remaining.problems if problem.fixable]


def captions(dataset: Any) -> set[str]:
    """Every text in any line that says something."""
    return {text for text in dataset.texts if text.strip() and text != "[BLOCKED_BY_SAFETY_FILTER]"}
