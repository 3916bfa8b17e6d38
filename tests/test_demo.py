"""The demo: the whole pipeline, offline, and never over what is not its own."""

from __future__ import annotations

import re
import shutil
import socket
from typing import Any

import pytest

from ghibli_prep.demo import MARK
from ghibli_prep.samples import BLOCKED_TEXT


def test_the_demo_shows_failover_pause_resume_and_cleanup_in_place_of_an_earlier_one(home: Any) -> None:
    (home.folder / "shown" / "train").mkdir(parents=True)
    (home.folder / "shown" / MARK).touch()
    (home.folder / "shown" / "train" / "99.jpg").write_bytes(b"of an earlier demo")
    said = home.run("demo", "-w", "shown")
    assert said.code == 0
    steps = [
        "# 1.",
        "# 2.",
        "Paused: the quota",
        "(exit code 75)",
        "# 3.",
        "(exit code 0)",
        "# 4.",
        "# 5.",
        ": 0 problems,",
        "# Done.",
    ]
    assert [said.out.index(step) for step in steps] == sorted(said.out.index(step) for step in steps)
    assert "going on with the next" in said.err
    assert "not found for API version" in said.err
    assert "cut_off.png: cut off" in said.err
    assert len(re.findall(r"^\d+\.jpg  Ghibli style ", said.out, re.MULTILINE)) == 3
    captions = (home.folder / "shown" / "train" / "metadata.jsonl").read_text(encoding="utf-8")
    assert BLOCKED_TEXT not in captions
    assert captions.count("\n") == len(list((home.folder / "shown" / "train").glob("*.jpg"))) >= 3
    assert len(list((home.folder / "shown" / "removed").glob("*.jpg"))) == 1


@pytest.mark.parametrize("inside", ["mine.txt", "raw"])
def test_a_folder_that_is_not_the_demos_is_left_alone(home: Any, inside: str) -> None:
    (home.folder / "mine").mkdir()
    (home.folder / "mine" / inside).write_text("precious")
    before = home.everything()
    said = home.run("demo", "-w", "mine")
    assert said.code == 2
    assert "not empty, and not made by an earlier demo" in said.err
    assert home.everything() == before


def test_a_file_in_the_demos_place_is_left_alone(home: Any) -> None:
    (home.folder / "mine").write_text("precious")
    assert home.run("demo", "-w", "mine").code == 2
    assert home.run("demo", "-w", "mine/below").code == 2
    assert (home.folder / "mine").read_text() == "precious"


def test_where_the_model_file_cannot_be_had_the_demo_goes_on_without_the_filter(home: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "PIP_INDEX_URL"):
        home.monkeypatch.setenv(name, nobody)
    home.monkeypatch.setenv("PIP_RETRIES", "0")
    home.monkeypatch.setenv("XDG_CACHE_HOME", str(home.folder / "cache"))
    home.monkeypatch.setenv("LOCALAPPDATA", str(home.folder / "cache"))
    home.monkeypatch.setenv("HOME", str(home.folder))
    said = home.run("demo", "-w", "shown")
    assert said.code == 0
    assert "The demo goes on without the filter." in said.out
    assert "0 still to caption" in said.out
    assert ": 0 problems, 0 warnings." in said.out
    shutil.rmtree(home.folder / "cache", ignore_errors=True)
