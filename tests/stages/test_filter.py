from __future__ import annotations

import importlib.util
import os
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from itertools import count
from pathlib import Path

import pytest
import skimage
from PIL import Image, ImageStat

from ghibli_prep.detectors import NO_PEOPLE, NOBODY, Detector, Sighting, choose
from ghibli_prep.detectors.model_files import FACE_MODEL, default_cache_folder, obtain
from ghibli_prep.filters import Frame
from ghibli_prep.filters.people import People
from ghibli_prep.samples import Found, Kept, Rejected, Unreadable
from ghibli_prep.settings import FilterSettings
from ghibli_prep.stages.filter import LONG_SIDE, THREADS, Candidate, Limits, decide, measure

LIMITS = Limits(max_megapixels=4, background_rgb=(255, 255, 255))


class Brightness:
    """A detector that takes light for people: as sure as the picture is bright, and nobody in the dark."""

    name = "brightness"

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []

    def look(self, picture: Image.Image) -> Sighting:
        self.sizes.append(picture.size)
        score = ImageStat.Stat(picture.convert("L")).mean[0] / 255
        return Sighting(1, score, "light") if score else NOBODY

    def close(self) -> None:
        pass


def found(file: Path) -> Found:
    return Found(f"id of {file.name}", f"film/{file.name}", file)


def grey(file: Path, level: int, size: tuple[int, int] = (8, 8)) -> Found:
    Image.new("L", size, level).save(file)
    return found(file)


def passed(
    pictures: Iterable[Found], detector: Detector, limits: Limits = LIMITS, threads: int = THREADS, score: float = 0.5
) -> Generator[Kept | Rejected | Unreadable]:
    """The people filter alone over pictures of which nothing is known yet."""
    people = People(FilterSettings(min_score=score))
    candidates = (Candidate(each, Frame(each.identity, each.source), [("people", people)]) for each in pictures)
    return decide(candidates, {"people": detector}, lambda *_: None, limits, threads)


def decode_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("filter-decode")]


def test_people_stay_and_others_go_each_with_score_reason_and_detector(tmp_path: Path) -> None:
    bright, dim, dark = (grey(tmp_path / f"{level}.png", level) for level in (255, 102, 0))
    assert list(passed([bright, dim, dark], Brightness())) == [
        Kept(bright.identity, bright.source, bright.file, "brightness", "light", 1.0),
        Rejected(dim.identity, dim.source, dim.file, "brightness", NO_PEOPLE, 0.4),
        Rejected(dark.identity, dark.source, dark.file, "brightness", NO_PEOPLE, 0.0),
    ]


def test_a_score_of_exactly_the_limit_stays(tmp_path: Path) -> None:
    picture = grey(tmp_path / "a.png", 102)
    (sample,) = passed([picture], Brightness(), Limits(4, (0, 0, 0)), score=0.4)
    assert isinstance(sample, Kept)


def test_nobody_goes_even_where_every_score_counts(tmp_path: Path) -> None:
    picture = grey(tmp_path / "a.png", 0)
    (sample,) = passed([picture], Brightness(), Limits(4, (0, 0, 0)), score=0.0)
    assert isinstance(sample, Rejected)


def test_what_cannot_be_read_is_named_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("words")
    bomb = grey(tmp_path / "bomb.png", 9, (2500, 2500))
    good = grey(tmp_path / "good.png", 255)
    pictures = [found(tmp_path / "text.png"), found(tmp_path / "gone.png"), bomb, good]
    samples = list(passed(pictures, Brightness()))
    assert [type(sample) for sample in samples] == [Unreadable, Unreadable, Unreadable, Kept]
    assert [sample.source for sample in samples] == [picture.source for picture in pictures]
    assert all(sample.reason for sample in samples)


@pytest.mark.parametrize("threads", [1, 3])
def test_samples_come_in_the_order_of_the_pictures(threads: int, tmp_path: Path) -> None:
    # large ones first, so that the small ones are decoded before them
    pictures = [grey(tmp_path / f"{n}.png", 1 + n, (1500 - 70 * n, 1000)) for n in range(20)]
    samples = list(passed(pictures, Brightness(), threads=threads))
    assert [sample.identity for sample in samples] == [picture.identity for picture in pictures]


def test_a_detector_is_given_no_more_pixels_than_a_look_needs(tmp_path: Path) -> None:
    detector = Brightness()
    list(passed([grey(tmp_path / "wide.png", 9, (2600, 1300))], detector))
    assert detector.sizes == [(LONG_SIDE, LONG_SIDE // 2)]


def test_transparency_is_laid_on_the_background(tmp_path: Path) -> None:
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    (sample,) = passed([found(tmp_path / "clear.png")], Brightness())
    assert isinstance(sample, Kept)


def test_closing_early_ends_the_threads_and_takes_no_more_pictures(tmp_path: Path) -> None:
    picture = grey(tmp_path / "a.png", 255)
    taken = []

    def endless() -> Iterator[Found]:
        for number in count():
            taken.append(number)
            yield picture

    stage = passed(endless(), Brightness(), threads=2)
    for _ in range(3):
        next(stage)
    assert decode_threads()
    assert len(taken) <= 3 + 4
    stage.close()
    assert not decode_threads()
    assert len(taken) <= 3 + 4


def test_no_pictures_are_no_samples_and_no_threads() -> None:
    assert list(passed([], Brightness())) == []
    assert not decode_threads()


def test_what_was_seen_before_is_not_looked_at_again(tmp_path: Path) -> None:
    picture = Found("seen", "film/gone.png", tmp_path / "gone.png")
    frame = Frame("seen", picture.source, people=Sighting(2, 0.8, "light"))
    detector = Brightness()
    candidate = Candidate(picture, frame, [("people", People(FilterSettings()))])
    (sample,) = decide([candidate], {"people": detector}, lambda *_: None, LIMITS)
    assert sample == Kept("seen", picture.source, picture.file, "brightness", "light", 0.8)
    assert not detector.sizes


def test_what_is_seen_is_told_at_once(tmp_path: Path) -> None:
    told = []
    pictures = [grey(tmp_path / f"{level}.png", level) for level in (255, 0)]
    people = People(FilterSettings())
    candidates = [Candidate(each, Frame(each.identity, each.source), [("people", people)]) for each in pictures]
    stage = decide(candidates, {"people": Brightness()}, lambda *what: told.append(what), LIMITS)
    next(stage)
    assert told == [(pictures[0].identity, "people", Sighting(1, 1.0, "light"))]
    stage.close()


def test_a_picture_that_passes_no_filter_stays_and_is_not_even_opened(tmp_path: Path) -> None:
    picture = found(tmp_path / "gone.png")
    (sample,) = decide([Candidate(picture, Frame(picture.identity, picture.source))], {}, lambda *_: None, LIMITS)
    assert sample == Kept(picture.identity, picture.source, picture.file, "filter", "nothing_against_it", 1.0)


def test_measuring_gives_each_picture_its_numbers_and_names_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("words")
    pictures = [grey(tmp_path / "wide.png", 9, (2600, 1300)), found(tmp_path / "text.png"), grey(tmp_path / "a.png", 7)]
    wide, text, small = measure(pictures, lambda picture: picture.size, LIMITS)
    assert wide == (pictures[0], (LONG_SIDE, LONG_SIDE // 2))
    assert isinstance(text, Unreadable)
    assert small == (pictures[2], (8, 8))
    assert not decode_threads()


@pytest.mark.skipif(importlib.util.find_spec("mediapipe") is None, reason="the mediapipe extra is not installed")
def test_real_photographs_are_told_apart_by_the_real_detector() -> None:
    cache = default_cache_folder(os.environ, sys.platform)
    obtain(FACE_MODEL, cache)
    chosen = {"detector": "mediapipe", "mediapipe": {"person_model": "off"}}
    detector = choose(FilterSettings.model_validate(chosen), cache)
    assert detector is not None
    names = [
        "astronaut.png",
        "chelsea.png",
        "camera.png",
        "coffee.png",
        "rocket.jpg",
        "motorcycle_left.png",
        "retina.jpg",
    ]
    folder = Path(skimage.__file__).parent / "data"
    samples = list(passed([found(folder / name) for name in names], detector))
    detector.close()
    kept = [sample.file.name for sample in samples if isinstance(sample, Kept)]
    assert kept == ["astronaut.png", "camera.png"]
    assert {sample.reason for sample in samples if isinstance(sample, Rejected)} == {"no_people"}
    assert len(samples) == len(names)
