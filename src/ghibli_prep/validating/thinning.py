"""Of pictures that are alike, `validate --fix` leaves one; the others move to `removed/`, whence they may come back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from ghibli_prep.errors import ForeignState
from ghibli_prep.samples import BLOCKED_TEXT, Removed
from ghibli_prep.validating.checking import Report
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.metadata import file_name


def take_out_copies(report: Report, hash_file: Callable[[Path], str], tell: Callable[[str], None]) -> list[Problem]:
    """Move to `removed/` what the report says is to go; returns the problems that are so mended.

    None where the workspace cannot be opened for what only the user can mend; tell: is told that. hash_file: as for
    `Workspace`. Raises WorkspaceHeld and DiskError.
    """
    if not report.copies and not report.near:
        return []
    try:
        with Workspace(report.place.root, hash_file) as workspace:
            removals = list(_removals(report, workspace.captions))
            workspace.take_out(removals)
    except ForeignState as why:
        tell(f"The copies stay until this is mended by hand: {why}")
        return []
    gone = {removal.number for removal in removals}
    mended = {number for number, other in {**report.copies, **report.near}.items() if {number, other} & gone}
    alike = [problem for problem in report.found if problem.check in ("exact-copy", "near-duplicate")]
    return [problem for problem in alike if problem.place[1] in mended]


def _removals(report: Report, captions: Mapping[int, str]) -> Iterator[Removed]:
    """Of pictures that are alike the first stays that has a caption, or else the first."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for number, first in sorted(report.copies.items()):
        groups[first].append(number)
    gone: set[int] = set()
    pairs = [[other, number] for number, other in sorted(report.near.items())]
    for what, group in [*(("an exact copy of", [k, *v]) for k, v in groups.items()), *(("nearly", p) for p in pairs)]:
        if not gone.isdisjoint(group):
            continue  # what is alike without it will be seen by another look
        keeper = next((n for n in group if captions.get(n, BLOCKED_TEXT) != BLOCKED_TEXT), group[0])
        for number in group:
            if number != keeper:
                gone.add(number)
                yield Removed(number, f"{what} {file_name(keeper)}", False)
