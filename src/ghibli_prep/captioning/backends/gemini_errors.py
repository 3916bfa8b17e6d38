"""What the Gemini API's errors mean: one HTTP error in, the attempt that says whose fault it is out. Pure.

The facts are those of Google's error documentation and of bodies seen in 2026. The body decides, not the status alone;
its details are found by `@type`, never by their position. This module knows no client and sends nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    PictureUnreadable,
    ServiceDown,
    SlotSpent,
    SlotTired,
)
from ghibli_prep.captioning.backends.gemini import parsed
from ghibli_prep.captioning.backends.redact import in_short

_QUOTA = "type.googleapis.com/google.rpc.QuotaFailure"
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DELAY = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[hms]))+", re.ASCII)
_RETRY_IN = re.compile(rf"retry in ({_DELAY.pattern})", re.ASCII | re.IGNORECASE)
_NOT_ON_TIER = re.compile(r"\blimit: 0(?![.\d])")
_DEAD_KEYS = re.compile(
    r"api key (?:not valid|not found|expired)|api_key_invalid|consumer_suspended|service_disabled|reported as leaked"
    r"|denied access|has been suspended|permission denied|unauthenticated|free tier is not available in your country",
    re.IGNORECASE,
)
_BAD_PICTURE = re.compile(
    r"unable to process input image|provided image is not valid|unsupported (?:mime|image)", re.IGNORECASE
)


def refused(status: int, text: str, key: Key, retry_after: str = "") -> Attempt:
    """What an error means. status: of HTTP; text: the whole body; retry_after: that header, in seconds, or "".

    No reason holds the key's text, whatever the body quotes.
    """
    error = _error(text)
    wait = float(retry_after) if re.fullmatch(r"[0-9]{1,9}", retry_after) else None
    if error is None:
        if status == 413:
            return PictureUnreadable("the picture is too large for the provider")
        return ServiceDown(f"HTTP {status} without a word of the API's", wait)
    message = str(error.get("message") or error.get("status") or f"HTTP {status}")
    stated = _retry_delay(error, message)
    delay = wait if stated is None else stated
    words = in_short(message, key)
    match status:
        case 429:
            return _over_quota(error, message, words, delay)
        case 400:
            return _bad_request(error, message, words)
        case 401 | 402 | 403:
            return HostRefused(words) if _is_of_the_place(message) else KeyDead(words)
        case 404:
            return ModelGone(words)
        case 413:
            return PictureUnreadable(words)
    return ServiceDown(f"HTTP {status}: {words}", delay)


def _error(text: str) -> Mapping[str, Any] | None:
    """The `error` of a body; None for a body that is not the API's."""
    body = parsed(text)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    error = body.get("error") if isinstance(body, Mapping) else None
    return error if isinstance(error, Mapping) else None


def _over_quota(error: Mapping[str, Any], message: str, words: str, delay: float | None) -> Attempt:
    violations = list(_violations(error))
    if _NOT_ON_TIER.search(message):
        return ModelGone(f"not on the tier of this key ({words})")
    if not violations and "quota exceeded for metric" not in message.lower():
        return SlotTired(delay, "too many requests (the provider names no quota)", certain=False)
    for violation in violations:
        if "PerDay" in str(violation.get("quotaId")):
            if _is_of_tokens(violation):
                return SlotSpent("the day's tokens are spent")
            limit = _limit(violation)
            return SlotSpent(f"the day's quota{f' ({limit:,} a day)' if limit else ''} is spent", rpd=limit)
    for violation in violations:
        limit = _limit(violation)
        allowed = f" ({limit:,} allowed)" if limit else ""
        if _is_of_tokens(violation):
            return SlotTired(delay, f"too many tokens this minute{allowed}", tpm=limit)
        if "PerMinute" in str(violation.get("quotaId")):
            return SlotTired(delay, f"too many requests this minute{allowed}", rpm=limit)
    return SlotTired(delay, words, certain=False)


def _violations(error: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for detail in _details(error, _QUOTA):
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, Mapping):
                yield violation


def _is_of_tokens(violation: Mapping[str, Any]) -> bool:
    return "token" in f"{violation.get('quotaId')} {violation.get('quotaMetric')}".lower()


def _limit(violation: Mapping[str, Any]) -> int | None:
    value = str(violation.get("quotaValue") or "")
    return int(value) or None if re.fullmatch(r"[0-9]{1,15}", value) else None


def _bad_request(error: Mapping[str, Any], message: str, words: str) -> Attempt:
    reasons = " ".join(str(detail.get("reason")) for detail in _details(error, _INFO))
    if _DEAD_KEYS.search(f"{message} {reasons}"):
        return KeyDead(words)
    if _is_of_the_place(message):
        return HostRefused(words)
    if _BAD_PICTURE.search(message):
        return PictureUnreadable(words)
    return AnswerUnusable(f"the request was refused: {words}")


def _is_of_the_place(message: str) -> bool:
    return "location is not supported" in message.lower()


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
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|[hms])", delay)
    total = sum(float(value) * _UNITS[unit] for value, unit in parts)
    return total if math.isfinite(total) else None
