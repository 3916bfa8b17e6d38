"""Request bodies: both spellings, both alphabets of base64, and refusals in the real words."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ghibli_prep.sandbox.asking import Asking, read
from ghibli_prep.sandbox.refusals import Reply

BYTES = bytes(range(256))
TEXT = {"contents": [{"parts": [{"text": "hello"}]}]}


def asked(body: Any) -> Asking:
    found = read(json.dumps(body).encode())
    assert isinstance(found, Asking)
    return found


def message(body: bytes) -> str:
    found = read(body)
    assert isinstance(found, Reply)
    error = json.loads(found.body)["error"]
    assert (found.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    return str(error["message"])


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("names", [("inlineData", "mimeType"), ("inline_data", "mime_type")])
def test_a_picture_is_read_in_either_spelling_and_either_alphabet(encode: Any, names: tuple[str, str]) -> None:
    blob = {names[1]: "image/png", "data": encode(BYTES).decode().rstrip("=")}
    found = asked({"contents": [{"parts": [{"text": "one"}, {names[0]: blob}, {"text": "two"}]}]})
    assert found.pictures == (BYTES,)
    assert found.prompt == "one\ntwo"
    assert len(found.sha256) == 64


def test_a_lone_content_and_a_system_instruction_are_read() -> None:
    found = asked({"contents": {"parts": {"text": "b"}}, "system_instruction": {"parts": [{"text": "a"}]}})
    assert (found.prompt, found.sha256) == ("a\nb", "")


def test_room_and_thinking_are_read() -> None:
    config = {"max_output_tokens": "64", "thinkingConfig": {"thinking_budget": 0}}
    found = asked(TEXT | {"generationConfig": config})
    assert (found.room, found.budget) == (64, 0)
    assert (asked(TEXT).room, asked(TEXT).budget) == (None, None)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "contents is not specified"),
        ([], "an object was expected"),
        ({"contents": "hello"}, "a list was expected"),
        ({"contents": ["hello"]}, "Invalid value at 'contents[0]'"),
        ({"contents": [{"parts": []}]}, "contents.parts must not be empty"),
        ({"contents": [{"parts": [{}]}]}, "required oneof field 'data' must have one set"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "image/gif", "data": ""}}]}]}, "Unsupported MIME type"),
        (
            {"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "***"}}]}]},
            "Base64 decoding failed",
        ),
        (TEXT | {"prompt": 1}, 'Unknown name "prompt": Cannot find field.'),
        (TEXT | {"generation_config": {"max_tokens": 1}}, "Unknown name \"max_tokens\" at 'generation_config'"),
        (TEXT | {"generationConfig": {"maxOutputTokens": 0}}, "must be a positive integer"),
        (TEXT | {"generationConfig": {"maxOutputTokens": 1.5}}, "(TYPE_INT32), 1.5"),
        (TEXT | {"generationConfig": {"maxOutputTokens": True}}, "(TYPE_INT32), true"),
        (TEXT | {"generationConfig": {"maxOutputTokens": [1]}}, "(TYPE_INT32)"),
        (TEXT | {"generationConfig": {"thinkingConfig": {"budget": 0}}}, 'Unknown name "budget"'),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_message_that_says_where(body: Any, said: str) -> None:
    assert said in message(json.dumps(body).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe\x00", b"[" * 200_000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert message(body).startswith("Invalid JSON payload received.")
