"""Whatever comes back, a backend returns an attempt: it raises nothing, asks once, and both clients agree."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Backend,
    Described,
    Key,
    KeyDead,
    ModelGone,
    PictureBlocked,
    Question,
    ServiceDown,
    Slot,
    SlotTired,
    Usage,
    backends,
)
from ghibli_prep.captioning.backends.heard import PAGES, Lost, hear

from .conftest import Canned

Make = Callable[[str], Backend]
QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
MINUTE = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"


def over(violations: object) -> dict[str, Any]:
    details = [{"@type": QUOTA, "violations": violations}]
    return {"error": {"code": 429, "message": "Quota exceeded for metric: x", "details": details}}


def stop(**more: object) -> dict[str, Any]:
    return {"candidates": [{"finishReason": "STOP", **more}]}


ODD: list[tuple[int, object, type[Attempt]]] = [
    (500, {"error": "text"}, ServiceDown),
    (500, [{"error": {"code": 500, "message": "m"}}], ServiceDown),
    (500, b'"text"', ServiceDown),
    (500, {"error": {"message": "m", "details": ["text"]}}, ServiceDown),
    (500, {"error": {"message": "m", "details": "text"}}, ServiceDown),
    (500, b"\xff\xfe{", ServiceDown),
    (500, b"[" * 100_000, ServiceDown),
    (404, {"detail": "Not Found"}, ServiceDown),
    (302, b"", ServiceDown),
    (201, stop(content={"parts": [{"text": "Ghibli style"}]}), ServiceDown),
    (200, b"[" * 100_000, ServiceDown),
    (200, b"", ServiceDown),
    (200, b"null", ServiceDown),
    (200, b'"text"', ServiceDown),
    (200, {"candidates": "text"}, AnswerUnusable),
    (200, {"candidates": ["text"]}, AnswerUnusable),
    (200, {"candidates": [None]}, AnswerUnusable),
    (200, stop(content="text"), AnswerUnusable),
    (200, stop(content={"parts": ["text"]}), AnswerUnusable),
    (200, {"promptFeedback": ["text"]}, AnswerUnusable),
    (200, {"promptFeedback": {"blockReason": "OF_NEXT_YEAR"}}, PictureBlocked),
    (429, over([{"quotaId": MINUTE, "quotaValue": "9" * 5000}]), SlotTired),
    (429, over(5), SlotTired),
    (429, over(["text"]), SlotTired),
]


@pytest.mark.parametrize(("status", "body", "kind"), ODD)
def test_no_body_breaks_a_backend(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path, status: int, body: object, kind: type
) -> None:
    server.answers(body, status, **({"Location": "/elsewhere"} if status == 302 else {}))
    attempt = make(server.url).ask([picture], slot, question)
    assert isinstance(attempt, kind), attempt
    assert len(server.asked) == 1


@pytest.mark.parametrize(("status", "body"), [(status, body) for status, body, _ in ODD])
def test_no_body_breaks_a_list_of_models(
    make: Make, server: Canned, slot: Slot, status: int, body: object, capfd: pytest.CaptureFixture[str]
) -> None:
    server.answers(body, status)
    names = make(server.url).models(slot.key)
    assert names == [] or isinstance(names, ServiceDown)
    assert len(server.asked) == 1
    assert "".join(capfd.readouterr()) == ""


def test_thoughts_are_no_caption_whatever_the_client_knows_of_them(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    body = stop(content={"parts": [{"text": "Let me think", "thought": True}, {"text": "Ghibli style 猫"}]})
    counts = {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 30}
    server.answers({**body, "usageMetadata": counts})
    attempt = make(server.url).ask([picture], slot, question)
    assert attempt == Described("Ghibli style 猫", Usage(9, 34), "gemini-2.5-flash")


def test_tokens_that_are_no_numbers_cost_no_caption(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers({**stop(content={"parts": [{"text": "a"}]}), "usageMetadata": {"promptTokenCount": "many"}})
    assert make(server.url).ask([picture], slot, question) == Described("a", Usage(), "gemini-2.5-flash")


@pytest.mark.parametrize("secret", ["", "two words", "line\nbreak", "schlüssel", "zero\x00", " padded"])
def test_a_key_that_no_header_can_hold_is_dead_and_never_sent_or_shown(
    make: Make, server: Canned, question: Question, picture: Path, secret: str
) -> None:
    backend, key = make(server.url), Key(3, "GEMINI_API_KEY_3", secret)
    for answer in (backend.ask([picture], Slot(key, "gemini-2.5-flash"), question), backend.models(key)):
        assert answer == KeyDead("it has characters that no key has")
    assert server.asked == []


def test_a_model_that_the_client_does_not_ask_is_gone(
    server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    backend = backends.make("google-genai", server.url)
    attempt = backend.ask([picture], Slot(slot.key, "../other"), question)
    assert isinstance(attempt, ModelGone)
    assert server.asked == []


def test_every_page_of_the_models_is_read_once(make: Make, server: Canned, slot: Slot) -> None:
    pages = {
        "": {"models": [{"name": "models/a", "supportedGenerationMethods": ["generateContent"]}], "nextPageToken": "t"},
        "t": {"models": [{"name": "models/b"}, {"name": "models/e", "supportedGenerationMethods": ["embedContent"]}]},
    }
    server.pages = pages
    assert make(server.url).models(slot.key) == ["a", "b"]
    assert len(server.asked) == 2


def test_a_list_of_models_that_never_ends_is_left(make: Make, server: Canned, slot: Slot) -> None:
    server.answers({"models": [{"name": "models/a"}], "nextPageToken": "again"})
    assert make(server.url).models(slot.key) == ["a"]
    assert len(server.asked) == PAGES


def test_a_client_that_keeps_what_it_heard_to_itself_has_nothing_to_say(slot: Slot) -> None:
    assert isinstance(hear(lambda: None, Lost((OSError,), ()), slot.key), ServiceDown)
