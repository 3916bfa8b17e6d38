from __future__ import annotations

import pytest

from ghibli_prep.detectors import NO_PEOPLE, NOBODY, Sighting
from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.people import load
from ghibli_prep.framing import Box
from ghibli_prep.settings import FilterSettings


@pytest.mark.parametrize(("score", "value"), [(0.9, 0.9), (0.2, 0.2)])
def test_a_frame_is_worth_what_its_surest_person_is(score: float, value: float) -> None:
    (opinion,) = load(FilterSettings()).judge([Frame("a", "a.png", people=Sighting(2, score, "face"))])
    assert opinion == Opinion(value, NO_PEOPLE)


def test_nobody_is_below_every_threshold() -> None:
    made = load(FilterSettings(min_score=0.0))
    (opinion,) = made.judge([Frame("a", "a.png", people=NOBODY)])
    assert opinion.value < made.drop


def test_nothing_is_held_against_a_frame_that_nobody_looked_at() -> None:
    assert list(load(FilterSettings()).judge([Frame("a", "a.png")])) == [NOTHING_AGAINST]


def test_what_is_dropped_is_never_flagged_instead() -> None:
    made = load(FilterSettings.model_validate({"min_score": 0.8, "people": {"review": 0.6}}))
    assert made.drop == made.review == 0.8


def test_people_who_are_smaller_than_asked_for_are_background() -> None:
    seen = Sighting.of([Box(0.0, 0.0, 0.1, 0.1, 0.9, "person"), Box(0.5, 0.0, 0.9, 0.5, 0.7, "person")])
    frame = Frame("a", "a.png", people=seen)
    for min_share, value in ((0.0, 0.9), (0.05, 0.7), (0.3, -1.0)):
        made = load(FilterSettings.model_validate({"people": {"min_share": min_share}}))
        assert [opinion.value for opinion in made.judge([frame])] == [value]


def test_the_user_is_told_how_many_people_there_are_and_how_much_they_take() -> None:
    seen = Sighting.of([Box(0.0, 0.0, 0.5, 0.5, 0.9, "person"), Box(0.1, 0.1, 0.2, 0.2, 0.8, "face")])
    (opinion,) = load(FilterSettings()).judge([Frame("a", "a.png", people=seen)])
    assert opinion.detail == "people: 1, 25% of the picture"
