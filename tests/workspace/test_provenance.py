"""Where each caption came from is kept in lines that outlive cuts, and lines not ours are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.errors import ForeignState
from ghibli_prep.samples import Captioned, Failed
from ghibli_prep.workspace import Workspace, provenance
from ghibli_prep.workspace.provenance import Provenance

MADE = Provenance(
    number=3,
    outcome="captioned",
    text="Ghibli style a boy",
    reason="",
    source="film/0001.png",
    picture="ab" * 32,
    backend="google-genai",
    model="gemini-2.5-flash",
    model_version="gemini-2.5-flash-001",
    key=1,
    fingerprint="k-12ab",
    prompt="0123456789abcdef",
    mended=("final-stop",),
    asked_again=(),
    input_tokens=300,
    output_tokens=30,
    cost=0.000165,
    attempts=1,
    requests=1.0,
    seconds=2.5,
    time="2026-11-20T23:59:59+00:00",
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "captions.jsonl"


def hash_file(file: Path) -> str:
    return file.name


def test_no_file_is_no_answer(file: Path) -> None:
    assert list(provenance.read(file)) == []


def test_an_answer_is_read_as_it_was_written_and_its_line_stands_on_its_own(file: Path) -> None:
    free = replace(MADE, number=4, cost=None, outcome="failed", text="", reason="nothing but ヘビ")
    for made in (MADE, free):
        provenance.append(file, made)
    assert list(provenance.read(file)) == [MADE, free]
    first = json.loads(file.read_text("utf-8").splitlines()[0])
    assert (first["number"], first["model"], first["mended"]) == (3, "gemini-2.5-flash", ["final-stop"])


@given(st.data())
def test_whatever_is_cut_off_all_whole_lines_before_it_are_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("cut") / "captions.jsonl"
    for number in (1, 2, 3):
        provenance.append(file, replace(MADE, number=number, text="Ghibli style 風の谷"))
    content = file.read_bytes()
    ends = [at + 1 for at, byte in enumerate(content) if byte == ord("\n")]
    cut = data.draw(st.integers(0, len(content)))
    file.write_bytes(content[:cut])
    provenance.start(file)
    # a line that lacks only its newline is whole
    whole = sum(cut >= end - 1 for end in ends)
    assert [made.number for made in provenance.read(file)] == [1, 2, 3][:whole]
    provenance.append(file, MADE)
    assert len(list(provenance.read(file))) == whole + 1


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"nonsense",
        b'{"version": 2, "number": 1}',
        b'{"version": 1, "number": 1}',
        b"\xff\xfe",
        b'{"number": 1, "text": "a"}',
    ],
)
def test_a_line_not_ours_is_refused_with_its_number_and_left_untouched(file: Path, line: bytes) -> None:
    provenance.append(file, MADE)
    content = file.read_bytes() + line + b"\n"
    file.write_bytes(content)
    with pytest.raises(ForeignState, match="line 2: not a line of this ghibli-prep"):
        list(provenance.read(file))
    assert file.read_bytes() == content


def test_a_field_of_another_kind_is_refused(file: Path) -> None:
    provenance.append(file, MADE)
    record = json.loads(file.read_bytes())
    for name in ("number", "outcome", "cost", "mended", "time"):
        file.write_text(json.dumps({**record, name: {"odd": 1}}) + "\n", encoding="utf-8")
        with pytest.raises(ForeignState):
            list(provenance.read(file))


def test_the_last_answer_counts_and_the_caption_is_written_before_where_it_came_from(
    tmp_path: Path, photo: Callable[[int], bytes]
) -> None:
    with Workspace(tmp_path / "w", hash_file) as workspace:
        workspace.file(3).write_bytes(photo(3))
        workspace.record(Failed(3, "no"), replace(MADE, outcome="failed", text="", reason="no"))
        workspace.record(Captioned(3, MADE.text), MADE)
        assert workspace.provenance() == {3: MADE}
        assert workspace.hash_of(3) == "3.jpg"
    looked = Workspace(tmp_path / "w", hash_file)
    assert looked.captions == {3: MADE.text}
    assert looked.provenance() == {3: MADE}


def test_a_caption_whose_line_of_provenance_was_lost_stands_all_the_same(tmp_path: Path) -> None:
    with Workspace(tmp_path / "w", hash_file) as workspace:
        workspace.record(Captioned(3, MADE.text), MADE)
    (tmp_path / "w" / ".ghibli-prep" / "captions.jsonl").unlink()
    with Workspace(tmp_path / "w", hash_file) as workspace:
        assert workspace.captions == {3: MADE.text}
        assert workspace.provenance() == {}
