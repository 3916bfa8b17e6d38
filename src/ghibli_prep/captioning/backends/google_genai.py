"""Gemini through google-genai, the client that Google maintains.

It is used for its connections and its requests; what an answer means is read from the body by `gemini`, which both
clients share. Waits and retries are not its business here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx2
from google import genai
from google.genai import errors, types

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    HostRefused,
    Key,
    KeyDead,
    Question,
    ServiceDown,
    Slot,
)
from ghibli_prep.captioning.backends import gemini

API_VERSION = "v1beta"
"""The one that has the thinking settings, and the one that google-generativeai asks too."""
LIST_SECONDS = 30.0
"""How long a list of models may take."""
_LOST = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError)


class GoogleGenai:
    """base_url: "" for Google's own address. Used by many threads at once: a client a key, made when it is needed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._clients: dict[Key, genai.Client] = {}
        self._lock = threading.Lock()
        self._wants_to_think: set[str] = set()

    def ask(self, picture: Path, slot: Slot, question: Question) -> Attempt:
        jpeg = picture.read_bytes()
        thinking = None if slot.model in self._wants_to_think else thinking_off(slot.model)
        config = types.GenerateContentConfig(
            max_output_tokens=question.max_output_tokens,
            thinking_config=thinking,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            should_return_http_response=True,
            http_options=types.HttpOptions(timeout=max(1, round(question.timeout * 1000))),
        )
        contents: list[types.PartUnionDict] = [
            types.Part.from_bytes(data=jpeg, mime_type="image/jpeg"),
            types.Part.from_text(text=question.prompt),
        ]
        try:
            client = self._client(slot.key)
            response = client.models.generate_content(model=slot.model, contents=contents, config=config)
            raw = response.sdk_http_response
            return gemini.answered(json.loads((raw and raw.body) or "null"), slot.model)
        except errors.APIError as error:
            return self._refused(error, slot, thinking is not None)
        except ValueError:
            return ServiceDown("the answer is not whole, or not the API's")
        except _LOST as error:
            return ServiceDown(_lost_in_words(error, slot.key))

    def _refused(self, error: errors.APIError, slot: Slot, thinking_was_off: bool) -> Attempt:
        attempt = _meaning(error, slot.key)
        if thinking_was_off and isinstance(attempt, AnswerUnusable) and "thinking" in attempt.reason.lower():
            self._wants_to_think.add(slot.model)  # the same picture is asked again, and then it may think
        return attempt

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        try:
            listed = self._client(key).models.list(
                config={"http_options": {"timeout": round(LIST_SECONDS * 1000)}, "page_size": 1000}
            )
            return [
                (model.name or "").removeprefix("models/")
                for model in listed
                if model.supported_actions is None or "generateContent" in model.supported_actions
            ]
        except errors.APIError as error:
            attempt = _meaning(error, key)
            return attempt if isinstance(attempt, KeyDead | HostRefused) else ServiceDown(str(attempt))
        except ValueError:
            return ServiceDown("the answer is not whole, or not the API's")
        except _LOST as error:
            return ServiceDown(_lost_in_words(error, key))

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, key: Key) -> genai.Client:
        with self._lock:
            if key not in self._clients:
                # vertexai and api_version: else the environment could send the picture to another service
                options = types.HttpOptions(base_url=self._base_url or None, api_version=API_VERSION)
                self._clients[key] = genai.Client(api_key=key.secret, vertexai=False, http_options=options)
            return self._clients[key]


def thinking_off(model: str) -> types.ThinkingConfig | None:
    """How `model` is told not to think, which would eat the room of the answer; None where it cannot be told.

    2.5 flash and flash-lite take a budget of 0; the flash models since 3 take the level "minimal" (Google's model
    cards, read 2026-11). A model that refuses is asked without, see `GoogleGenai.ask`.
    """
    if "flash" not in model:
        return None
    if model.startswith("gemini-2.5"):
        return types.ThinkingConfig(thinking_budget=0)
    if model.startswith(("gemini-1", "gemini-2")) or not model.startswith("gemini-"):
        return None
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel.MINIMAL)


def _meaning(error: errors.APIError, key: Key) -> Attempt:
    """The attempt in an error's body, as the server sent it."""
    response = error.response
    text, after = json.dumps(error.details), ""
    if isinstance(response, httpx2.Response):
        text, after = response.text, response.headers.get("retry-after", "")
    return gemini.refused(error.code, text, key, after)


def _lost_in_words(error: Exception, key: Key) -> str:
    if isinstance(error, httpx2.TimeoutException):
        return "no answer in time"
    return f"cannot be reached ({key.redact(str(error)) or type(error).__name__})"
