"""What the Gemini API's answers and errors mean: one body in, one attempt out. Pure; shared by both clients.

The facts are those of Google's error documentation and of bodies seen in 2026. The body decides, not the status alone;
its details are found by `@type`, never by their position. This module knows no client and sends nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    PictureBlocked,
    PictureUnreadable,
    ServiceDown,
    SlotSpent,
    SlotTired,
    Usage,
)

BLOCKING_ENDS = frozenset(
    (
        "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "LANGUAGE", "OTHER",
    )
)  # fmt: skip
"""Finish reasons of an answer that the provider held back."""

_QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DELAY = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[hms]))+")
_RETRY_IN = re.compile(rf"retry in ({_DELAY.pattern})", re.IGNORECASE)
_DEAD_KEYS = re.compile(
    r"api key (?:not valid|not found|expired)|api_key_invalid|consumer_suspended|service_disabled|reported as leaked"
    r"|denied access|has been suspended|permission denied|unauthenticated",
    re.IGNORECASE,
)
_BAD_PICTURE = re.compile(
    r"unable to process input image|provided image is not valid|unsupported (?:mime|image)", re.IGNORECASE
)
_WORDS = 160
"""Characters of a provider's message that a reason shows."""


# Answers -------------------------------------------------------------------------------------------------------------


def answered(body: Any, model: str) -> Attempt:
    """What a body that came with HTTP 200 holds. model: what was asked, where the body does not name a version."""
    if not isinstance(body, Mapping):
        return ServiceDown("something that is not the API answered")
    blocked = (body.get("promptFeedback") or {}).get("blockReason")
    if blocked and blocked != "BLOCK_REASON_UNSPECIFIED":
        return PictureBlocked(str(blocked))
    candidates = body.get("candidates") or []
    if not candidates:
        return AnswerUnusable("an answer without a candidate")
    end = str(candidates[0].get("finishReason") or "")
    if end in BLOCKING_ENDS:
        return PictureBlocked(end)
    if end == "MAX_TOKENS":
        return AnswerUnusable("the answer was cut off: see caption.max_output_tokens")
    if end != "STOP":
        return AnswerUnusable(f"the answer ended in a way that is not known: {end or 'no finish reason'}")
    parts = (candidates[0].get("content") or {}).get("parts") or []
    text = "".join(str(part.get("text") or "") for part in parts if not part.get("thought"))
    if not text.strip():
        return AnswerUnusable("an answer without text")
    return Described(text, _usage(body), str(body.get("modelVersion") or model))


def _usage(body: Mapping[str, Any]) -> Usage:
    counts = body.get("usageMetadata") or {}
    output = int(counts.get("candidatesTokenCount") or 0) + int(counts.get("thoughtsTokenCount") or 0)
    return Usage(int(counts.get("promptTokenCount") or 0), output)


# Errors --------------------------------------------------------------------------------------------------------------


def refused(status: int, text: str, key: Key, retry_after: str = "") -> Attempt:
    """What an error means. status: of HTTP; text: the whole body; retry_after: that header, in seconds, or "".

    No reason holds the key's text, whatever the body quotes.
    """
    error = _error(text)
    if error is None:
        if status == 413:
            return PictureUnreadable("the picture is too large for the provider")
        return ServiceDown(f"HTTP {status} without a word of the API's", _seconds_in_header(retry_after))
    message = key.redact(str(error.get("message") or error.get("status") or f"HTTP {status}"))
    delay = _retry_delay(error, message)
    match status:
        case 429:
            return _over_quota(error, message, delay)
        case 400:
            return _bad_request(error, message)
        case 401 | 402 | 403:
            return KeyDead(_short(message))
        case 404:
            return ModelGone(_short(message))
        case 413:
            return PictureUnreadable(_short(message))
    if delay is None:
        delay = _seconds_in_header(retry_after)
    return ServiceDown(f"HTTP {status}: {_short(message)}", delay)


def _error(text: str) -> Mapping[str, Any] | None:
    """The `error` of a body; None for a body that is not the API's."""
    try:
        body = json.loads(text)
    except ValueError:
        return None
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else None


def _over_quota(error: Mapping[str, Any], message: str, delay: float | None) -> Attempt:
    violations = [v for d in _details(error, _QUOTA) for v in d.get("violations") or [] if isinstance(v, Mapping)]
    if re.search(r"\blimit: 0\b", message):
        return ModelGone(f"not on the tier of this key ({_short(message)})")
    if not violations and "quota exceeded for metric" not in message.lower():
        return SlotTired(delay, "too many requests (the provider names no quota)", certain=False)
    for violation in violations:
        if "PerDay" in str(violation.get("quotaId")):
            limit = _limit(violation)
            return SlotSpent(f"the day's quota{f' ({limit:,} a day)' if limit else ''} is spent", rpd=limit)
    for violation in violations:
        name = f"{violation.get('quotaId')} {violation.get('quotaMetric')}".lower()
        limit = _limit(violation)
        if "token" in name:
            return SlotTired(delay, f"too many tokens this minute{f' ({limit:,} allowed)' if limit else ''}", tpm=limit)
        if "minute" in name:
            words = f"too many requests this minute{f' ({limit:,} allowed)' if limit else ''}"
            return SlotTired(delay, words, rpm=limit)
    return SlotTired(delay, _short(message), certain=False)


def _limit(violation: Mapping[str, Any]) -> int | None:
    value = str(violation.get("quotaValue") or "")
    return int(value) or None if value.isascii() and value.isdigit() else None


def _bad_request(error: Mapping[str, Any], message: str) -> Attempt:
    reasons = " ".join(str(detail.get("reason")) for detail in _details(error, _INFO))
    if _DEAD_KEYS.search(f"{message} {reasons}"):
        return KeyDead(_short(message))
    if "location is not supported" in message.lower():
        return HostRefused(_short(message))
    if _BAD_PICTURE.search(message):
        return PictureUnreadable(_short(message))
    return AnswerUnusable(f"the request was refused: {_short(message)}")


def _details(error: Mapping[str, Any], kind: str) -> Iterator[Mapping[str, Any]]:
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, Mapping) and detail.get("@type") == kind:
            yield detail


def _retry_delay(error: Mapping[str, Any], message: str) -> float | None:
    stated = [seconds(str(detail.get("retryDelay"))) for detail in _details(error, _RETRY)]
    in_words = _RETRY_IN.search(message)
    stated.append(seconds(in_words[1]) if in_words else None)
    return max((delay for delay in stated if delay is not None), default=None)


def seconds(delay: str) -> float | None:
    """`37s`, `37.83s`, `5ms` and `10h17m5.72s` in seconds; None for anything else."""
    if not _DELAY.fullmatch(delay):
        return None
    return sum(float(value) * _UNITS[unit] for value, unit in re.findall(r"(\d+(?:\.\d+)?)(ms|[hms])", delay))


def _seconds_in_header(value: str) -> float | None:
    return float(value) if value.isascii() and value.isdigit() else None


def _short(message: str) -> str:
    """The message on one line, without its last full stop; of a long one the sentences that fit."""
    line = " ".join(message.split())
    if len(line) > _WORDS:
        whole_sentences = line[:_WORDS].rpartition(". ")[0]
        line = whole_sentences or f"{line[:_WORDS]}..."
    return line.removesuffix(".") if not line.endswith("...") else line
