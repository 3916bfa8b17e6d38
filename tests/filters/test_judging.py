from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.filters import FILTERS, Frame, Opinion, chosen
from ghibli_prep.filters.judging import in_order, judge
from ghibli_prep.settings import FilterSettings


@dataclass
class Named:
    """Drops the frames whose source has the letter, and says whom it saw as dropped before."""

    name: str
    letter: str
    drop: float = 0.5
    review: float = 0.8
    flags: str = "-"
    saw: list[str] = field(default_factory=list)

    def judge(self, frames: Sequence[Frame]) -> Sequence[Opinion]:
        self.saw = [frame.source for frame in frames if frame.dropped]
        return [Opinion(self._worth(frame.source), "why") for frame in frames]

    def _worth(self, source: str) -> float:
        if self.letter in source:
            return 0.1
        return 0.6 if self.flags in source else 1.0


def frames(*sources: str, stays: bool = False, dropped_by: str = "") -> list[Frame]:
    return [Frame(source, source, stays=stays, dropped_by=dropped_by) for source in sources]


def test_a_later_filter_sees_what_an_earlier_one_dropped_and_has_no_say_in_it() -> None:
    first, second = Named("first", "a"), Named("second", "b", flags="c")
    judged = judge(frames("a", "b", "ab", "c"), [first, second], lambda *_: True)
    assert [opinion.by for opinion in judged["a"]] == ["first"]
    assert [opinion.by for opinion in judged["ab"]] == ["first"]
    assert judged["a"][-1].dropped and judged["b"][-1].dropped
    assert second.saw == ["a", "ab"]
    assert judged["c"][-1].flagged and not judged["c"][-1].dropped


def test_what_stays_is_not_judged_and_what_went_before_is_not_judged_again() -> None:
    made = Named("first", "a")
    judged = judge([*frames("a", stays=True), *frames("ab", dropped_by="black")], [made], lambda *_: True)
    assert judged == {"a": [], "ab": []}


def test_a_filter_that_is_not_for_a_frame_says_nothing_of_it() -> None:
    judged = judge(frames("a", "ab"), [Named("first", "a")], lambda frame, _: frame.source == "ab")
    assert not judged["a"] and judged["ab"][-1].dropped


@given(st.lists(st.tuples(st.sampled_from("xy"), st.none() | st.floats(0, 9)), max_size=12), st.randoms())
def test_the_order_of_frames_is_that_of_film_and_time_however_they_come(
    made: list[tuple[str, float | None]], random: Random
) -> None:
    there = [Frame(str(at), f"{film}/{at:02}", film, time) for at, (film, time) in enumerate(made)]
    shuffled = list(there)
    random.shuffle(shuffled)
    ordered = in_order(shuffled, lambda source: source)
    assert ordered == in_order(there, lambda source: source)
    assert [frame.film for frame in ordered] == sorted(frame.film for frame in there)
    for film in "xy":
        times = [frame.time for frame in ordered if frame.film == film]
        timed = [time for time in times if time is not None]
        assert times[: len(timed)] == sorted(timed)


def test_frames_put_there_by_hand_are_only_asked_for_people_unless_the_user_says_so() -> None:
    assert chosen(FilterSettings(), by_hand=True) == ("people",)
    assert "people" in chosen(FilterSettings(), by_hand=False)
    assert chosen(FilterSettings(use="all"), by_hand=True) == tuple(FILTERS)
    assert chosen(FilterSettings(use=("people", "people")), by_hand=False) == ("people",)
