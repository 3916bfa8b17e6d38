"""Which decisions come first on the page of the filter's decisions."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.filters import Opinion
from ghibli_prep.filters.judging import Judged
from ghibli_prep.reviewing import Decision, decisions
from ghibli_prep.samples import BY_USER, Found
from ghibli_prep.workspace.journal import Verdict


def judged(value: float) -> Judged:
    return Judged("blur", 0.5, 0.8, Opinion(value, "blur", f"{value}"))


def decision(*values: float, kept: bool, by: str = "filter") -> Decision:
    verdict = Verdict(kept, "film/1.png", by, "blur", 0.5)
    return Decision(Found("id", "film/1.png", Path("1.png")), verdict, [judged(value) for value in values])


def test_a_frame_is_flagged_while_it_stays_and_nobody_has_decided() -> None:
    assert decision(0.9, 0.6, kept=True).state == "flagged"
    assert decision(0.9, 0.8, kept=True).state == "kept"
    assert decision(0.6, kept=True, by=BY_USER).state == "kept"
    assert decision(0.6, kept=False).state == "dropped"


def test_doubt_is_the_distance_of_the_nearest_threshold_and_of_what_goes_that_of_the_filter_that_drops_it() -> None:
    assert decision(0.9, 0.75, kept=True).doubt == 0.5
    assert decision(0.55, 0.25, kept=False).doubt == 0.5
    assert decision(0.5, kept=True, by=BY_USER).doubt == float("inf")
    assert decision(kept=True).doubt == float("inf")


def test_words_are_those_of_the_filters_that_have_something_against_it() -> None:
    assert decision(0.9, 0.6, 0.2, kept=False).details == ["0.6", "0.2"]


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.tuples(st.floats(0, 2), st.booleans(), st.booleans()))
)
def test_the_flagged_come_first_and_each_part_begins_with_the_most_doubtful(
    made: dict[str, tuple[float, bool, bool]],
) -> None:
    found = {name: Found(name, f"film/{name}", Path(name)) for name in made}
    verdicts = {
        name: Verdict(kept, f"film/{name}", BY_USER if by_hand else "filter", "blur", 1.0)
        for name, (_, kept, by_hand) in made.items()
    }
    opinions = {name: [judged(value)] for name, (value, _, _) in made.items()}
    order = decisions(found, verdicts, opinions)
    assert {one.found.identity for one in order} == made.keys()
    assert [one.flagged for one in order] == sorted((one.flagged for one in order), reverse=True)
    for flagged in (True, False):
        doubts = [one.doubt for one in order if one.flagged is flagged]
        assert doubts == sorted(doubts)
    shuffled = dict(reversed(found.items()))
    assert decisions(shuffled, verdicts, opinions) == order
