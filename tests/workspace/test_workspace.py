from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ghibli_prep.errors import ForeignState, UsageError, WorkspaceHeld
from ghibli_prep.samples import (
    BLOCKED_TEXT,
    Blocked,
    Captioned,
    Failed,
    Kept,
    Rejected,
    Removed,
    Rendered,
    Resized,
    Unreadable,
)
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.checkpoint import Checkpoint
from ghibli_prep.workspace.quota import Spent

Open = Callable[[], Workspace]
Render = Callable[[Workspace, int], Rendered]
Child = Callable[..., "CompletedProcess[str]"]


def everything(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in root.rglob("*") if file.is_file()}


def rows(folder: Path) -> dict[str, str]:
    found = [json.loads(line) for line in (folder / "metadata.jsonl").read_text().splitlines()]
    assert len({row["file_name"] for row in found}) == len(found), "a picture with two lines"
    return {row["file_name"]: row["text"] for row in found}


# Looking ---------------------------------------------------------------------------------------------


def test_a_look_at_nothing_creates_nothing(root: Path, workspace: Open) -> None:
    look = workspace()
    assert (look.pictures(), look.pending(), look.blocked(), look.pictures_removed()) == ([], [], [], [])
    assert (look.failed(), look.dropped_by_hand(), look.captions, look.quota) == ({}, set(), {}, {})
    assert not look.mended
    assert not root.exists()


def test_a_look_works_while_another_holds_it_and_writes_nothing(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, 1), render(held, 2)])
        held.record(Captioned(1, "Ghibli style one"))
        before = everything(root)
        look = workspace()
        assert look.pictures() == [1, 2]
        assert look.pending() == [2]
        with pytest.raises(WorkspaceHeld):
            look.__enter__()
        assert everything(root) == before


def test_a_look_mends_nothing(root: Path, workspace: Open) -> None:
    (root / "train").mkdir(parents=True)
    (root / "train/metadata.jsonl").write_bytes(b'\xef\xbb\xbf{"file_name": "1.jpg", "text": "one"}\r\n{"file_na')
    before = everything(root)
    assert workspace().captions == {1: "one"}
    assert everything(root) == before


@pytest.mark.parametrize("folder", ["train", "removed", ".ghibli-prep"])
def test_a_file_in_place_of_a_folder_is_told_in_words(root: Path, workspace: Open, folder: str) -> None:
    root.mkdir()
    (root / folder).write_text("mine")
    with pytest.raises(UsageError, match=rf"{folder}.*: cannot be"), workspace():
        pass
    assert (root / folder).read_text() == "mine"


def test_a_root_that_is_a_file_or_too_long_is_told_in_words(tmp_path: Path, root: Path, workspace: Open) -> None:
    root.write_text("mine")
    with pytest.raises(UsageError, match="not a folder"):
        workspace()
    with pytest.raises(UsageError, match="File name too long"):
        Workspace(tmp_path / ("x" * 300), str)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("checkpoint.json", b'{"version": 99, "last_processed": 1}'),
        (".ghibli-prep/journal.jsonl", b'{"journal": "ghibli-prep", "version": 99}\n'),
        (".ghibli-prep/quota.json", b'{"version": 99}'),
        ("train/metadata.jsonl", b"col1,col2\n1,2\n"),
        ("removed/metadata.jsonl", b"col1,col2"),
    ],
)
def test_state_of_another_tool_or_version_is_left_byte_for_byte(
    root: Path, workspace: Open, file: str, content: bytes
) -> None:
    (root / file).parent.mkdir(parents=True)
    (root / file).write_bytes(content)
    with pytest.raises(ForeignState), workspace():
        pass
    assert everything(root) == {file: content}


def test_foreign_state_that_came_between_the_look_and_the_lock_frees_the_lock(root: Path, workspace: Open) -> None:
    look = workspace()
    root.mkdir()
    (root / "checkpoint.json").write_text("mine")
    with pytest.raises(ForeignState):
        look.__enter__()
    assert not look.held
    (root / "checkpoint.json").unlink()
    with workspace() as held:
        assert held.held


# Numbers ---------------------------------------------------------------------------------------------


def test_the_first_run_numbers_from_1_without_a_gap(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        assert held.number([render(held, at) for at in range(3)]) == [
            Resized(number, root / f"train/{number}.jpg") for number in (1, 2, 3)
        ]
        assert not list(held.staging.iterdir())
        assert held.number([]) == []


def test_one_identity_twice_in_a_batch_gets_one_number(workspace: Open, render: Render) -> None:
    with workspace() as held:
        assert len(held.number([render(held, 1), render(held, 1)])) == 1
        assert held.pictures() == [1]
        held.number([render(held, 1)])
        assert held.facts.numbers == {"identity 1": 1}
        assert not list(held.staging.iterdir())


def test_a_picture_deleted_by_hand_comes_back_with_its_number(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, at) for at in range(3)])
        (root / "train/3.jpg").write_bytes(b"")  # what a pulled cable leaves
        assert not held.is_resized("identity 2")
    with workspace() as held:
        assert [made.number for made in held.number([render(held, 2), render(held, 3)])] == [3, 4]


def test_pictures_keep_their_numbers_when_the_state_is_lost(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, at) for at in range(4)])
        held.record(Captioned(2, "Ghibli style two"))
        held.take_out([Removed(3, "why", purged=False)])
    shutil.rmtree(root / ".ghibli-prep")
    with workspace() as held:
        held.number([render(held, at) for at in (3, 2, 1, 0, 5)])
        assert held.facts.numbers == {f"identity {at}": at + 1 for at in range(4)} | {"identity 5": 5}
        assert held.captions == {2: "Ghibli style two"}
        assert held.pictures() == [1, 2, 4, 5]


def test_twins_keep_a_number_each_when_the_state_is_lost(root: Path, workspace: Open, render: Render) -> None:
    def twins(held: Workspace) -> list[Rendered]:
        one, other = render(held, 1), held.staging / "other.jpg"
        shutil.copy(one.file, other)
        return [one, Rendered("twin", "film/twin.bmp", other)]

    with workspace() as held:
        held.number(twins(held))
    shutil.rmtree(root / ".ghibli-prep")
    with workspace() as held:
        held.number(twins(held))
        assert sorted(held.facts.numbers.values()) == [1, 2]
        assert held.pictures() == [1, 2]


def test_numbers_of_lines_whose_pictures_are_gone_are_not_given_again(
    root: Path, workspace: Open, render: Render
) -> None:
    for folder, number in (("train", 7), ("removed", 9)):
        (root / folder).mkdir(parents=True)
        (root / folder / "metadata.jsonl").write_text(f'{{"file_name": "{number}.jpg", "text": "x"}}\n')
    (root / "train/12.jpg").mkdir()
    with workspace() as held:
        assert held.pictures() == []
        assert held.number([render(held, 1)])[0].number == 10


# What happens to a picture ---------------------------------------------------------------------------


def test_every_outcome_is_there_after_opening_again(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, at) for at in range(4)])
        held.record(Captioned(1, "Ghibli style one"))
        held.record(Blocked(2, "SAFETY"))
        held.record(Failed(3, "no answer"))
        held.record(Unreadable("u", "film/u.png", "cut off"))
    look = workspace()
    assert look.captions == {1: "Ghibli style one", 2: BLOCKED_TEXT}
    assert (look.blocked(), look.failed(), look.pending()) == ([2], {3: "no answer"}, [4])
    assert look.facts.unreadable["u"].reason == "cut off"
    assert rows(root / "train") == {"1.jpg": "Ghibli style one", "2.jpg": BLOCKED_TEXT}


def test_decisions_are_shown_and_the_users_hand_wins(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, 1)])
        frame = root / "raw/film/frame 1.png"
        frame.parent.mkdir(parents=True)
        shutil.copy(held.file(1), frame)
        held.record(Kept("identity 1", "film/frame 1.png", frame, "yolo", "person", 0.9))
        shown = held.filtered / "film/frame 1.png"
        assert shown.samefile(frame)
        assert held.dropped_by_hand() == set()
        moved = held.rejected / "mine.png"
        moved.parent.mkdir()
        shown.rename(moved)
        held.record(Rejected("identity 1", "film/frame 1.png", moved, "user", "by_hand", 1.0))
        assert held.dropped_by_hand() == {1}
        assert held.pending() == []
        held.take_away(moved)
        assert not moved.exists()
        assert set(held.derived) == {held.filtered, held.rejected, held.train, held.removed, held.state}


def test_what_is_taken_out_does_not_come_back_and_what_is_restored_is_as_it_was(
    root: Path, workspace: Open, render: Render
) -> None:
    with workspace() as held:
        held.number([render(held, at) for at in range(4)])
        held.record(Captioned(1, "Ghibli style one"))
        held.record(Blocked(2, "SAFETY"))
        held.record(Failed(3, "no answer"))
    before = {name: content for name, content in everything(root).items() if name.startswith("train/")}
    with workspace() as held:
        held.take_out([Removed(2, "blocked", purged=False), Removed(3, "failed", purged=False)])
        assert (held.pictures(), held.pictures_removed()) == ([1, 4], [2, 3])
        assert rows(held.train) == {"1.jpg": "Ghibli style one"}
        assert rows(held.removed) == {"2.jpg": BLOCKED_TEXT}
        assert held.is_resized("identity 1")
        assert held.is_resized("identity 2")
    with workspace() as held:
        held.number([render(held, 1)])
        assert held.pictures() == [1, 4]
        assert held.restore() == [2, 3]
        assert held.restore() == []
        assert (held.blocked(), held.failed(), held.pending()) == ([2], {3: "no answer"}, [4])
    assert {name: content for name, content in everything(root).items() if name.startswith("train/")} == before
    assert (root / "removed/metadata.jsonl").read_bytes() == b""


def test_what_is_purged_is_gone_for_good_and_stays_out(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, at) for at in range(2)])
        held.record(Captioned(1, "Ghibli style one"))
        held.take_out([Removed(1, "why", purged=False)])
        held.take_out([Removed(1, "purged", purged=True), Removed(2, "why", purged=True)])
        assert (held.pictures(), held.pictures_removed(), held.restore()) == ([], [], [])
        assert held.is_resized("identity 0")
        assert held.is_resized("identity 1")
    assert rows(root / "removed") == {}


def test_a_picture_moved_back_by_hand_stays_and_gets_its_line_on_restoring(
    root: Path, workspace: Open, render: Render
) -> None:
    with workspace() as held:
        held.number([render(held, at) for at in range(2)])
        held.record(Captioned(1, "Ghibli style one"))
        held.take_out([Removed(1, "why", purged=False), Removed(2, "why", purged=False)])
    (root / "removed/1.jpg").rename(root / "train/1.jpg")
    with workspace() as held:
        assert held.pictures() == [1]
        held.restore()
        assert held.captions == {1: "Ghibli style one"}
    assert rows(root / "removed") == {}


def test_a_text_edited_during_the_run_goes_to_removed_as_edited(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, 1)])
        held.record(Captioned(1, "Ghibli style one"))
        (root / "train/metadata.jsonl").write_text('{"file_name": "1.jpg", "text": "by hand"}')
        held.take_out([Removed(1, "why", purged=False)])
    assert rows(root / "removed") == {"1.jpg": "by hand"}


def test_a_line_deleted_by_hand_is_captioned_again(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, 1)])
        held.record(Captioned(1, "Ghibli style one"))
    (root / "train/metadata.jsonl").write_text("")
    assert workspace().pending() == [1]


# Opening and closing ---------------------------------------------------------------------------------


def test_train_holds_the_pictures_and_their_lines_and_nothing_else(root: Path, workspace: Open, render: Render) -> None:
    with workspace() as held:
        held.number([render(held, 1)])
        held.record(Captioned(1, "Ghibli style one"))
    assert sorted(file.name for file in (root / "train").iterdir()) == ["1.jpg", "metadata.jsonl"]


def test_opening_clears_what_a_kill_left_and_says_what_it_mended(root: Path, workspace: Open) -> None:
    with workspace() as held:
        assert not held.mended
    left = [root / "train/.1.jpg.half", root / ".ghibli-prep/.quota.json.7.half", root / ".ghibli-prep/staging/a.copy"]
    for file in left:
        file.write_bytes(b"half")
    (root / ".ghibli-prep/staging/folder").mkdir()
    (root / "train/metadata.jsonl").write_bytes('{"file_name": "1.jpg", "text": "千'.encode()[:-1])
    with workspace() as held:
        assert held.mended
        assert not any(file.exists() for file in left)
        assert not list(held.staging.iterdir())
    assert (root / "train/metadata.jsonl").read_bytes() == b""


def test_an_older_copy_saved_by_an_editor_is_completed_on_closing(root: Path, workspace: Open) -> None:
    with workspace() as held:
        held.record(Captioned(1, "one"))
        (root / "train/metadata.jsonl").write_text("")
    assert rows(root / "train") == {"1.jpg": "one"}


def test_lines_broken_during_the_run_are_told_on_closing_but_not_over_another_error(
    root: Path, workspace: Open
) -> None:
    with pytest.raises(ForeignState), workspace():
        (root / "train/metadata.jsonl").write_text("broken\n")
    (root / "train/metadata.jsonl").unlink()
    with pytest.raises(KeyboardInterrupt), workspace():
        (root / "train/metadata.jsonl").write_text("broken\n")
        raise KeyboardInterrupt
    (root / "train/metadata.jsonl").unlink()
    with workspace() as held:
        assert held.held
    assert not held.held
    held.__exit__(None, None, None)


def test_quota_and_checkpoint_are_there_after_opening_again(root: Path, workspace: Open) -> None:
    with workspace() as held:
        held.save_quota({"ab12/gemini": Spent("2026-07-01", 5)})
        held.save_quota({"cd34/gemini": Spent("2026-07-01", 6)})
        held.save_checkpoint(Checkpoint(1, 2, 1, 1, 0, "ab12", 0, "gemini", "2026-07-01 12:00:00"))
    assert {name: spent.asked for name, spent in workspace().quota.items()} == {"ab12/gemini": 5, "cd34/gemini": 6}
    assert json.loads((root / "checkpoint.json").read_text())["version"] == 1


def test_identities_are_remembered_from_one_opening_to_the_next(root: Path, workspace: Open, tmp_path: Path) -> None:
    frame = tmp_path / "frame.png"
    frame.write_bytes(b"bytes")
    with workspace() as held:
        identity = held.identity_of(frame, frame.stat())
    never = Workspace(root, lambda file: pytest.fail(f"{file} was read again"))
    assert never.identity_of(frame, frame.stat()) == identity
