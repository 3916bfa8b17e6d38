"""Gemini through google-generativeai, the client whose support has ended, for those who still rely on it.

Through its low-level half, over REST, with a client for each call that is under way: `configure` is global, and a
session is not for many threads. It has no setting for thinking, so models that think need a larger
`caption.max_output_tokens`. What came back is read from the body as it came, see `heard`.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ghibli_prep.captioning import Attempt, HostRefused, Key, KeyDead, Question, ServiceDown, Slot, groups
from ghibli_prep.captioning.backends import heard

with warnings.catch_warnings():
    # Google's packages say at import which versions of Python and of themselves they will not support one day:
    # the README says it of this client, once, to those who choose it.
    warnings.simplefilter("ignore", FutureWarning)
    import requests
    from google.ai import generativelanguage_v1beta as api
    from google.auth import exceptions as auth_exceptions

ADDRESS = "https://generativelanguage.googleapis.com"
LIST_SECONDS = 30.0
"""How long a list of models may take."""
_LOST = heard.Lost(lost=(requests.RequestException, auth_exceptions.TransportError, OSError), late=(requests.Timeout,))


class GoogleGenerativeai:
    """base_url: "" for Google's own address. Used by many threads at once."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/") or ADDRESS
        self._idle: dict[tuple[Key, type], list[Any]] = {}
        self._lock = threading.Lock()

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        parts = [*_parts(pictures), api.Part(text=question.prompt)]
        config = api.GenerationConfig(max_output_tokens=question.max_output_tokens)
        if len(pictures) > 1:
            config.response_mime_type, config.response_schema = "application/json", _list_of(len(pictures))
        request = api.GenerateContentRequest(
            model=f"models/{slot.model}",
            contents=[api.Content(role="user", parts=parts)],
            generation_config=config,
        )

        def send() -> object:
            with self._client(slot.key, api.GenerativeServiceClient) as client:
                return client.generate_content(request, retry=None, timeout=question.timeout)  # else it retries a 503

        came = heard.hear(send, _LOST, slot.key)
        return heard.meaning(came, slot) if isinstance(came, heard.Heard) else came

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        def page(token: str) -> object:
            request = api.ListModelsRequest(page_size=1000, page_token=token)
            with self._client(key, api.ModelServiceClient) as client:
                return client.list_models(request, retry=None, timeout=LIST_SECONDS)

        return heard.all_pages(page, _LOST, key)

    def close(self) -> None:
        with self._lock:
            for clients in self._idle.values():
                for client in clients:
                    client.transport.close()
            self._idle.clear()

    @contextmanager
    def _client(self, key: Key, kind: Callable[..., Any]) -> Iterator[Any]:
        """A client that no other call uses meanwhile."""
        idle = self._idle_of(key, kind)
        with self._lock:
            client = idle.pop() if idle else None
        if client is None:
            # each thing is said, as what is not said is looked for in the environment
            options = {"api_key": key.secret, "api_endpoint": self._base_url, "universe_domain": "googleapis.com"}
            client = kind(transport="rest", client_options=options)
            connection = client.transport._session  # no public way leads to it
            connection.auth = _with_names
            connection.hooks["response"].append(_take_off)
        try:
            yield client
        finally:
            with self._lock:
                idle.append(client)

    def _idle_of(self, key: Key, kind: Any) -> list[Any]:
        with self._lock:
            return self._idle.setdefault((key, kind), [])


def _parts(pictures: Sequence[Path]) -> Iterator[Any]:
    """The pictures, each after its label where there are several."""
    for number, picture in enumerate(pictures, 1):
        if len(pictures) > 1:
            yield api.Part(text=groups.label(number))
        yield api.Part(inline_data=api.Blob(mime_type="image/jpeg", data=picture.read_bytes()))


def _list_of(count: int) -> Any:
    names = [groups.PICTURE, groups.CAPTION]
    kinds = (api.Schema(type_=api.Type.INTEGER), api.Schema(type_=api.Type.STRING))
    one = api.Schema(type_=api.Type.OBJECT, properties=dict(zip(names, kinds, strict=True)), required=names)
    return api.Schema(type_=api.Type.ARRAY, items=one, min_items=count, max_items=count)


def _with_names(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """`request`, asking for enums by name: the client asks for numbers, and knows none newer than itself."""
    request.url = re.sub(r"(?:\$|%24)alt=[^&]*", "%24alt=json", request.url or "")
    return request


def _take_off(response: requests.Response, *_: object, **__: object) -> None:
    response.encoding = "utf-8"  # JSON's, where requests would guess
    raise heard.Heard(response.status_code, response.text, response.headers.get("retry-after", ""))
