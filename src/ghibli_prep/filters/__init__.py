"""What keeps a frame out of the dataset: the words of the filters, and which there are.

A filter is one small file with one function, `judge`. It is given all frames, because some frames can be judged only
among others: a repeat, a dissolve, a blur by the standard of its film. What it judges by was measured before, once for
each frame, and is kept; so other thresholds need no new look. The built-in ones enter by the same door as an
outsider's: a line in `FILTERS`. Nothing here knows a folder or the journal: `stages.filter` says what comes of it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from ghibli_prep.errors import MissingExtra

if TYPE_CHECKING:
    from ghibli_prep.detectors import Sighting
    from ghibli_prep.filters.look import Look
    from ghibli_prep.lettering import Lettering
    from ghibli_prep.settings import FilterSettings

Need = Literal["look", "people", "text"]
"""What a filter judges by: numbers of every frame, measured at once; or what a detector saw, one after another."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as the filters know it.

    source: its path in the input; film: the first folder of that. time: seconds into the film, None where unknown.
    look, people, text: what was measured, None where it was not. stays: it was kept before, so it is not dropped now,
    and others may be dropped for it. dropped_by: the filter, or whoever it was, that dropped it before; empty for
    nobody. Such a frame is still a neighbour in time, and never the one that stays of several copies.
    """

    identity: str
    source: str
    film: str = ""
    time: float | None = None
    look: Look | None = None
    people: Sighting | None = None
    text: Lettering | None = None
    stays: bool = False
    dropped_by: str = ""

    @property
    def dropped(self) -> bool:
        return bool(self.dropped_by)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a filter thinks of one frame.

    value: what the two thresholds of the filter are compared with: the lower, the worse. reason: the folder in
    `filtered_out/`. detail: words for the user, such as `a copy of Totoro/12.png`.
    """

    value: float
    reason: str
    detail: str = ""


class Filter(Protocol):
    """drop: a frame whose value is below it goes. review: one below this, and not below `drop`, stays, flagged."""

    name: str
    drop: float
    review: float

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        """An opinion of each of `frames`, which come in the order of film and time. Those without what it needs to
        know are not flagged and not dropped."""
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """module: its `load(settings)` makes the filter. need: as above. package and extra: what must be installed.
    below: the first Python that the package is not made for yet; None where it is made for all."""

    module: str
    need: Need
    package: str = ""
    extra: str = ""
    below: tuple[int, int] | None = None

    @property
    def installed(self) -> bool:
        return not self.package or importlib.util.find_spec(self.package) is not None

    def load(self, settings: FilterSettings) -> Filter:
        """Raises MissingExtra."""
        if not self.installed:
            raise MissingExtra(
                f"The filter {self.module.rpartition('.')[2]!r} needs the package {self.package}, "
                f"which is not installed. {self._remedy}"
            )
        made: Filter = importlib.import_module(self.module).load(settings)
        return made

    @property
    def _remedy(self) -> str:
        if self.below is None or sys.version_info < self.below:
            return f'Install it: pip install "ghibli-prep[{self.extra}]"'
        last = f"{self.below[0]}.{self.below[1] - 1}"
        return f"It is not made for this Python yet: use Python {last}, or leave the filter out of filter.use."


FILTERS: Mapping[str, Entry] = {
    "black": Entry("ghibli_prep.filters.black", "look"),
    "white": Entry("ghibli_prep.filters.white", "look"),
    "flat": Entry("ghibli_prep.filters.flat", "look"),
    "blur": Entry("ghibli_prep.filters.blur", "look"),
    "fade": Entry("ghibli_prep.filters.fade", "look"),
    "duplicate": Entry("ghibli_prep.filters.duplicate", "look"),
    "people": Entry("ghibli_prep.filters.people", "people"),
    "text": Entry("ghibli_prep.filters.text", "text", "rapidocr_onnxruntime", "ocr", (3, 13)),
}
"""By name, in the order in which they are asked: cheap ones first."""

NOTHING_AGAINST = Opinion(float("inf"), "")
"""The opinion of a filter that has nothing to go by."""


def chosen(settings: FilterSettings, by_hand: bool, filters: Mapping[str, Entry] = FILTERS) -> tuple[str, ...]:
    """The names of the filters that a frame goes through, in their order.

    by_hand: the user put the frame there, where others were taken from a film by `extract`. Whether people are looked
    for also depends on the detector, which is not asked here.
    """
    if settings.use == "auto":
        return ("people",) if by_hand else tuple(name for name, entry in filters.items() if entry.installed)
    return tuple(filters) if settings.use == "all" else tuple(dict.fromkeys(settings.use))
