"""The batch jobs as state: what is noted is there after a cut, and a file that is not ours is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.errors import DiskError, ForeignState
from ghibli_prep.workspace import Workspace, batches
from ghibli_prep.workspace.batches import Back, Job

JOB = Job("ghibli-prep-1", (1, 2, 3), 1000.5)
DONE = replace(JOB, step="closed", fetched=2000.25, back={2: Back(1, 0, "Too short."), 3: Back()})


def test_the_last_line_of_a_job_counts(tmp_path: Path) -> None:
    file = tmp_path / "batches.jsonl"
    other = replace(JOB, name="ghibli-prep-2", numbers=(4,))
    for job in (JOB, other, DONE):
        batches.append(file, job)
    assert batches.load(file) == {"ghibli-prep-1": DONE, "ghibli-prep-2": other}


@given(st.integers(0, 400))
def test_half_a_line_is_cut_off_and_what_was_before_counts(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    file = tmp_path_factory.mktemp("cut") / "batches.jsonl"
    batches.append(file, JOB)
    whole = file.stat().st_size
    batches.append(file, DONE)
    file.write_bytes(file.read_bytes()[: whole + min(cut, file.stat().st_size - whole - 2)])
    assert batches.load(file) == {JOB.name: JOB}
    batches.start(file)
    batches.append(file, DONE)
    assert batches.load(file) == {JOB.name: DONE}


@pytest.mark.parametrize(
    "spoilt",
    [
        {"version": 2},
        {"step": "dancing"},
        {"numbers": "1"},
        {"numbers": ["1"]},
        {"back": {"x": {}}},
        {"back": {"1": {"what": 1}}},
        {"opened": "today"},
        {"more": 1},
    ],
)
def test_a_line_that_is_not_ours_is_refused_by_its_number(tmp_path: Path, spoilt: dict[str, object]) -> None:
    file = tmp_path / "batches.jsonl"
    batches.append(file, JOB)
    with file.open("a", encoding="utf-8") as more:
        more.write(json.dumps({"version": 1, **asdict(DONE), **spoilt}) + "\n")
    with pytest.raises(ForeignState, match=r"batches\.jsonl, line 2"):
        batches.load(file)


def test_what_is_known_of_a_picture_is_what_its_last_job_said() -> None:
    later = replace(DONE, name="ghibli-prep-2", numbers=(2,), back={})
    forgotten = replace(JOB, name="ghibli-prep-3", step="closed", why="forgotten")
    assert batches.backs([DONE]) == {2: Back(1, 0, "Too short."), 3: Back()}
    assert batches.backs([DONE, later, forgotten]) == {3: Back()}


def test_pictures_are_out_until_their_job_is_closed() -> None:
    assert batches.out([JOB, replace(JOB, numbers=(9,))]) == {1, 2, 3, 9}
    assert batches.out([DONE]) == frozenset()


@pytest.fixture
def held(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "ws", lambda file: file.name)


def test_answers_are_in_their_place_only_when_they_are_whole(held: Workspace) -> None:
    with held as workspace:
        place = workspace.batch_answers(JOB.name)

        def half(file: object) -> bool:
            assert not place.exists()
            return False

        workspace.receive(JOB.name, half)
        assert not place.exists()
        workspace.receive(JOB.name, lambda file: bool(file.write(b"{}\n")))
        assert place.read_bytes() == b"{}\n"
        workspace.note_batch(DONE)
        assert not place.exists(), "collected, they are of no more use"


def test_a_disk_that_is_full_leaves_no_half_of_the_answers(held: Workspace) -> None:
    def full(file: object) -> bool:
        raise OSError(28, "No space left on device")

    with held as workspace:
        with pytest.raises(DiskError):
            workspace.receive(JOB.name, full)
        assert [file.name for file in workspace.state.iterdir() if JOB.name in file.name] == []


def test_the_answers_of_a_closed_job_that_a_kill_left_are_cleared_away(tmp_path: Path) -> None:
    make: Callable[[], Workspace] = lambda: Workspace(tmp_path / "ws", lambda file: file.name)  # noqa: E731 - twice
    with make() as workspace:
        workspace.note_batch(DONE)
        workspace.note_batch(replace(JOB, name="ghibli-prep-2"))
        for name in (DONE.name, "ghibli-prep-2"):
            workspace.batch_answers(name).write_bytes(b"{}\n")
    with make() as workspace:
        assert not workspace.batch_answers(DONE.name).exists()
        assert workspace.batch_answers("ghibli-prep-2").exists()
        assert workspace.out_in_batches() == {1, 2, 3}
