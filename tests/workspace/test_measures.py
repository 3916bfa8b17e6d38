from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.workspace.measures import Measures

FACTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["look", "people"]), FACTS), max_size=90))
def test_what_was_noted_last_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, noted: list[tuple[str, str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("state") / "measures.jsonl"
    measures = Measures(path, writable=True)
    for identity, kind, fact in noted:
        measures.note(identity, kind, "1", fact)
    measures.flush()
    again = Measures(path, writable=False)
    for identity, kind, fact in {(i, k): (i, k, f) for i, k, f in noted}.values():
        assert again.of(identity, kind, "1") == measures.of(identity, kind, "1") == fact


def test_what_another_maker_measured_is_as_good_as_nothing(tmp_path: Path) -> None:
    measures = Measures(tmp_path / "measures.jsonl", writable=True)
    measures.note("a", "people", "yolo", 1)
    assert measures.of("a", "people", "mediapipe") is None
    assert measures.of("b", "people", "yolo") is None


def test_what_cannot_be_understood_is_nothing(tmp_path: Path) -> None:
    measures = Measures(tmp_path / "measures.jsonl", writable=True)
    measures.note("a", "look", "1", {"other": 1})
    assert measures.of("a", "look", "1", lambda fact: fact["dark"]) is None


@pytest.mark.parametrize("end", [1, 10, 40])
def test_a_line_cut_off_by_a_kill_is_lost_and_no_other(tmp_path: Path, end: int) -> None:
    path = tmp_path / "measures.jsonl"
    measures = Measures(path, writable=True)
    for name in "abc":
        measures.note(name, "look", "1", [name] * 20)
    measures.flush()
    path.write_bytes(path.read_bytes()[:-end])
    cut = Measures(path, writable=True)
    assert cut.of("b", "look", "1") == ["b"] * 20
    cut.note("d", "look", "1", "whole")
    cut.flush()
    again = Measures(path, writable=True)
    assert again.of("d", "look", "1") == "whole"
    assert again.of("a", "look", "1") == ["a"] * 20


def test_a_workspace_that_is_not_held_only_remembers(tmp_path: Path) -> None:
    measures = Measures(tmp_path / "measures.jsonl", writable=False)
    measures.note("a", "look", "1", 1)
    measures.flush()
    assert measures.of("a", "look", "1") == 1
    assert not (tmp_path / "measures.jsonl").exists()


def test_a_full_disk_is_no_reason_to_stop(tmp_path: Path) -> None:
    measures = Measures(tmp_path / "no such folder" / "measures.jsonl", writable=True)
    measures.note("a", "look", "1", 1)
    measures.flush()
    assert measures.of("a", "look", "1") == 1
