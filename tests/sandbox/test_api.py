"""Quotas, keys, models, blocks and faults over real HTTP: statuses, and bodies as the real API sends them."""

from __future__ import annotations

import hashlib
import http.client
import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from ghibli_prep.sandbox import Sandbox, SandboxSettings
from ghibli_prep.sandbox.settings import BlockedSettings, Fault, KeySettings, LatencySettings, ModelSettings

DAY = 24 * 3600
FREE = "generativelanguage.googleapis.com/generate_content_free_tier_"


def settings(model: ModelSettings | None = None, **more: Any) -> SandboxSettings:
    return SandboxSettings(models={"m": model or ModelSettings()}, **more)


def faulty(kind: Any, **more: Any) -> SandboxSettings:
    return settings(ModelSettings(rpm=5), faults=(Fault(kind=kind, calls=(1,), **more),))


@pytest.fixture
def coffee(photo: Callable[[str], bytes]) -> bytes:
    return photo("coffee")


def test_a_third_request_within_the_minute_is_refused_with_the_real_body(coffee: bytes, wire: Any, clock: Any) -> None:
    with Sandbox(settings(ModelSettings(rpm=2)), clock) as sandbox:
        connection = wire(sandbox)
        assert [connection.ask(coffee).status for _ in range(2)] == [200, 200]
        clock.now += 22.25
        refused = connection.ask(coffee)
        assert refused.status == 429
        assert (refused.error["code"], refused.error["status"]) == (429, "RESOURCE_EXHAUSTED")
        assert refused.error["message"].startswith("You exceeded your current quota, please check your plan")
        assert f"\n* Quota exceeded for metric: {FREE}requests, limit: 2, model: m\n" in refused.error["message"]
        assert refused.error["message"].endswith("Please retry in 37.75s.")
        assert refused.detail("QuotaFailure")["violations"] == [
            {
                "quotaMetric": f"{FREE}requests",
                "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
                "quotaDimensions": {"location": "global", "model": "m"},
                "quotaValue": "2",
            }
        ]
        assert refused.detail("RetryInfo")["retryDelay"] == "37s"
        assert refused.detail("Help")["links"]
        clock.now += 37.75
        assert connection.ask(coffee).status == 200


def test_the_tokens_of_a_minute_are_counted_for_pictures_and_text(coffee: bytes, wire: Any, clock: Any) -> None:
    with Sandbox(settings(ModelSettings(tpm=600)), clock) as sandbox:
        connection = wire(sandbox)
        used = connection.ask(coffee).json["usageMetadata"]["promptTokenCount"]
        assert 258 < used <= 300
        assert connection.ask(coffee).status == 200
        violation = connection.ask(coffee).detail("QuotaFailure")["violations"][0]
    assert violation["quotaId"] == "GenerateContentInputTokensPerModelPerMinute-FreeTier"
    assert (violation["quotaMetric"], violation["quotaValue"]) == (f"{FREE}input_token_count", "600")
    assert [call.outcome for call in sandbox.calls] == ["ok", "ok", "429_tokens"]


def test_a_spent_day_comes_back_when_the_clock_reaches_the_next_one(coffee: bytes, wire: Any, clock: Any) -> None:
    with Sandbox(settings(ModelSettings(rpd=1), tier="paid"), clock) as sandbox:
        connection = wire(sandbox)
        assert connection.ask(coffee).status == 200
        clock.now += 3600
        violation = connection.ask(coffee).detail("QuotaFailure")["violations"][0]
        assert violation["quotaId"] == "GenerateRequestsPerDayPerProjectPerModel"
        clock.now += DAY
        assert connection.ask(coffee).status == 200
    assert sandbox.calls[1].outcome == "429_day"


def test_a_model_with_a_limit_of_nothing_is_not_on_this_tier(coffee: bytes, wire: Any) -> None:
    with Sandbox(settings(ModelSettings(rpm=0, rpd=0, tpm=0))) as sandbox:
        refused = wire(sandbox).ask(coffee)
    assert refused.error["message"].count("limit: 0, model: m") == 3
    violations = refused.detail("QuotaFailure")["violations"]
    assert len(violations) == 3
    assert all("quotaValue" not in violation for violation in violations)


def test_two_keys_of_one_project_share_its_quota(coffee: bytes, wire: Any, clock: Any) -> None:
    keys = {"a": KeySettings(text="one", project="p"), "b": KeySettings(text="two", project="p")}
    with Sandbox(settings(ModelSettings(rpd=1), keys=keys), clock) as sandbox:
        connection = wire(sandbox)
        assert [connection.ask(coffee, key=key).status for key in ("one", "two", "three", "three")] == [
            200, 429, 200, 429,
        ]  # fmt: skip


DEAD = [
    ("invalid", 400, "INVALID_ARGUMENT", "API_KEY_INVALID", "not valid"),
    ("expired", 400, "INVALID_ARGUMENT", "API_KEY_INVALID", "expired"),
    ("suspended", 403, "PERMISSION_DENIED", "CONSUMER_SUSPENDED", "'api_key:AQ.whole-key' has been suspended"),
    ("service_disabled", 403, "PERMISSION_DENIED", "SERVICE_DISABLED", "has not been used in project p before"),
    ("leaked", 403, "PERMISSION_DENIED", None, "AQ.whole-key was reported as leaked"),
    ("denied", 403, "PERMISSION_DENIED", None, "denied access"),
    ("location", 400, "FAILED_PRECONDITION", None, "User location is not supported"),
]


@pytest.mark.parametrize(("dead", "code", "status", "reason", "said"), DEAD)
def test_a_dead_key_is_refused_everywhere_with_its_reason(
    dead: Any, code: int, status: str, reason: str | None, said: str, coffee: bytes, wire: Any
) -> None:
    keys = {"a": KeySettings(text="AQ.whole-key", project="p", dead=dead)}
    with Sandbox(settings(keys=keys)) as sandbox:
        connection = wire(sandbox)
        replies = [
            connection.ask(coffee, key="AQ.whole-key"),
            connection.send("GET", "/v1beta/models?key=AQ.whole-key"),
            connection.send("GET", "/v1/models/m", x_goog_api_key="AQ.whole-key"),
        ]
    for reply in replies:
        assert (reply.status, reply.error["status"]) == (code, status)
        assert said in reply.error["message"]
        assert ("details" in reply.error) == (reason is not None)
        if reason:
            assert reply.detail("ErrorInfo")["reason"] == reason


def test_who_sends_no_key_is_refused(coffee: bytes, wire: Any) -> None:
    with Sandbox(settings()) as sandbox:
        refused = wire(sandbox).ask(coffee, key="")
    assert refused.status == 403
    assert "unregistered callers" in refused.error["message"]


def test_gone_and_unknown_models_answer_404_in_both_wordings(coffee: bytes, wire: Any) -> None:
    models = {"old": ModelSettings(gone="not_found"), "older": ModelSettings(gone="new_users", listed=False)}
    with Sandbox(SandboxSettings(models=models)) as sandbox:
        connection = wire(sandbox)
        replies = [connection.ask(coffee, model) for model in ("old", "older", "never")]
        listed = connection.send("GET", "/v1beta/models?key=k").json
        assert connection.send("GET", "/v1beta/models/old?key=k").json["name"] == "models/old"
        assert connection.send("GET", "/v1beta/models/older?key=k").status == 404
    assert [(reply.status, reply.error["status"]) for reply in replies] == [(404, "NOT_FOUND")] * 3
    assert "models/old is not found for API version v1beta" in replies[0].error["message"]
    assert "models/older is no longer available to new users" in replies[1].error["message"]
    assert "models/never is not found" in replies[2].error["message"]
    assert [model["name"] for model in listed["models"]] == ["models/old"]


def test_models_are_listed_in_pages(wire: Any) -> None:
    with Sandbox(SandboxSettings(models={name: ModelSettings() for name in "abcde"})) as sandbox:
        connection = wire(sandbox)
        names, token = [], ""
        while True:
            page = connection.send("GET", f"/v1beta/models?key=k&pageSize=2&pageToken={token}").json
            names.append([model["name"] for model in page["models"]])
            token = page.get("nextPageToken", "")
            if not token:
                break
        assert connection.send("GET", "/v1beta/models?key=k&pageToken=*").status == 400
        assert connection.send("GET", "/v1beta/models?key=k&pageSize=x").status == 400
    assert names == [["models/a", "models/b"], ["models/c", "models/d"], ["models/e"]]
    assert sandbox.calls == []


@pytest.mark.parametrize("by", ["prompt", "finish"])
def test_a_blocked_picture_is_an_answer_without_text(by: Any, coffee: bytes, wire: Any, photo: Any) -> None:
    blocked = BlockedSettings(pictures=(hashlib.sha256(coffee).hexdigest(),), by=by, reason="SAFETY")
    with Sandbox(settings(blocked=blocked)) as sandbox:
        connection = wire(sandbox)
        answer = connection.ask(coffee)
        assert connection.ask(photo("rocket")).text
    assert answer.status == 200
    if by == "prompt":
        assert answer.json["promptFeedback"] == {"blockReason": "SAFETY"}
        assert "candidates" not in answer.json
    else:
        assert answer.json["candidates"][0]["finishReason"] == "SAFETY"
        assert "parts" not in answer.json["candidates"][0]["content"]
    assert answer.json["usageMetadata"]["promptTokenCount"]
    assert sandbox.calls[0].outcome == "blocked"


def test_a_share_of_pictures_is_blocked_and_always_the_same_ones(photo: Any, wire: Any) -> None:
    names = ["astronaut", "chelsea", "coffee", "rocket", "camera"]

    def blocked(seed: int, share: float) -> list[bool]:
        with Sandbox(settings(seed=seed, blocked=BlockedSettings(share=share))) as sandbox:
            connection = wire(sandbox)
            return ["promptFeedback" in connection.ask(photo(name)).json for name in names]

    assert blocked(0, 1.0) == [True] * 5
    draws = [blocked(seed, 0.5) for seed in range(6)]
    assert draws == [blocked(seed, 0.5) for seed in range(6)]
    assert 5 <= sum(map(sum, draws)) <= 25


def test_a_picture_that_cannot_be_decoded_is_refused_and_costs_nothing(coffee: bytes, wire: Any, clock: Any) -> None:
    with Sandbox(settings(ModelSettings(rpd=1)), clock) as sandbox:
        connection = wire(sandbox)
        refused = connection.ask(coffee[:500])
        assert refused.status == 400
        assert refused.error["message"].startswith("Unable to process input image. Please retry or report in https")
        assert connection.ask(coffee).status == 200


def test_a_question_without_a_picture_is_answered_but_not_with_a_caption(wire: Any) -> None:
    with Sandbox(settings()) as sandbox:
        answer = wire(sandbox).post({"contents": [{"parts": [{"text": "hello"}]}]})
    assert answer.text.startswith("No picture was sent")


def test_the_trigger_words_of_the_prompt_begin_the_caption(coffee: bytes, wire: Any, body: Any) -> None:
    asked = body(coffee)
    asked["contents"][0]["parts"][0]["text"] = 'Begin with the words "old film look", then go on.'
    with Sandbox(settings()) as sandbox:
        assert wire(sandbox).post(asked).text.startswith("old film look ")


def test_usage_and_version_are_told(coffee: bytes, wire: Any) -> None:
    with Sandbox(settings(ModelSettings(thoughts=50))) as sandbox:
        answer = wire(sandbox).ask(coffee).json
    usage = answer["usageMetadata"]
    total = usage["promptTokenCount"] + usage["candidatesTokenCount"] + usage["thoughtsTokenCount"]
    assert usage["totalTokenCount"] == total
    assert {detail["modality"]: detail["tokenCount"] for detail in usage["promptTokensDetails"]}["IMAGE"] == 258
    assert (answer["modelVersion"], answer["candidates"][0]["finishReason"]) == ("m", "STOP")
    assert answer["responseId"]


def test_thinking_eats_the_room_unless_it_is_switched_off(coffee: bytes, wire: Any) -> None:
    with Sandbox(settings(ModelSettings(thoughts=400))) as sandbox:
        connection = wire(sandbox)
        eaten = connection.ask(coffee, maxOutputTokens=200).json
        assert connection.ask(coffee, maxOutputTokens=200, thinkingConfig={"thinkingBudget": 0}).text
        cut = connection.ask(coffee, maxOutputTokens=410)
    assert eaten["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert "parts" not in eaten["candidates"][0]["content"]
    assert cut.json["candidates"][0]["finishReason"] == "MAX_TOKENS"
    assert len(cut.text) == 40


def test_a_model_may_refuse_to_stop_thinking(coffee: bytes, wire: Any) -> None:
    with Sandbox(settings(ModelSettings(thinking_budget_zero=False))) as sandbox:
        connection = wire(sandbox)
        refused = connection.ask(coffee, thinkingConfig={"thinkingBudget": 0})
        assert connection.ask(coffee).status == 200
    assert refused.status == 400
    assert "Budget 0 is invalid" in refused.error["message"]


def test_enum_words_travel_as_numbers_when_asked_for(coffee: bytes, wire: Any, body: Any) -> None:
    numbers = "?$alt=json;enum-encoding=int".replace(";", "%3B")
    with Sandbox(faulty("garbage_finish")) as sandbox:
        connection = wire(sandbox)
        strange, usual = (connection.post(body(coffee), query=numbers).json for _ in range(2))
    assert strange["candidates"][0]["finishReason"] == 999
    assert usual["candidates"][0]["finishReason"] == 1
    assert usual["usageMetadata"]["promptTokensDetails"][1]["modality"] == 2


REFUSALS = [
    ("429_bare", {}, 429, "Resource has been exhausted (e.g. check quota)."),
    ("429_minute", {"seconds": 12.5}, 429, "Please retry in 12.5s."),
    ("429_tokens", {}, 429, "input_token_count, limit: 250000"),
    ("429_day", {"seconds": 0.005}, 429, "Please retry in 0.005s."),
    ("limit_zero", {}, 429, "limit: 0"),
    ("500", {}, 500, "An internal error has occurred."),
    ("503", {}, 503, "The model is overloaded."),
    ("504", {}, 504, "Deadline expired"),
    ("unreadable_image", {}, 400, "Unable to process input image."),
    ("leaked", {}, 403, "reported as leaked"),
    ("new_users", {}, 404, "no longer available to new users"),
]


@pytest.mark.parametrize(("kind", "more", "status", "said"), REFUSALS)
def test_a_fault_refuses_its_call_and_costs_no_quota(
    kind: str, more: dict[str, Any], status: int, said: str, coffee: bytes, wire: Any, clock: Any
) -> None:
    with Sandbox(faulty(kind, **more), clock) as sandbox:
        connection = wire(sandbox)
        refused = connection.ask(coffee)
        assert [connection.ask(coffee).status for _ in range(6)] == [200] * 5 + [429]
    assert refused.status == refused.error["code"] == status
    assert said in refused.error["message"]
    assert ("details" in refused.error) == (kind not in ("429_bare", "500", "503", "504", "unreadable_image",
                                                         "leaked", "new_users"))  # fmt: skip
    assert sandbox.calls[0].outcome == kind


@pytest.mark.parametrize("status", [200, 502])
def test_a_web_page_may_come_instead_of_json(status: Any, coffee: bytes, wire: Any) -> None:
    with Sandbox(faulty("html", status=status)) as sandbox:
        reply = wire(sandbox).ask(coffee)
    assert reply.status == status
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.body.startswith(b"<!DOCTYPE html>")


ANSWERS = [
    ("empty", {}, "STOP"),
    ("max_tokens", {}, "MAX_TOKENS"),
    ("safety", {}, "SAFETY"),
    ("safety", {"reason": "IMAGE_RECITATION"}, "IMAGE_RECITATION"),
    ("garbage_finish", {}, "SOMETHING_NEW"),
]


@pytest.mark.parametrize(("kind", "more", "reason"), ANSWERS)
def test_a_fault_may_lie_in_the_answer_which_is_paid_for(
    kind: str, more: dict[str, Any], reason: str, coffee: bytes, wire: Any, clock: Any
) -> None:
    with Sandbox(faulty(kind, **more), clock) as sandbox:
        connection = wire(sandbox)
        candidate = connection.ask(coffee).json["candidates"][0]
        assert [connection.ask(coffee).status for _ in range(5)] == [200] * 4 + [429]
    assert candidate["finishReason"] == reason
    assert "parts" not in candidate["content"]


def test_a_prompt_may_be_blocked_by_a_fault(coffee: bytes, wire: Any) -> None:
    with Sandbox(faulty("blocked_prompt", reason="OTHER")) as sandbox:
        assert wire(sandbox).ask(coffee).json["promptFeedback"] == {"blockReason": "OTHER"}


def test_an_answer_may_be_cut_in_half(coffee: bytes, wire: Any) -> None:
    with Sandbox(faulty("truncated")) as sandbox:
        reply = wire(sandbox).ask(coffee)
    assert reply.status == 200
    with pytest.raises(json.JSONDecodeError):
        _ = reply.json


def test_a_connection_may_be_reset_and_the_next_one_works(coffee: bytes, wire: Any) -> None:
    with Sandbox(faulty("reset")) as sandbox:
        with pytest.raises(ConnectionResetError):
            wire(sandbox).ask(coffee)
        assert wire(sandbox).ask(coffee).status == 200
    assert (sandbox.calls[0].status, sandbox.calls[0].outcome) == (0, "reset")


def test_an_answer_may_hang_for_some_seconds_and_come_all_the_same(coffee: bytes, wire: Any, stopwatch: Any) -> None:
    with Sandbox(faulty("hang", seconds=0.2)) as sandbox:
        assert stopwatch(lambda: wire(sandbox).ask(coffee)) >= 0.2


def test_answers_take_as_long_as_the_settings_say(coffee: bytes, wire: Any, stopwatch: Any) -> None:
    with Sandbox(settings(latency=LatencySettings(min_seconds=0.05, max_seconds=0.1))) as sandbox:
        connection = wire(sandbox)
        times = [stopwatch(lambda: connection.ask(coffee)) for _ in range(4)]
    assert min(times) >= 0.05
    assert not math.isclose(times[0], times[1], rel_tol=1e-3)


def test_a_client_that_goes_away_disturbs_nobody(coffee: bytes, wire: Any, body: Any) -> None:
    with Sandbox(faulty("hang", seconds=0.05)) as sandbox:
        gone = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
        gone.request("POST", "/v1beta/models/m:generateContent?key=k", json.dumps(body(coffee)))
        gone.close()
        assert wire(sandbox).ask(coffee).status == 200
