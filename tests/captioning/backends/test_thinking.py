"""Each model is told to think as little as it takes, and told less when it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import AnswerUnusable, Backend, Described, Question, Slot, backends

from .conftest import Canned

GOOD = {"candidates": [{"content": {"parts": [{"text": "Ghibli style a cat"}]}, "finishReason": "STOP"}]}
BUDGET_0 = {"thinking_budget": 0}
MINIMAL = {"thinking_level": "MINIMAL"}
LOW = {"thinking_level": "LOW"}


def refusal(message: str) -> dict[str, Any]:
    return {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": message}}


@pytest.fixture
def backend(server: Canned) -> Iterator[Backend]:
    made = backends.make("google-genai", server.url)
    yield made
    made.close()


def told(server: Canned) -> list[object]:
    """The thinking setting of each request, with the names as this file spells them."""
    names = {"thinkingBudget": "thinking_budget", "thinkingLevel": "thinking_level"}
    settings = [body["generationConfig"].get("thinkingConfig") for _, _, body in server.asked]
    return [setting and {names.get(name, name): value for name, value in setting.items()} for setting in settings]


@pytest.mark.parametrize(
    ("model", "setting"),
    [
        ("gemini-2.5-flash", BUDGET_0),
        ("gemini-2.5-flash-lite", BUDGET_0),
        ("gemini-2.5-flash-lite-preview-09-2025", BUDGET_0),
        ("gemini-2.5-pro", {"thinking_budget": 128}),
        ("gemini-3-flash-preview", MINIMAL),
        ("gemini-3.1-flash-lite", MINIMAL),
        ("gemini-3.5-flash-lite", MINIMAL),
        ("gemini-3.6-flash", MINIMAL),
        ("gemini-3.7-flash", LOW),
        ("gemini-3.8-flash", LOW),
        ("gemini-3.10-flash", LOW),
        ("gemini-4-flash", LOW),
        ("gemini-3.1-pro-preview", LOW),
        ("gemini-flash-latest", LOW),
        ("gemini-flash-lite-latest", MINIMAL),
        ("gemini-2.0-flash", None),
        ("gemini-2.0-flash-lite", None),
        ("gemini-1.5-pro", None),
        ("gemini-3.1-flash-lite-image", None),
        ("gemini-2.5-flash-preview-tts", None),
        ("gemma-3-27b-it", None),
        ("someone-elses-flash", None),
    ],
)
def test_a_model_is_told_to_think_as_little_as_it_takes(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path, model: str, setting: object
) -> None:
    server.answers(GOOD)
    backend.ask([picture], replace(slot, model=model), question)
    assert told(server) == [setting]


def test_a_model_that_refuses_is_told_less_each_time_and_at_last_nothing(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    slot = replace(slot, model="gemini-3.6-flash")
    for message in (
        "'minimal' is not a supported thinking level for this model. Allowed values are: medium, low, high.",
        "A long way round to it. " * 20 + "Thinking level is not supported for this model.",
        "Even now it complains of thinking.",
    ):
        server.answers(refusal(message), 400)
        assert isinstance(backend.ask([picture], slot, question), AnswerUnusable)
    server.answers(GOOD)
    assert isinstance(backend.ask([picture], slot, question), Described)
    assert told(server) == [MINIMAL, LOW, None, None]


def test_what_one_model_refuses_another_is_still_told(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(refusal("Budget 0 is invalid. This model only works in thinking mode."), 400)
    backend.ask([picture], slot, question)
    server.answers(GOOD)
    backend.ask([picture], replace(slot, model="gemini-2.5-flash-lite"), question)
    backend.ask([picture], slot, question)
    assert told(server) == [BUDGET_0, BUDGET_0, None]


def test_another_complaint_leaves_the_setting_alone(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(refusal("Something else is wrong."), 400)
    backend.ask([picture], slot, question)
    backend.ask([picture], slot, question)
    assert told(server) == [BUDGET_0, BUDGET_0]


def test_many_refusals_of_one_setting_are_one_step(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    slot = replace(slot, model="gemini-3.5-flash-lite")
    server.answers(refusal("No such thinking level."), 400)
    server.wait = 0.5  # so that all are asked before the first is answered
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: backend.ask([picture], slot, question), range(8)))
    server.wait = 0
    server.answers(GOOD)
    backend.ask([picture], slot, question)
    assert told(server) == [MINIMAL] * 8 + [LOW]
