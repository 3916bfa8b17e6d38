"""The bench of the filters, with few frames."""

from __future__ import annotations

import re

import filter_speed
import pytest
import skimage.data
from bench_filters import SETS, Score, copies_score, how_well
from PIL import Image
from truth_duplicates import Copy
from truth_text import TO_GO

from ghibli_prep.filters import FILTERS
from ghibli_prep.likeness import HEIGHT, WIDTH


def test_a_score_without_what_it_is_a_share_of_is_perfect() -> None:
    of = Score(wrong=0, found=0, clean=0, lost=0, flagged=0)
    assert (of.recall, of.precision, of.lost_share, of.flagged_share) == (1, 1, 0, 0)


def test_a_bar_is_met_by_recall_and_precision_together() -> None:
    of = Score(wrong=10, found=9, clean=100, lost=1, flagged=5)
    assert (of.recall, of.precision, of.lost_share, of.flagged_share) == (0.9, 0.9, 0.01, 0.05)
    assert of.meets((0.9, 0.9))
    assert of.meets(None)
    assert not of.meets((0.9, 0.95))
    assert not of.meets((0.95, 0.9))


def test_what_goes_as_a_copy_of_another_picture_is_lost() -> None:
    coffee, moon = (Image.fromarray(each).convert("RGB") for each in (skimage.data.coffee(), skimage.data.moon()))
    right = [Copy("a", coffee, 1, "scene"), Copy("b", coffee, 1, "jpeg"), Copy("a", moon, 2, "scene")]
    wrong = [Copy("a", coffee, 1, "scene"), Copy("b", coffee, 2, "jpeg"), Copy("a", moon, 3, "scene")]
    assert copies_score(right) == (Score(wrong=1, found=1, clean=2, lost=0, flagged=0), {"jpeg": 0.0, "scene": 0.0})
    assert copies_score(wrong) == (Score(wrong=0, found=0, clean=3, lost=1, flagged=0), {})


def test_what_is_not_told_from_its_copy_is_named_by_what_was_done_to_it() -> None:
    pictures = [Image.fromarray(each).convert("RGB") for each in (skimage.data.coffee(), skimage.data.moon())]
    of, missed = copies_score([Copy("a", pictures[0], 1, "scene"), Copy("a", pictures[1], 1, "crop")])
    assert of.recall == 0
    assert missed == {"crop": 1.0, "scene": 1.0}


def test_every_filter_has_its_line_and_so_has_each_bar(capsys: pytest.CaptureFixture[str]) -> None:
    met = how_well(31, 120)
    out = capsys.readouterr().out
    assert met == ("MISSED" not in out)
    for each in SETS:
        if not each.installed:
            assert f"{each.name}: not measured" in out
            continue
        for name in each.filters:
            assert re.search(rf"^{name} +{each.name} +\d+ +[01]\.\d+", out, re.MULTILINE), (name, out)
            assert re.search(rf"^{name} +drops [\d.]+% and flags", out, re.MULTILINE), (name, out)
    if FILTERS["text"].installed:
        assert re.search(rf"^text +text +{len(TO_GO)} ", out, re.MULTILINE), out
    (recall, precision) = re.findall(r"^duplicate +copies +\d+ +([\d.]+) +([\d.]+)", out, re.MULTILINE)[0]
    assert float(recall) > 0.8
    assert float(precision) > 0.9


def test_the_speed_is_told_of_all_filters_of_the_pixels(capsys: pytest.CaptureFixture[str]) -> None:
    filter_speed.how_fast(4, 1)
    out = capsys.readouterr().out
    assert "bare decoding" in out
    for name in (name for name, entry in FILTERS.items() if entry.need == "look"):
        assert re.search(rf"^  {name} +judges +[\d,]+ ", out, re.MULTILINE), out


def test_fingerprints_come_from_their_seed() -> None:
    made = filter_speed.fingerprints(50, 31)
    assert made.shape == (50, HEIGHT, WIDTH)
    assert (made == filter_speed.fingerprints(50, 31)).all()
    assert (made != filter_speed.fingerprints(50, 32)).any()


def test_the_index_is_measured_for_a_tenth_and_for_all(capfd: pytest.CaptureFixture[str]) -> None:
    filter_speed.index(400, 31)
    small, large, growth = capfd.readouterr().out.splitlines()
    assert small.startswith("40 fingerprints: ")
    assert large.startswith("400 fingerprints: ")
    assert growth.startswith("ten times as many take ")
