"""The filters over the frames of a workspace: what was measured is looked up, what was not is measured, and decided.

Decides in two passes. What needs only numbers of the pixels is measured of all frames first, and judged of all
together; only what that leaves is shown to the detectors, one picture after another. Raises what loading a detector or
a filter raises, before anything is decided. Writes nothing but what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ghibli_prep import filters
from ghibli_prep.eyes import eyes
from ghibli_prep.filters import FILTERS, Filter, Frame, Need
from ghibli_prep.filters.judging import Judged, in_order, judge
from ghibli_prep.filters.look import VERSION as LOOK
from ghibli_prep.filters.look import Look, look
from ghibli_prep.framing import Box
from ghibli_prep.samples import BY_USER, Found, Kept, Rejected, Unreadable
from ghibli_prep.settings import Settings
from ghibli_prep.stages.filter import Candidate, Limits, decide, measure, rejected
from ghibli_prep.workspace import Workspace


class Filtering:
    """One run of the filters. found: every picture there is, by identity; todo: those to decide about."""

    def __init__(
        self, workspace: Workspace, settings: Settings, cache: Path, found: Mapping[str, Found], todo: list[Found]
    ) -> None:
        self._workspace, self._settings, self._found = workspace, settings.filter, found
        self._limits = Limits(settings.resize.max_megapixels, settings.resize.background_rgb)
        self._measures = workspace.measures()
        self._shots = workspace.films().shots()
        self._todo = {picture.identity: picture for picture in todo}
        self._eyes = eyes(settings.filter, cache)
        self._unreadable: set[str] = set()
        wanted = {name for picture in todo for name in self.chosen(picture.source)}
        ordered = filters.chosen(settings.filter, by_hand=False)
        self.filters = {name: FILTERS[name].load(settings.filter) for name in ordered if name in wanted}
        self.judged: dict[str, list[Judged]] = {}

    def close(self) -> None:
        self._measures.flush()
        for eye in self._eyes.values():
            eye.close()

    @property
    def sees_people(self) -> bool:
        """Whether there is a detector that looks for them."""
        return bool(self._eyes["people"].name)

    def chosen(self, source: str) -> tuple[str, ...]:
        """The filters for a frame: of people only where somebody can look for them."""
        names = filters.chosen(self._settings, by_hand=source not in self._shots)
        return names if self.sees_people else tuple(name for name in names if FILTERS[name].need != "people")

    @property
    def decides_all(self) -> bool:
        """Whether a decision is made of each picture. Not where people should be looked for and nobody can, so that
        it can be made later; and not where there is nothing to ask of any picture."""
        lacks = self._settings.detector != "none" and not self.sees_people
        wanted = (filters.chosen(self._settings, picture.source not in self._shots) for picture in self._todo.values())
        return bool(self.filters) and not (lacks and any("people" in names for names in wanted))

    def make_ready(self) -> None:
        """Load the detectors that have to look at any picture at all."""
        self._load(self._candidates(self._todo))

    def _load(self, candidates: list[Candidate]) -> None:
        wanted = {need for candidate in candidates for need in candidate.wanted}
        for need, eye in self._eyes.items():
            if need in wanted:
                eye.load()

    # What is known -----------------------------------------------------------------------------------

    def frame(self, identity: str, source: str, stays: bool = False, dropped_by: str = "") -> Frame:
        shot = self._shots.get(source)
        seen = {need: self._measures.of(identity, need, eye.maker, eye.read) for need, eye in self._eyes.items()}
        return Frame(
            identity,
            source,
            film=source.partition("/")[0] if "/" in source else "",
            time=None if shot is None else shot.time,
            look=self._look_of(identity),
            people=seen["people"],
            text=seen["text"],
            stays=stays,
            dropped_by=dropped_by,
        )

    def _frames(self) -> list[Frame]:
        """Every frame the filters may compare with: those that can be read, and those that have a number."""
        facts = self._workspace.facts
        sources = {identity: facts.sources[number] for identity, number in facts.numbers.items()}
        sources |= {identity: found.source for identity, found in self._found.items()}
        sources |= {identity: verdict.source for identity, verdict in facts.verdicts.items() if identity in sources}
        made = []
        for identity, source in sources.items():
            verdict = None if identity in self._todo else facts.verdicts.get(identity)
            number = facts.numbers.get(identity)
            gone = number in facts.removed
            by = BY_USER if gone else verdict.by if verdict is not None and not verdict.kept else ""
            stays = not by and (number is not None or verdict is not None)
            made.append(self.frame(identity, source, stays, by))
        return in_order(made, lambda source: source.split("/"))

    def opinions(self) -> dict[str, list[Judged]]:
        """What the filters think today of every picture that has been measured, whatever was decided of it, as far as
        the first that would drop it. But what the user decided stays decided."""
        facts = self._workspace.facts
        frames = []
        for identity, found in self._found.items():
            verdict = facts.verdicts.get(identity)
            by_user = verdict is not None and verdict.by == BY_USER
            kept = by_user and verdict is not None and verdict.kept
            source = verdict.source if verdict else found.source
            frames.append(self.frame(identity, source, kept, BY_USER if by_user and not kept else ""))
        ordered = in_order(frames, lambda source: source.split("/"))
        return judge(ordered, list(self.filters.values()), lambda frame, name: name in self.chosen(frame.source))

    # Deciding ----------------------------------------------------------------------------------------

    def of_need(self, *needs: Need) -> list[Filter]:
        return [made for name, made in self.filters.items() if FILTERS[name].need in needs]

    def measure(self) -> Iterator[Found | Unreadable]:
        """Measure the pixels of the pictures that need it; each comes out when it is done."""
        for seen in measure(self.to_measure(), look, self._limits):
            if isinstance(seen, Unreadable):
                self._unreadable.add(seen.identity)
                yield seen
            else:
                found, numbers = seen
                self._measures.note(found.identity, "look", LOOK, numbers.as_json())
                yield found

    def to_measure(self) -> list[Found]:
        """The pictures whose pixels are still to be measured: where some are judged by them, all, since they are judged
        among others."""
        if not self.of_need("look"):
            return []
        return [found for identity, found in self._found.items() if self._look_of(identity) is None]

    def _look_of(self, identity: str) -> Look | None:
        seen: Look | None = self._measures.of(identity, "look", LOOK, Look.of_json)
        return seen

    def drop(self) -> list[Rejected]:
        """What the filters drop that judge all frames together."""
        frames, alone = self._frames(), self.of_need("look")
        self.judged = judge(frames, alone, lambda frame, name: name in self.chosen(frame.source)) if alone else {}
        return [
            rejected(self._todo[identity], opinions[-1].by, opinions[-1].opinion)
            for identity, opinions in self.judged.items()
            if identity in self._todo and opinions and opinions[-1].dropped
        ]

    def to_look_closer(self) -> list[Found]:
        """The pictures that no filter has dropped yet, but for those that cannot be read. None where not all can be
        decided."""
        if not self.decides_all:
            return []
        dropped = {identity for identity, opinions in self.judged.items() if opinions and opinions[-1].dropped}
        return [found for identity, found in self._todo.items() if identity not in dropped | self._unreadable]

    def look_closer(self, left: list[Found]) -> Iterator[Kept | Rejected | Unreadable]:
        """What becomes of those."""
        candidates = self._candidates({found.identity: found for found in left})
        return decide(candidates, self._eyes, self._remember, self._limits)

    def _candidates(self, pictures: Mapping[str, Found]) -> list[Candidate]:
        return [
            Candidate(found, self.frame(identity, found.source), self._closer(found.source))
            for identity, found in pictures.items()
        ]

    def _closer(self, source: str) -> list[tuple[Need, Filter]]:
        """The filters of a frame that need a detector."""
        names = [name for name in self.chosen(source) if FILTERS[name].need != "look"]
        return [(FILTERS[name].need, self.filters[name]) for name in names]

    def flagged(self) -> set[str]:
        """Which of the pictures that were to be decided stay with a doubt, as far as they have been measured."""
        opinions = {identity: list(judged) for identity, judged in self.judged.items() if identity in self._todo}
        for candidate in self._candidates(self._todo):
            closer = opinions.setdefault(candidate.found.identity, [])
            closer += [Judged.of(made, made.judge([candidate.frame])[0]) for _, made in candidate.filters]
        return {
            identity
            for identity, judged in opinions.items()
            if any(one.flagged for one in judged) and not any(one.dropped for one in judged)
        }

    # People in the pictures -------------------------------------------------------------------------

    def see_people(self) -> Iterator[Kept | Rejected | Unreadable]:
        """Look for people in each picture where that was not done, and decide nothing."""
        made = FILTERS["people"].load(self._settings)
        todo = [
            Candidate(found, self.frame(identity, found.source), [("people", made)])
            for identity, found in self._todo.items()
        ]
        self._load(todo)
        return decide(todo, self._eyes, self._remember, self._limits)

    def where_people_are(self, identity: str) -> list[Box]:
        """Those that the detector is sure enough of; none where nobody looked."""
        seen = self.frame(identity, "").people
        return seen.sure(self._settings.min_score) if seen else []

    def _remember(self, identity: str, need: Need, seen: Any) -> None:
        self._measures.note(identity, need, self._eyes[need].maker, seen.as_json())
