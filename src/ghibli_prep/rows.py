"""A dataset as rows: all that is known of each picture in `train/`, for those who choose, check and sum up. Reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Row:
    """One picture. text: its caption, "" where it has none. reason: why it is blocked or failed.

    source: the frame's path below the input folder. made: where it has what it has from, None where unknown.
    shared: has another picture the same caption? dataset: what it was merged from, "" where it was made here.
    """

    number: int
    state: Literal["captioned", "blocked", "failed", "pending"]
    text: str
    reason: str
    source: str
    made: Provenance | None
    shared: bool = False
    dataset: str = ""

    @property
    def film(self) -> str:
        """The first folder, "" where the frame lay in none."""
        return film_of(self.source)

    @property
    def edited(self) -> bool:
        """Has the caption been written or changed by hand since it was recorded?"""
        return self.state == "captioned" and self.made is not None and self.text != self.made.text


def film_of(source: str) -> str:
    """The film that a frame is of: the first folder of its path, "" where there is none."""
    film, slash, _ = source.partition("/")
    return film if slash else ""


def rules_broken(row: Row, profile: Profile) -> tuple[str, ...]:
    """The names of the rules that the row's caption breaks; none where it has none."""
    if row.state != "captioned":
        return ()
    others = {row.text} if row.shared else frozenset[str]()
    return tuple(finding.rule for finding in rules.findings(row.text, profile, others))


def rows(workspace: Workspace) -> list[Row]:
    """Every picture in `train/`, by number. Raises ForeignState as `Workspace.provenance` does."""
    made, failed, reasons = workspace.provenance(), workspace.failed(), workspace.facts.blocked
    blocked, times = set(workspace.blocked()), Counter(workspace.captions.values())
    origins = workspace.merged().origins
    found = []
    for number in workspace.pictures():
        source, where = workspace.facts.sources.get(number, ""), made.get(number)
        dataset = origins[number].dataset if number in origins else ""
        if number in blocked:
            row = Row(number, "blocked", "", reasons.get(number, ""), source, where)
        elif number in workspace.captions:
            text = workspace.captions[number]
            row = Row(number, "captioned", text, "", source, where, times[text] > 1)
        elif number in failed:
            row = Row(number, "failed", "", failed[number], source, where)
        else:
            row = Row(number, "pending", "", "", source, None)
        found.append(replace(row, dataset=dataset))
    return found
