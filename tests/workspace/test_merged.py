"""What is written down of pictures that came from other datasets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.errors import ForeignState
from ghibli_prep.samples import Removed, Rendered
from ghibli_prep.workspace.merged import Incoming, Merged, Origin
from ghibli_prep.workspace.provenance import Provenance

MADE = Provenance(
    70, "captioned", "text 1", "", "film/old.png", "picture", "sandbox", "best", "best-1", 1, "f" * 8, "p", (), (),
    10, 5, None, 1, 1.0, 0.5, "2026-11-20T10:00:00Z",
)  # fmt: skip


def coming(held: Any, render: Any, at: int, made: Provenance | None = None) -> Incoming:
    rendered = render(held, at)
    rendered = Rendered(rendered.identity, f"film/{at}.png", rendered.file)
    return Incoming(rendered, Origin("a", f"{at}.jpg", f"content {at}"), f"text {at}", made)


def test_what_is_noted_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "merged.jsonl"
    merged = Merged(file, True)
    origin = Origin("a", "train/1.jpg", "c", "f", "Totoro/1.png", "sha", 12.5)
    merged.note_dataset("a", "../a")
    merged.note_cuts("sha", [10.0, 20.0])
    merged.note_cuts("sha", [5.0])
    merged.note({3: origin, 4: Origin("a", "x.png", "d")})
    merged.note_settled([3])
    again = Merged(file, False)
    assert again.origins == {3: origin, 4: Origin("a", "x.png", "d")}
    assert (again.folders, again.cuts, again.settled) == ({"a": "../a"}, {"sha": (10.0, 20.0)}, {3})


def test_what_is_known_is_not_noted_twice(tmp_path: Path) -> None:
    merged = Merged(tmp_path / "merged.jsonl", True)
    for _ in range(2):
        merged.note_dataset("a", "../a")
        merged.note({1: Origin("a", "x.png", "c")})
        merged.note_settled([])
    assert len((tmp_path / "merged.jsonl").read_text().splitlines()) == 2


def test_half_a_line_is_cut_off_by_who_may_write(tmp_path: Path) -> None:
    file = tmp_path / "merged.jsonl"
    Merged(file, True).note({1: Origin("a", "x.png", "c")})
    whole = file.read_bytes()
    file.write_bytes(whole + whole[:20])
    assert list(Merged(file, False).origins) == [1]
    assert file.read_bytes() != whole
    assert list(Merged(file, True).origins) == [1]
    assert file.read_bytes() == whole


@pytest.mark.parametrize("line", ['{"version": 2, "kind": "settled", "numbers": []}', '{"version": 1}', "[]", "x"])
def test_a_line_of_another_kind_is_refused_by_its_place(tmp_path: Path, line: str) -> None:
    (tmp_path / "merged.jsonl").write_text(f'{{"version": 1, "kind": "settled", "numbers": [1]}}\n{line}\n')
    with pytest.raises(ForeignState, match=r"merged\.jsonl, line 2: not a line of this ghibli-prep"):
        Merged(tmp_path / "merged.jsonl", True)


def test_pictures_come_in_with_numbers_captions_and_where_they_came_from(workspace: Any, render: Any) -> None:
    with workspace() as held:
        held.number([render(held, 0)])
        held.take_in([coming(held, render, 1, MADE), coming(held, render, 2)], held.merged())
    looked = workspace()
    assert looked.pictures() == [1, 2, 3]
    assert looked.captions == {2: "text 1", 3: "text 2"}
    assert [(made.number, made.source, made.model) for made in looked.answers()] == [(2, "film/1.png", "best")]
    assert {number: origin.file for number, origin in looked.merged().origins.items()} == {2: "1.jpg", 3: "2.jpg"}
    assert looked.merged().settled == {2, 3}


def test_a_picture_that_is_here_keeps_its_caption_and_comes_back_where_it_was_deleted(
    workspace: Any, render: Any
) -> None:
    with workspace() as held:
        held.take_in([coming(held, render, 1, MADE)], held.merged())
        held.file(1).unlink()
    file = workspace().train / "metadata.jsonl"
    file.write_text(json.dumps({"file_name": "1.jpg", "text": "by hand"}) + "\n")
    with workspace() as held:
        held.take_in([coming(held, render, 1, MADE)], held.merged())
        assert held.pictures() == [1]
        assert held.captions == {1: "by hand"}
        assert len(list(held.answers())) == 1


def test_a_picture_that_was_taken_out_stays_out(workspace: Any, render: Any) -> None:
    with workspace() as held:
        held.take_in([coming(held, render, 1)], held.merged())
        held.take_out([Removed(1, "dropped", False)])
        held.take_in([coming(held, render, 1)], held.merged())
        assert (held.pictures(), held.captions, held.pictures_removed()) == ([], {}, [1])


def test_on_a_full_disk_nothing_is_half_written(root: Path, child: Any) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
from ghibli_prep.errors import DiskError
from ghibli_prep.workspace.metadata import Metadata
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path(sys.argv[1])
folder.mkdir()
captions = Metadata(folder / "metadata.jsonl", folder)
captions.extend({1: "one"})
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    captions.extend({number: "a text of some length" for number in range(2, 30)})
except DiskError as error:
    print(error)
print(sorted(captions.texts), (folder / "metadata.jsonl").read_text().count("\\n"))
"""
    pytest.importorskip("resource", reason="no limits to the size of files on this system")
    said = child(code, root)
    assert said.returncode == 0, said.stderr
    assert "the disk is full" in said.stdout
    assert said.stdout.splitlines()[-1] == "[1] 1"
