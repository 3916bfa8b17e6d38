"""A merge as one object, and for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ghibli_prep import report
from ghibli_prep.console import Console
from ghibli_prep.merging import Outcome
from ghibli_prep.merging.joining import CAPTION, MEANING
from ghibli_prep.settings import Settings
from ghibli_prep.workspace.merged import Left

SHOWN = 20
"""So many copies, and so many lines left out, are shown to people at once."""


def as_json(outcome: Outcome, into: Path, count: int, planned: bool) -> dict[str, Any]:
    """What `merge --json` prints. count: pictures in `train/`."""
    left_out = [{"dataset": name, "file": at, "reason": why} for (name, at), why in outcome.left_out.items()]
    return {
        "into": str(into),
        "dry_run": planned,
        "pictures": count,
        "taken": outcome.taken,
        "known": outcome.known,
        "resized": outcome.resized,
        "enlarged": outcome.enlarged,
        "captioned": outcome.captioned,
        "copies": [asdict(copy) for copy in outcome.copies],
        "left_out": left_out,
    }


def tell(outcome: Outcome, console: Console) -> None:
    """Each line and picture that cannot be used, then each copy with what it is a copy of: all in the log, the first of
    them also shown."""
    unused = [f"{name}/{at}: {why}; left out" for (name, at), why in outcome.left_out.items()]
    copies = [f"{copy.dataset}/{copy.file}: {_how(copy)} {copy.of}; left out" for copy in outcome.copies]
    for said in (unused, copies):
        for text in said[:SHOWN]:
            console.tell(text)
        for text in said[SHOWN:]:
            console.log(text)
        if len(said) > SHOWN:
            console.tell(f"... and {len(said) - SHOWN:,} more: the log and --json name them all")


def _how(copy: Left) -> str:
    nearness = f" (cosine {copy.value:.2f})" if copy.how == MEANING and copy.value is not None else ""
    return f"{copy.how}{nearness} as"


def in_words(outcome: Outcome, into: Path, count: int, planned: bool, settings: Settings) -> str:
    """A line a dataset, and what it came to."""
    copies = Counter((copy.dataset, copy.how) for copy in outcome.copies)
    unused = Counter(name for name, _ in outcome.left_out)
    lines = []
    for name, taken in outcome.taken.items():
        words = [f"{name}: {taken:,} {'to be taken' if planned else 'taken'}"]
        words += [f"{outcome.known[name]:,} here already"] if outcome.known[name] else []
        words += [f"{number:,} {how}" for (whose, how), number in copies.items() if whose == name]
        words += [f"{unused[name]:,} left out"] if unused[name] else []
        lines.append(", ".join(words) + ".")
    if outcome.resized:
        enlarged = f", {outcome.enlarged:,} of these enlarged" if outcome.enlarged else ""
        size = settings.resize.size
        lines.append(f"Resized to {size} x {size}: {outcome.resized:,}{enlarged}.")
    if outcome.captioned:
        bare = report.pictures(len(outcome.captioned))
        lines.append(f"{bare} of {into} had no caption and {'would get' if planned else 'got'} one.")
    said = Counter(copy.how for copy in outcome.copies)
    if said[CAPTION]:
        lines.append(f"Left out as their caption is another's: {said[CAPTION]:,}. --pictures-only keeps them.")
    if said[MEANING]:
        lines.append(
            f"Left out for what their captions mean: {said[MEANING]:,} (cosine {settings.dedupe.at:g} or more). "
            "--exact-captions keeps them, and [dedupe] says from where on captions are alike."
        )
    if planned:
        count += sum(outcome.taken.values())
        lines.append(f"{into / 'train'}: it would be {report.pictures(count)}. Nothing was changed.")
    else:
        lines.append(f"{into / 'train'}: {report.pictures(count)}.")
    return "\n".join(lines)


def last_words(outcome: Outcome) -> str:
    count = len(outcome.left_out)
    return f"{count:,} {'line or picture' if count == 1 else 'lines or pictures'} of the sources left out: see above."
