from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ghibli_prep.samples import BY_USER, Found, Kept, Rejected
from ghibli_prep.stages.overrule import overruled


@dataclass(frozen=True)
class Decision:
    kept: bool
    source: str = "film/a.png"
    reason: str = "no_people"


def found(source: str) -> Found:
    return Found("id", source, Path(source))


RAW = {"id": found("film/a.png")}


def test_what_lies_where_it_was_put_stays_as_decided() -> None:
    assert list(overruled({"id": Decision(True)}, {"id": found("film/a.png")}, {}, RAW)) == []
    assert list(overruled({"id": Decision(False)}, {}, {"id": found("no_people/film/a.png")}, RAW)) == []
    assert list(overruled({"id": Decision(True)}, {}, {}, RAW)) == []  # filtered_temp/ was deleted, as it may be


def test_a_dropped_picture_in_filtered_temp_is_kept_under_its_first_name() -> None:
    moved = {"id": found("elsewhere/b.png")}
    assert list(overruled({"id": Decision(False)}, moved, {}, RAW)) == [
        Kept("id", "film/a.png", Path("elsewhere/b.png"), BY_USER, "moved by hand", 1.0)
    ]


def test_a_dropped_picture_that_was_copied_to_filtered_temp_is_kept() -> None:
    (sample,) = overruled({"id": Decision(False)}, {"id": found("a.png")}, {"id": found("no_people/a.png")}, RAW)
    assert isinstance(sample, Kept)


def test_a_kept_picture_in_filtered_out_is_dropped_by_the_folders_name() -> None:
    for place, reason in (("too_dark/a.png", "too_dark"), ("too_dark/film/a.png", "too_dark"), ("a.png", "by_hand")):
        assert list(overruled({"id": Decision(True)}, {}, {"id": found(place)}, RAW)) == [
            Rejected("id", "film/a.png", Path(place), BY_USER, reason, 1.0)
        ]


def test_a_kept_picture_that_lies_on_both_sides_stays() -> None:
    assert list(overruled({"id": Decision(True)}, {"id": found("a.png")}, {"id": found("x/a.png")}, RAW)) == []


def test_a_picture_that_lies_in_filtered_temp_alone_was_put_there_by_hand() -> None:
    (sample,) = overruled({}, {"id": found("mine.png")}, {}, {})
    assert sample == Kept("id", "mine.png", Path("mine.png"), BY_USER, "put there by hand", 1.0)
    assert list(overruled({}, {"id": found("mine.png")}, {}, RAW)) == []  # not decided yet: the filter's turn
    assert list(overruled({}, {}, {"id": found("x/mine.png")}, {})) == []
