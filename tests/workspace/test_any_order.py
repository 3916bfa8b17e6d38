"""Whatever is done in whatever order, with kills between: no number twice, one line a picture, no text swapped."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ghibli_prep.samples import BLOCKED_TEXT, Blocked, Captioned, Failed, Removed, Rendered
from ghibli_prep.workspace import Workspace

HALF_LINES = {
    "train/metadata.jsonl": '{"file_name": "999.jpg", "text": "half of 千'.encode()[:-1],
    ".ghibli-prep/journal.jsonl": b'{"event": "numbered", "number": 1, "identity": "th',
}


def hash_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.lives = 0
        self.held = Workspace(self.folder / "0", hash_file).__enter__()
        self.numbers: dict[str, int] = {}
        self.texts: dict[int, str] = {}
        self.out: set[int] = set()
        self.purged: set[int] = set()

    def teardown(self) -> None:
        self.held.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def _some(self, data: st.DataObject, of: set[int]) -> set[int]:
        return data.draw(st.sets(st.sampled_from(sorted(of)), max_size=4)) if of else set()

    @rule(wanted=st.lists(st.integers(0, 15), max_size=5))
    def number(self, wanted: list[int]) -> None:
        batch = []
        for at in wanted:
            file = self.held.staging / f"{at}.jpg"
            file.write_text(f"picture {at}")
            batch.append(Rendered(str(at), f"film/{at}.png", file))
        self.held.number(batch)
        for identity in (str(at) for at in wanted):
            self.numbers.setdefault(identity, len(self.numbers) + 1)

    @rule(data=st.data(), end=st.sampled_from(["captioned", "blocked", "failed"]))
    def record(self, data: st.DataObject, end: str) -> None:
        for number in self._some(data, set(self.held.pending())):
            text = f"Ghibli style, picture {number}, 千と千尋"
            if end == "failed":
                self.held.record(Failed(number, "why"))
                continue
            self.held.record(Captioned(number, text) if end == "captioned" else Blocked(number, "SAFETY"))
            self.texts[number] = text if end == "captioned" else BLOCKED_TEXT

    @rule(data=st.data(), purged=st.booleans())
    def take_out(self, data: st.DataObject, purged: bool) -> None:
        gone = self._some(data, set(self.held.pictures()))
        self.held.take_out([Removed(number, "why", purged) for number in gone])
        if purged:
            self.purged |= gone
            self.texts = {number: text for number, text in self.texts.items() if number not in gone}
        else:
            self.out |= gone

    @rule()
    def restore(self) -> None:
        assert self.held.restore() == sorted(self.out)
        self.out.clear()

    @rule()
    def open_again(self) -> None:
        self.held.__exit__(None, None, None)
        self.held = Workspace(self.held.root, hash_file).__enter__()

    @rule(cut=st.sampled_from(sorted(HALF_LINES)), length=st.integers(0, 60), zeros=st.integers(0, 9))
    def kill(self, cut: str, length: int, zeros: int) -> None:
        """What is on the disk is all that is left, with half a line at the end of a file."""
        killed, self.lives = self.held, self.lives + 1
        copy = self.folder / str(self.lives)
        shutil.copytree(killed.root, copy)
        killed.__exit__(None, None, None)
        with (copy / cut).open("ab") as file:
            file.write(HALF_LINES[cut][:length] + b"\0" * zeros)
        self.held = Workspace(copy, hash_file).__enter__()

    @invariant()
    def everything_is_in_its_place(self) -> None:
        assert self.held.facts.numbers == self.numbers
        there = set(self.numbers.values()) - self.purged
        assert set(self.held.pictures()) == there - self.out
        assert set(self.held.pictures_removed()) == self.out
        for folder, numbers in ((self.held.train, there - self.out), (self.held.removed, self.out)):
            file = folder / "metadata.jsonl"
            lines = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
            assert len(lines) == len({line["file_name"] for line in lines})
            expected = {f"{number}.jpg": text for number, text in self.texts.items() if number in numbers}
            assert {line["file_name"]: line["text"] for line in lines} == expected
        for identity, number in self.numbers.items():
            if number in there:
                folder = self.held.removed if number in self.out else self.held.train
                assert (folder / f"{number}.jpg").read_text() == f"picture {identity}"


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(
    max_examples=40,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # disks are slow when others write too
)
