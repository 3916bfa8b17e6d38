from __future__ import annotations

import pytest

from ghibli_prep.detectors import NO_PEOPLE, NOBODY, Sighting
from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.people import load
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
