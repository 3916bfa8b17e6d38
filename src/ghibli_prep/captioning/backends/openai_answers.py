"""What the answers of an OpenAI-compatible server mean: one body that came with HTTP 200 in, one attempt out. Pure.

Ollama, vLLM, llama.cpp, LM Studio and OpenRouter each send a little more or less than OpenAI, so nothing is taken for
granted of a body's shape. This module knows no client and
sends nothing; errors are in `openai_errors`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ghibli_prep.captioning import AnswerUnusable, Attempt, Described, PictureBlocked, ServiceDown, Slot, Usage
from ghibli_prep.captioning.backends.gemini import NOT_THE_API, parsed
from ghibli_prep.captioning.backends.openai_errors import refused
from ghibli_prep.captioning.backends.redact import in_short

WHOLE_ENDS = frozenset(("", "stop", "eos", "eos_token", "stop_sequence", "end_turn"))
"""Finish reasons of a whole answer; some servers name none."""
LIST = "captions"
"""What the list of captions is called in an answer for several pictures."""
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_THOUGHTS_ALONE = re.compile(r"\A\s*<think>(?!.*</think>)", re.DOTALL)


def answered(text: str, slot: Slot, now: float) -> Attempt:
    """What a body that came with HTTP 200 holds. slot: whose key no reason may hold, and whose model was asked."""
    body = parsed(text)
    if not isinstance(body, Mapping):
        return ServiceDown(NOT_THE_API)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices:
        if body.get("error"):  # OpenRouter and LM Studio say so with HTTP 200
            return refused(_code(body["error"]), text, slot.key, {}, now)
        return AnswerUnusable("an answer without a choice") if "choices" in body else ServiceDown(NOT_THE_API)
    choice = _object(choices[0])
    if choice.get("error"):
        return refused(_code(choice["error"]), text, slot.key, {}, now, _object(choice["error"]))
    return _chosen(body, choice, slot)


def _chosen(body: Mapping[str, Any], choice: Mapping[str, Any], slot: Slot) -> Attempt:
    message = _object(choice.get("message"))
    end = str(choice.get("finish_reason") or "")
    refusal = message.get("refusal") or "".join(_parts(message, "refusal"))
    if end == "content_filter":
        return PictureBlocked(_filtered(choice) or "content_filter")
    if refusal:
        return PictureBlocked(in_short(str(refusal), slot.key))
    text = "".join(_parts(message, "text"))
    thought = bool(message.get("reasoning_content") or message.get("reasoning") or _THOUGHTS_ALONE.match(text))
    text = "" if _THOUGHTS_ALONE.match(text) else _THOUGHTS.sub("", text)
    if end == "length":
        ate = "thinking used up the room of the answer" if thought and not text.strip() else "the answer was cut off"
        return AnswerUnusable(f"{ate}: see caption.max_output_tokens")
    if end not in WHOLE_ENDS:
        return AnswerUnusable(f"the answer ended in a way that is not known: {in_short(end, slot.key)}")
    if not text.strip():
        return AnswerUnusable("thoughts without an answer" if thought else "an answer without text")
    return Described(text, _usage(body), in_short(str(body.get("model") or slot.model), slot.key))


def unwrapped(text: str) -> str:
    """The list alone, where an answer for several pictures has it in an object."""
    body = parsed(text)
    return json.dumps(body[LIST], ensure_ascii=False) if isinstance(body, Mapping) and LIST in body else text


def listed(text: str) -> list[str] | None:
    """The names in a list of models; None: not the API's. Ollama's `NAME:latest` is also called `NAME`."""
    body = parsed(text)
    models = body.get("data") if isinstance(body, Mapping) and "data" in body else None
    if models is None and isinstance(body, Mapping) and body.get("object") == "list":
        models = []  # Ollama without any model
    if not isinstance(models, list):
        return None
    names = [str(_object(model).get("id") or "") for model in models]
    also = [name.removesuffix(":latest") for name in names]
    return [name for name in dict.fromkeys([*names, *also]) if name]


def _parts(message: Mapping[str, Any], kind: str) -> Iterator[str]:
    """The content's texts of one kind; a content that is a text is one."""
    content = message.get("content")
    if isinstance(content, str) and kind == "text":
        yield content
    for part in content if isinstance(content, Sequence) and not isinstance(content, str) else ():
        if _object(part).get("type") == kind:
            yield str(_object(part).get(kind) or "")


def _filtered(choice: Mapping[str, Any]) -> str:
    """The categories that Azure's filter names, in a line."""
    results = _object(choice.get("content_filter_results"))
    return ", ".join(name for name, result in results.items() if _object(result).get("filtered") is True)


def _usage(body: Mapping[str, Any]) -> Usage:
    counts = _object(body.get("usage"))
    return Usage(_count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens")))


def _code(error: object) -> int:
    """The HTTP status that an error in a body names; 500 where it names none."""
    code = _object(error).get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 500


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
