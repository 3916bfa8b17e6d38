"""Both of Google's clients over real HTTP: what they send, and that every answer becomes the same attempt."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Backend,
    Described,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    PictureBlocked,
    PictureUnreadable,
    Question,
    ServiceDown,
    Slot,
    SlotSpent,
    SlotTired,
    Usage,
    backends,
)

from .conftest import Canned

Make = Callable[[str], Backend]
GOOD = {
    "candidates": [
        {"content": {"role": "model", "parts": [{"text": "Ghibli style a cat"}]}, "finishReason": "STOP", "index": 0}
    ],
    "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 25, "totalTokenCount": 325},
    "modelVersion": "gemini-2.5-flash-001",
}
QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


def violation(quota: str, value: str | None) -> dict[str, Any]:
    metric = "generativelanguage.googleapis.com/generate_content_free_tier_requests"
    return {
        "@type": QUOTA,
        "violations": [{"quotaMetric": metric, "quotaId": quota, **({"quotaValue": value} if value else {})}],
    }


def info(reason: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}
NOT_VALID = "API key not valid. Please pass a valid API key."
OVER = "You exceeded your current quota. \n* Quota exceeded for metric: x, limit: 20\nPlease retry in 37.828228215s."
ZERO = "You exceeded your current quota. \n* Quota exceeded for metric: x, limit: 0, model: gemini-2.0-flash"

ERRORS: list[tuple[int, object, type[Attempt]]] = [
    (429, error(429, "RESOURCE_EXHAUSTED", OVER, violation("RequestsPerMinutePerModel", "10"), RETRY), SlotTired),
    (429, error(429, "RESOURCE_EXHAUSTED", OVER, RETRY, violation("RequestsPerDayPerModel-FreeTier", "20")), SlotSpent),
    (429, error(429, "RESOURCE_EXHAUSTED", ZERO, violation("RequestsPerDayPerModel-FreeTier", None)), ModelGone),
    (429, error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."), SlotTired),
    (400, error(400, "INVALID_ARGUMENT", NOT_VALID, info("API_KEY_INVALID")), KeyDead),
    (400, error(400, "INVALID_ARGUMENT", "API key expired. Please renew it.", info("API_KEY_INVALID")), KeyDead),
    (400, error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), HostRefused),
    (400, error(400, "INVALID_ARGUMENT", "Unable to process input image. Please retry"), PictureUnreadable),
    (400, error(400, "INVALID_ARGUMENT", "Provided image is not valid."), PictureUnreadable),
    (400, error(400, "INVALID_ARGUMENT", "Something else is wrong."), AnswerUnusable),
    (401, error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."), KeyDead),
    (402, error(402, "FAILED_PRECONDITION", "Billing is off."), KeyDead),
    (403, error(403, "PERMISSION_DENIED", "Consumer has been suspended.", info("CONSUMER_SUSPENDED")), KeyDead),
    (403, error(403, "PERMISSION_DENIED", "It has not been used before.", info("SERVICE_DISABLED")), KeyDead),
    (403, error(403, "PERMISSION_DENIED", "Your API key was reported as leaked."), KeyDead),
    (403, error(403, "PERMISSION_DENIED", "Your project has been denied access."), KeyDead),
    (404, error(404, "NOT_FOUND", "models/x is not found for API version v1beta"), ModelGone),
    (404, error(404, "NOT_FOUND", "This model is no longer available to new users."), ModelGone),
    (404, b"<html>no such page</html>", ServiceDown),
    (413, b"<html>too large</html>", PictureUnreadable),
    (413, error(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit"), PictureUnreadable),
    (408, error(408, "CANCELLED", "timeout"), ServiceDown),
    (500, error(500, "INTERNAL", "An internal error has occurred."), ServiceDown),
    (502, b"<html>Bad Gateway</html>", ServiceDown),
    (503, error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."), ServiceDown),
    (504, error(504, "DEADLINE_EXCEEDED", "The service took too long."), ServiceDown),
    (200, b"<html>sign in to the hotel's network</html>", ServiceDown),
    (200, b'{"candidates": [{"content": {"parts": [{"text": "Ghibli st', ServiceDown),
    (0, b"", ServiceDown),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), ERRORS)
def test_every_foreign_error_becomes_the_attempt_that_says_whose_fault_it_is(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path, status: int, body: object, kind: type
) -> None:
    server.answers(body, status)
    attempt = make(server.url).ask([picture], slot, question)
    assert isinstance(attempt, kind), attempt
    assert len(server.asked) == 1, "a backend asks once"


def test_a_caption_comes_with_its_tokens_and_the_models_version(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    attempt = make(server.url).ask([picture], slot, question)
    assert attempt == Described("Ghibli style a cat", Usage(300, 25), "gemini-2.5-flash-001")


def test_what_is_sent_is_the_very_jpeg_the_prompt_and_the_room_for_the_answer(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    make(server.url).ask([picture], slot, question)
    ((path, key, body),) = server.asked
    assert path.split("?")[0] == "/v1beta/models/gemini-2.5-flash:generateContent"
    assert key == slot.key.secret
    assert slot.key.secret not in path
    assert "enum-encoding" not in path, "finish reasons come by name"
    parts = body["contents"][0]["parts"]
    sent = parts[0]["inlineData"]["data"].replace("-", "+").replace("_", "/")  # either alphabet is allowed
    assert base64.b64decode(sent) == picture.read_bytes()
    assert "image/jpeg" in parts[0]["inlineData"].values()
    assert parts[1]["text"] == "Describe it."
    assert body["generationConfig"]["maxOutputTokens"] == 777


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}}, PictureBlocked),
        ({"candidates": [{"finishReason": "SAFETY", "index": 0}]}, PictureBlocked),
        ({"candidates": [{"finishReason": "IMAGE_SAFETY"}]}, PictureBlocked),
        ({"candidates": [{"finishReason": "STOP", "content": {"parts": []}}]}, AnswerUnusable),
        ({"candidates": [{"finishReason": "MAX_TOKENS", "content": {"parts": [{"text": "Ghibli"}]}}]}, AnswerUnusable),
        ({"candidates": []}, AnswerUnusable),
        ({}, AnswerUnusable),
    ],
)
def test_what_comes_with_200_is_not_always_a_caption(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path, body: object, kind: type
) -> None:
    server.answers(body)
    assert isinstance(make(server.url).ask([picture], slot, question), kind)


def test_an_unknown_finish_reason_is_no_caption(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers({"candidates": [{"finishReason": "TIRED", "content": {"parts": [{"text": "Ghibli style"}]}}]})
    attempt = make(server.url).ask([picture], slot, question)
    assert attempt == AnswerUnusable("the answer ended in a way that is not known: TIRED")


def test_no_answer_in_time_is_the_services_fault(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    server.wait = 30
    attempt = make(server.url).ask([picture], slot, replace(question, timeout=0.3))
    assert attempt == ServiceDown("no answer in time")


def test_a_port_that_nobody_listens_on_is_the_services_fault(
    make: Make, slot: Slot, question: Question, picture: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        attempt = make(f"http://127.0.0.1:{taken.getsockname()[1]}").ask([picture], slot, question)
    assert isinstance(attempt, ServiceDown)
    assert "cannot be reached" in attempt.reason


def test_a_message_that_quotes_the_key_is_shown_without_it(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(error(403, "PERMISSION_DENIED", f"The key {slot.key.secret} was reported as leaked."), 403)
    attempt = make(server.url).ask([picture], slot, question)
    assert attempt == KeyDead("The key [key 2] was reported as leaked")


def test_a_picture_that_is_gone_is_an_os_error(
    make: Make, server: Canned, slot: Slot, question: Question, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        make(server.url).ask([tmp_path / "gone.jpg"], slot, question)
    assert server.asked == []


def test_many_threads_with_two_keys_each_send_their_own(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    keys = [Key(1, "A", "secret-a"), Key(2, "B", "secret-b")]
    slots = [Slot(keys[number % 2], f"gemini-{number}-pro") for number in range(100)]
    backend = make(server.url)
    with ThreadPoolExecutor(8) as pool:
        attempts = list(pool.map(lambda one: backend.ask([picture], one, question), slots))
    assert all(isinstance(attempt, Described) for attempt in attempts)
    assert len(server.asked) == 100
    sent = {(path.split("/")[3].split(":")[0], key) for path, key, _ in server.asked}
    assert sent == {(one.model, one.key.secret) for one in slots}


def test_the_models_a_key_may_use_are_listed_without_their_prefix(make: Make, server: Canned, slot: Slot) -> None:
    server.answers(
        {
            "models": [
                {"name": "models/gemini-2.5-flash", "supportedGenerationMethods": ["generateContent", "countTokens"]},
                {"name": "models/embedding-001", "supportedGenerationMethods": ["embedContent"]},
            ]
        }
    )
    assert make(server.url).models(slot.key) == ["gemini-2.5-flash"]


@pytest.mark.parametrize(
    ("status", "body", "kind"), [case for case in ERRORS if case[2] in (KeyDead, HostRefused, ServiceDown)]
)
def test_a_list_of_models_that_cannot_be_had_says_whose_fault_it_is(
    make: Make, server: Canned, slot: Slot, status: int, body: object, kind: type
) -> None:
    server.answers(body, status)
    assert isinstance(make(server.url).models(slot.key), kind)


def test_the_environment_cannot_send_a_picture_elsewhere_or_with_another_key(
    make: Make,
    server: Canned,
    slot: Slot,
    question: Question,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY"):
        monkeypatch.setenv(name, "of-somebody-else")
    for name in ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v9")
    monkeypatch.setenv("GOOGLE_GENAI_CLIENT_MODE", "replay")
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "elsewhere.example")
    server.answers(GOOD)
    assert isinstance(make(server.url).ask([picture], slot, question), Described)
    ((path, key, _),) = server.asked
    assert key == slot.key.secret
    assert path.startswith("/v1beta/")
    assert "".join(capfd.readouterr()) == "", "a client talks over the progress bar"


def test_a_client_of_googles_own_address_takes_none_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9")
    for name in ("google-genai", "google-generativeai"):
        assert vars(backends.make(name, ""))["_base_url"] == "https://generativelanguage.googleapis.com"
