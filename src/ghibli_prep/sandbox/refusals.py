"""The bodies of the real API's errors, word for word where they were seen (../shared/gemini-api.md, GitHub issues).

Each function gives one `Reply`. This module decides nothing: not whether a key is dead, nor whether a quota is spent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ghibli_prep.sandbox.quota import Limit, Measure
from ghibli_prep.sandbox.settings import DeadKey, GoneModel

SERVICE = "generativelanguage.googleapis.com"
JSON = "application/json; charset=UTF-8"
_TYPE = "type.googleapis.com/google.rpc."
_TROUBLE = "Please retry or report in https://developers.generativeai.google/guide/troubleshooting"
_QUOTA_PAGE = "https://ai.google.dev/gemini-api/docs/rate-limits"
_EXCEEDED = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    f"head to: {_QUOTA_PAGE}. To monitor your current usage, head to: https://ai.dev/rate-limit. "
)

Tier = Literal["free", "paid"]

_QUOTAS: dict[tuple[Tier, Measure], tuple[str, str]] = {
    ("free", "requests_minute"): (
        "generate_content_free_tier_requests",
        "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
    ),
    ("free", "requests_day"): (
        "generate_content_free_tier_requests",
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    ),
    ("free", "tokens_minute"): (
        "generate_content_free_tier_input_token_count",
        "GenerateContentInputTokensPerModelPerMinute-FreeTier",
    ),
    ("paid", "requests_minute"): ("generate_requests_per_model", "GenerateRequestsPerMinutePerProjectPerModel"),
    ("paid", "requests_day"): ("generate_requests_per_model_per_day", "GenerateRequestsPerDayPerProjectPerModel"),
    ("paid", "tokens_minute"): (
        "generate_content_paid_tier_input_token_count",
        "GenerateContentPaidTierInputTokensPerModelPerMinute",
    ),
}
"""(tier, what is measured) -> (quotaMetric, quotaId)."""

_KEY_TROUBLE: dict[DeadKey, tuple[int, str, str, str]] = {
    "invalid": (400, "INVALID_ARGUMENT", "API_KEY_INVALID", "API key not valid. Please pass a valid API key."),
    "expired": (400, "INVALID_ARGUMENT", "API_KEY_INVALID", "API key expired. Please renew the API key."),
    "suspended": (
        403,
        "PERMISSION_DENIED",
        "CONSUMER_SUSPENDED",
        "Permission denied: Consumer 'api_key:{key}' has been suspended.",
    ),
    "service_disabled": (
        403,
        "PERMISSION_DENIED",
        "SERVICE_DISABLED",
        "Generative Language API has not been used in project {project} before or it is disabled. Enable it by "
        f"visiting https://console.developers.google.com/apis/api/{SERVICE}/overview?project={{project}} then retry. "
        "If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.",
    ),
    "leaked": (
        403,
        "PERMISSION_DENIED",
        "",
        "Your API key {key} was reported as leaked. Please use another API key.",
    ),
    "denied": (403, "PERMISSION_DENIED", "", "Your project has been denied access. Please contact support."),
    "location": (400, "FAILED_PRECONDITION", "", "User location is not supported for the API use."),
}
"""dead -> (HTTP status, status word, ErrorInfo reason or "" for no details, message)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back. status 0: nothing goes back, the connection is reset. wait: real seconds before it goes."""

    status: int
    body: bytes
    outcome: str
    content_type: str = JSON
    wait: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()


def error(code: int, status: str, message: str, outcome: str, details: Sequence[dict[str, Any]] = ()) -> Reply:
    """Any error of the API; `details` are left out when there are none, as the real one does."""
    content: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        content["details"] = list(details)
    return Reply(code, json.dumps({"error": content}, indent=2, ensure_ascii=False).encode(), outcome)


def no_key() -> Reply:
    message = (
        "Method doesn't allow unregistered callers (callers without established identity). "
        "Please use API Key or other form of API consumer identity to call this API."
    )
    return error(403, "PERMISSION_DENIED", message, "no_key")


def dead_key(dead: DeadKey, secret: str, project: str) -> Reply:
    """Some of these quote the whole key, as the real ones do: what a client must never log."""
    code, status, reason, words = _KEY_TROUBLE[dead]
    message = words.format(key=secret, project=project)
    if not reason:
        return error(code, status, message, dead)
    metadata = {"service": SERVICE}
    if code == 403:
        metadata |= {"consumer": f"projects/{project}", "containerInfo": project}
    if dead == "suspended":
        metadata["containerInfo"] = f"api_key:{secret}"
    info: dict[str, Any] = {
        "@type": f"{_TYPE}ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": metadata,
    }
    localized: dict[str, Any] = {"@type": f"{_TYPE}LocalizedMessage", "locale": "en-US", "message": message}
    return error(code, status, message, dead, [info, localized])


def gone_model(gone: GoneModel, model: str, version: str) -> Reply:
    words = {
        "not_found": f"models/{model} is not found for API version {version}, or is not supported for generateContent."
        " Call ListModels to see the list of available models and their supported methods.",
        "new_users": f"This model models/{model} is no longer available to new users. Please update your code to use a"
        " newer model for the latest features and improvements.",
    }
    return error(404, "NOT_FOUND", words[gone], gone)


def over_quota(tier: Tier, model: str, limits: Sequence[Limit], seconds: float, outcome: str) -> Reply:
    """The full 429. Where a limit is 0 the violation has no quotaValue: the model is not on this tier."""
    message, violations = _EXCEEDED, []
    for limit in limits:
        metric, quota_id = _QUOTAS[tier, limit.measure]
        message += f"\n* Quota exceeded for metric: {SERVICE}/{metric}, limit: {limit.value}, model: {model}"
        violation: dict[str, Any] = {
            "quotaMetric": f"{SERVICE}/{metric}",
            "quotaId": quota_id,
            "quotaDimensions": {"location": "global", "model": model},
        }
        violations.append(violation | ({"quotaValue": str(limit.value)} if limit.value else {}))
    details: list[dict[str, Any]] = [
        {"@type": f"{_TYPE}Help", "links": [{"description": "Learn more about Gemini API quotas", "url": _QUOTA_PAGE}]},
        {"@type": f"{_TYPE}QuotaFailure", "violations": violations},
        {"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{int(seconds)}s"},
    ]
    return error(429, "RESOURCE_EXHAUSTED", f"{message}\nPlease retry in {seconds:.9g}s.", outcome, details)


def no_file(name: str) -> Reply:
    message = f"You do not have permission to access the File {name} or it may not exist."
    return error(403, "PERMISSION_DENIED", message, "no_file")


def no_batch() -> Reply:
    return error(404, "NOT_FOUND", "Requested entity was not found.", "no_batch")


def bare_429() -> Reply:
    return error(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", "429_bare")


def invalid(message: str, outcome: str = "invalid_argument") -> Reply:
    return error(400, "INVALID_ARGUMENT", message, outcome)


def unreadable_image() -> Reply:
    return invalid(f"Unable to process input image. {_TROUBLE}", "unreadable_image")


def service_down(code: int) -> Reply:
    """500, 503 or 504."""
    status, message = {
        500: ("INTERNAL", f"An internal error has occurred. {_TROUBLE}"),
        503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
        504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
    }[code]
    return error(code, status, message, str(code))


def html(code: int) -> Reply:
    """A page where JSON was due: what a proxy or a login wall between client and API answers."""
    title = "502 Bad Gateway" if code == 502 else "Welcome"
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Reply(code, page.encode(), "html", "text/html; charset=UTF-8")
