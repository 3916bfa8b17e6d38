"""The body of a generateContent request: read, or refused in the real API's words. It looks into no picture."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from ghibli_prep.sandbox import refusals
from ghibli_prep.sandbox.refusals import Reply

_PICTURES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")
_TOP = frozenset(
    {
        "model", "contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig",
        "cachedContent", "serviceTier", "store",
    }
)  # fmt: skip
_CONFIG = frozenset(
    {
        "candidateCount", "stopSequences", "maxOutputTokens", "temperature", "topP", "topK", "seed",
        "responseMimeType", "responseSchema", "responseJsonSchema", "presencePenalty", "frequencyPenalty",
        "responseLogprobs", "logprobs", "mediaResolution", "responseModalities", "speechConfig", "thinkingConfig",
        "imageConfig", "enableEnhancedCivicAnswers",
    }
)  # fmt: skip
_TYPES = ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT")
_THINKING = frozenset(["includeThoughts", "thinkingBudget", "thinkingLevel"])


@dataclass(frozen=True, slots=True)
class Asking:
    """prompt: all texts, one a line. pictures: the bytes sent. room: the answer's tokens; None: no limit.
    budget: thinking tokens, 0 for none, None where the client did not say. names: where the answer is to be a list of
    objects in JSON, what they call a picture's number and what is said of it."""

    prompt: str
    pictures: tuple[bytes, ...]
    room: int | None
    budget: int | None
    names: tuple[str, str] | None = None

    @property
    def hashes(self) -> tuple[str, ...]:
        """The SHA-256 of each picture, in hex."""
        return tuple(hashlib.sha256(picture).hexdigest() for picture in self.pictures)

    @property
    def sha256(self) -> str:
        """Of the first picture, in hex; "" without one."""
        return self.hashes[0] if self.pictures else ""


class _Refused(Exception):
    """Carries the message of a 400."""


def read(body: bytes) -> Asking | Reply:
    """What is asked, or the 400 for it. Field names may be camelCase or snake_case, as in any protobuf JSON."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        return refusals.invalid(f"Invalid JSON payload received. {error}")
    try:
        return _read(_fields(content, "", _TOP))
    except _Refused as refused:
        return refusals.invalid(str(refused))


def _read(top: dict[str, Any]) -> Asking:
    contents = top.get("contents")
    if not contents:
        raise _Refused("* GenerateContentRequest.contents: contents is not specified\n")
    texts: list[str] = []
    pictures: list[bytes] = []
    if "systemInstruction" in top:
        _read_content(top["systemInstruction"], "system_instruction", texts, pictures)
    for place, content in enumerate(_listed(contents, "contents")):
        _read_content(content, f"contents[{place}]", texts, pictures)
    config = _fields(top.get("generationConfig", {}), "generation_config", _CONFIG)
    thinking = _fields(config.get("thinkingConfig", {}), "generation_config.thinking_config", _THINKING)
    room = _whole(config.get("maxOutputTokens"), "generation_config.max_output_tokens")
    if room is not None and room < 1:
        raise _Refused("* GenerateContentRequest.generation_config.max_output_tokens: must be a positive integer.\n")
    budget = _whole(thinking.get("thinkingBudget"), "generation_config.thinking_config.thinking_budget")
    return Asking("\n".join(texts), tuple(pictures), room, budget, _names(config))


def _names(config: dict[str, Any]) -> tuple[str, str] | None:
    """The names of the number and of the text in the objects of a list; None where no list of such is wanted."""
    if "responseSchema" not in config:
        return None
    where = "generation_config.response_schema"
    schema = _fields(config["responseSchema"], where)
    if config.get("responseMimeType") != "application/json":
        message = f"* GenerateContentRequest.{where}: only allowed with the response_mime_type `application/json`.\n"
        raise _Refused(message)
    if _type(schema) != "ARRAY":
        return None
    of_one = _fields(schema.get("items", {}), f"{where}.items").get("properties", {})
    by_type = {_type(_fields(kind, where)): name for name, kind in _fields_as_they_are(of_one, where).items()}
    return (by_type["INTEGER"], by_type["STRING"]) if {"INTEGER", "STRING"} <= by_type.keys() else None


def _type(schema: dict[str, Any]) -> str:
    """By its word or its number."""
    kind = schema.get("type")
    return _TYPES[kind] if isinstance(kind, int) and 0 <= kind < len(_TYPES) else str(kind).upper()


def _fields_as_they_are(value: Any, where: str) -> dict[str, Any]:
    _fields(value, where)
    return dict(value)


def _read_content(content: Any, where: str, texts: list[str], pictures: list[bytes]) -> None:
    parts = _listed(_fields(content, where).get("parts", []), f"{where}.parts")
    if not parts:
        raise _Refused(f"* GenerateContentRequest.{where}.parts: contents.parts must not be empty.\n")
    for place, part in enumerate(parts):
        here = f"{where}.parts[{place}]"
        fields = _fields(part, here)
        if isinstance(fields.get("text"), str):
            texts.append(fields["text"])
        elif "inlineData" in fields:
            pictures.append(_picture(_fields(fields["inlineData"], f"{here}.inline_data"), f"{here}.inline_data"))
        else:
            raise _Refused(f"* GenerateContentRequest.{here}.data: required oneof field 'data' must have one set\n")


def _picture(blob: dict[str, Any], where: str) -> bytes:
    kind, data = blob.get("mimeType"), blob.get("data")
    if kind not in _PICTURES:
        raise _Refused(f"Unsupported MIME type: {kind}")
    try:
        # both alphabets of base64, with or without the padding: google-genai sends the one for addresses
        plain = str(data or "").translate(str.maketrans("-_", "+/")).rstrip("=")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _Refused(f"Invalid value at '{where}.data' (TYPE_BYTES), Base64 decoding failed") from None


def _fields(value: Any, where: str, known: frozenset[str] | None = None) -> dict[str, Any]:
    """An object with its names in camelCase; a name that is not known is refused."""
    if not isinstance(value, dict):
        raise _Refused(f"Invalid value at '{where or 'body'}', an object was expected")
    for name in value:
        if known is not None and _camel(name) not in known:
            at = f" at '{where}'" if where else ""
            raise _Refused(f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')
    return {_camel(name): item for name, item in value.items()}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _listed(value: Any, where: str) -> list[Any]:
    """A list; a lone object counts as a list of one, as in any protobuf JSON of Google's."""
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        raise _Refused(f"Invalid value at '{where}', a list was expected")
    return value


def _whole(value: Any, where: str) -> int | None:
    """A whole number; protobuf JSON may write it as text, or with a fraction of zero."""
    if value is None:
        return None
    try:
        if isinstance(value, bool) or int(value) != float(value):
            raise ValueError
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise _Refused(f"Invalid value at '{where}' (TYPE_INT32), {json.dumps(value)}") from None
