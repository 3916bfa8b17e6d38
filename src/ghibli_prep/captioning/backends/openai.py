"""Any OpenAI-compatible server through the `openai` package: OpenAI, OpenRouter, Ollama, vLLM, LM Studio, llama.cpp.

The package makes the requests and keeps the connections; what came back is read from the body as it came. Waits and
retries are not its business. Nothing is taken from the environment but the usual proxies and certificates.
"""

from __future__ import annotations

import base64
import importlib
import importlib.util
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openai

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    HostRefused,
    Key,
    KeyDead,
    Question,
    ServiceDown,
    Slot,
    groups,
)
from ghibli_prep.captioning.backends.gemini import NOT_THE_API
from ghibli_prep.captioning.backends.openai_answers import answered, listed, unwrapped
from ghibli_prep.captioning.backends.openai_errors import refused
from ghibli_prep.captioning.backends.openai_terms import Terms
from ghibli_prep.captioning.backends.redact import in_short

ADDRESS = "https://api.openai.com/v1"
NO_KEY = "no-key-needed"
"""What a server that wants no key is sent."""
LIST_SECONDS = 30.0
"""How long a list of models may take."""

# the package speaks through httpx2 since its version 3 and through httpx before
_NO_ADDRESS: tuple[type[Exception], ...] = (
    ValueError,
    openai.OpenAIError,
    *(importlib.import_module(name).InvalidURL for name in ("httpx2", "httpx") if importlib.util.find_spec(name)),
)

for _talker in ("openai", "httpx", "httpx2"):  # OPENAI_LOG=debug would print whole requests between the lines
    logging.getLogger(_talker).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came back, of any status; the names of headers in lower case."""

    status: int
    text: str
    headers: dict[str, str]


class OpenAICompatible:
    """base_url: "" for OpenAI's own. Used by many threads at once: a client a key, made when it is needed."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/") or ADDRESS
        self._clients: dict[Key, openai.OpenAI] = {}
        self._lock = threading.Lock()
        self._terms = Terms(own=self._base_url == ADDRESS)

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        """A 400 that speaks of a parameter is an `AnswerUnusable` too: asked again, the model is told otherwise."""
        content = [*_parts(pictures), {"type": "text", "text": question.prompt}]
        told = self._terms.told(slot.model, question.max_output_tokens, len(pictures))
        messages: Any = [{"role": "user", "content": content}]

        def send(client: openai.OpenAI) -> Any:
            asked = client.chat.completions.with_raw_response
            return asked.create(model=slot.model, messages=messages, timeout=question.timeout, **told)

        came = self._hear(send, slot.key)
        if not isinstance(came, _Heard):
            return came
        if came.status == 200:
            attempt = answered(came.text, slot, time.time())
            if isinstance(attempt, Described) and len(pictures) > 1:
                return replace(attempt, text=unwrapped(attempt.text))
            return attempt
        if came.status in (400, 422) and (name := self._terms.refuse(slot.model, told, came.text)):
            return AnswerUnusable(f"the server does not take {name} as it was sent")
        return refused(came.status, came.text, slot.key, came.headers, time.time())

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        def send(client: openai.OpenAI) -> Any:
            return client.models.with_raw_response.list(timeout=LIST_SECONDS)

        came = self._hear(send, key)
        if not isinstance(came, _Heard):
            return came
        if came.status == 200:
            names = listed(came.text)
            return ServiceDown(NOT_THE_API) if names is None else names
        attempt = refused(came.status, came.text, key, came.headers, time.time())
        if isinstance(attempt, KeyDead | HostRefused | ServiceDown):
            return attempt
        return ServiceDown(str(getattr(attempt, "reason", attempt)), getattr(attempt, "seconds", None))

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _hear(self, send: Callable[[openai.OpenAI], Any], key: Key) -> _Heard | ServiceDown | KeyDead:
        """What came back of one request. Its words hold no key."""
        if key.secret and (
            not (key.secret.isascii() and key.secret.isprintable()) or key.secret.split() != [key.secret]
        ):
            return KeyDead("it has characters that no key has")
        try:
            client = self._client(key)
        except _NO_ADDRESS:  # its words may quote what stands in the address
            return ServiceDown("base_url is no address that can be asked")
        try:
            response = send(client).http_response
        except openai.APIStatusError as error:
            response = error.response
        except openai.APITimeoutError:
            return ServiceDown("no answer in time")
        except openai.APIConnectionError as error:
            return ServiceDown(self._unreachable(error.__cause__ or error, key))
        except openai.OpenAIError as error:
            return ServiceDown(in_short(str(error), key) or NOT_THE_API)
        headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
        return _Heard(response.status_code, response.text, headers)

    def _unreachable(self, error: BaseException, key: Key) -> str:
        # without what may stand before an @ or behind the host
        scheme, _, rest = self._base_url.partition("://")
        where = in_short(f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}", key)
        running = " Is the server running, and is base_url its address?" if self._base_url != ADDRESS else ""
        return f"{where} cannot be reached ({in_short(str(error), key) or type(error).__name__}).{running}"

    def _client(self, key: Key) -> openai.OpenAI:
        with self._lock:
            if key not in self._clients:
                secret = key.secret or NO_KEY
                client = openai.OpenAI(
                    api_key=secret,
                    base_url=self._base_url,
                    max_retries=0,
                    timeout=LIST_SECONDS,
                    default_headers={"Authorization": f"Bearer {secret}"},  # over that of OPENAI_CUSTOM_HEADERS
                )
                # what it took from the environment belongs to other keys
                client.admin_api_key = client.organization = client.project = None
                self._clients[key] = client
            return self._clients[key]


def _parts(pictures: Sequence[Path]) -> list[dict[str, Any]]:
    """The pictures; of several, each after its label."""
    if len(pictures) == 1:
        return [_shown(pictures[0])]
    return [
        part
        for number, picture in enumerate(pictures, 1)
        for part in ({"type": "text", "text": groups.label(number)}, _shown(picture))
    ]


def _shown(picture: Path) -> dict[str, Any]:
    data = base64.b64encode(picture.read_bytes()).decode()
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}", "detail": "auto"}}
