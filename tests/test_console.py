"""What is shown where, and what is never shown."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import Key
from ghibli_prep.console import Console

KEY = Key(2, "GEMINI_API_KEY_2", "AQ.secret-0123456789")


@pytest.fixture
def console(tmp_path: Path) -> Any:
    console = Console([KEY])
    console.log_to(tmp_path / "run.log")
    yield console
    console.close()


def test_notices_go_to_stderr_results_to_stdout_and_both_to_the_log_without_a_key(
    console: Console, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    console.tell(f"notice {KEY.secret}")
    console.show(f"result {KEY.secret}")
    console.log(f"note {KEY.secret}")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("result [key 2]\n", "notice [key 2]\n")
    lines = (tmp_path / "run.log").read_text().splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines] == ["notice [key 2]", "result [key 2]", "note [key 2]"]


def test_a_thing_can_be_told_once(console: Console, capsys: pytest.CaptureFixture[str]) -> None:
    console.tell_once("a")
    console.tell_once("a")
    console.tell_once("b")
    assert capsys.readouterr().err == "a\nb\n"


def test_json_has_no_key_in_its_values_and_keeps_its_names(capsys: pytest.CaptureFixture[str]) -> None:
    Console([Key(1, "K", "name")]).show_json({"name": "my name", "list": [{"name": ("name", 1, None)}]})
    assert json.loads(capsys.readouterr().out) == {"name": "my [key 1]", "list": [{"name": ["[key 1]", 1, None]}]}


def test_json_shows_names_as_they_are_where_the_terminal_can(capsys: pytest.CaptureFixture[str]) -> None:
    Console().show_json({"film": "トトロ"})
    assert "トトロ" in capsys.readouterr().out


def test_items_are_counted_as_they_go_by_and_closed_with_the_count(console: Console) -> None:
    closed = []

    def items() -> Any:
        try:
            yield from range(10)
        finally:
            closed.append(True)

    counted = console.counting("find", items())
    assert [next(counted), next(counted)] == [0, 1]
    counted.close()
    assert closed == [True]
    assert list(console.counting("find", [1, 2], 2)) == [1, 2]


def test_a_log_that_cannot_be_written_keeps_no_word_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    console = Console()
    console.log_to(tmp_path / "no such folder" / "run.log")
    console.tell("said all the same")
    console.close()
    assert capsys.readouterr().err == "said all the same\n"


def test_a_bar_is_for_terminals_only(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, shown in ((io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        with console.bar("caption", 3) as bar:
            bar.update()
        assert ("caption" in stream.getvalue()) is shown
