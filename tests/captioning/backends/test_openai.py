"""The `openai` package over real HTTP: what it sends, and that every answer becomes an attempt."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import (
    AnswerUnusable,
    Backend,
    Described,
    Key,
    KeyDead,
    PictureBlocked,
    Question,
    ServiceDown,
    Slot,
    SlotTired,
    Usage,
    backends,
    groups,
)

from .conftest import Canned

GOOD = {
    "choices": [{"message": {"role": "assistant", "content": "Ghibli style a cat"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 300, "completion_tokens": 25},
    "model": "qwen2.5vl:7b",
}


@pytest.fixture
def slot() -> Slot:
    return Slot(Key(2, "OPENAI_API_KEY_2", "sk-very-secret_0123456789"), "qwen2.5vl:7b")


@pytest.fixture
def backend(server: Canned) -> Iterator[Backend]:
    made = backends.make("openai", f"{server.url}/v1/")
    yield made
    made.close()


def test_a_caption_comes_with_its_tokens_and_the_models_version(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    attempt = backend.ask([picture], slot, question)
    assert attempt == Described("Ghibli style a cat", Usage(300, 25), "qwen2.5vl:7b")


def test_what_is_sent_is_the_very_jpegs_the_prompt_and_the_room_for_the_answer(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    backend.ask([picture, picture], slot, question)
    ((path, key, body),) = server.asked
    assert (path, key) == ("/v1/chat/completions", slot.key.secret)
    assert (body["model"], body["max_tokens"]) == ("qwen2.5vl:7b", 777)
    (message,) = body["messages"]
    *shown, words = message["content"]
    assert words == {"type": "text", "text": "Describe it."}
    url = "data:image/jpeg;base64," + base64.b64encode(picture.read_bytes()).decode()
    jpeg = {"type": "image_url", "image_url": {"url": url, "detail": "auto"}}
    assert shown == [{"type": "text", "text": "Picture 1:"}, jpeg, {"type": "text", "text": "Picture 2:"}, jpeg]
    backend.ask([picture], slot, question)
    assert server.asked[1][2]["messages"][0]["content"] == [jpeg, words]
    assert "response_format" not in server.asked[1][2]


def test_an_answer_for_several_comes_as_a_list_by_a_schema_or_without_where_that_is_refused(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    each = [{"picture": 1, "caption": "a cat"}, {"picture": 2, "caption": "a dog"}]
    body: dict[str, Any] = json.loads(json.dumps(GOOD))
    for answer in ({"captions": each}, each):
        body["choices"][0]["message"]["content"] = json.dumps(answer)
        server.answers(body)
        attempt = backend.ask([picture, picture], slot, question)
        assert isinstance(attempt, Described)
        assert groups.captions(attempt.text, 2) == ["a cat", "a dog"]
    assert server.asked[0][2]["response_format"]["type"] == "json_schema"
    server.answers({"error": {"message": "Unsupported parameter: response_format", "param": "response_format"}}, 400)
    assert isinstance(backend.ask([picture, picture], slot, question), AnswerUnusable)
    server.answers(body)
    assert isinstance(backend.ask([picture, picture], slot, question), Described)
    assert "response_format" not in server.asked[-1][2]


def test_a_server_that_needs_no_key_is_sent_one_that_is_none(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "of-somebody-else")
    server.answers(GOOD)
    assert isinstance(backend.ask([picture], replace(slot, key=Key(1, "", "")), question), Described)
    assert [key for _, key, _ in server.asked] == ["no-key-needed"]


@pytest.mark.parametrize("status", [400, 401, 404, 408, 409, 429, 500, 502, 503, 0])
def test_a_backend_asks_once_whatever_comes_back(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path, status: int
) -> None:
    server.answers({"error": {"message": "m", "code": None}}, status)
    assert not isinstance(backend.ask([picture], slot, question), Described)
    assert len(server.asked) == 1


def test_the_headers_of_a_refusal_are_read(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers({"error": {"message": "Rate limit reached on requests per min (RPM)"}}, 429, Retry_After="7")
    assert backend.ask([picture], slot, question) == SlotTired(7.0, "too many requests this minute")


def test_a_refused_parameter_is_not_sent_again(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    message = "Unsupported parameter: 'max_tokens' is not supported with this model."
    server.answers({"error": {"message": message, "param": "max_tokens", "code": "unsupported_parameter"}}, 400)
    attempt = backend.ask([picture], slot, question)
    assert attempt == AnswerUnusable("the server does not take max_tokens as it was sent")
    server.answers(GOOD)
    assert isinstance(backend.ask([picture], slot, question), Described)
    assert server.asked[1][2]["max_completion_tokens"] == 777
    assert "max_tokens" not in server.asked[1][2]


def test_a_refusal_in_the_answer_is_a_block(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers({"choices": [{"message": {"content": None, "refusal": "I can't."}, "finish_reason": "stop"}]})
    assert backend.ask([picture], slot, question) == PictureBlocked("I can't")


def test_no_answer_in_time_is_the_services_fault(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.wait = 30
    assert backend.ask([picture], slot, replace(question, timeout=0.3)) == ServiceDown("no answer in time")


def test_a_local_server_that_does_not_run_is_named_with_its_address(
    slot: Slot, question: Question, picture: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        backend = backends.make("openai", f"{url.replace('//', '//user:password@')}/v1")
        attempts = [backend.ask([picture], slot, question), backend.models(slot.key)]
        backend.close()
    for attempt in attempts:
        assert isinstance(attempt, ServiceDown)
        assert attempt.reason.startswith(f"{url} cannot be reached (")
        assert "Is the server running" in attempt.reason


def test_a_message_that_quotes_the_key_is_shown_without_it(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers({"error": {"message": f"Incorrect API key provided: {slot.key.secret}."}}, 401)
    assert backend.ask([picture], slot, question) == KeyDead("Incorrect API key provided: [key 2]")
    assert backend.models(slot.key) == KeyDead("Incorrect API key provided: [key 2]")


def test_a_key_that_cannot_be_one_is_not_sent(
    backend: Backend, server: Canned, question: Question, picture: Path
) -> None:
    for secret in ("a b", "ключ", "a\nb"):
        attempt = backend.ask([picture], Slot(Key(1, "A", secret), "m"), question)
        assert attempt == KeyDead("it has characters that no key has")
    assert server.asked == []


def test_a_picture_that_is_gone_is_an_os_error(
    backend: Backend, server: Canned, slot: Slot, question: Question, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        backend.ask([tmp_path / "gone.jpg"], slot, question)
    assert server.asked == []


def test_many_threads_with_two_keys_each_send_their_own(
    backend: Backend, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    server.answers(GOOD)
    keys = [Key(1, "A", "secret-a"), Key(2, "B", "secret-b")]
    slots = [Slot(keys[number % 2], f"model-{number}") for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        attempts = list(pool.map(lambda one: backend.ask([picture], one, question), slots))
    assert all(isinstance(attempt, Described) for attempt in attempts)
    assert {(body["model"], key) for _, key, body in server.asked} == {(s.model, s.key.secret) for s in slots}


def test_the_models_are_listed(backend: Backend, server: Canned, slot: Slot) -> None:
    server.answers({"object": "list", "data": [{"id": "qwen2.5vl:7b"}, {"id": "llava:latest"}]})
    assert backend.models(slot.key) == ["qwen2.5vl:7b", "llava:latest", "llava"]
    assert server.asked[0][0] == "/v1/models"
    server.answers({"detail": "Not Found"}, 404)
    down = backend.models(slot.key)
    assert isinstance(down, ServiceDown)
    assert "base_url mostly ends in /v1" in down.reason
    server.answers(b"<html>sign in</html>")
    assert isinstance(backend.models(slot.key), ServiceDown)


def test_the_environment_cannot_send_a_picture_elsewhere_or_with_another_key(
    server: Canned,
    slot: Slot,
    question: Question,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "of-somebody-else")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Bearer of-somebody-else")
    monkeypatch.setenv("OPENAI_LOG", "debug")
    server.answers(GOOD)
    backend = backends.make("openai", f"{server.url}/v1")
    assert isinstance(backend.ask([picture], slot, question), Described)
    backend.close()
    assert [key for _, key, _ in server.asked] == [slot.key.secret]
    assert "".join(capfd.readouterr()) == "", "a client talks over the progress bar"
    assert vars(backends.make("openai", ""))["_base_url"] == "https://api.openai.com/v1"
