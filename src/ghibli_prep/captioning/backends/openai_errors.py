"""What the errors of an OpenAI-compatible server mean: one HTTP error in, the attempt that says whose fault it is out.

Pure. By what is known of OpenAI's error codes and of the bodies of Ollama, vLLM, llama.cpp, LM Studio and OpenRouter.
They agree on little but the status, and not always on that, so an error is known by its code where it has one, and by
its words where not. This module knows no client and sends nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    PictureBlocked,
    PictureUnreadable,
    ServiceDown,
    SlotSpent,
    SlotTired,
)
from ghibli_prep.captioning.backends.gemini import parsed
from ghibli_prep.captioning.backends.openai_waits import delay, reset_of
from ghibli_prep.captioning.backends.redact import in_short

NO_SUCH_ADDRESS = "nothing answers at this path of the server: base_url mostly ends in /v1"


def _words(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE | re.ASCII)


_BLOCKED = _words(
    r"content_policy_violation", r"content_filter", r"ResponsibleAIPolicyViolation", r"content management policy",
    r"rejected as a result of our safety system", r"requires moderation", r"was flagged", r"moderation_blocked",
)  # fmt: skip
_PLACE = _words(r"unsupported_country", r"country, region,? or territory not supported")
_WRONG_ADDRESS = _words(
    r"unexpected endpoint", r"invalid url \(", r"^file not found", r"unknown_url", r"^not found\.?$"
)
_BLIND = _words(
    r"image input is not supported", r"support image input", r"not support (?:image|vision|multimodal)",
    r"not a multimodal model", r"at most 0 image", r"unknown variant `?image_url", r"image_url is only supported",
    r"vision is not supported", r"mmproj", r"missing data required for image input", r"no multimodal",
)  # fmt: skip
_BAD_PICTURE = _words(
    r"invalid_image", r"image_parse_error", r"unsupported image", r"could not process (?:the )?image",
    r"failed to (?:load|decode|process|parse) (?:the )?image", r"cannot identify image", r"image: unknown format",
    r"invalid image", r"unable to (?:process|decode) (?:the )?(?:input )?image", r"provided image is not valid",
    r"image data you provided", r"invalid_base64", r"image too (?:small|large)",
)  # fmt: skip
_TOO_LONG = _words(
    r"context_length_exceeded", r"maximum context length", r"context size", r"context window", r"longer than the max",
    r"string_above_max_length", r"exceed_context_size",
)  # fmt: skip
_NO_MODEL = _words(
    r"model_not_found", r"model_not_available", r"not a valid model", r"invalid model", r"no models? (?:is )?loaded",
    r"model .{0,160}(?:not found|does not exist|has been deprecated)", r"not have access to", r"no endpoints found",
)  # fmt: skip
_DEAD_KEY = _words(
    r"invalid_api_key", r"incorrect api key", r"invalid api key", r"account_deactivated", r"no auth credentials",
    r"authentication_error", r"must be a member of an organization",
)  # fmt: skip
_NO_CREDIT = _words(
    r"insufficient_quota", r"insufficient credits?", r"billing_(?:hard_limit|not_active)",
    r"check your plan and billing", r"more credits", r"credit balance",
)  # fmt: skip
_A_DAY = _words(r"per[- ]day", r"\bRPD\b", r"\bTPD\b", r"daily")
_TOKENS = _words(r"tokens per", r"\bTP[MD]\b", r"\btokens\b")
_LIMIT = re.compile(r"\bLimit:?\s+(\d{1,12})\b", re.IGNORECASE)


def refused(
    status: int,
    text: str,
    key: Key,
    headers: Mapping[str, str],
    now: float,
    error: Mapping[str, Any] | None = None,
) -> Attempt:
    """What an error means. status: of HTTP; text: the whole body; headers: by lower-case names; now: epoch seconds.

    error: where in the body it stands, if not in its usual place. No reason holds the key's text.
    """
    found = error or error_in(text)
    if found is None:
        return _wordless(status, headers, now)
    message, clue = _spoken(found, status)
    words = in_short(message, key)
    wait = delay(headers, message, now)
    match status:
        case 429:
            return _over_quota(found, message, clue, words, headers, now)
        case 401:
            return KeyDead(words)
        case 402:
            return SlotSpent(f"the credit is used up ({words})")
        case 408 | 409 | 425 | 502 | 503 | 504 | 520 | 522 | 524 | 529:
            return ServiceDown(f"HTTP {status}: {words}", wait)
    attempt = _by_its_words(clue, words)
    if attempt is not None:
        return attempt
    match status:
        case 403:
            return KeyDead(words)
        case 404 | 405 | 410:
            return ModelGone(words)
        case 413:
            return PictureUnreadable(words)
    if status < 500:
        return AnswerUnusable(f"the request was refused: {words}")
    return ServiceDown(f"HTTP {status}: {words}", wait)


def error_in(text: str) -> Mapping[str, Any] | None:
    """The error of a body, in the shapes that are about; None for a body that is not the API's."""
    body = parsed(text)
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    if not isinstance(body, Mapping):
        return None
    error = body.get("error")
    if isinstance(error, Mapping):
        return error
    if isinstance(error, str) and error:  # Ollama's own API, LM Studio
        return {"message": error}
    if isinstance(body.get("message"), str):  # older vLLM
        return body
    if body.get("detail"):  # FastAPI
        return {"message": str(body["detail"])}
    return None


def _spoken(error: Mapping[str, Any], status: int) -> tuple[str, str]:
    """What an error says to people, and all of it that tells what it is about."""
    message = str(error.get("message") or error.get("code") or error.get("type") or f"HTTP {status}")
    metadata = error.get("metadata")
    more: list[str] = []
    if isinstance(metadata, Mapping):  # OpenRouter hands on what the provider behind it said
        more = [str(metadata.get("raw") or "")]
        if metadata.get("flagged_input") or metadata.get("reasons"):
            more.append("was flagged")
    inner = error.get("innererror")
    more.append(str(inner.get("code")) if isinstance(inner, Mapping) else "")
    clue = " ".join([message, str(error.get("code") or ""), str(error.get("type") or ""), *more])
    if message.lower() == "provider returned error" and more[0]:
        message = f"{message}: {more[0]}"
    return message, clue


def _wordless(status: int, headers: Mapping[str, str], now: float) -> Attempt:
    """An error page of somebody who is not the API, or of a server that says nothing."""
    wait = delay(headers, "", now)
    match status:
        case 401:
            return KeyDead("HTTP 401: the key is not accepted")
        case 404 | 405:
            return ModelGone(NO_SUCH_ADDRESS)
        case 413:
            return PictureUnreadable("the picture is too large for the provider")
        case 429:
            return SlotTired(wait, "too many requests (the provider names no quota)", certain=False)
    return ServiceDown(f"HTTP {status} without a word of the API's", wait)


def _over_quota(
    error: Mapping[str, Any], message: str, clue: str, words: str, headers: Mapping[str, str], now: float
) -> Attempt:
    if _NO_CREDIT.search(clue):
        return SlotSpent(f"the credit is used up ({words})")
    if message.lower().startswith("request too large"):
        return ModelGone(f"one request is more than this model may be asked in a minute ({words})")
    of_tokens = bool(_TOKENS.search(clue))
    stated = _LIMIT.search(message)
    limit = int(stated[1]) or None if stated else None
    wait = delay(headers, message, now)
    if wait is None:
        wait = reset_of(headers, error, of_tokens, now)
    if _A_DAY.search(clue):
        spent = "the day's tokens are spent" if of_tokens else "the day's requests are spent"
        # OpenAI's day is the last 24 hours: it says when there is room again
        return SlotSpent(spent, rpd=None if of_tokens else limit) if wait is None else SlotTired(wait, spent)
    if of_tokens:
        return SlotTired(wait, "too many tokens this minute", tpm=limit)
    named = "RPM" in message or "requests per min" in message
    return SlotTired(wait, "too many requests this minute" if named else words, rpm=limit, certain=named)


def _by_its_words(clue: str, words: str) -> Attempt | None:
    """The attempt in an error whose status alone would not do."""
    if _BLOCKED.search(clue):
        return PictureBlocked(words)
    if _PLACE.search(clue):
        return HostRefused(words)
    if _NO_CREDIT.search(clue):
        return SlotSpent(f"the credit is used up ({words})")
    if _DEAD_KEY.search(clue):
        return KeyDead(words)
    if _BLIND.search(clue):
        return ModelGone(f"it takes no pictures ({words})")
    if _BAD_PICTURE.search(clue):
        return PictureUnreadable(words)
    if _TOO_LONG.search(clue):
        return AnswerUnusable(f"the request does not fit into the model's context ({words})")
    if _WRONG_ADDRESS.search(clue.strip()) or _WRONG_ADDRESS.search(words):
        return ModelGone(f"{NO_SUCH_ADDRESS} ({words})")
    if _NO_MODEL.search(clue):
        return ModelGone(words)
    return None
