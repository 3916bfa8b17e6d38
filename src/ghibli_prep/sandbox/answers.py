"""The bodies of the real API's answers: a caption, a block, an answer with nothing in it, and the lists of models.

Blocks are answers: the real API sends them with HTTP 200. This module measures no picture and decides nothing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ghibli_prep.sandbox.refusals import Reply

TOKENS_PER_PICTURE = 258

_ENUMS = {
    "finishReason": (
        "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
        "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL", "IMAGE_SAFETY",
    ),
    "blockReason": (
        "BLOCK_REASON_UNSPECIFIED", "SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY",
    ),
    "modality": ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE"),
}  # fmt: skip
"""The numbers of the words, from the published protobufs; a word that is not here travels as 999, which none has."""


def tokens_of(text: str) -> int:
    """About how many tokens a text has: one for each four characters, at least one for any text."""
    return -(-len(text) // 4)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the answer must say about the question: the model, the prompt's tokens, the number of pictures."""

    model: str
    prompt_tokens: int
    pictures: int
    thoughts: int
    enum_numbers: bool

    @property
    def input_tokens(self) -> int:
        return self.prompt_tokens + TOKENS_PER_PICTURE * self.pictures


def caption(asked: Asked, text: str) -> Reply:
    return _answer(asked, "ok", "STOP", text)


def cut_off(asked: Asked, text: str) -> Reply:
    """MAX_TOKENS; with no text where thinking ate all the room."""
    return _answer(asked, "max_tokens", "MAX_TOKENS", text)


def empty(asked: Asked) -> Reply:
    """STOP with no parts."""
    return _answer(asked, "empty", "STOP", "")


def finished(asked: Asked, reason: str, outcome: str) -> Reply:
    """A candidate without text that ended for any `reason`."""
    return _answer(asked, outcome, reason, "")


def blocked_prompt(asked: Asked, reason: str) -> Reply:
    """promptFeedback and no candidates."""
    content: dict[str, Any] = {"promptFeedback": {"blockReason": reason}}
    return _reply(asked, content, "", 0, "blocked")


def truncated(reply: Reply) -> Reply:
    """The first half of a body, sent as if it were the whole."""
    return Reply(reply.status, reply.body[: len(reply.body) // 2], "truncated")


def model_card(name: str) -> dict[str, Any]:
    """A model as `models.get` and `models.list` show it."""
    words = name.removeprefix("gemini-").replace("-", " ").title()
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": f"Gemini {words}",
        "description": f"The sandbox's stand-in for Gemini {words}",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    }


def models(names: Sequence[str], next_page: str) -> Reply:
    content: dict[str, Any] = {"models": [model_card(name) for name in names]}
    if next_page:
        content["nextPageToken"] = next_page
    return Reply(200, json.dumps(content, indent=2).encode(), "models")


def model(name: str) -> Reply:
    return Reply(200, json.dumps(model_card(name), indent=2).encode(), "model")


def _answer(asked: Asked, outcome: str, reason: str, text: str) -> Reply:
    parts = {"parts": [{"text": text}]} if text else {}
    candidate = {"content": {**parts, "role": "model"}, "finishReason": reason, "index": 0}
    return _reply(asked, {"candidates": [candidate]}, text, asked.thoughts, outcome)


def _reply(asked: Asked, content: dict[str, Any], text: str, thoughts: int, outcome: str) -> Reply:
    details = [{"modality": "TEXT", "tokenCount": asked.prompt_tokens}]
    if asked.pictures:
        details.append({"modality": "IMAGE", "tokenCount": TOKENS_PER_PICTURE * asked.pictures})
    usage: dict[str, Any] = {"promptTokenCount": asked.input_tokens}
    if text:
        usage["candidatesTokenCount"] = tokens_of(text)
    usage["totalTokenCount"] = asked.input_tokens + tokens_of(text) + thoughts
    usage["promptTokensDetails"] = details
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    content |= {"usageMetadata": usage, "modelVersion": asked.model, "responseId": uuid.uuid4().hex[:22]}
    if asked.enum_numbers:
        content = _with_numbers(content)
    return Reply(200, json.dumps(content, indent=2, ensure_ascii=False).encode(), outcome)


def _with_numbers(value: Any) -> Any:
    """`value` with its enum words as numbers: what `$alt=json;enum-encoding=int` asks for."""
    if isinstance(value, list):
        return [_with_numbers(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: _number(name, item) if name in _ENUMS else _with_numbers(item) for name, item in value.items()}


def _number(name: str, word: str) -> int:
    return _ENUMS[name].index(word) if word in _ENUMS[name] else 999
