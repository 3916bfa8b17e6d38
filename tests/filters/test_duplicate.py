"""Repeats among frames of films that are made of real photographs."""

from __future__ import annotations

from dataclasses import replace

import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageFilter

from ghibli_prep.filters import NOTHING_AGAINST, Frame, Opinion
from ghibli_prep.filters.duplicate import load
from ghibli_prep.filters.look import look
from ghibli_prep.settings import FilterSettings

DUPLICATE = load(FilterSettings())
NAMES = ("astronaut", "camera", "coffee", "chelsea", "rocket", "moon", "coins")


def photograph(name: str) -> Image.Image:
    picture = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    return picture.resize((320, 180))


def frame(source: str, picture: Image.Image, *, stays: bool = False, dropped_by: str = "") -> Frame:
    return Frame(source, source, source.partition("/")[0], look=look(picture), stays=stays, dropped_by=dropped_by)


def softer(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.GaussianBlur(1))


def gone(frames: list[Frame]) -> dict[str, tuple[str, str]]:
    """Reason and words of each frame that goes."""
    judged = zip(frames, DUPLICATE.judge(frames), strict=True)
    return {f.source: (o.reason, o.detail) for f, o in judged if o.value < DUPLICATE.drop and not f.stays}


def test_the_sharpest_of_a_group_stays_and_the_others_name_it() -> None:
    frames = [frame(f"a/{name}", photograph(name)) for name in NAMES]
    frames.insert(0, frame("a/soft", softer(photograph("coffee"))))
    frames.append(frame("b/cut", softer(photograph("coffee").crop((20, 10, 320, 180)))))
    assert gone(frames) == {
        "a/soft": ("duplicate", "a copy of a/coffee"),
        "b/cut": ("duplicate", "a copy of a/coffee"),
    }


def test_what_stays_anyway_comes_before_a_sharper_copy() -> None:
    frames = [frame("a/sharp", photograph("moon")), frame("a/kept", softer(photograph("moon")), stays=True)]
    assert gone(frames) == {"a/sharp": ("duplicate", "a copy of a/kept")}


def test_what_is_dropped_already_keeps_no_other_out() -> None:
    frames = [frame("a/gone", photograph("moon"), dropped_by="black"), frame("a/copy", softer(photograph("moon")))]
    assert gone(frames) == {}


def test_a_frame_that_is_perhaps_a_copy_is_flagged_with_the_name_of_the_other() -> None:
    made = load(FilterSettings.model_validate({"duplicate": {"drop": 0.0, "review": 0.55}}))
    copy, _ = made.judge([frame("a/1", softer(photograph("moon"))), frame("a/2", photograph("moon"))])
    assert made.drop <= copy.value < made.review
    assert copy.detail == "a copy of a/2"


def test_a_frame_that_was_not_measured_is_left_alone() -> None:
    assert list(DUPLICATE.judge([Frame("a", "a")])) == [NOTHING_AGAINST]
    assert list(DUPLICATE.judge([])) == []


def episode(name: str, own: str, opening: tuple[str, ...]) -> list[Frame]:
    dimmer = ImageEnhance.Brightness(photograph(own)).enhance(0.9)
    shown = [frame(f"{name}/{at:02}", photograph(each)) for at, each in enumerate(opening)]
    return [*shown, frame(f"{name}/90", dimmer)]


def test_an_opening_that_two_episodes_share_is_found_and_kept_once() -> None:
    opening = ("astronaut", "camera", "coffee", "chelsea")
    frames = [*episode("e1", "moon", opening), *episode("e2", "coins", opening)]
    assert {source: reason for source, (reason, _) in gone(frames).items()} == dict.fromkeys(
        ("e2/00", "e2/01", "e2/02", "e2/03"), "recurring"
    )


def test_one_picture_that_two_films_share_is_only_a_repeat() -> None:
    frames = [*episode("e1", "moon", ("astronaut", "camera")), *episode("e2", "coins", ("rocket", "camera"))]
    assert {source: reason for source, (reason, _) in gone(frames).items()} == {"e2/01": "duplicate"}


@settings(max_examples=15)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.booleans()), max_size=14))
def test_each_that_goes_has_one_that_stays_and_each_picture_stays_once(made: list[tuple[str, bool, bool]]) -> None:
    frames = [
        frame(f"f/{at:02}-{name}", softer(photograph(name)) if soft else photograph(name), stays=stays)
        for at, (name, soft, stays) in enumerate(made)
    ]
    went = gone(frames)
    for name in NAMES:
        same = [each for each in frames if each.source.endswith(name)]
        stay = [each for each in same if each.source not in went]
        kept = [each for each in same if each.stays]
        assert stay == kept or (not kept and len(stay) == min(1, len(same)))
    for _, detail in went.values():
        assert detail.removeprefix("a copy of ") not in went


def test_the_opinion_is_how_far_the_nearest_is() -> None:
    (first, second) = DUPLICATE.judge([frame("a/1", photograph("moon")), frame("a/2", photograph("moon"))])
    assert first == NOTHING_AGAINST
    assert second == Opinion(second.value, "duplicate", "a copy of a/1")
    assert second.value < 0.01


def test_what_went_as_a_repeat_in_an_earlier_run_goes_again_for_the_same_reason() -> None:
    names = ["camera", "coins", "moon", "coffee", "rocket", "astronaut", "chelsea", "grass"]
    first = [frame(f"a/{at}", photograph(name)) for at, name in enumerate(names)]
    second = [frame(f"b/{at}", softer(photograph(name))) for at, name in enumerate(names)]
    undisturbed = DUPLICATE.judge([*first, *second])
    assert {opinion.reason for opinion in undisturbed[len(first) :]} == {"recurring"}
    halfway = [replace(one, dropped_by="duplicate") if at % 2 else one for at, one in enumerate(second)]
    assert list(DUPLICATE.judge([*first, *halfway])) == list(undisturbed)
