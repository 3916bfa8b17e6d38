"""The API without its HTTP: a request comes in as words and bytes, a reply goes out.

The order is the real one as far as it can be seen: the key, the model, the body, the picture, the quota, the block,
the answer. What is refused costs no quota. This module knows no sockets and never sleeps: a reply says how long it
is to wait.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import threading
from collections.abc import Callable

from ghibli_prep.sandbox import answers, asking, refusals, trouble
from ghibli_prep.sandbox.answers import Asked
from ghibli_prep.sandbox.asking import Asking
from ghibli_prep.sandbox.batches import Batches
from ghibli_prep.sandbox.calls import Call, CallLog
from ghibli_prep.sandbox.describe import NO_PICTURE, describe, trigger_of
from ghibli_prep.sandbox.draws import draw
from ghibli_prep.sandbox.faults import Faults
from ghibli_prep.sandbox.keyring import Caller, Keyring
from ghibli_prep.sandbox.measure import NotAPicture, measure
from ghibli_prep.sandbox.quota import Limit, Measure, Quota, Refusal
from ghibli_prep.sandbox.refusals import Reply
from ghibli_prep.sandbox.settings import Fault, ModelSettings, Place, SandboxSettings
from ghibli_prep.sandbox.trouble import OUTCOMES, USUAL_DELAY, Scene


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """A request for one caption. secret: "" where no key was sent. version: "v1beta" or "v1"."""

    secret: str = dataclasses.field(repr=False)
    model: str
    version: str
    body: bytes = dataclasses.field(repr=False)
    enum_numbers: bool


class Api:
    """Any thread may use it. clock: epoch seconds; quota and the log go by it."""

    def __init__(self, settings: SandboxSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._keyring = Keyring(settings)
        self._quota = Quota()
        self._faults = Faults(settings.faults, settings.seed)
        self._lock = threading.Lock()
        self._count = 0
        self.log = CallLog(settings.log_file)
        self.batches = Batches(settings.batch, self._gate, self._line, clock)

    def models(self, secret: str, page_size: int, page_token: str) -> Reply:
        """`models.list`, a page of it. Costs no quota."""
        if refused := self._refused(secret):
            return refused
        names = [name for name, model in self._settings.models.items() if model.listed]
        try:
            start = max(0, int(base64.urlsafe_b64decode(page_token))) if page_token else 0
        except (binascii.Error, ValueError):
            return refusals.invalid("page_token is invalid")
        end = start + max(1, min(page_size, 1000))
        token = base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(names) else ""
        return answers.models(names[start:end], token)

    def model(self, secret: str, name: str, version: str) -> Reply:
        """`models.get`. Costs no quota."""
        if refused := self._refused(secret):
            return refused
        known = self._settings.models.get(name)
        return answers.model(name) if known and known.listed else refusals.gone_model("not_found", name, version)

    def generate(self, ask: Ask) -> Reply:
        """`generateContent`: the reply, already in the call log."""
        asked = asking.read(ask.body)
        pictures = asked.hashes if isinstance(asked, Asking) else ()
        caller = self._keyring.caller(ask.secret)
        reply = self._generate(ask, asked, caller)
        with self._lock:
            self._count += 1
            number = self._count
        mark = caller.fingerprint if ask.secret else ""
        first = pictures[0] if pictures else ""
        several = pictures if len(pictures) > 1 else ()
        self.log.add(Call(self._clock(), mark, caller.name, ask.model, first, reply.status, reply.outcome, several))
        return dataclasses.replace(reply, wait=reply.wait + self._latency(number))

    def _line(self, secret: str, model: str, body: bytes) -> Reply:
        """One line of a batch: as `generate` answers, but at no cost of quota and at once."""
        asked, caller = asking.read(body), self._keyring.caller(secret)
        reply = self._generate(Ask(secret, model, "v1beta", body, False), asked, caller, counted=False)
        picture = asked.sha256 if isinstance(asked, Asking) else ""
        self.log.add(
            Call(self._clock(), caller.fingerprint, caller.name, model, picture, reply.status, f"batch_{reply.outcome}")
        )
        return reply

    def _gate(self, at: Place, secret: str, model: str) -> tuple[str, Reply | None, Fault | None]:
        """Who asks something of the Batch API: the project, what refuses it if anything, and what is to go wrong."""
        caller = self._keyring.caller(secret)
        if refused := self._refused(secret):
            return caller.project, refused, None
        known = self._settings.models.get(model)
        if at == "create" and (known is None or known.gone):
            return caller.project, refusals.gone_model((known and known.gone) or "not_found", model, "v1beta"), None
        with self._lock:
            fault = self._faults.next(caller, model, "", at=at)
        scene = Scene(secret, caller.project, model, "v1beta", self._settings.tier, _limits(known) if known else ())
        return caller.project, trouble.refusal(fault, scene) if fault else None, fault

    def _latency(self, number: int) -> float:
        """Seconds that the call with this number takes."""
        latency = self._settings.latency
        spread = latency.max_seconds - latency.min_seconds
        return latency.min_seconds + spread * draw(self._settings.seed, "latency", number)

    def _refused(self, secret: str) -> Reply | None:
        caller = self._keyring.caller(secret)
        if not secret:
            return refusals.no_key()
        return refusals.dead_key(caller.dead, secret, caller.project) if caller.dead else None

    def _generate(self, ask: Ask, asked: Asking | Reply, caller: Caller, counted: bool = True) -> Reply:
        if refused := self._refused(ask.secret):
            return refused
        model = self._settings.models.get(ask.model)
        if model is None or model.gone:
            return refusals.gone_model((model and model.gone) or "not_found", ask.model, ask.version)
        if isinstance(asked, Reply):
            return asked
        fault = self._fault(ask, asked, caller)
        scene = Scene(ask.secret, caller.project, ask.model, ask.version, self._settings.tier, _limits(model))
        if fault and (wrong := trouble.refusal(fault, scene)):
            return wrong
        if asked.budget == 0 and not model.thinking_budget_zero:
            return refusals.invalid("Budget 0 is invalid. This model only works in thinking mode.")
        try:
            text = _text(asked)
        except NotAPicture:
            return refusals.unreadable_image()
        thoughts = 0 if asked.budget == 0 else model.thoughts
        about = Asked(ask.model, answers.tokens_of(asked.prompt), len(asked.pictures), thoughts, ask.enum_numbers)
        if counted and (spent := self._over_quota(scene, about.input_tokens)):
            return spent
        usual = self._usual_answer(about, asked, trouble.garbled(fault, text) if fault else text)
        return trouble.answer(fault, about, usual) if fault else usual

    def _fault(self, ask: Ask, asked: Asking, caller: Caller) -> Fault | None:
        with self._lock:
            return self._faults.next(caller, ask.model, *asked.hashes)

    def _over_quota(self, scene: Scene, tokens: int) -> Reply | None:
        if any(limit.value == 0 for limit in scene.limits):
            every = [Limit(limit.measure, 0) for limit in scene.limits]
            return refusals.over_quota(scene.tier, scene.model, every, USUAL_DELAY, "limit_zero")
        with self._lock:
            refusal = self._quota.admit(scene.project, scene.model, scene.limits, tokens, self._clock())
        if refusal is None:
            return None
        return refusals.over_quota(scene.tier, scene.model, refusal.limits, refusal.seconds, _outcome(refusal))

    def _usual_answer(self, about: Asked, asked: Asking, text: str) -> Reply:
        blocked = self._settings.blocked
        hashes = asked.hashes
        shares = [draw(self._settings.seed, "blocked", each) for each in hashes]
        if not set(hashes).isdisjoint(blocked.pictures) or min(shares, default=1.0) < blocked.share:
            if blocked.by == "prompt":
                return answers.blocked_prompt(about, blocked.reason)
            return answers.finished(about, blocked.reason, "blocked")
        room = len(text) if asked.room is None else (asked.room - about.thoughts) * 4
        return answers.caption(about, text) if room >= len(text) else answers.cut_off(about, text[: max(0, room)])


def _text(asked: Asking) -> str:
    """The caption of the first picture, or in JSON of each. Raises NotAPicture if any cannot be decoded."""
    seen = [measure(picture) for picture in asked.pictures]
    if asked.names:
        number, text = asked.names
        trigger = trigger_of(asked.prompt)
        each = [{number: place, text: describe(one, trigger)} for place, one in enumerate(seen, 1)]
        return json.dumps(each, ensure_ascii=False)
    return describe(seen[0], trigger_of(asked.prompt)) if seen else NO_PICTURE


def _limits(model: ModelSettings) -> tuple[Limit, ...]:
    values: tuple[tuple[Measure, int | None], ...]
    values = (("requests_minute", model.rpm), ("requests_day", model.rpd), ("tokens_minute", model.tpm))
    return tuple(Limit(measured, value) for measured, value in values if value is not None)


def _outcome(refusal: Refusal) -> str:
    """The longest-lasting of the limits that were reached."""
    reached = [OUTCOMES[limit.measure] for limit in refusal.limits]
    return next(name for name in ("429_day", "429_tokens", "429_minute") if name in reached)
