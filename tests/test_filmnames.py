"""Names of films that every system takes as a folder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.filmnames import safe


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("totoro", "totoro"), ("Kiki's Delivery Service (1989)", "Kiki's Delivery Service (1989)"),
        ("Nausicaä", "Nausicaä"), ("となりのトトロ", "となりのトトロ"), ("CON", "_CON"), ("nul.part1", "_nul.part1"),
        ("com1", "_com1"), ("a: the film?", "a_ the film_"), ("ends with dots...", "ends with dots"),
        (".hidden", "hidden"),
        ("..", "film"), ("", "film"), ("a/b\\c", "a_b_c"), ("bad\udcff", "bad_udcff"), ("tab\there", "tab_here"),
    ],
)  # fmt: skip
def test_a_name_is_made_safe(stem: str, name: str) -> None:
    assert safe(stem) == name


@given(st.text(st.characters(), max_size=300))
def test_no_name_can_hurt(stem: str) -> None:
    name = safe(stem)
    assert name
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert not set(name) & set('<>:"/\\|?*\0\n')
    assert len(name.encode()) <= 121
    assert name.split(".")[0].rstrip().lower() not in ("con", "prn", "aux", "nul", "com1", "lpt9")
    assert safe(name) == name
