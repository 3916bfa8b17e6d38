"""A report as one object, and for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import asdict
from typing import Any

from ghibli_prep.validating.checking import Report
from ghibli_prep.validating.problems import Problem

SHOWN = 10
"""So many of each check are shown to people."""


def as_json(report: Report) -> dict[str, Any]:
    """What `validate --json` prints. counts: by check, problems and warnings together."""
    return {
        "workspace": str(report.place.root),
        "ok": not report.problems,
        "pictures": report.pictures,
        "lines": report.lines,
        "problems": [asdict(problem) for problem in report.problems],
        "warnings": [asdict(problem) for problem in report.warnings],
        "counts": counts(report.found),
        "fixed": counts(report.fixed),
    }


def counts(found: Collection[Problem]) -> dict[str, int]:
    """How many of each check, by its name."""
    return dict(sorted(Counter(problem.check for problem in found).items()))


def in_words(report: Report) -> str:
    """Every check that found something, with the first of its places."""
    said = [f"Mended: {', '.join(f'{check} {count:,}' for check, count in counts(report.fixed).items())}."]
    said = said if report.fixed else []
    for title, found in (("Problem", report.problems), ("Warning", report.warnings)):
        for check in dict.fromkeys(problem.check for problem in found):
            said += _one_check(title, check, [problem for problem in found if problem.check == check])
    said.append(
        f"{report.place.train}: {report.pictures:,} pictures, {report.lines:,} lines: "
        f"{_number(len(report.problems), 'problem')}, {_number(len(report.warnings), 'warning')}."
    )
    return "\n".join(said)


def _one_check(title: str, check: str, found: list[Problem]) -> Iterator[str]:
    """The first places, those with one remedy together, and the remedy after them."""
    yield f"{title}: {check} ({len(found):,})"
    shown = found[:SHOWN]
    for remedy in dict.fromkeys(problem.remedy for problem in shown):
        yield from (f"  {problem.in_words()}" for problem in shown if problem.remedy == remedy)
        yield f"    -> {remedy}"
    if len(found) > SHOWN:
        yield f"  ... and {len(found) - SHOWN:,} more: --json names them all"


def last_words(report: Report) -> str:
    fixable = sum(problem.fixable for problem in report.problems)
    more = f" `ghibli-prep validate --fix` mends {fixable:,} of them." if fixable else ""
    return f"{_number(len(report.problems), 'problem')} found.{more}"


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
