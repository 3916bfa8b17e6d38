"""`--max-requests` and `--max-cost`: a run that pauses before it has asked or spent more."""

from __future__ import annotations

from typing import Any

import pytest

PRICES = "".join(f"[caption.prices.{model}]\ninput = 1.0\noutput = 100.0\n" for model in ("best", "next"))


@pytest.mark.parametrize("command", ["run", "caption"])
def test_requests_are_counted_and_the_same_command_goes_on(home: Any, sandbox: Any, command: str) -> None:
    api = sandbox()
    home.keys(2, api.url)
    home.frames(*range(5))
    home.run("resize", "--skip-filter")
    said = home.run(command, "--max-requests", 2)
    assert said.code == 75
    assert "Paused: 2 requests made, as many as --max-requests allows. Still to caption: 3 of 5 pictures." in said.err
    assert (len(api.calls), len(home.captions)) == (2, 2)
    assert home.run(command, "--max-requests", 3).code == 0
    assert (len(api.calls), len(home.captions)) == (5, 5)


def test_waiting_does_not_go_on_beyond_the_budget(home: Any, sandbox: Any) -> None:
    api = sandbox(faults=[{"kind": "503", "calls": [1, 2, 3, 4, 5, 6]}])
    home.keys(1, api.url)
    home.frames(*range(5))
    assert home.run("run", "--wait", "--max-requests", 9).code == 75
    assert len(api.calls) == 9


def test_money_is_not_exceeded_and_what_is_spent_is_said(home: Any, sandbox: Any) -> None:
    home.settings(PRICES)
    api = sandbox()
    home.keys(1, api.url)
    home.frames(*range(6))
    said = home.run("run", "--max-cost", 0.12)  # a request may come to 0.1044 USD, and comes to some 0.004
    assert said.code == 75 and "one request more could exceed --max-cost 0.12" in said.err
    assert 0 < len(home.captions) < 6
    assert home.run("run", "--max-cost", 5).code == 0
    assert len(home.captions) == 6


def test_money_without_prices_is_a_mistake_that_says_how_to_set_them(home: Any, sandbox: Any) -> None:
    api = sandbox()
    home.keys(1, api.url)
    home.settings("[caption.prices.best]\ninput = 1.0\noutput = 2.0\n")
    home.frames(0)
    before = home.everything()
    said = home.run("run", "--max-cost", 1)
    assert said.code == 2
    assert "no price is set of next" in said.err and '[caption.prices."next"]' in said.err
    assert home.everything() == before and not api.calls


def test_a_batch_cannot_be_stopped_in_between_and_says_so(home: Any, sandbox: Any) -> None:
    api = sandbox()
    home.keys(1, api.url)
    home.settings(PRICES)
    home.frames(0)
    for option in (("--max-requests", 1), ("--max-cost", 1)):
        said = home.run("run", "--batch", *option)
        assert said.code == 2 and "Use --limit N" in said.err
    assert not home.train.exists() and not api.calls
