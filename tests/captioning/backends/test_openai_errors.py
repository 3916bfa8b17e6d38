"""Bodies as OpenAI, Ollama, vLLM, LM Studio, llama.cpp and OpenRouter send them, each with whose fault it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    Slot,
    SlotSpent,
    SlotTired,
    Usage,
)
from ghibli_prep.captioning.backends.openai_answers import answered, listed
from ghibli_prep.captioning.backends.openai_errors import refused
from ghibli_prep.captioning.backends.openai_terms import Terms
from ghibli_prep.captioning.backends.openai_waits import delay, reset_of, span

KEY = Key(2, "OPENAI_API_KEY_2", "sk-very-secret_0123456789")
SLOT = Slot(KEY, "gpt-4.1-mini")
NOW = 1_795_000_000.0


def error(message: str, code: object = None, kind: object = None, **more: object) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **more}}


QUOTA = "You exceeded your current quota, please check your plan and billing details."
RPM = (
    "Rate limit reached for gpt-4o in organization org-x on requests per min (RPM): Limit 3, Used 3, Requested 1. "
    "Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more."
)
TPM = (
    "Rate limit reached for gpt-4o in organization org-x on tokens per min (TPM): Limit 30000, Used 29700, "
    "Requested 800. Please try again in 1.02s."
)
RPD = (
    "Rate limit reached for gpt-4o in organization org-x on requests per day (RPD): Limit 200, Used 200, Requested 1. "
    "Please try again in 7m12s."
)
TOO_LARGE = (
    "Request too large for gpt-4o in organization org-x on tokens per min (TPM): Limit 10000, Requested 15000. "
    "The input or output tokens must be reduced in order to run successfully."
)
FREE = {"X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int((NOW + 5000) * 1000))}
FLAGGED = {"reasons": ["sexual"], "flagged_input": "...", "provider_name": "OpenAI", "model_slug": "openai/gpt-4o"}
FILTERED = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"violence": {"filtered": True}}}
INTERNAL = "The server had an error while processing your request. Sorry about that!"
VLLM_GONE = "The model `x` does not exist."
NO_VISION = "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"
TOO_LONG = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."

TABLE: list[tuple[int, object, dict[str, str], Attempt | type]] = [
    # OpenAI
    (401, error(f"Incorrect API key provided: {KEY.secret}.", "invalid_api_key", "invalid_request_error"), {},
     KeyDead("Incorrect API key provided: [key 2]")),
    (401, error("You must be a member of an organization to use the API"), {}, KeyDead),
    (403, error("Country, region, or territory not supported", "unsupported_country"), {}, HostRefused),
    (403, error("You are not allowed to do this."), {}, KeyDead),
    (403, error("Project `proj_x` does not have access to model `gpt-5`", "model_not_found"), {}, ModelGone),
    (404, error("The model `gpt-9` does not exist or you do not have access to it.", "model_not_found"), {}, ModelGone),
    (404, error("Invalid URL (POST /chat/completions)", None, "invalid_request_error"), {}, ModelGone),
    (429, error(RPM, "rate_limit_exceeded", "requests"), {},
     SlotTired(20.0, "too many requests this minute", rpm=3)),
    (429, error(TPM, "rate_limit_exceeded", "tokens"), {"retry-after-ms": "1020", "retry-after": "2"},
     SlotTired(1.02, "too many tokens this minute", tpm=30000)),
    (429, error("Rate limit reached on tokens per min (TPM)", "rate_limit_exceeded", "tokens"),
     {"x-ratelimit-reset-tokens": "6m0s", "x-ratelimit-reset-requests": "20ms"},
     SlotTired(360.0, "too many tokens this minute")),
    (429, error(RPD, "rate_limit_exceeded", "requests"), {}, SlotTired(432.0, "the day's requests are spent")),
    (429, error(TOO_LARGE, "rate_limit_exceeded", "tokens"), {}, ModelGone),
    (429, error(QUOTA, "insufficient_quota", "insufficient_quota"), {"retry-after": "3"},
     SlotSpent("the credit is used up (You exceeded your current quota, please check your plan and billing details)")),
    (400, error("Your request was rejected as a result of our safety system.", "content_policy_violation"), {},
     PictureBlocked),
    (400, error("Something was refused.", "content_filter", innererror=FILTERED), {}, PictureBlocked),
    (400, error("You uploaded an unsupported image. Please make sure your image has of one of the following formats",
                "invalid_image_format"), {}, PictureUnreadable),
    (400, error("The image data you provided does not represent a valid image.", None), {}, PictureUnreadable),
    (400, error(TOO_LONG, "context_length_exceeded"), {}, AnswerUnusable),
    (400, error("Invalid content type. image_url is only supported by certain models."), {}, ModelGone),
    (400, error("Invalid value for 'n'."), {}, AnswerUnusable),
    (500, error(INTERNAL, None, "server_error"), {}, ServiceDown(f"HTTP 500: {INTERNAL}")),
    (503, error("The engine is currently overloaded, please try again later"), {"retry-after": "12"},
     ServiceDown("HTTP 503: The engine is currently overloaded, please try again later", 12.0)),
    # Ollama
    (404, error('model "qwen2.5vl" not found, try pulling it first', None, "not_found_error"), {}, ModelGone),
    (404, {"error": "model 'llava' not found"}, {}, ModelGone),
    (404, b"404 page not found", {}, ModelGone),
    (400, error("invalid image input", None, "invalid_request_error"), {}, PictureUnreadable),
    (500, error("Failed to process inputs: image: unknown format", None, "api_error"), {}, PictureUnreadable),
    (500, error("this model is missing data required for image input"), {}, ModelGone),
    (500, error("model requires more system memory (5.5 GiB) than is available (3.2 GiB)", None, "api_error"), {},
     ServiceDown),
    (503, error("server busy, please try again. maximum pending requests exceeded"), {}, ServiceDown),
    # vLLM, the older and the newer shape
    (404, {"object": "error", "message": VLLM_GONE, "type": "NotFoundError", "code": 404}, {}, ModelGone),
    (404, error(VLLM_GONE, 404, "NotFoundError"), {}, ModelGone),
    (404, {"detail": "Not Found"}, {}, ModelGone),
    (401, {"error": "Unauthorized"}, {}, KeyDead),
    (400, error("At most 0 image(s) may be provided in one prompt.", 400, "BadRequestError"), {}, ModelGone),
    (400, error("cannot identify image file <_io.BytesIO object at 0x7f>", 400, "BadRequestError"), {},
     PictureUnreadable),
    (400, error(TOO_LONG, 400, "BadRequestError"), {}, AnswerUnusable),
    (422, {"detail": [{"loc": ["body", "messages"], "msg": "field required"}]}, {}, AnswerUnusable),
    # LM Studio
    (404, error("No models loaded. Please load a model in the developer page.", "model_not_found"), {}, ModelGone),
    (400, {"error": "Model does not support images. Please use a model that does."}, {}, ModelGone),
    # llama.cpp
    (503, error("Loading model", 503, "unavailable_error"), {}, ServiceDown("HTTP 503: Loading model")),
    (500, error(NO_VISION, 500, "server_error"), {}, ModelGone),
    (401, error("Invalid API Key", 401, "authentication_error"), {}, KeyDead),
    (400, error("Failed to load image or audio file", 400, "invalid_request_error"), {}, PictureUnreadable),
    (400, error("the request exceeds the available context size, try increasing it", 400, "exceed_context_size_error"),
     {}, AnswerUnusable),
    (404, error("File Not Found", 404, "not_found_error"), {}, ModelGone),
    # OpenRouter
    (401, error("No auth credentials found", 401), {}, KeyDead),
    (402, error("Insufficient credits. Add more to continue.", 402), {}, SlotSpent),
    (403, error("openai/gpt-4o requires moderation on this input", 403, metadata=FLAGGED), {}, PictureBlocked),
    (404, error("No endpoints found that support image input", 404), {}, ModelGone),
    (404, error("No endpoints found for x/y.", 404), {}, ModelGone),
    (400, error("x/y is not a valid model ID", 400), {}, ModelGone),
    (429, error("Rate limit exceeded: free-models-per-day", 429, metadata={"headers": FREE}), {},
     SlotTired(5000.0, "the day's requests are spent")),
    (429, error("Rate limit exceeded: free-models-per-day", 429), {}, SlotSpent("the day's requests are spent")),
    (429, error("Provider returned error", 429, metadata={"raw": "x is temporarily rate-limited upstream"}), {},
     SlotTired(None, "Provider returned error: x is temporarily rate-limited upstream", certain=False)),
    (502, error("Provider returned error", 502, metadata={"raw": "ERROR"}), {}, ServiceDown),
    # not the API
    (502, b"<html>Bad Gateway</html>", {}, ServiceDown("HTTP 502 without a word of the API's")),
    (429, b"<html>slow down</html>", {"retry-after": "Sat, 21 Nov 2026 01:00:00 GMT"}, SlotTired),
    (403, b"<html>sign in</html>", {}, ServiceDown),
    (413, b"<html>too large</html>", {}, PictureUnreadable),
    (401, b"", {}, KeyDead),
    (500, b"[" * 50_000, {}, ServiceDown),
]  # fmt: skip


def text_of(body: object) -> str:
    return body.decode() if isinstance(body, bytes) else json.dumps(body)


@pytest.mark.parametrize(("status", "body", "headers", "meant"), TABLE)
def test_every_error_becomes_the_attempt_that_says_whose_fault_it_is(
    status: int, body: object, headers: dict[str, str], meant: Attempt | type
) -> None:
    attempt = refused(status, text_of(body), KEY, headers, NOW)
    if isinstance(meant, type):
        assert isinstance(attempt, meant), attempt
    else:
        assert attempt == meant
    assert KEY.secret not in repr(attempt)


@given(st.integers(100, 599), st.recursive(st.none() | st.text() | st.integers(), st.lists) | st.binary())
def test_no_body_whatever_is_without_a_meaning(status: int, body: object) -> None:
    text = body.decode(errors="replace") if isinstance(body, bytes) else json.dumps({"error": body})
    assert isinstance(refused(status, text, KEY, {}, NOW), Attempt)
    assert isinstance(answered(text, SLOT, NOW), Attempt)


def said(content: object, end: object = "stop", **message: object) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": end}
    return {"id": "1", "object": "chat.completion", "model": "gpt-4.1-mini-2025", "choices": [choice]}


ANSWERS: list[tuple[object, Attempt | type]] = [
    ({**said("Ghibli style a cat"), "usage": {"prompt_tokens": 300, "completion_tokens": 25}},
     Described("Ghibli style a cat", Usage(300, 25), "gpt-4.1-mini-2025")),
    (said([{"type": "text", "text": "Ghibli style"}, {"type": "text", "text": " a cat"}]),
     Described("Ghibli style a cat", Usage(), "gpt-4.1-mini-2025")),
    (said("<think>\nA cat?\n</think>\n\nGhibli style a cat"),
     Described("\n\nGhibli style a cat", Usage(), "gpt-4.1-mini-2025")),
    (said("Ghibli style a cat", None), Described),
    (said(None, refusal="I'm sorry, I can't help with that."), PictureBlocked("I'm sorry, I can't help with that")),
    (said([{"type": "refusal", "refusal": "No."}]), PictureBlocked("No")),
    (said("", "content_filter"), PictureBlocked("content_filter")),
    (said("Ghibli", "length"), AnswerUnusable("the answer was cut off: see caption.max_output_tokens")),
    (said("", "length", reasoning_content="Hm"),
     AnswerUnusable("thinking used up the room of the answer: see caption.max_output_tokens")),
    (said("<think>Hm, a cat", "length"),
     AnswerUnusable("thinking used up the room of the answer: see caption.max_output_tokens")),
    (said(None, reasoning_content="A cat."), AnswerUnusable("thoughts without an answer")),
    (said("", reasoning="A cat."), AnswerUnusable("thoughts without an answer")),
    (said("  "), AnswerUnusable("an answer without text")),
    (said(None, "tool_calls"), AnswerUnusable),
    (said("Ghibli style a cat", "error"), AnswerUnusable),
    ({"choices": []}, AnswerUnusable("an answer without a choice")),
    ({"choices": [None]}, AnswerUnusable),
    ({"error": {"code": 429, "message": "Rate limit exceeded: free-models-per-min"}}, SlotTired),
    ({"choices": [{"error": {"code": 502, "message": "Disconnected"}, "finish_reason": "error"}]}, ServiceDown),
    ({"error": "Unexpected endpoint or method. (POST /chat/completions)"}, ModelGone),
    ({"candidates": []}, ServiceDown),
    ([], ServiceDown),
]  # fmt: skip


@pytest.mark.parametrize(("body", "meant"), ANSWERS)
def test_what_comes_with_200_is_not_always_a_caption(body: object, meant: Attempt | type) -> None:
    attempt = answered(json.dumps(body), SLOT, NOW)
    if isinstance(meant, type):
        assert isinstance(attempt, meant), attempt
    else:
        assert attempt == meant


def test_html_with_200_and_a_body_cut_off_are_the_services_fault() -> None:
    for text in ("<html>Welcome</html>", json.dumps(said("Ghibli"))[:40], ""):
        assert isinstance(answered(text, SLOT, NOW), ServiceDown)


def test_azures_filter_says_what_it_found() -> None:
    body = said("", "content_filter")
    body["choices"][0]["content_filter_results"] = {"hate": {"filtered": False}, "violence": {"filtered": True}}
    assert answered(json.dumps(body), SLOT, NOW) == PictureBlocked("violence")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360.0), ("1.5s", 1.5), ("20ms", 0.02), ("1h2m3s", 3723.0), ("1d2h", 93_600.0), ("0s", 0.0)],
)
def test_spans_of_time_are_read(text: str, seconds: float) -> None:
    assert span(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "soon", "1x", "s", "-3s", "1.2.3s"])
def test_what_is_no_span_is_none(text: str) -> None:
    assert span(text) is None


def test_how_long_to_wait_is_read_from_headers_before_words() -> None:
    assert delay({"retry-after-ms": "250", "retry-after": "9"}, "", NOW) == 0.25
    assert delay({"retry-after": "9"}, "Please try again in 3s.", NOW) == 9.0
    assert delay({"retry-after": "1m30s"}, "", NOW) == 90.0
    assert delay({}, "Please try again in 6m0s.", NOW) == 360.0
    assert delay({}, "Please try again in 354 milliseconds or so", NOW) is None
    assert delay({}, "Please retry after 7 seconds.", NOW) == 7.0
    assert delay({"retry-after": "Wed, 18 Nov 2026 11:06:50 GMT"}, "", NOW) == pytest.approx(10.0)
    assert delay({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "", NOW) == 0.0
    assert delay({"retry-after": "soon"}, "", NOW) is None


def test_the_reset_of_what_is_used_up_counts() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "8.64s",
        "x-ratelimit-remaining-tokens": "29000",
        "x-ratelimit-reset-tokens": "20ms",
    }
    assert reset_of(headers, {}, False, NOW) == 8.64
    assert reset_of(headers, {}, True, NOW) == 8.64
    assert reset_of({"x-ratelimit-reset": str(NOW + 30)}, {}, False, NOW) == 30.0
    assert reset_of({}, {"metadata": {"headers": {"X-RateLimit-Reset": str((NOW + 9) * 1000)}}}, False, NOW) == 9.0
    assert reset_of({}, {"metadata": "x"}, False, NOW) is None


def test_models_are_listed_by_their_ids() -> None:
    assert listed('{"object": "list", "data": [{"id": "a"}, {"id": "b:latest"}, {}]}') == ["a", "b:latest", "b"]
    assert listed('{"object": "list", "data": null}') == []
    assert listed('{"models": []}') is None
    assert listed("<html>") is None


ROOM = error("Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'.",
             "unsupported_parameter", "invalid_request_error", param="max_tokens")  # fmt: skip
EFFORT = error("Unsupported value: 'reasoning_effort' does not support 'minimal' with this model.", "unsupported_value",
               param="reasoning_effort")  # fmt: skip


def test_a_refused_parameter_is_sent_otherwise_from_then_on() -> None:
    terms = Terms(own=False)
    first = terms.told("gpt-5-mini", 300)
    assert first == {"max_tokens": 300, "reasoning_effort": "minimal"}
    assert terms.refuse("gpt-5-mini", first, json.dumps(ROOM)) == "max_tokens"
    assert terms.refuse("gpt-5-mini", first, json.dumps(ROOM)) == "max_tokens", "others were under way"
    second = terms.told("gpt-5-mini", 300)
    assert second == {"max_completion_tokens": 300, "reasoning_effort": "minimal"}
    assert terms.refuse("gpt-5-mini", second, json.dumps(EFFORT)) == "reasoning_effort"
    assert terms.told("gpt-5-mini", 300) == {"max_completion_tokens": 300, "reasoning_effort": "low"}
    assert terms.told("qwen2.5vl:7b", 300) == {"max_tokens": 300}
    assert Terms(own=True).told("gpt-4.1-mini", 300) == {"max_completion_tokens": 300}


def test_no_parameter_is_blamed_for_something_else() -> None:
    terms = Terms(own=True)
    told = terms.told("o3", 300)
    assert told["reasoning_effort"] == "low"
    assert terms.refuse("o3", told, json.dumps(error("Unsupported image"))) is None
    assert terms.refuse("o3", told, "<html>") is None
    assert terms.told("o3", 300) == told
