"""The sandbox as an OpenAI-compatible server: `/v1/chat/completions` and `/v1/models` over the same quotas and faults.

A request is put into Gemini's words, and the reply into OpenAI's, so that both are counted, blocked and broken alike.
Error bodies are those of OpenAI. This module decides nothing and knows no sockets.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ghibli_prep.sandbox.api import Api, Ask
from ghibli_prep.sandbox.refusals import JSON, Reply

_ENDS = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "PROHIBITED_CONTENT": "content_filter"}
_CODES = {
    "429_day": (429, "rate_limit_exceeded", "requests"),
    "429_minute": (429, "rate_limit_exceeded", "requests"),
    "429_tokens": (429, "rate_limit_exceeded", "tokens"),
    "429_bare": (429, "rate_limit_exceeded", "requests"),
    "limit_zero": (403, "model_not_found", "invalid_request_error"),
    "not_found": (404, "model_not_found", "invalid_request_error"),
    "new_users": (404, "model_not_found", "invalid_request_error"),
    "unreadable_image": (400, "invalid_image", "invalid_request_error"),
    "location": (403, "unsupported_country_region_territory", "request_forbidden"),
    "no_key": (401, "invalid_api_key", "invalid_request_error"),
}
_DEAD = ("invalid", "expired", "suspended", "service_disabled", "leaked", "denied")
_WORDS = {
    "429_day": "Rate limit reached for {model} on requests per day (RPD).",
    "429_minute": "Rate limit reached for {model} on requests per min (RPM). Please try again in {seconds}s.",
    "429_tokens": "Rate limit reached for {model} on tokens per min (TPM). Please try again in {seconds}s.",
    "429_bare": "Too many requests",
    "limit_zero": "Project does not have access to model `{model}`",
    "not_found": "The model `{model}` does not exist or you do not have access to it.",
    "new_users": "The model `{model}` has been deprecated.",
    "unreadable_image": "The image data you provided does not represent a valid image.",
    "location": "Country, region, or territory not supported",
}


def chat(api: Api, secret: str, body: bytes) -> Reply:
    """`/v1/chat/completions`."""
    try:
        asked = json.loads(body)
        model, request, listed = str(asked["model"]), _request(asked), "response_format" in asked
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return error(400, "We could not parse the JSON body of your request.", None, "invalid_request_error", "invalid")
    return _answer(api.generate(Ask(secret, model, "v1beta", json.dumps(request).encode(), False)), model, listed)


def models(api: Api, secret: str) -> Reply:
    """`/v1/models`."""
    reply = api.models(secret, 1000, "")
    if reply.status != 200:
        return _refusal(reply, "")
    names = [model["name"].removeprefix("models/") for model in json.loads(reply.body)["models"]]
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "sandbox"} for name in names]
    return _json(reply, 200, {"object": "list", "data": data})


def error(status: int, message: str, code: str | None, kind: str, outcome: str) -> Reply:
    content = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Reply(status, json.dumps(content).encode(), outcome)


def _request(asked: dict[str, Any]) -> dict[str, Any]:
    """The same question in Gemini's words."""
    parts: list[dict[str, Any]] = []
    for message in asked["messages"]:
        content = message["content"]
        parts += map(_part, [{"type": "text", "text": content}] if isinstance(content, str) else content)
    config: dict[str, Any] = {"thinkingConfig": {"thinkingBudget": 0}} if asked.get("reasoning_effort") else {}
    if room := asked.get("max_completion_tokens", asked.get("max_tokens")):
        config["maxOutputTokens"] = room
    if "response_format" in asked:
        ((_, held),) = asked["response_format"]["json_schema"]["schema"]["properties"].items()
        kinds = {name: {"type": one["type"].upper()} for name, one in held["items"]["properties"].items()}
        schema = {"type": "ARRAY", "items": {"type": "OBJECT", "properties": kinds}}
        config |= {"responseMimeType": "application/json", "responseSchema": schema}
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == "text":
        return {"text": part["text"]}
    head, _, data = part["image_url"]["url"].partition(";base64,")
    return {"inlineData": {"mimeType": head.removeprefix("data:"), "data": data}}


def _answer(reply: Reply, model: str, listed: bool) -> Reply:
    if reply.status != 200 or reply.content_type != JSON:
        return _refusal(reply, model)
    try:
        found = json.loads(reply.body)
    except ValueError:
        return reply  # cut off on the way
    if not found.get("candidates"):
        message = "Your request was rejected as a result of our safety system."
        refused = error(400, message, "content_policy_violation", "invalid_request_error", reply.outcome)
        return replace(refused, wait=reply.wait)
    candidate, usage = found["candidates"][0], found["usageMetadata"]
    text = "".join(part.get("text", "") for part in candidate["content"].get("parts", []))
    if listed and text:
        text = f'{{"captions": {text}}}'
    end = _ENDS.get(candidate["finishReason"], candidate["finishReason"].lower())
    output = usage["totalTokenCount"] - usage["promptTokenCount"]
    content = {
        "id": f"chatcmpl-{found['responseId']}",
        "object": "chat.completion",
        "model": model,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": end}],
        "usage": {"prompt_tokens": usage["promptTokenCount"], "completion_tokens": output},
    }
    return _json(reply, 200, content)


def _refusal(reply: Reply, model: str) -> Reply:
    if reply.status == 0 or reply.content_type != JSON:
        return reply
    said = json.loads(reply.body)["error"]
    outcome = "no_key" if reply.outcome in _DEAD else reply.outcome
    status, code, kind = _CODES.get(outcome, (reply.status, None, "server_error"))
    delays = [one["retryDelay"] for one in said.get("details", []) if "retryDelay" in one]
    seconds = delays[0].removesuffix("s") if delays else "1"
    words = _WORDS.get(outcome)
    message = words.format(model=model, seconds=seconds) if words else said["message"]
    content = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return _json(reply, status, content)


def _json(reply: Reply, status: int, content: dict[str, Any]) -> Reply:
    return replace(reply, status=status, body=json.dumps(content, ensure_ascii=False).encode())
