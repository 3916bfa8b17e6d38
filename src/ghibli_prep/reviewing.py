"""The filter's decisions as a page to look through: what was decided, why, and how doubtful that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from ghibli_prep import looks
from ghibli_prep.filtering import Filtering
from ghibli_prep.filters.judging import Judged
from ghibli_prep.pipeline import Pipeline
from ghibli_prep.samples import BY_USER, Found
from ghibli_prep.settings import Settings
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes
from ghibli_prep.workspace.journal import Verdict

SIDE = 160
"""Pixels of the longer side of a thumbnail."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A frame and what was decided of it. judged: what the filters think of it today."""

    found: Found
    verdict: Verdict
    judged: Sequence[Judged]

    @property
    def flagged(self) -> bool:
        return self.verdict.kept and self.verdict.by != BY_USER and any(one.flagged for one in self.judged)

    @property
    def state(self) -> str:
        return "flagged" if self.flagged else "kept" if self.verdict.kept else "dropped"

    @property
    def doubt(self) -> float:
        """How far the nearest value is from its threshold `drop`, as a share of it: the less, the more doubtful.

        Of a frame that goes, only the filter that drops it counts. Infinite for what a person decided.
        """
        if self.verdict.by == BY_USER:
            return float("inf")
        deciding = [one for one in self.judged if one.dropped] or self.judged
        return min((abs(one.opinion.value - one.drop) / max(one.drop, 0.01) for one in deciding), default=float("inf"))

    @property
    def details(self) -> list[str]:
        return [one.opinion.detail for one in self.judged if (one.dropped or one.flagged) and one.opinion.detail]


def decisions(
    found: Mapping[str, Found], verdicts: Mapping[str, Verdict], judged: Mapping[str, Sequence[Judged]]
) -> list[Decision]:
    """Of each picture that was decided, the flagged first, then by doubt."""
    made = [
        Decision(picture, verdicts[identity], judged.get(identity, ()))
        for identity, picture in found.items()
        if identity in verdicts
    ]
    return sorted(made, key=lambda one: (not one.flagged, one.doubt, one.found.source.split("/")))


def write(file: Path, pipeline: Pipeline, settings: Settings, cache: Path, when: str) -> int:
    """Write the page of a held workspace; returns how many frames are flagged on it. Raises DiskError."""
    from ghibli_prep.web import pages

    workspace, found = pipeline.workspace, pipeline.decided()
    with closing(Filtering(workspace, settings, cache, found, list(found.values()))) as filtering:
        made = decisions(found, workspace.facts.verdicts, filtering.opinions())
    drawn = looks.thumbnails([one.found.file for one in made], SIDE)
    thumbnails = list(pipeline.console.counting("look", drawn, len(made)))
    options = {"-w": workspace.root} | ({} if pipeline.source == workspace.raw else {"-i": pipeline.source})
    page = pages.review([_as_json(one) for one in made], thumbnails, options, when)
    with disk_errors_in_words(file):
        file.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(file, page.encode())
    return sum(one.flagged for one in made)


def _as_json(one: Decision) -> dict[str, object]:
    return {
        "source": one.found.source,
        "file": str(one.found.file),
        "film": one.found.source.partition("/")[0] if "/" in one.found.source else "",
        "state": one.state,
        "reason": "" if one.verdict.kept else one.verdict.reason,
        "by": one.verdict.by,
        "details": one.details,
        "values": [_value(judged) for judged in one.judged if isfinite(judged.opinion.value)],
    }


def _value(judged: Judged) -> dict[str, object]:
    value = round(judged.opinion.value, 3)
    return {"by": judged.by, "value": value, "drop": judged.drop, "review": judged.review}
