"""What a workspace of ours knows of its pictures besides their captions. Reads the files as they are; locks nothing.

A file that cannot be read is named, and what the others say still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ghibli_prep.errors import GhibliPrepError
from ghibli_prep.samples import BLOCKED_TEXT, BY_USER
from ghibli_prep.workspace import journal, provenance
from ghibli_prep.workspace.contents import STATE
from ghibli_prep.workspace.films import Films
from ghibli_prep.workspace.journal import Facts
from ghibli_prep.workspace.merged import Merged
from ghibli_prep.workspace.metadata import number_of
from ghibli_prep.workspace.provenance import Provenance
from ghibli_prep.workspace.rescue import Rescue

BLOCKED = "is blocked by its provider"
T = TypeVar("T")


@dataclass(slots=True)
class Known:
    """made: the answer that each caption came from. films, times: of the frames, by their paths. cuts: by film.

    rescued: captions that wait for their places, each with the text in whose place it comes, by number. unreadable:
    what cannot be read, and why.
    """

    facts: Facts = field(default_factory=Facts)
    frames: dict[int, str] = field(default_factory=dict)
    made: dict[int, Provenance] = field(default_factory=dict)
    films: dict[str, str] = field(default_factory=dict)
    times: dict[str, float | None] = field(default_factory=dict)
    cuts: dict[str, tuple[float, ...]] = field(default_factory=dict)
    merged: Merged | None = None
    rescued: list[tuple[str, str, str | None]] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Known:
        state, known = root / STATE, cls()
        known.facts = known._try(root, "journal.jsonl", journal.load) or Facts()
        known.frames = {number: identity for identity, number in known.facts.numbers.items()}
        known.made = known._try(root, "captions.jsonl", _captions) or {}
        known.merged = known._try(root, "merged.jsonl", lambda file: Merged(file, False))
        films = known._try(root, "frames.jsonl", lambda file: Films(file, root / "raw", state / "staging"))
        for film in films.known.values() if films is not None else ():
            for shot in film.shots.values():
                known.films[shot.file], known.times[shot.file] = film.identity, shot.time
            if film.cuts is not None:
                known.cuts[film.identity] = film.cuts
        known.cuts = {**(known.merged.cuts if known.merged else {}), **known.cuts}
        known.rescued = known._try(root, "rescued.jsonl", lambda file: list(_rescued(file.parent))) or []
        return known

    def _try(self, root: Path, name: str, read: Callable[[Path], T]) -> T | None:
        try:
            return read(root / STATE / name)
        except GhibliPrepError as error:
            detail = str(error).removeprefix(str(root / STATE / name)).lstrip(":, ").partition(". ")[0].rstrip(".")
            self.unreadable[f"{STATE}/{name}"] = f"{detail}; where its pictures came from is not known"
            return None

    def waiting(self) -> Iterator[tuple[str, str, str, str]]:
        """Captions without a line, as lines are: where, file_name, caption, and why not."""
        for name, text, before in self.rescued:
            if before is None:
                yield "", name, text, ""

    def text_of(self, number: int | None, text: str) -> str:
        """The caption of a picture whose line says `text`: another one may be waiting for its place."""
        for name, newer, before in self.rescued:
            if number_of(name) == number and text in (BLOCKED_TEXT, before):
                return newer
        return text

    def against(self, number: int | None, text: str) -> str:
        """Why a picture is not taken, "" where nothing is against it. text: its caption, "" where it has none."""
        verdict = self.facts.verdicts.get(self.frames.get(number or 0, ""))
        if verdict is not None and not verdict.kept and verdict.by == BY_USER:
            return "was dropped by hand there"
        if self.text_of(number, text) == BLOCKED_TEXT:
            return BLOCKED
        if not text and (why := self.facts.failed.get(number or 0)):
            return f"has no caption ({why})"
        return ""

    def about(self, number: int | None) -> Mapping[str, Any]:
        """The fields of an `Item` that say where a picture came from."""
        if number is None or number not in self.facts.sources:
            return {}
        source, made = self.facts.sources[number], self.made.get(number)
        came = self.merged.origins.get(number) if self.merged is not None else None
        film, time = (came.film, came.time) if came else (self.films.get(source, ""), self.times.get(source))
        frame = came.frame if came else self.frames.get(number, "")
        return {"frame": frame, "source": source, "film": film, "time": time, "made": made}


def _captions(file: Path) -> dict[int, Provenance]:
    return {made.number: made for made in provenance.read(file) if made.outcome == "captioned"}


def _rescued(state: Path) -> Iterator[tuple[str, str, str | None]]:
    for record in Rescue(state).records():
        name, text, before = (record.get(field) for field in ("file_name", "text", "instead_of"))
        if isinstance(name, str) and number_of(name) is not None and isinstance(text, str):
            yield name, text, before if isinstance(before, str) else None
