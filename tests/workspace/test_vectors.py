"""Vectors of captions, kept: what is in the file is what was written, or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ghibli_prep.workspace.vectors import Floats, Vectors

WIDTH = 6


def vectors(texts: list[str]) -> dict[str, Floats]:
    rows = np.random.default_rng(len(texts)).normal(size=(len(texts), WIDTH)).astype(np.float32)
    return dict(zip(texts, rows / np.linalg.norm(rows, axis=1, keepdims=True), strict=True))


def opened(path: Path, maker: str = "model", writable: bool = True) -> Vectors:
    return Vectors(path, maker, WIDTH, writable)


def test_what_was_noted_is_known_to_the_next_run_by_its_text(tmp_path: Path) -> None:
    made = vectors(["a cat", "a dog", "猫 \ud83d"])
    first = opened(tmp_path / "v.bin")
    first.note({"a cat": made["a cat"]})
    first.note({text: made[text] for text in list(made)[1:]})
    again = opened(tmp_path / "v.bin")
    assert all(map(again.known, made))
    assert not again.known("a bird")
    np.testing.assert_array_equal(again.of(list(made), {}), np.stack(list(made.values())))
    new = vectors(["a bird"])
    np.testing.assert_array_equal(again.of(["a bird", "a cat"], new), [new["a bird"], made["a cat"]])
    with pytest.raises(KeyError):
        again.of(["a bird"], {})


def test_another_model_knows_none_of_them_and_begins_anew(tmp_path: Path) -> None:
    opened(tmp_path / "v.bin").note(vectors(["a cat"]))
    assert not opened(tmp_path / "v.bin", "other").known("a cat")
    assert not opened(tmp_path / "v.bin").known("a cat")


def test_a_cut_at_any_byte_loses_no_whole_vector_and_the_file_goes_on(tmp_path: Path) -> None:
    path, made = tmp_path / "v.bin", vectors(["a", "b"])
    opened(path)
    header = path.stat().st_size
    opened(path).note(made)
    whole = path.read_bytes()
    record = (len(whole) - header) // 2
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        again = opened(path)
        assert [again.known("a"), again.known("b")] == [end >= header + record, False]
        again.note({"b": made["b"]})
        np.testing.assert_array_equal(opened(path).of(["b"], {}), [made["b"]])


def test_a_vector_with_zeros_where_a_pulled_cable_left_them_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "v.bin"
    opened(path).note(vectors(["a", "b"]))
    path.write_bytes(path.read_bytes()[:-8] + bytes(8))
    again = opened(path)
    assert [again.known("a"), again.known("b")] == [True, False]


def test_one_that_is_not_held_writes_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "v.bin", writable=False).note(vectors(["a"]))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "v.bin").mkdir()
    made = vectors(["a"])
    there = opened(tmp_path / "v.bin")
    there.note(made)
    np.testing.assert_array_equal(there.of(["a"], made), [made["a"]])
