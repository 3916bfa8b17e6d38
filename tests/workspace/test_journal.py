from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghibli_prep.errors import ForeignState, UsageError
from ghibli_prep.samples import Blocked, Failed, Kept, Rejected, Removed, Unreadable
from ghibli_prep.workspace import journal
from ghibli_prep.workspace.journal import Event, Facts, Numbered, Restored, Settled, Verdict

HEADER = b'{"journal": "ghibli-prep", "version": 1}\n'
names = st.text(st.characters(), max_size=12)
numbers = st.integers(1, 20)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Unreadable, names, names, names),
    st.builds(Kept, names, names, st.just(Path()), names, names, st.floats(0, 1)),
    st.builds(Rejected, names, names, st.just(Path()), names, names, st.floats(0, 1)),
    st.builds(Numbered, numbers, names, names),
    st.builds(Blocked, numbers, names),
    st.builds(Failed, numbers, names),
    st.builds(Removed, numbers, names, st.booleans()),
    st.builds(Restored, numbers),
    st.builds(Settled),
)


def facts_of(happened: list[Event]) -> Facts:
    facts = Facts()
    for event in happened:
        facts.apply(event)
    return facts


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # disks are slow when others write too
@given(st.lists(events, max_size=6), st.data())
def test_a_journal_cut_anywhere_says_what_came_before_and_goes_on(happened: list[Event], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "journal.jsonl"
        journal.start(file)
        ends = [file.stat().st_size]
        for event in happened:
            journal.append(file, [event], durable=False)
            ends.append(file.stat().st_size)
        assert journal.load(file) == facts_of(happened)
        cut = data.draw(st.integers(0, ends[-1]))
        file.write_bytes(file.read_bytes()[:cut] + b"\0" * data.draw(st.integers(0, 9)))
        left = sum(cut >= end - 1 for end in ends[1:])  # a line that lacks only its newline is whole
        assert journal.load(file) == facts_of(happened[:left])
        journal.start(file)
        journal.append(file, [Numbered(99, "new", "new")], durable=True)
        assert journal.load(file) == facts_of([*happened[:left], Numbered(99, "new", "new")])


def test_the_last_decision_counts() -> None:
    kept = Kept("a", "f/1.png", Path(), "yolo", "person", 0.9)
    dropped = Rejected("a", "f/1.png", Path(), "user", "no", 1)
    assert facts_of([kept, dropped]).verdicts == {"a": Verdict(False, "f/1.png", "user", "no", 1)}


def test_what_is_begun_is_moving_until_it_is_settled() -> None:
    begun = facts_of([Removed(1, "why", False), Removed(2, "why", True), Restored(1)])
    assert begun.moving == {1: Restored(1), 2: Removed(2, "why", True)}
    assert begun.removed == {2: Removed(2, "why", True)}
    begun.apply(Settled())
    assert not begun.moving


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello", "not a journal"),
        (b"hello\n", "not a journal"),
        (b'{"of": "another tool', "not a journal"),
        (b'{"of": "another tool"}\n', "not a journal"),
        (b'{"journal": "ghibli-prep", "version": "1"}\n', "not a journal"),
        (b'{"journal": "ghibli-prep", "version": 2}\n', r"another ghibli-prep \(version 2"),
        (b"\n" + HEADER, "line 2: not a line"),
        (HEADER + b'{"event": "flown"}\n', "line 2: not a line"),
        (HEADER + b"[]\n", "line 2: not a line"),
        (HEADER + b'{"event": "restored"}\n', "line 2: not a line"),
        (HEADER + b'{"event": "restored", "number": "1"}\n', "line 2: not a line"),
        (HEADER + b'{"event": ["restored"], "number": 1}\n', "line 2: not a line"),
        (HEADER + b'{"event": "numbered", "number": 1, "identity": [], "source": ""}\n', "line 2: not a line"),
    ],
)
def test_a_file_not_ours_is_refused_and_left_untouched(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(content)
    with pytest.raises(ForeignState, match=says):
        journal.load(file)
    assert file.read_bytes() == content


def test_a_journal_saved_by_windows_notepad_is_read_and_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n") + b'{"event": "restored", "number": 1}\r\n')
    journal.start(file)
    journal.append(file, [Restored(2)], durable=False)
    assert journal.load(file).moving == {1: Restored(1), 2: Restored(2)}


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"journal\.jsonl: cannot be written"):
        journal.append(tmp_path / "none" / "journal.jsonl", [Restored(1)], durable=True)
