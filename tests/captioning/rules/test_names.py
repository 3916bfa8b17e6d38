"""Names are found as words, in any case, width and script, and ordinary words are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep import resources
from ghibli_prep.captioning.rules.names import Banned

GHIBLI = Banned(resources.names("ghibli"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a girl like Kiki on a broom", "kiki"),
        ("TOTORO in the rain", "totoro"),
        ("Totoro's umbrella", "totoro"),
        ("a Totoro-like beast", "totoro"),
        ("a soft Ｔｏｔｏｒｏ doll", "totoro"),
        ("Nausicaä in the wind", "nausicaa"),
        ("nausicaa in the wind", "nausicaa"),
        ("Sōsuke with a fish", "sosuke"),
        ("from My  Neighbor\nTotoro", "my  neighbor\ntotoro"),
        ("Kiki’s Delivery Service", "kiki's delivery service"),
        ("howl's door", "howl"),
        ("MEI in a field", "mei"),
        ("a castle in the sky", "castle in the sky"),
        ("Ocean Waves", "Ocean Waves"),
        ("the boy SEN", "SEN"),
        ("森のトトロと少女", "トトロ"),
        ("ﾄﾄﾛの森", "トトロ"),
        ("千と千尋の神隠し", "千と千尋の神隠し"),
    ],
)
def test_a_name_is_found(text: str, name: str) -> None:
    assert GHIBLI.found(text)[0] == name


@pytest.mark.parametrize(
    "text",
    [
        "a wolf howls, ocean waves below",
        "a figure with no face and a forest spirit, a baron",
        "a kimono, a kikiyo flower, a totorola",
        "a sandy beach, linen, pods, a spiller of tea",
        "トンボ玉の少年",
    ],
)
def test_ordinary_words_are_no_names(text: str) -> None:
    assert GHIBLI.found(text) == []


def test_every_name_of_the_list_is_found_by_itself_and_said_once() -> None:
    for line in resources.names("ghibli"):
        name = line.removeprefix("=")
        assert len(GHIBLI.found(f"{name}, {name}")) >= 1
        assert len(set(GHIBLI.found(name))) == len(GHIBLI.found(name))


def test_a_list_without_names_finds_nothing() -> None:
    assert Banned(()).found("Totoro") == []


@given(st.text(st.characters(categories=["L", "N", "Z"])))
def test_case_does_not_count(text: str) -> None:
    listed = Banned(["Kiki", "トトロ"])
    assert (
        bool(listed.found(f"{text} Kiki"))
        and bool(listed.found(f"{text} KIKI"))
        and bool(listed.found(text + "トトロ"))
    )
