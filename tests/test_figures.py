"""A dataset in figures: each count is what lies in the workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep import figures
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.rows import Row
from ghibli_prep.settings import CaptionSettings

PROFILE = Profile.of(CaptionSettings())


def test_stats_count_each_step_and_film_before_and_after(home: Any, sandbox: Any) -> None:
    home.frames(0, 1, 2, film="Totoro")
    home.frames(3, 5, film="Ponyo")
    (home.raw / "Ponyo" / "broken.png").write_bytes(b"no picture")
    api = sandbox(best={}, faults=[{"kind": "blocked_prompt", "calls": [2]}])
    home.settings('strategy = "sequential"\n[caption.prices."best"]\ninput = 1.0\noutput = 2.0')
    home.keys(1, api.url)
    assert home.run("run").code == 0
    now = home.run("stats", "--json").json
    counts = {name: now[name] for name in ("found", "unreadable", "kept", "resized", "captioned", "blocked", "pending")}
    assert counts == {
        "found": 5, "unreadable": 1, "kept": 5, "resized": 5, "captioned": 4, "blocked": 1, "pending": 0,
    }  # fmt: skip
    assert now["share"] == 0.8
    films = {film["film"]: film for film in now["films"]}
    assert [film["film"] for film in now["films"]] == ["Totoro", "Ponyo"]
    assert (films["Totoro"]["found"], films["Totoro"]["captioned"]) == (3, 3)
    assert (films["Ponyo"]["found"], films["Ponyo"]["captioned"], films["Ponyo"]["blocked"]) == (2, 1, 1)
    assert films["Ponyo"]["share"] == 0.5
    assert now["models"] == {"best": 4}
    assert sum(now["days"].values()) == 5
    assert sum(now["words"]["histogram"].values()) == 4
    assert now["bytes"]["pictures"] == sum((home.train / name).stat().st_size for name in home.pictures)
    assert now["bytes"]["metadata"] == (home.train / "metadata.jsonl").stat().st_size
    lines = [
        json.loads(line)
        for line in (home.workspace / ".ghibli-prep/captions.jsonl").read_text("utf-8").split("\n")
        if line
    ]
    assert now["usage"]["input_tokens"] == sum(line["input_tokens"] for line in lines)
    assert now["usage"]["cost"] == pytest.approx(sum(line["cost"] for line in lines))
    assert sum(now["looks"]["colours"].values()) == pytest.approx(1, abs=0.01)
    assert now["reasons"]


def test_what_was_paid_for_captions_that_others_took_the_place_of_is_counted(home: Any, sandbox: Any) -> None:
    home.frames(0, 1)
    home.settings('strategy = "sequential"\n[caption.prices."best"]\ninput = 1.0\noutput = 2.0')
    home.keys(1, sandbox(best={}).url)
    home.run("run")
    once = home.run("stats", "--json").json["usage"]
    home.keys(1, sandbox(best={}, faults=[{"kind": "blocked_prompt", "calls": [2]}]).url)
    assert home.run("recaption", "--numbers", "1-2").code == 0
    now = home.run("stats", "--json").json
    assert (once["answers"], now["usage"]["answers"], now["usage"]["requests"]) == (2, 4, 4)
    assert now["usage"]["cost"] > 1.4 * once["cost"]
    assert now["models"] == {"best": 2}


def test_a_caption_shared_with_a_picture_that_was_not_drawn_is_said_to_be_shared() -> None:
    row = Row(1, "captioned", "Ghibli style a boy in a field", "", "Totoro/1.png", None, shared=True)
    alone = Row(2, "captioned", "Ghibli style a girl in a field", "", "Totoro/2.png", None)
    found = figures.findings([row, alone], PROFILE)
    assert "same-text" in found[1]
    assert "same-text" not in found[2]


def test_stats_in_words_have_the_table_of_films(home: Any, sandbox: Any) -> None:
    home.frames(0, 1, film="Totoro")
    home.keys(1, sandbox().url)
    home.run("run")
    said = home.run("stats")
    assert said.code == 0
    assert "captioned" in said.out and "2 (100.0%)" in said.out
    assert [line.split() for line in said.out.splitlines() if line.startswith("Totoro")] == [
        ["Totoro", "2", "2", "2", "2", "0", "100.0%"]
    ]
    assert "no prices are set" in said.out


def test_a_workspace_without_pictures_has_figures_too(home: Any) -> None:
    home.workspace.mkdir(parents=True)
    now = home.run("stats", "--json").json
    assert (now["found"], now["share"], now["looks"]) == (0, None, None)
    assert home.run("stats").code == 0


def test_stats_of_no_workspace_is_a_usage_error(home: Any) -> None:
    said = home.run("stats", "-w", "nowhere")
    assert said.code == 2
    assert "nowhere: no such workspace" in said.err


def test_a_dataset_made_elsewhere_has_figures_without_provenance(home: Any, frame: Any) -> None:
    home.train.mkdir(parents=True)
    for number in (1, 2):
        (home.train / f"{number}.jpg").write_bytes(frame(number))
    line = json.dumps({"file_name": "1.jpg", "text": "Ghibli style a red cat and a red dog"})
    (home.train / "metadata.jsonl").write_text(line + "\n", "utf-8")
    now = home.run("stats", "--json").json
    assert (now["captioned"], now["pending"], now["models"], now["days"]) == (1, 1, {}, {})
    assert now["findings"] == {"min-words": 1}


def test_common_words_leave_out_the_trigger_and_what_says_nothing() -> None:
    texts = ["Ghibli style a red cat on the hill, with a red cat", "Ghibli style the red cat"]
    assert figures.common(texts, 1, PROFILE) == [["cat", 3], ["red", 3]]
    assert figures.common(texts, 2, PROFILE) == [["red cat", 3]]
    assert figures.common(texts, 3, PROFILE) == []


def test_phrases_do_not_run_over_a_comma() -> None:
    texts = ["Ghibli style green field, bright sky"] * 2
    assert ["field bright", 2] not in figures.common(texts, 2, PROFILE)


def test_a_page_that_cannot_be_written_is_said_in_words(home: Any, sandbox: Any, tmp_path: Path) -> None:
    home.frames(0)
    home.keys(1, sandbox().url)
    home.run("run")
    (tmp_path / "file").write_text("in the way")
    said = home.run("report", "--out", tmp_path / "file" / "report.html")
    assert said.code == 2
    assert "report.html: cannot be written" in said.err
