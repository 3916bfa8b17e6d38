"""How each model of an OpenAI-compatible server wants to be asked, found out by what it refuses. Sends nothing.

OpenAI's newer models take `max_completion_tokens` alone, many other servers `max_tokens` alone; models
that think take a `reasoning_effort`, each its own least one, and others refuse the word. A wrong parameter is a 400
for every picture, so a refusal changes what a model is told for the rest of the run.
"""

from __future__ import annotations

import re
import threading
from typing import Any

from ghibli_prep.captioning.backends.openai_answers import LIST
from ghibli_prep.captioning.backends.openai_errors import error_in
from ghibli_prep.captioning.groups import CAPTION, PICTURE

ROOMS = ("max_completion_tokens", "max_tokens")
_UNKNOWN = re.compile(
    r"unsupported|not supported|unrecognized|unknown (?:field|name|param)|unexpected|extra (?:inputs|fields)|"
    r"extra_forbidden|not permitted|does not support|invalid (?:value|param)|additional properties",
    re.IGNORECASE,
)
_THINKS = re.compile(r"(?:^|/)(?:gpt-(\d+)(?:\.(\d+))?|o\d)(?![\da-z])")


def efforts(model: str) -> tuple[str, ...]:
    """The values of `reasoning_effort` to try, the least thinking first; the last, "", is not to say it."""
    name = _THINKS.search(model)
    if name is None:
        return ("",)
    if name[1] is None:
        return ("low", "")
    version = (int(name[1]), int(name[2] or 0))
    if version < (5, 0) or "chat" in model:
        return ("",)
    return ("minimal", "low", "") if version == (5, 0) else ("none", "low", "")


def _list_of_captions() -> dict[str, Any]:
    """A schema that OpenAI takes too: its answers are objects, so the list stands in one."""
    one = {
        "type": "object",
        "properties": {PICTURE: {"type": "integer"}, CAPTION: {"type": "string"}},
        "required": [PICTURE, CAPTION],
        "additionalProperties": False,
    }
    whole = {
        "type": "object",
        "properties": {LIST: {"type": "array", "items": one}},
        "required": [LIST],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": LIST, "strict": True, "schema": whole}}


class Terms:
    """What each model is told at the moment; many threads may ask and refuse at once. own: OpenAI's own address."""

    def __init__(self, own: bool) -> None:
        self._first = ROOMS if own else ROOMS[::-1]
        self._room: dict[str, int] = {}
        self._effort: dict[str, int] = {}
        self._no_schema: set[str] = set()
        self._lock = threading.Lock()

    def told(self, model: str, room: int, pictures: int = 1) -> dict[str, Any]:
        """The parameters for a request with so many pictures, and `room` tokens for the answer."""
        effort = efforts(model)[self._effort.get(model, 0)]
        named = self._room.get(model, 0)
        terms: dict[str, Any] = {self._first[named]: room} if named < len(self._first) else {}
        if effort:
            terms["reasoning_effort"] = effort
        if pictures > 1 and model not in self._no_schema:
            terms["response_format"] = _list_of_captions()
        return terms

    def refuse(self, model: str, told: dict[str, Any], body: str) -> str | None:
        """Learn from a 400. Returns the parameter that it speaks of, None where it is about something else."""
        error = error_in(body) or {}
        words = f"{error.get('message')} {error.get('code')} {error.get('param')} {error.get('type')}"
        if not _UNKNOWN.search(words):
            return None
        refused = [name for name in told if name == error.get("param")] or [
            name for name in told if re.search(rf"\b{name}\b", words)
        ]
        if not refused:
            return None
        with self._lock:
            if refused[0] == "response_format":
                self._no_schema.add(model)
                return refused[0]
            now = self.told(model, 0)
            if refused[0] in now and now.get("reasoning_effort") == told.get("reasoning_effort"):
                steps = self._effort if refused[0] == "reasoning_effort" else self._room
                steps[model] = steps.get(model, 0) + 1
        return refused[0]
