from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghibli_prep.errors import ForeignState, UsageError
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.workspace.metadata import Metadata, number_of
from ghibli_prep.workspace.rescue import Rescue

captions = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


def opened(folder: Path, rescue: Rescue | None = None) -> Metadata:
    metadata = Metadata(folder / "metadata.jsonl", folder, rescue)
    metadata.load()
    return metadata


def read(folder: Path) -> list[tuple[str, str]]:
    """The file as a dataset loader reads it."""
    rows = [json.loads(row) for row in (folder / "metadata.jsonl").read_bytes().decode().split("\n")[:-1]]
    return [(row["file_name"], row["text"]) for row in rows]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # disks are slow when others write too
@given(st.lists(captions, min_size=1, max_size=6), st.data())
def test_captions_cut_at_any_byte_lose_the_last_line_at_most_and_go_on(texts: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        metadata, ends = opened(folder), [0]
        for number, text in enumerate(texts, start=1):
            metadata.set(number, text)
            ends.append(metadata.path.stat().st_size)
        cut = data.draw(st.integers(0, ends[-1]))
        content = metadata.path.read_bytes()
        metadata.path.write_bytes(content[:cut] + b"\0" * data.draw(st.integers(0, 9)))
        whole = sum(cut >= end - 1 for end in ends[1:])  # a line that lacks only its newline is whole
        again = opened(folder)
        again.mend()
        assert metadata.path.read_bytes() == content[: ends[whole]]
        assert again.texts == dict(enumerate(texts[:whole], start=1))
        again.set(whole + 1, "Ghibli style new")
        assert read(folder) == [
            *((f"{number}.jpg", text) for number, text in enumerate(texts[:whole], start=1)),
            (f"{whole + 1}.jpg", "Ghibli style new"),
        ]


def test_what_notepad_saved_is_read_and_mended(tmp_path: Path) -> None:
    file = tmp_path / "metadata.jsonl"
    one, two = '{"file_name": "1.jpg", "text": "Ghibli style, é"}', '{"file_name": "2.jpg", "text": "by hand"}'
    file.write_bytes(f"\ufeff{one}\r\n\r\n{two}".encode())
    metadata = opened(tmp_path)
    assert metadata.texts == {1: "Ghibli style, é", 2: "by hand"}
    assert metadata.mend()
    assert file.read_bytes() == f"{one}\n{two}\n".encode()
    assert not metadata.mend()


def test_lines_of_other_pictures_stay_as_they_are(tmp_path: Path) -> None:
    other = b'{"file_name":"mine/a.png","text":"x","seed":7}\n'
    (tmp_path / "metadata.jsonl").write_bytes(other + b'{"file_name": "1.jpg", "text": "one"}\n')
    metadata = opened(tmp_path)
    metadata.remove([1])
    assert metadata.path.read_bytes() == other


def test_a_picture_has_one_line_and_an_empty_text_is_no_caption(tmp_path: Path) -> None:
    rows = [("1.jpg", "first"), ("1.jpg", "second"), ("2.jpg", "  ")]
    lines = "".join(json.dumps({"file_name": name, "text": text}) + "\n" for name, text in rows)
    (tmp_path / "metadata.jsonl").write_text(lines)
    metadata = opened(tmp_path)
    metadata.mend()
    assert metadata.texts == {1: "first"}
    assert read(tmp_path) == [("1.jpg", "first")]


@pytest.mark.parametrize(
    "foreign",
    [
        b"hello",
        b"hello\n",
        b'[{"file_name": "1.jpg", "text": "x"}]',
        b'{"a": 1}\n',
        b'{"file_name": "1.jpg", "text": null}\n',
        '{"file_name": "1.jpg", "text": "x"}\n'.encode("utf-16"),
        b'{"file_name": "1.jpg", "text": "broken by hand}\n{"file_name": "2.jpg", "text": "x"}\n',
    ],
)
def test_a_file_not_ours_is_refused_and_left_untouched(tmp_path: Path, foreign: bytes) -> None:
    (tmp_path / "metadata.jsonl").write_bytes(foreign)
    with pytest.raises(ForeignState, match=r"metadata\.jsonl, line 1: not"):
        opened(tmp_path)
    assert (tmp_path / "metadata.jsonl").read_bytes() == foreign


def test_a_text_edited_by_hand_during_the_run_survives_a_rewrite(tmp_path: Path) -> None:
    metadata = opened(tmp_path)
    metadata.add({1: "one", 2: "two", 3: "three"})
    metadata.path.write_text(metadata.path.read_text().replace('"one"', '"by hand"'))
    metadata.remove([2])
    assert read(tmp_path) == [("1.jpg", "by hand"), ("3.jpg", "three")]
    assert metadata.texts == {1: "by hand", 3: "three"}


def test_a_line_deleted_by_hand_stays_deleted(tmp_path: Path) -> None:
    opened(tmp_path).add({1: "one", 2: "two"})
    metadata = opened(tmp_path)
    metadata.path.write_text('{"file_name": "2.jpg", "text": "two"}\n')
    metadata.set(3, "three")
    assert not metadata.mend()
    assert metadata.texts == {2: "two", 3: "three"}


def test_an_editor_that_saves_an_older_copy_over_the_file_loses_nothing_paid(tmp_path: Path) -> None:
    opened(tmp_path).set(1, "one")
    metadata = opened(tmp_path)
    metadata.set(2, "two")
    (tmp_path / "edited").write_text('{"file_name": "1.jpg", "text": "by hand"}')
    (tmp_path / "edited").replace(metadata.path)
    metadata.set(3, "three")
    assert metadata.mend()
    assert read(tmp_path) == [("1.jpg", "by hand"), ("3.jpg", "three"), ("2.jpg", "two")]


def test_an_answer_to_a_retry_takes_the_place_of_the_blocked_text(tmp_path: Path) -> None:
    metadata = opened(tmp_path)
    metadata.set(1, BLOCKED_TEXT)
    metadata.set(2, "two")
    metadata.set(1, "one at last")
    metadata.set(1, "one at last")
    assert dict(read(tmp_path)) == {"1.jpg": "one at last", "2.jpg": "two"}


def test_a_text_written_by_hand_while_the_retry_was_under_way_is_kept(tmp_path: Path) -> None:
    metadata = opened(tmp_path)
    metadata.set(1, BLOCKED_TEXT)
    metadata.path.write_text('{"file_name": "1.jpg", "text": "by hand"}\n')
    metadata.set(1, "by the provider")
    assert read(tmp_path) == [("1.jpg", "by hand")]


def test_a_caption_in_place_of_another_waits_in_a_line_of_its_own_until_it_is_settled(tmp_path: Path) -> None:
    metadata = opened(tmp_path, Rescue(tmp_path))
    metadata.add({1: "old one", 2: "old two"})
    metadata.set(1, "new one")
    assert dict(read(tmp_path)) == {"1.jpg": "old one", "2.jpg": "old two"}
    assert metadata.texts[1] == opened(tmp_path, Rescue(tmp_path)).texts[1] == "new one"
    metadata.settle()
    assert read(tmp_path) == [("1.jpg", "new one"), ("2.jpg", "old two")]
    assert not Rescue(tmp_path).waiting


def test_a_caption_edited_by_hand_while_its_new_one_was_under_way_is_kept(tmp_path: Path) -> None:
    metadata = opened(tmp_path, Rescue(tmp_path))
    metadata.add({1: "old one"})
    metadata.path.write_text('{"file_name": "1.jpg", "text": "by hand"}\n')
    metadata.set(1, "new one")
    metadata.settle()
    assert read(tmp_path) == [("1.jpg", "by hand")]


def test_half_a_surrogate_pair_in_an_answer_leaves_a_file_that_loaders_can_read(tmp_path: Path) -> None:
    opened(tmp_path).set(1, "cut \ud83d off")
    assert read(tmp_path) == [("1.jpg", "cut ? off")]


def test_without_a_rescue_a_failure_to_write_is_raised_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        Metadata(tmp_path / "none" / "metadata.jsonl", tmp_path).set(1, "one")


def test_an_answer_that_can_be_saved_nowhere_is_in_the_error(tmp_path: Path) -> None:
    metadata = Metadata(tmp_path / "none" / "metadata.jsonl", tmp_path, Rescue(tmp_path / "neither"))
    with pytest.raises(Exception, match=r"could not be saved: .*Ghibli style one"):
        metadata.set(1, "Ghibli style one")
    assert metadata.texts == {}


def test_a_line_broken_by_hand_does_not_lose_the_answer_to_a_retry(tmp_path: Path) -> None:
    metadata = opened(tmp_path, Rescue(tmp_path))
    metadata.set(1, BLOCKED_TEXT)
    metadata.path.write_text('broken\n{"file_name": "1.jpg", "text": "[BLOCKED_BY_SAFETY_FILTER]"}\n')
    with pytest.raises(ForeignState):
        metadata.set(1, "Ghibli style one")
    metadata.path.write_text('{"file_name": "1.jpg", "text": "[BLOCKED_BY_SAFETY_FILTER]"}\n')
    assert opened(tmp_path, Rescue(tmp_path)).texts == {1: "Ghibli style one"}


def test_an_answer_in_a_place_of_its_own_comes_home_on_the_next_opening(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").mkdir()
    rescue = Rescue(tmp_path)
    metadata = Metadata(tmp_path / "metadata.jsonl", tmp_path, rescue)
    with pytest.raises(UsageError):
        metadata.set(1, "Ghibli style one")
    (tmp_path / "metadata.jsonl").rmdir()
    with (tmp_path / "rescued.jsonl").open("a") as file:
        file.write('{"file_name": "2.jpg"}\n{"file_name": "3.jpg", "text": "cut o')
    again = opened(tmp_path, rescue)
    assert again.texts == {1: "Ghibli style one"}
    assert again.mend()
    assert read(tmp_path) == [("1.jpg", "Ghibli style one")]
    assert not rescue.waiting


@pytest.mark.parametrize("name", ["0.jpg", "01.jpg", "1.png", ".jpg", "a.jpg", "१.jpg", "9" * 5000 + ".jpg", 7, None])
def test_only_our_own_names_are_numbers(name: object) -> None:
    assert number_of(name) is None


def test_a_number_is_read_from_its_name() -> None:
    assert number_of("120.jpg") == 120


def test_a_second_caption_of_a_picture_is_put_aside_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "metadata.jsonl").write_bytes(
        b'{"file_name": "1.jpg", "text": "a boy"}\n'
        b'{"file_name": "1.jpg", "text": "a girl"}\n'
        b'{"file_name": "1.jpg", "text": "a boy"}\n' + json.dumps({"file_name": "1.jpg", "text": BLOCKED_TEXT}).encode()
    )
    assert opened(tmp_path).mend()
    assert read(tmp_path) == [("1.jpg", "a boy")]
    (kept,) = (tmp_path / "set_aside").iterdir()
    assert kept.read_bytes() == b'{"file_name": "1.jpg", "text": "a girl"}\n'
    assert not opened(tmp_path).mend()
