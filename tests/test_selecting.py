"""Conditions choose rows as their words say, and what cannot be understood is refused with what there is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning.rules import Profile
from ghibli_prep.errors import UsageError
from ghibli_prep.rows import Row
from ghibli_prep.selecting import FIELDS, NUMBERS, Selection
from ghibli_prep.settings import CaptionSettings
from ghibli_prep.workspace.provenance import Provenance

PROFILE = Profile.of(CaptionSettings())
MADE = Provenance(
    number=1, outcome="captioned", text="Ghibli style a boy", reason="", source="Totoro/1.png", picture="", key=2,
    backend="google-genai", model="gemini-2.5-flash", model_version="gemini-2.5-flash-001", fingerprint="ab12",
    prompt="00ff", mended=("final-stop", "quotes"), asked_again=("min-words",), input_tokens=300, output_tokens=30,
    cost=0.01, attempts=2, requests=1.0, seconds=2.5, time="2026-11-20T23:59:59+00:00",
)  # fmt: skip
ROW = Row(1, "captioned", "Ghibli style a boy", "", "Totoro/1.png", MADE, shared=True)
UNKNOWN = replace(ROW, number=2, made=None, source="alone.png")
EDITED = replace(ROW, number=3, text="Ghibli style a Cat in a field", shared=False)
ROWS = [ROW, UNKNOWN, EDITED]


def chosen(*where: str, other: tuple[str, ...] = (), numbers: str = "") -> list[int]:
    return [row.number for row in Selection.of(where, other, numbers).of_rows(ROWS, PROFILE)]


@pytest.mark.parametrize(
    ("condition", "numbers"),
    [
        ("model=gemini-2.5-flash", [1, 3]),
        ("model = GEMINI-2.5-flash", [1, 3]),
        ("model!=gemini-2.5-flash", [2]),
        ("model=", [2]),
        ("model~lite", []),
        ("model!~lite", [1, 2, 3]),
        ("model_version~001", [1, 3]),
        ("words<5", [1, 2]),
        ("words>=7", [3]),
        ("words=4", [1, 2]),
        ("words!=4", [3]),
        ("text~CAT", [3]),
        ("film=totoro", [1, 3]),
        ("film=", [2]),
        ("source~alone", [2]),
        ("edited=yes", [3]),
        ("edited=no", [1, 2]),
        ("rule=min-words", [1, 2, 3]),
        ("rule=loop", []),
        ("mended=quotes", [1, 3]),
        ("mended!=quotes", [2]),
        ("asked_again=min-words", [1, 3]),
        ("time=2026-11-20", [1, 3]),
        ("time<2026-11-21", [1, 3]),
        ("time>2026-11-21", []),
        ("time>2026-11-20", []),
        ("time<=2026-11-20", [1, 3]),
        ("time>=2026-11-20 23:59", [1, 3]),
        ("time<2026-11-20T23:59:59", []),
        ("text~/^ghibli style a \\w+ in/", [3]),
        ("text!~/\\bcat\\b/", [1, 2]),
        ("text~/", []),
        ("rule=same-text", [1, 2]),
        ("rule~words", [1, 2, 3]),
        ("asked_again=", [2]),
        ("rule=", []),
        ("cost>0.001", [1, 3]),
        ("cost<=1", [1, 3]),
        ("key=2", [1, 3]),
        ("attempts>1", [1, 3]),
        ("number>2", [3]),
        ("tokens<4", []),
    ],
)
def test_a_condition_holds_for_the_rows_it_speaks_of(condition: str, numbers: list[int]) -> None:
    assert chosen(condition) == numbers


def test_all_of_where_or_any_other_and_only_of_the_numbers() -> None:
    assert chosen("film=totoro", "text~cat") == [3]
    assert chosen("film=totoro", "text~cat", other=("model=",)) == [2, 3]
    assert chosen(other=("model=",)) == [2]
    assert chosen(numbers="1, 3-9") == [1, 3]
    assert chosen("words<5", numbers="2-3") == [2]


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ("model", "not a condition"),
        ("", "not a condition"),
        ("=x", "not a condition"),
        ("colour=red", "nothing is called colour. There are: asked_again, "),
        ("words<many", "words is a number, 'many' is none"),
        ("words~2", "words is a number: compare it with"),
        ("model<b", "model is a text: compare it with"),
        ("rule=min-word", "rule is never 'min-word'. It is one of: unicode, .*min-words"),
        ("mended!=stops", "mended is never 'stops'"),
        ("edited=maybe", "edited is never 'maybe'. It is one of: yes, no"),
        ("time<yesterday", "a time is such as 2026-11-20 or"),
        ("time<", "time is a text"),
        ("text~/(/", r"/\(/ is not a regular expression: "),
    ],
)
def test_what_is_no_condition_is_refused_with_what_there_is(condition: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        chosen(condition)


@pytest.mark.parametrize("numbers", ["a", "5-", "9-5", "1;2", "1-9999999"])
def test_what_is_no_list_of_numbers_is_refused(numbers: str) -> None:
    with pytest.raises(UsageError, match="not a number of a picture"):
        chosen(numbers=numbers)


def test_the_same_choice_has_the_same_name_in_any_order() -> None:
    one = Selection.of(["words<20", "film=Ponyo"], ["key=1"], "5,3")
    assert str(one) == str(Selection.of(["film = ponyo", "words<20"], ["key=1"], "3, 5"))
    assert str(one) == "film=ponyo and words<20 or key=1; numbers 3,5"
    assert not Selection.of([], [], "")


@given(st.sets(st.integers(1, 5000)))
def test_any_numbers_written_out_are_those_numbers(numbers: set[int]) -> None:
    chosen = Selection.of([], [], ",".join(map(str, numbers)))
    assert chosen.numbers == numbers
    assert Selection.of([], [], str(chosen).removeprefix("numbers ")).numbers == numbers


def test_a_hundred_thousand_numbers_have_a_short_name() -> None:
    assert str(Selection.of([], [], "1-100000, 7, 100003")) == "numbers 1-100000,100003"


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_asked_of_every_row(name: str) -> None:
    assert set(chosen(f"{name}=1" if name in NUMBERS else f"{name}=")) <= {1, 2, 3}
