"""What each kind of fault looks like on the wire. Which rule fires, and when, is the matter of `faults`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import cast, get_args

from ghibli_prep.sandbox import answers, refusals
from ghibli_prep.sandbox.answers import Asked
from ghibli_prep.sandbox.quota import Limit
from ghibli_prep.sandbox.refusals import Reply, Tier
from ghibli_prep.sandbox.settings import DeadKey, Fault, GoneModel

USUAL_DELAY = 37.0
"""Seconds of a retryDelay that nothing decides."""
_HOUR = 3600.0
_USUAL_LIMITS = (Limit("requests_minute", 10), Limit("requests_day", 250), Limit("tokens_minute", 250_000))
OUTCOMES = {"requests_day": "429_day", "requests_minute": "429_minute", "tokens_minute": "429_tokens"}


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """What a refusal may quote. limits: the model's own."""

    secret: str = dataclasses.field(repr=False)
    project: str
    model: str
    version: str
    tier: Tier
    limits: Sequence[Limit]


def refusal(fault: Fault, scene: Scene) -> Reply | None:
    """What comes instead of an answer, at no cost of quota; None for a fault that lies in the answer."""
    kind = fault.kind
    if kind in get_args(DeadKey):
        return refusals.dead_key(cast(DeadKey, kind), scene.secret, scene.project)
    if kind in get_args(GoneModel):
        return refusals.gone_model(cast(GoneModel, kind), scene.model, scene.version)
    match kind:
        case "429_minute" | "429_tokens" | "429_day" | "limit_zero":
            return _over_quota(fault, scene)
        case "429_bare":
            return refusals.bare_429()
        case "500" | "503" | "504":
            return refusals.service_down(int(kind))
        case "html":
            return refusals.html(fault.status)
        case "reset":
            return Reply(0, b"", "reset")
        case "unreadable_image":
            return refusals.unreadable_image()
        case _:
            return None


def answer(fault: Fault, about: Asked, usual: Reply) -> Reply:
    """What becomes of the `usual` answer, which is paid for."""
    match fault.kind:
        case "empty":
            return answers.empty(about)
        case "max_tokens":
            return answers.cut_off(about, "")
        case "safety":
            return answers.finished(about, fault.reason or "SAFETY", "safety")
        case "garbage_finish":
            return answers.finished(about, fault.reason or "SOMETHING_NEW", "garbage_finish")
        case "blocked_prompt":
            return answers.blocked_prompt(about, fault.reason or "PROHIBITED_CONTENT")
        case "text":
            return dataclasses.replace(answers.caption(about, fault.text), outcome="text")
        case "truncated":
            return answers.truncated(usual)
        case "lost":
            return Reply(0, b"", "lost")
        case "hang":
            return dataclasses.replace(usual, wait=_HOUR if fault.seconds is None else fault.seconds, outcome="hang")
        case "json_cut" | "json_count" | "json_swapped" as kind:
            hit = about.pictures > 1 and usual.outcome == "ok"
            return dataclasses.replace(usual, outcome=kind) if hit else usual
        case kind:
            raise NotImplementedError(f"no answer looks like {kind}")


def garbled(fault: Fault, text: str) -> str:
    """`text` as the fault has it; what is no list of captions in JSON stays as it is."""
    if fault.kind not in ("json_cut", "json_count", "json_swapped") or not text.startswith("[{"):
        return text
    if fault.kind == "json_cut":
        return text[: len(text) // 2]
    each = json.loads(text)
    if fault.kind == "json_count":
        return json.dumps(each[:-1], ensure_ascii=False)
    number = next(name for name, value in each[0].items() if isinstance(value, int))
    if len(each) > 1:
        each[0][number], each[1][number] = each[1][number], each[0][number]
    return json.dumps(each, ensure_ascii=False)


def _over_quota(fault: Fault, scene: Scene) -> Reply:
    """The 429 of a limit that is not really reached: the model's own, or one of 2025 where it has none."""
    own = {limit.measure: limit for limit in scene.limits}
    limits = [own.get(limit.measure, limit) for limit in _USUAL_LIMITS if OUTCOMES[limit.measure] == fault.kind]
    if fault.kind == "limit_zero":
        limits = [Limit(limit.measure, 0) for limit in _USUAL_LIMITS]
    seconds = USUAL_DELAY if fault.seconds is None else fault.seconds
    return refusals.over_quota(scene.tier, scene.model, limits, seconds, fault.kind)
