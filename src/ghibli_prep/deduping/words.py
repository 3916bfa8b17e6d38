"""What is said of captions that say the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ghibli_prep.deduping import Found, Gone
from ghibli_prep.settings import DedupeSettings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.metadata import file_name

_SHOWN = 100
"""Letters of a caption in a line."""


def line(gone: Gone) -> str:
    """`12.jpg goes: 0.83 like 7.jpg: "..." / "..."`."""
    texts = " / ".join(f'"{_short(text)}"' for text in (gone.text, gone.of_text))
    return f"{file_name(gone.number)} goes: {gone.cosine:.2f} like {gone.of}: {texts}"


def in_words(found: Found, workspace: Workspace, at: float, dry_run: bool, left: int = 0) -> str:
    """The sum of it. left: how many captions were edited meanwhile."""
    what = f"{found.compared:,} captions" + (f" against {found.others:,}" if found.others is not None else "")
    lines = []
    if not found.gone and not left:
        lines.append(f"{workspace.train}: {what}, and none is {at:g} or more like another.")
    elif dry_run:
        lines.append(f"{len(found.gone):,} of {what} would go to {workspace.removed}. Nothing was changed.")
    elif found.gone:
        first = workspace.removed / file_name(found.gone[0].number)
        lines.append(
            f"{len(found.gone):,} of {what} moved to {workspace.removed}. "
            f"`ghibli-prep keep {first}` brings one back for good, `ghibli-prep cleanup --restore` all."
        )
    if len(found.gone) * 2 > found.compared:
        lines.append(
            "That is more than half: captions of one pattern are all alike. A higher --at or --no-trigger takes fewer."
        )
    if found.spared:
        lines.append(f"{found.spared:,} more are alike and stay, because you named them to `ghibli-prep keep`.")
    if left:
        lines.append(f"{left:,} were edited meanwhile and stay: run the same command again to compare them anew.")
    return "\n".join(lines)


def as_json(found: Found, settings: DedupeSettings, across: Path | None, dry_run: bool) -> dict[str, Any]:
    return {
        "at": settings.at,
        "keep": settings.keep,
        "trigger": settings.trigger,
        "across": None if across is None else str(across),
        "dry_run": dry_run,
        "compared": found.compared,
        "others": found.others,
        "spared": found.spared,
        "gone": [{"file_name": file_name(each.number), **asdict(each)} for each in found.gone],
    }


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3].rstrip()}..."
