"""One body in, one attempt out: the facts of the API's errors, without a client."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import (
    AnswerUnusable,
    Described,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    PictureBlocked,
    ServiceDown,
    Slot,
    SlotSpent,
    SlotTired,
    Usage,
)
from ghibli_prep.captioning.backends.gemini import BLOCKING_ENDS, answered
from ghibli_prep.captioning.backends.gemini_errors import refused, seconds

KEY = Key(1, "GEMINI_API_KEY_1", "the-secret")
SLOT = Slot(KEY, "gemini-x")


def quota(message: str, *violations: dict[str, str], delay: str = "") -> str:
    details: list[dict[str, Any]] = [{"@type": "type.googleapis.com/google.rpc.Help", "links": []}]
    if violations:
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": list(violations)})
    if delay:
        details.insert(0, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return json.dumps({"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}})


MINUTE = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"}
TOKENS = {"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier", "quotaValue": "250000"}
DAY = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "20"}


def test_the_minutes_requests_rest_for_as_long_as_the_server_says() -> None:
    attempt = refused(429, quota("Quota exceeded for metric: x, limit: 10", MINUTE, delay="37s"), KEY)
    assert attempt == SlotTired(37.0, "too many requests this minute (10 allowed)", rpm=10)


def test_the_minutes_tokens_are_told_apart_from_its_requests() -> None:
    attempt = refused(429, quota("Quota exceeded for metric: x", TOKENS), KEY)
    assert attempt == SlotTired(None, "too many tokens this minute (250,000 allowed)", tpm=250_000)


def test_the_day_wins_over_the_minute_and_its_delay_is_ignored() -> None:
    attempt = refused(429, quota("Quota exceeded for metric: x", MINUTE, DAY, delay="5s"), KEY)
    assert attempt == SlotSpent("the day's quota (20 a day) is spent", rpd=20)


def test_the_days_tokens_are_no_limit_of_requests() -> None:
    tokens = {"quotaId": "GenerateContentInputTokensPerModelPerDay-FreeTier", "quotaValue": "1000000"}
    attempt = refused(429, quota("Quota exceeded for metric: x", tokens), KEY)
    assert attempt == SlotSpent("the day's tokens are spent", rpd=None)


def test_a_limit_that_only_starts_with_nought_is_no_missing_tier() -> None:
    assert isinstance(refused(429, quota("Quota exceeded for metric: x, limit: 0.5", MINUTE), KEY), SlotTired)
    assert isinstance(refused(429, quota("Quota exceeded for metric: x, limit: 0, model: y", DAY), KEY), ModelGone)


def test_a_bare_429_rests_for_as_long_as_its_header_says() -> None:
    attempt = refused(429, quota("Resource has been exhausted (e.g. check quota)."), KEY, "9")
    assert isinstance(attempt, SlotTired)
    assert attempt.seconds == 9.0


def test_a_project_that_may_not_be_free_here_is_the_keys_fault_and_a_place_that_is_not_served_the_machines() -> None:
    for status in (400, 403):
        body = json.dumps({"error": {"message": "User location is not supported for the API use."}})
        assert refused(status, body, KEY) == HostRefused("User location is not supported for the API use")
    free = "Gemini API free tier is not available in your country. Please enable billing on your project."
    assert isinstance(refused(400, json.dumps({"error": {"message": free}}), KEY), KeyDead)


def test_the_longer_of_two_stated_delays_counts() -> None:
    attempt = refused(429, quota("Quota exceeded for metric: x\nPlease retry in 37.83s.", MINUTE, delay="37s"), KEY)
    assert isinstance(attempt, SlotTired)
    assert attempt.seconds == pytest.approx(37.83)


def test_a_bare_429_is_not_certain() -> None:
    attempt = refused(429, quota("Resource has been exhausted (e.g. check quota)."), KEY)
    assert isinstance(attempt, SlotTired)
    assert not attempt.certain


def test_a_quota_of_an_unknown_kind_rests_the_slot_without_certainty() -> None:
    attempt = refused(429, quota("Quota exceeded for metric: x", {"quotaId": "PerFortnight"}), KEY)
    assert isinstance(attempt, SlotTired)
    assert not attempt.certain


@pytest.mark.parametrize("value", ["", "many", "-3", "0", "²"])
def test_a_limit_that_is_no_number_is_not_learned(value: str) -> None:
    attempt = refused(429, quota("Quota exceeded for metric: x", {**MINUTE, "quotaValue": value}), KEY)
    assert isinstance(attempt, SlotTired)
    assert attempt.rpm is None


@pytest.mark.parametrize(
    ("delay", "expected"),
    [
        ("37s", 37),
        ("37.83s", 37.83),
        ("5ms", 0.005),
        ("10h17m5.72s", 37025.72),
        ("", None),
        ("soon", None),
        ("5", None),
        ("9" * 400 + "s", None),
        ("٣s", None),
    ],
)
def test_delays_are_read_in_all_their_spellings(delay: str, expected: float | None) -> None:
    assert seconds(delay) == (None if expected is None else pytest.approx(expected))


@given(hours=st.integers(0, 99), minutes=st.integers(0, 59), rest=st.decimals(0, 59, places=3))
def test_any_delay_of_hours_minutes_and_seconds_is_read(hours: int, minutes: int, rest: Any) -> None:
    assert seconds(f"{hours}h{minutes}m{rest}s") == pytest.approx(hours * 3600 + minutes * 60 + float(rest))


@given(status=st.integers(400, 599), body=st.text(max_size=200))
def test_any_text_at_all_becomes_an_attempt(status: int, body: str) -> None:
    assert refused(status, body, KEY) is not None


@given(
    status=st.sampled_from([400, 401, 403, 404, 429, 500]),
    details=st.recursive(st.none() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)),
)
def test_any_details_at_all_become_an_attempt(status: int, details: object) -> None:
    body = json.dumps({"error": {"code": status, "message": "no", "details": details}})
    assert refused(status, body, KEY) is not None


def test_an_overloaded_service_may_say_when_to_come_back() -> None:
    body = json.dumps({"error": {"code": 503, "message": "The model is overloaded."}})
    assert refused(503, body, KEY, "12") == ServiceDown("HTTP 503: The model is overloaded", 12.0)
    assert refused(503, "<html>", KEY, "7") == ServiceDown("HTTP 503 without a word of the API's", 7.0)


def test_a_long_message_is_told_by_the_sentences_that_fit() -> None:
    for message, told in (
        ("One sentence. " + "And a long one " * 20, "One sentence"),
        ("word " * 60, ("word " * 32)[:160] + "..."),
        ("Short. Shorter.", "Short. Shorter"),
    ):
        body = json.dumps({"error": {"code": 403, "message": message}})
        assert refused(403, body, KEY) == KeyDead(told)


def test_a_body_in_a_list_is_read() -> None:
    body = json.dumps([{"error": {"code": 403, "message": "Permission denied"}}])
    assert refused(403, body, KEY) == KeyDead("Permission denied")


def test_no_reason_holds_the_key() -> None:
    for status in (400, 401, 403, 404, 413, 429, 500):
        body = json.dumps({"error": {"code": status, "message": "API key expired: the-secret, limit: 0"}})
        assert "the-secret" not in repr(refused(status, body, KEY))


@pytest.mark.parametrize("end", sorted(BLOCKING_ENDS))
def test_each_end_by_which_the_provider_holds_back_an_answer_is_a_block(end: str) -> None:
    body = {"candidates": [{"finishReason": end, "content": {"parts": [{"text": "half a"}]}}]}
    assert answered(body, SLOT) == PictureBlocked(end)


def test_thoughts_are_no_caption_and_count_as_output() -> None:
    parts = [{"text": "Let me think", "thought": True}, {"text": "Ghibli style "}, {"text": "a cat"}]
    usage = {"promptTokenCount": 9, "candidatesTokenCount": 4, "thoughtsTokenCount": 30}
    body = {"candidates": [{"finishReason": "STOP", "content": {"parts": parts}}], "usageMetadata": usage}
    assert answered(body, SLOT) == Described("Ghibli style a cat", Usage(9, 34), "gemini-x")


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": [{"finishReason": "STOP"}]},
        {"candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": " \n"}]}}]},
        {"candidates": [{"finishReason": "MALFORMED_RESPONSE"}]},
        {"candidates": [{"finishReason": 999}]},
        {"candidates": [{}]},
        {"promptFeedback": None, "candidates": None},
    ],
)
def test_an_answer_with_nothing_to_use_says_so(body: dict[str, Any]) -> None:
    assert isinstance(answered(body, SLOT), AnswerUnusable)


def test_no_end_that_quotes_the_key_shows_it() -> None:
    for body in ({"promptFeedback": {"blockReason": "the-secret"}}, {"candidates": [{"finishReason": "the-secret"}]}):
        assert "the-secret" not in repr(answered(body, SLOT))


def test_something_that_is_no_object_is_not_the_api() -> None:
    assert isinstance(answered(None, SLOT), ServiceDown)
    assert isinstance(answered([1], SLOT), ServiceDown)
