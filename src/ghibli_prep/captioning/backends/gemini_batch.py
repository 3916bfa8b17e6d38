"""What the Gemini Batch and Files APIs are sent and what their answers mean: bodies in, words out. Pure.

The shapes are those of Google's API reference and of google-genai 3, read in 2026-11. This module knows no client.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    Key,
    PictureBlocked,
    PictureUnreadable,
    ServiceDown,
    Slot,
)
from ghibli_prep.captioning.backends.gemini import NOT_THE_API, answered, parsed
from ghibli_prep.captioning.backends.gemini_errors import refused
from ghibli_prep.captioning.backends.redact import in_short
from ghibli_prep.captioning.batches import Line, Missing, Standing, Taken, Trouble, Uploaded

State = Literal["under way", "succeeded", "partially succeeded", "failed", "cancelled", "expired"]
_STATES: Mapping[str, State] = {
    "SUCCEEDED": "succeeded",
    "PARTIALLY_SUCCEEDED": "partially succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
"""The states that are an end; in any other, new ones too, a job is under way until it says that it is done."""
_CODES = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 13: 500, 14: 503, 16: 401}
"""google.rpc.Code as HTTP: a line's status may have either."""
_JOB = re.compile(r"batches/[\w.-]+", re.ASCII)
_FILE = re.compile(r"files/[\w.-]+", re.ASCII)


def request_line(number: int, jpeg: bytes, prompt: str, room: int, thinking: Mapping[str, Any] | None) -> bytes:
    """One line: the request that `generateContent` gets for this picture, under its number. room: in tokens."""
    config: dict[str, Any] = {"maxOutputTokens": room}
    if thinking is not None:
        config["thinkingConfig"] = dict(thinking)
    picture = {"inlineData": {"data": base64.b64encode(jpeg).decode(), "mimeType": "image/jpeg"}}
    request = {"contents": [{"parts": [picture, {"text": prompt}], "role": "user"}], "generationConfig": config}
    return json.dumps({"key": str(number), "request": request}, ensure_ascii=False).encode() + b"\n"


def line(raw: bytes, slot: Slot) -> Line | None:
    """What a line of the answers says; None for one that is cut off, or whose key is no number."""
    try:
        record = parsed(raw.decode())
    except UnicodeDecodeError:
        return None
    key = record.get("key") if isinstance(record, Mapping) else None
    if not isinstance(key, str) or not re.fullmatch(r"[1-9][0-9]{0,8}", key):
        return None
    if isinstance(record.get("response"), Mapping):
        return Line(int(key), answered(record["response"], slot))
    status = record.get("error") or record.get("status")
    if not isinstance(status, Mapping):
        return Line(int(key), ServiceDown(NOT_THE_API))
    code = status.get("code")
    http = _CODES.get(code, code) if isinstance(code, int) else 500
    attempt = refused(http, json.dumps({"error": {**status, "code": http}}), slot.key)
    told = "thinking" in str(status.get("message")).lower()
    return Line(int(key), attempt, thinking=told and isinstance(attempt, AnswerUnusable))


def uploaded(status: int, text: str, key: Key) -> Uploaded | Trouble:
    if status != 200:
        return trouble(status, text, key)
    name = _object(_object(parsed(text)).get("file")).get("name")
    return Uploaded(name) if isinstance(name, str) and _FILE.fullmatch(name) else ServiceDown(NOT_THE_API)


def created(status: int, text: str, key: Key, file: str) -> Taken | Missing | Trouble:
    """file: whose absence the API words as a lack of permission."""
    if status in (400, 403, 404) and file.removeprefix("files/") in text:
        return Missing(in_short(str(_object(_object(parsed(text)).get("error")).get("message")), key))
    if status != 200:
        return trouble(status, text, key)
    name = _name(_object(parsed(text)))
    return Taken(name) if name else ServiceDown(NOT_THE_API)


def page(status: int, text: str, key: Key, name: str) -> Taken | str | Trouble:
    """The job called `name` on a page of the list; else the token of the next page, "" after the last."""
    if status != 200:
        return trouble(status, text, key)
    body = parsed(text)
    operations = _object(body).get("operations", [])
    if not isinstance(body, Mapping) or not isinstance(operations, list):
        return ServiceDown(NOT_THE_API)
    for operation in map(_object, operations):
        if _object(operation.get("metadata")).get("displayName") == name and (job := _name(operation)):
            return Taken(job)
    return str(body.get("nextPageToken") or "")


def standing(status: int, text: str, key: Key) -> Standing | Missing | Trouble:
    if status == 404:
        return Missing("the provider knows the job no more")
    if status != 200:
        return trouble(status, text, key)
    body = _object(parsed(text))
    metadata = _object(body.get("metadata"))
    word = re.sub(r"^(?:BATCH|JOB)_STATE_", "", str(metadata.get("state") or body.get("state") or ""))
    if not _name(body) or not word:
        return ServiceDown(NOT_THE_API)
    error = _object(body.get("error"))
    result = _result(metadata.get("output")) or _result(body.get("response"))
    reason = in_short(str(error.get("message") or ""), key)
    if word in _STATES:
        return Standing(_STATES[word], result, reason)
    if body.get("done") is True:
        return Standing("succeeded" if result else "failed", result, reason or word)
    return Standing("under way")


def trouble(status: int, text: str, key: Key) -> Trouble:
    """Why a call was refused. Of pictures nothing is said here: what sounds like it is a request that was refused."""
    attempt: Attempt = refused(status, text, key)
    match attempt:
        case PictureUnreadable(reason) | PictureBlocked(reason):
            return AnswerUnusable(f"the request was refused: {reason}")
        case Described():
            return ServiceDown(NOT_THE_API)
    return attempt


def _name(operation: Mapping[str, Any]) -> str:
    name = operation.get("name")
    return name if isinstance(name, str) and _JOB.fullmatch(name) else ""


def _result(output: object) -> str:
    name = _object(output).get("responsesFile")
    return name if isinstance(name, str) and _FILE.fullmatch(name) else ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
