"""Gemini through google-generativeai, the client whose support has ended, for those who still rely on it.

Over REST, a client a key and thread: its `configure` is global and its sessions are not for many threads. It has no
setting for thinking. What an answer means is read from the body by `gemini`, as for the maintained client.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ghibli_prep.captioning import Attempt, HostRefused, Key, KeyDead, Question, ServiceDown, Slot
from ghibli_prep.captioning.backends import gemini
from ghibli_prep.errors import MissingExtra

try:
    with warnings.catch_warnings():
        # It says at each import that its support has ended; the README says so, once, to those who choose it.
        warnings.simplefilter("ignore")
        import google.generativeai as genai
        import requests
        from google.api_core import exceptions
        from google.auth import exceptions as auth_exceptions
        from google.generativeai.client import _ClientManager
        from google.protobuf.json_format import ParseError
except ModuleNotFoundError as missing:
    raise MissingExtra(
        'caption.backend = "google-generativeai" needs a package that is not installed. '
        'Install it: pip install "ghibli-prep[google-generativeai]"'
    ) from missing

LIST_SECONDS = 30.0
_LOST = (requests.RequestException, auth_exceptions.TransportError, exceptions.RetryError, OSError)


class GoogleGenerativeai:
    """base_url: "" for Google's own address. Used by many threads at once."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._mine = threading.local()

    def ask(self, picture: Path, slot: Slot, question: Question) -> Attempt:
        jpeg = picture.read_bytes()
        try:
            model = genai.GenerativeModel(slot.model)
            model._client = self._manager(slot.key).get_default_client("generative")
            response = model.generate_content(
                [{"mime_type": "image/jpeg", "data": jpeg}, question.prompt],
                generation_config={"max_output_tokens": question.max_output_tokens},
                request_options={"retry": None, "timeout": question.timeout},  # its own retry of a 503 takes 60 s
            )
            return gemini.answered(_as_json(response._result), slot.model)
        except exceptions.GoogleAPICallError as error:
            return _meaning(error, slot.key)
        except (ValueError, ParseError):
            return ServiceDown("the answer is not whole, or not the API's")
        except _LOST as error:
            return ServiceDown(_lost_in_words(error, slot.key))

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        try:
            client = self._manager(key).get_default_client("model")
            listed = client.list_models(page_size=1000, retry=None, timeout=LIST_SECONDS)
            return [
                model.name.removeprefix("models/")
                for model in listed
                if not model.supported_generation_methods or "generateContent" in model.supported_generation_methods
            ]
        except exceptions.GoogleAPICallError as error:
            attempt = _meaning(error, key)
            return attempt if isinstance(attempt, KeyDead | HostRefused) else ServiceDown(str(attempt))
        except (ValueError, ParseError):
            return ServiceDown("the answer is not whole, or not the API's")
        except _LOST as error:
            return ServiceDown(_lost_in_words(error, key))

    def close(self) -> None:
        """Nothing to let go of: the sessions end with their threads."""

    def _manager(self, key: Key) -> Any:
        managers: dict[Key, Any] = self._mine.__dict__.setdefault("managers", {})
        if key not in managers:
            manager = _ClientManager()
            options = {"api_endpoint": self._base_url} if self._base_url else {}
            manager.configure(api_key=key.secret, transport="rest", client_options=options)
            managers[key] = manager
        return managers[key]


def _as_json(message: Any) -> Any:
    """A protobuf answer as the API spells it in JSON."""
    return type(message).to_dict(message, use_integers_for_enums=False, preserving_proto_field_name=False)


def _meaning(error: Any, key: Key) -> Attempt:
    """The attempt in an error's body, as the server sent it."""
    response = error.response
    if isinstance(response, requests.Response):
        return gemini.refused(response.status_code, response.text, key, response.headers.get("retry-after", ""))
    body = {"error": {"message": error.message or str(error)}}
    return gemini.refused(int(error.code or 503), json.dumps(body), key)


def _lost_in_words(error: Exception, key: Key) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return f"cannot be reached ({key.redact(str(error)) or type(error).__name__})"
