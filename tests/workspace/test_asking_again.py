"""What a recaption has noted, and what each picture has meanwhile: a workspace through kills, edits and cleanup."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ghibli_prep.rows import rows
from ghibli_prep.samples import Blocked, Captioned, Removed, Rendered
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.provenance import Provenance

Open = Callable[[], Workspace]
Render = Callable[[Workspace, int], Rendered]

MADE = Provenance(
    number=1,
    outcome="captioned",
    text="old 1",
    reason="",
    source="film/1.png",
    picture="ab" * 32,
    backend="google-genai",
    model="first",
    model_version="first-001",
    key=1,
    fingerprint="12345678",
    prompt="0123456789abcdef",
    mended=(),
    asked_again=(),
    input_tokens=300,
    output_tokens=30,
    cost=None,
    attempts=1,
    requests=1.0,
    seconds=2.5,
    time="2026-11-20T23:59:59+00:00",
)


def captioned(held: Workspace, render: Render, count: int) -> None:
    held.number([render(held, at) for at in range(count)])
    for number in range(1, count + 1):
        held.record(Captioned(number, f"old {number}"), replace(MADE, number=number, text=f"old {number}"))


def lines(root: Path) -> list[tuple[str, str]]:
    rows = [json.loads(row) for row in (root / "train/metadata.jsonl").read_text("utf-8").splitlines()]
    return [(row["file_name"], row["text"]) for row in rows]


def test_an_answer_in_vain_leaves_the_caption_the_origin_that_it_had(workspace: Open, render: Render) -> None:
    with workspace() as held:
        captioned(held, render, 1)
        in_vain = replace(MADE, outcome="blocked", text="", reason="SAFETY", model="second")
        held.record(Blocked(1, "SAFETY"), in_vain)
        (row,) = rows(held)
        assert row.made == MADE
        assert not row.edited
        assert list(held.answers()) == [MADE, in_vain]


def test_a_new_caption_whose_closing_a_kill_cut_short_is_not_asked_again(
    root: Path, workspace: Open, render: Render
) -> None:
    with workspace() as held:
        captioned(held, render, 2)
        held.reopen([1, 2], "all")
    whole = (root / ".ghibli-prep/journal.jsonl").read_bytes()
    with workspace() as held:
        held.record(Captioned(1, "new 1"))
    (root / ".ghibli-prep/journal.jsonl").write_bytes(whole)  # the caption was written, its closing was not
    with workspace() as held:
        assert held.captions == {1: "new 1", 2: "old 2"}
        assert held.to_ask_again() == [2]


def test_a_text_written_by_hand_while_a_recaption_is_paused_is_not_asked_again(
    root: Path, workspace: Open, render: Render
) -> None:
    with workspace() as held:
        captioned(held, render, 3)
        held.reopen([1, 2, 3], "all")
    (root / "train/metadata.jsonl").write_text(
        '{"file_name": "1.jpg", "text": "old 1"}\n{"file_name": "2.jpg", "text": "by hand"}\n'
    )
    assert workspace().to_ask_again() == [1]


def test_a_picture_taken_out_with_its_new_caption_leaves_no_line_behind(
    root: Path, workspace: Open, render: Render
) -> None:
    with workspace() as held:
        captioned(held, render, 2)
        held.record(Captioned(1, "new 1"))
        held.take_out([Removed(1, "why", False)])
    with workspace() as held:
        assert held.captions == {2: "old 2"}
        held.restore()
        assert held.captions == {1: "new 1", 2: "old 2"}


def test_a_new_caption_stands_where_the_old_one_stood(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        captioned(held, render, 3)
        held.record(Captioned(2, "new 2"))
    assert lines(root) == [("1.jpg", "old 1"), ("2.jpg", "new 2"), ("3.jpg", "old 3")]


def test_an_editor_that_saves_an_older_copy_brings_no_old_caption_back(
    root: Path, workspace: Open, render: Render
) -> None:
    with workspace() as held:
        captioned(held, render, 2)
    older = (root / "train/metadata.jsonl").read_bytes()
    with workspace() as held:
        held.record(Captioned(1, "new 1"))
        held.settle_captions()
        (root / "train/metadata.jsonl").write_bytes(older)
    assert lines(root) == [("1.jpg", "new 1"), ("2.jpg", "old 2")]
