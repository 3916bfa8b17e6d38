"""How well filters tell what is wrong with frames, and how fast.

Truth: frames made by `truth_*.py` from real photographs and clips, so that it is known what is wrong with each. Where
people would not agree, either answer is right. Another --seed makes others; nothing was tuned on the default one.
Bars: near-duplicates recall 0.95 at precision 0.99; blur, fades and text 0.9 at 0.95; no filter drops more than 1 % of
the clean photographs. Ends with 1 where one is missed. What is clean for `text` and `duplicate` is in their own sets:
signs, shop fronts and books; and pictures that are like others.
Speed: see `filter_speed.py`. --index N measures the search for repeats alone, among N made fingerprints.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import filter_speed
import truth_duplicates
from tqdm import tqdm
from truth_frames import Known, blurred, clean, films, nothing_to_see
from truth_moving import moving
from truth_text import texts

from ghibli_prep.eyes import Text
from ghibli_prep.filters import FILTERS, Frame
from ghibli_prep.filters.judging import in_order
from ghibli_prep.filters.look import look
from ghibli_prep.settings import FilterSettings

CLEAN_BAR = 0.01
Bar = tuple[float, float] | None
"""recall and precision at the least; None where none is asked for."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of one filter on one set, as counts of frames. wrong: those to find; clean: those to keep; lost and flagged: of
    these; found: of those."""

    wrong: int
    found: int
    clean: int
    lost: int
    flagged: int

    @property
    def recall(self) -> float:
        return self.found / self.wrong if self.wrong else 1.0

    @property
    def precision(self) -> float:
        dropped = self.found + self.lost
        return self.found / dropped if dropped else 1.0

    @property
    def lost_share(self) -> float:
        return self.lost / max(1, self.clean)

    @property
    def flagged_share(self) -> float:
        return self.flagged / max(1, self.clean)

    def meets(self, bar: Bar) -> bool:
        return bar is None or (self.recall >= bar[0] and self.precision >= bar[1])


@dataclass(frozen=True, slots=True)
class Truth:
    """Frames with their looks, in order; wrong: by identity, as in `Known`."""

    frames: Sequence[Frame]
    wrong: dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Set:
    """make: its frames, for a seed and about a count. filters: those that are measured by it. reasons: why they take a
    frame out, where that is not called as they are. clean: the set says what is clean for them, too; else
    `truth_frames.clean` does."""

    name: str
    filters: Sequence[str]
    bar: Bar
    make: Callable[[int, int], Iterable[Known]]
    reasons: Sequence[str] = ()
    clean: bool = False

    @property
    def installed(self) -> bool:
        return all(FILTERS[name].installed for name in self.filters)


SETS = (
    Set("plain", ("black", "white", "flat"), None, lambda seed, count: nothing_to_see(seed, count // 5)),
    Set("blurred", ("blur",), (0.9, 0.95), lambda seed, count: blurred(seed, count // 40)),
    Set("films", ("fade",), (0.9, 0.95), lambda seed, count: films(seed, count // 70)),
    Set("moving", ("fade",), (0.9, 0.95), moving),
    Set(
        "text",
        ("text",),
        (0.9, 0.95),
        lambda seed, count: texts(seed, max(1, count // 80)),
        reasons=("credits", "title", "text"),
        clean=True,
    ),
)
COPIES_BAR = 0.95, 0.99


def measured(name: str, known: Iterable[Known], reads: bool = False) -> Truth:
    """reads: whether text is looked for, which is slow."""
    eye = Text()
    frames, wrong = [], {}
    for at, each in enumerate(tqdm(known, desc=name, leave=False)):
        source = f"{each.film}/{at:06}.png"
        text = eye.look(each.picture) if reads else None
        frames.append(Frame(source, source, each.film, each.time, look(each.picture), text=text))
        wrong[source] = each.wrong
    return Truth(in_order(frames, lambda source: source), wrong)


def score(name: str, truth: Truth, reasons: Sequence[str] = ()) -> Score:
    """Of the filter alone. reasons: as in `Set`. Frames that are to go for another reason count as neither."""
    made = FILTERS[name].load(FilterSettings())
    values = [opinion.value for opinion in made.judge(truth.frames)]
    both = [(truth.wrong[frame.identity], value) for frame, value in zip(truth.frames, values, strict=True)]
    good = [value for wrong, value in both if wrong == ""]
    bad = [value for wrong, value in both if wrong in (reasons or (name,))]
    return Score(
        len(bad),
        sum(value < made.drop for value in bad),
        len(good),
        sum(value < made.drop for value in good),
        sum(made.drop <= value < made.review for value in good),
    )


def copies_score(copies: Iterable[truth_duplicates.Copy]) -> tuple[Score, dict[str, float]]:
    """A group keeps one of its frames, and all others go as copies of one of them: what goes as a copy of another
    picture is lost. And by what was done to it, the share of frames that stay though their group has another."""
    made = FILTERS["duplicate"].load(FilterSettings())
    there: dict[str, truth_duplicates.Copy] = {}
    frames = []
    for at, copy in enumerate(tqdm(copies, desc="copies", leave=False)):
        source = f"{copy.film}/{at:06}.png"
        frames.append(Frame(source, source, copy.film, None, look(copy.picture)))
        there[source] = copy
    members = Counter(copy.group for copy in there.values())
    stays: dict[int, list[str]] = defaultdict(list)
    found = lost = flagged = 0
    for frame, opinion in zip(frames, made.judge(frames), strict=True):
        own, other = there[frame.source], there.get(opinion.detail.removeprefix("a copy of "))
        right = other is not None and other.group == own.group
        found += opinion.value < made.drop and right
        lost += opinion.value < made.drop and not right
        flagged += made.drop <= opinion.value < made.review
        if opinion.value >= made.drop:
            stays[own.group].append(own.change)
    missed = Counter(change for changes in stays.values() if len(changes) > 1 for change in changes)
    kinds = Counter(copy.change for copy in there.values() if members[copy.group] > 1)
    of = Score(len(frames) - len(members), found, len(members), lost, flagged)
    return of, {kind: missed[kind] / count for kind, count in sorted(kinds.items())}


def say(name: str, kind: str, of: Score, bar: Bar) -> bool:
    fine = of.meets(bar)
    verdict = "" if bar is None else f"bar {bar[0]:.2f} at {bar[1]:.2f} {'met' if fine else 'MISSED'}"
    print(
        f"{name:<10} {kind:<8} {of.wrong:>6} {of.recall:>7.3f} {of.precision:>10.3f} "
        f"{of.lost_share:>7.2%} {of.flagged_share:>8.2%}  {verdict}".rstrip()
    )
    return fine


def say_clean(name: str, of: Score) -> bool:
    fine = of.lost_share <= CLEAN_BAR
    print(
        f"{name:<10} drops {of.lost_share:.2%} and flags {of.flagged_share:.2%} of {of.clean:,} clean pictures  "
        f"bar {CLEAN_BAR:.0%} {'met' if fine else 'MISSED'}"
    )
    return fine


def how_well(seed: int, count: int) -> bool:
    """Prints a line a filter and set, of the filters that are installed; whether all bars are met."""
    print(f"seed {seed}, default settings\nfilter     frames    wrong  recall  precision    lost  flagged")
    fine = True
    photographs = measured("clean", clean(seed, count))
    spared = {}
    for each in SETS:
        if not each.installed:
            print(f"{each.name}: not measured, its filter is not installed")
            continue
        truth = measured(each.name, each.make(seed, count), reads="text" in each.filters)
        for name in each.filters:
            of = score(name, truth, each.reasons)
            fine &= say(name, each.name, of, each.bar)
            spared[name] = of if each.clean else score(name, photographs)
    copies, missed = copies_score(truth_duplicates.copies(seed, count))
    fine &= say("duplicate", "copies", copies, COPIES_BAR)
    print("  not told from their copies: " + ", ".join(f"{kind} {share:.1%}" for kind, share in missed.items()))
    for name, of in {**spared, "duplicate": copies}.items():
        fine &= say_clean(name, of)
    return fine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--count", type=int, default=2000, help="frames a set, about")
    parser.add_argument("--frames", type=int, default=200, help="for the speed; 0: it is not measured")
    parser.add_argument("--rounds", type=int, default=5, help="for the speed")
    parser.add_argument("--index", type=int, default=0, help="measure only the search for repeats, among so many")
    chosen = parser.parse_args()
    if chosen.index:
        filter_speed.index(chosen.index, chosen.seed)
        return
    fine = how_well(chosen.seed, chosen.count)
    if chosen.frames:
        filter_speed.how_fast(chosen.frames, chosen.rounds)
    if not fine:
        sys.exit("a bar was missed")


if __name__ == "__main__":
    main()
