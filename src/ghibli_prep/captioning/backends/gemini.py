"""What the Gemini API's answers mean: one body that came with HTTP 200 in, one attempt out. Pure.

The finish reasons are those of Google's API reference, read in 2026-11. Nothing is taken for granted of a body's shape:
a proxy, a sign-in page or a newer API may have sent it. This module knows no client and sends nothing; errors are in
`gemini_errors`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ghibli_prep.captioning import AnswerUnusable, Attempt, Described, PictureBlocked, ServiceDown, Slot, Usage
from ghibli_prep.captioning.backends.redact import in_short

BLOCKING_ENDS = frozenset(
    (
        "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "LANGUAGE", "OTHER",
    )
)  # fmt: skip
"""Finish reasons of an answer that the provider held back."""

NOT_THE_API = "the answer is not whole, or not the API's"


def parsed(text: str) -> Any:
    """The JSON in a body; None for anything that is none, which no answer of the API is."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the latter for a body of nothing but brackets
        return None


def answered(body: Any, slot: Slot) -> Attempt:
    """What a body that came with HTTP 200 holds. slot: whose key no reason may hold, and whose model was asked."""
    if not isinstance(body, Mapping):
        return ServiceDown(NOT_THE_API)
    blocked = _object(body.get("promptFeedback")).get("blockReason")
    if blocked and blocked != "BLOCK_REASON_UNSPECIFIED":
        return PictureBlocked(in_short(str(blocked), slot.key))
    candidates = body.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        return AnswerUnusable("an answer without a candidate")
    candidate = _object(candidates[0])
    end = str(candidate.get("finishReason") or "")
    if end in BLOCKING_ENDS:
        return PictureBlocked(end)
    if end == "MAX_TOKENS":
        return AnswerUnusable("the answer was cut off: see caption.max_output_tokens")
    if end != "STOP":
        words = in_short(end, slot.key) or "no finish reason"
        return AnswerUnusable(f"the answer ended in a way that is not known: {words}")
    text = _text(candidate)
    if not text.strip():
        return AnswerUnusable("an answer without text")
    return Described(text, _usage(body), str(body.get("modelVersion") or slot.model))


def listed(body: Any) -> tuple[list[str], str] | None:
    """The names in one page of `models.list` that can caption, and the next page's token; None: not the API's."""
    if not isinstance(body, Mapping) or not isinstance(body.get("models", []), list):
        return None
    names = []
    for model in map(_object, body.get("models", [])):
        methods = model.get("supportedGenerationMethods")
        if methods is None or (isinstance(methods, list) and "generateContent" in methods):
            names.append(str(model.get("name") or "").removeprefix("models/"))
    return [name for name in names if name], str(body.get("nextPageToken") or "")


def _text(candidate: Mapping[str, Any]) -> str:
    parts = _object(candidate.get("content")).get("parts")
    objects = [_object(part) for part in parts] if isinstance(parts, list) else []
    return "".join(str(part.get("text") or "") for part in objects if not part.get("thought"))


def _usage(body: Mapping[str, Any]) -> Usage:
    counts = _object(body.get("usageMetadata"))
    output = _count(counts.get("candidatesTokenCount")) + _count(counts.get("thoughtsTokenCount"))
    return Usage(_count(counts.get("promptTokenCount")), output)


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
