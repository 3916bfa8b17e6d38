"""Gemini through google-genai, the client that Google maintains.

It makes the requests and keeps the connections; what came back is read from the body as it came, see `heard`. Waits and
retries are not its business. Nothing is taken from the environment but the usual proxies and certificates.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from google import genai
from google.genai import types
from google.genai.client import DebugConfig

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    HostRefused,
    Key,
    KeyDead,
    Question,
    ServiceDown,
    Slot,
    groups,
)
from ghibli_prep.captioning.backends import heard
from ghibli_prep.captioning.backends.thinking import Thinking

ADDRESS = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"
"""The one that has the thinking settings, and the one that google-generativeai asks too."""
LIST_SECONDS = 30.0
"""How long a list of models may take."""

# It says that it takes GOOGLE_API_KEY when it does not, as each client is given its own key.
logging.getLogger("google_genai").setLevel(logging.ERROR)


class GoogleGenai:
    """base_url: "" for Google's own address. Used by many threads at once: a client a key, made when it is needed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/") or ADDRESS
        self._clients: dict[Key, genai.Client] = {}
        self._lock = threading.Lock()
        self._lost = lost()
        self._thinking = Thinking()

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        """A 400 that speaks of thinking is an `AnswerUnusable` too: asked again, the model is told less."""
        told = self._thinking.setting(slot.model)
        config = types.GenerateContentConfig(
            max_output_tokens=question.max_output_tokens,
            thinking_config=told,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
            http_options=within(question.timeout),
            response_mime_type="application/json" if len(pictures) > 1 else None,
            response_schema=_list_of(len(pictures)) if len(pictures) > 1 else None,
        )
        contents: list[types.PartUnionDict] = [*_parts(pictures), types.Part.from_text(text=question.prompt)]

        def send() -> object:
            models = self._client(slot.key).models
            return models.generate_content(model=slot.model, contents=contents, config=config)

        came = heard.hear(send, self._lost, slot.key)
        if not isinstance(came, heard.Heard):
            return came
        attempt = heard.meaning(came, slot)
        if came.status == 400 and isinstance(attempt, AnswerUnusable) and "thinking" in came.text.lower():
            self._thinking.refuse(slot.model, told)
        return attempt

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        def page(token: str) -> object:
            config = types.ListModelsConfig(page_size=1000, page_token=token or None, http_options=within(LIST_SECONDS))
            return self._client(key).models.list(config=config)

        return heard.all_pages(page, self._lost, key)

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _client(self, key: Key) -> genai.Client:
        with self._lock:
            if key not in self._clients:
                self._clients[key] = client_for(key, self._base_url, _take_off)
            return self._clients[key]


def _parts(pictures: Sequence[Path]) -> Iterator[types.Part]:
    """The pictures, each after its label where there are several."""
    for number, picture in enumerate(pictures, 1):
        if len(pictures) > 1:
            yield types.Part.from_text(text=groups.label(number))
        yield types.Part.from_bytes(data=picture.read_bytes(), mime_type="image/jpeg")


def _list_of(count: int) -> types.Schema:
    names = [groups.PICTURE, groups.CAPTION]
    one = types.Schema(
        type=types.Type.OBJECT,
        properties={
            groups.PICTURE: types.Schema(type=types.Type.INTEGER),
            groups.CAPTION: types.Schema(type=types.Type.STRING),
        },
        required=names,
        property_ordering=names,
    )
    return types.Schema(type=types.Type.ARRAY, items=one, min_items=count, max_items=count)


def client_for(key: Key, base_url: str, hook: Callable[[Any], None]) -> genai.Client:
    """A client of that key alone, which hands every response to `hook` first. base_url: "" for Google's own."""
    # each thing is said, as what is not said is looked for in the environment
    options = types.HttpOptions(
        base_url=base_url.rstrip("/") or ADDRESS,
        api_version=API_VERSION,
        client_args={"event_hooks": {"response": [hook]}, "limits": _any_number()},
    )
    no_replays = DebugConfig(client_mode=None, replays_directory=None, replay_id=None)
    return genai.Client(api_key=key.secret, vertexai=False, debug_config=no_replays, http_options=options)


def within(seconds: float) -> types.HttpOptions:
    return types.HttpOptions(timeout=max(1, round(seconds * 1000)))  # milliseconds


def _take_off(response: Any) -> None:
    response.read()
    raise heard.Heard(response.status_code, response.text, response.headers.get("retry-after", ""))


def _spoken() -> list[Any]:
    """The client speaks through httpx2 since its version 3 and through httpx before, or as the environment says."""
    return [importlib.import_module(name) for name in ("httpx2", "httpx") if importlib.util.find_spec(name)]


def _any_number() -> Any:
    """As many connections as there are requests under way: a request that waited for one would look unanswered."""
    return _spoken()[0].Limits(max_connections=None, max_keepalive_connections=None)


def lost() -> heard.Lost:
    spoken = _spoken()
    return heard.Lost(
        lost=(*(kind for http in spoken for kind in (http.HTTPError, http.InvalidURL, http.StreamError)), OSError),
        late=tuple(http.TimeoutException for http in spoken),
    )
