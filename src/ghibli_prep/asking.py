"""The caption step: a rota and a dispatcher over the workspace's pictures, and every answer recorded as it comes.

Between the two sides it carries facts only: what is spent goes to the workspace, what is remembered to the rota.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from ghibli_prep.captioning import Backend, Key, Question, Slot, groups, rules
from ghibli_prep.captioning.budget import Budget
from ghibli_prep.captioning.calls import Clock, Stop, ThreadedCalls
from ghibli_prep.captioning.dispatch import Answer, Dispatcher, End
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.posts import Exhausted, Wait
from ghibli_prep.captioning.prices import cost
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.console import Bar, Console
from ghibli_prep.errors import GhibliPrepError
from ghibli_prep.ledger import Ledger, remind
from ghibli_prep.samples import Blocked, Captioned, Failed, Resized
from ghibli_prep.settings import CaptionSettings
from ghibli_prep.workspace import Workspace, checkpoint
from ghibli_prep.workspace.checkpoint import Checkpoint, local_time
from ghibli_prep.workspace.provenance import Provenance

SAVE_SECONDS = 2.0
"""At most this much of what is cheap, the checkpoint and what rests, is lost by a kill."""
LONGEST_WAIT = 900.0
"""Seconds between two tries of a service that stays down."""
PICTURE_TOKENS = 258
"""What a picture of 512x512 costs on the 2.x models; used to keep to a limit of tokens a minute."""


OUTCOMES: Mapping[type, Literal["captioned", "blocked", "failed"]] = {
    Captioned: "captioned",
    Blocked: "blocked",
    Failed: "failed",
}


@dataclass(frozen=True, slots=True)
class Means:
    """What asking takes: who is asked, with which keys, and how the user hears of it and says stop.

    make_backend: called once there is something to ask. clock: seconds since the epoch. budget: how much may be asked.
    """

    settings: CaptionSettings
    keys: Sequence[Key]
    make_backend: Callable[[], Backend]
    console: Console
    stop: Stop
    clock: Callable[[], float] = field(default_factory=Clock)
    budget: Budget = field(default_factory=Budget)


def slots_of(keys: Sequence[Key], settings: CaptionSettings) -> list[Slot]:
    """Every key with every model of its provider, in the order of the ladder."""
    return [Slot(key, model) for key in keys for model in settings.models if settings.split(model)[0] == key.provider]


def prompt_hash(settings: CaptionSettings) -> str:
    """What the prompt is known by in provenance."""
    return hashlib.sha256(settings.prompt_text.encode()).hexdigest()[:16]


class Asking:
    """One run of captioning over a held workspace."""

    def __init__(self, workspace: Workspace, means: Means) -> None:
        self._workspace, self._means = workspace, means
        self._slots = slots_of(means.keys, means.settings)
        self._saved_at = float("-inf")
        self._last: tuple[int, Slot] | None = None
        self._full: GhibliPrepError | None = None
        self._warned: Counter[str] = Counter()
        self._prompt_hash = prompt_hash(means.settings)

    def run(self, pictures: Sequence[Resized], wait: bool) -> End:
        """Ask until every picture has its outcome or nobody can be asked; with `wait`, sleep through resets.

        Raises what kept an answer from being written (a full disk, say), once everything under way is saved.
        """
        means = self._means
        prompt = means.settings.prompt_text
        question = Question(prompt, means.settings.max_output_tokens, means.settings.request_timeout_seconds)
        rota = self._rota(prompt)
        with closing(means.make_backend()) as backend:
            calls = ThreadedCalls(backend, question, means.settings.max_in_flight, means.stop, means.clock)
            with closing(calls), self._telling(), means.console.bar("caption", len(pictures)) as bar:
                left = {picture.number: picture for picture in pictures}
                downs = 0  # outages in a row, with no answer between them
                while True:
                    before = len(left)
                    end = self._ask(list(left.values()), left, rota, calls, bar)
                    downs = downs + 1 if isinstance(end, Exhausted) and len(left) == before else 0
                    if not (wait and isinstance(end, Exhausted) and end.until) or means.stop.soon:
                        return end
                    self._sleep(_patiently(end, downs, means.clock()), calls, bar)
                    rota.wake()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say at the end, once, what is not quite as it should be."""
        yield
        for notice in rules.warnings(self._warned, self._means.settings.rules):
            self._means.console.tell(notice)

    def _rota(self, prompt: str) -> Rota:
        settings = self._means.settings
        together = settings.pictures_per_request
        tokens = PICTURE_TOKENS * together + len(prompt + groups.addition(together)) // 4
        rota = Rota(
            self._slots, settings.strategy, settings.backoff_seconds, settings.max_in_flight, settings.limits, tokens
        )
        remind(rota, self._workspace.quota, self._means.clock())
        return rota

    def _judge(self) -> Judge:
        settings, train = self._means.settings, self._workspace.train
        known = {text: train / f"{number}.jpg" for number, text in self._workspace.captions.items()}
        return Judge(Profile.of(settings), settings.attempts_per_picture, known)

    def _ask(
        self, pictures: Sequence[Resized], left: dict[int, Resized], rota: Rota, calls: ThreadedCalls, bar: Bar
    ) -> End:
        ledger = Ledger(self._workspace, rota)
        dispatcher = Dispatcher(
            rota,
            calls,
            judge=self._judge(),
            stop=self._means.stop,
            tell=self._means.console.tell_once,
            waiting=lambda turn: self._show_wait(turn, bar),
            before=lambda slot, now: self._reserve(ledger, slot, now),
            budget=self._means.budget,
            together=self._means.settings.pictures_per_request,
            alone=self._refused_before(),
        )
        try:
            self._means.stop.listening = True
            self._save(ledger)
            for answer in dispatcher.run(pictures):
                self._record(answer)
                self._warned.update(finding.rule for finding in answer.warned)
                left.pop(answer.outcome.number, None)
                bar.set_postfix_str(f"key {answer.slot.key.position} {answer.slot.model}", refresh=False)
                bar.update()
                if self._means.clock() - self._saved_at >= SAVE_SECONDS and self._full is None:
                    with self._hearing_out():
                        self._save(ledger)
        finally:
            self._means.stop.listening = False
            if self._full is None:
                ledger.settle()
                self._save(ledger)
        if self._full is not None:
            raise self._full
        return dispatcher.end

    def _refused_before(self) -> set[int]:
        """The pictures that got no caption last time, which would keep others in their request from getting one."""
        if self._means.settings.pictures_per_request == 1:
            return set()
        return {number for number, made in self._workspace.provenance().items() if made.outcome != "captioned"}

    def _record(self, answer: Answer) -> None:
        kept = "keeps its caption" if self._workspace.has_caption(answer.outcome.number) else ""
        with self._hearing_out():
            self._workspace.record(answer.outcome, self._made(answer))
        self._last = answer.outcome.number, answer.slot
        match answer.outcome:
            case Captioned(number, text):
                self._means.console.log(f"{number}.jpg by {answer.slot} in {answer.seconds:.1f} s: {text}")
            case Blocked(number, reason):
                what = f"{kept}: it is" if kept else "is"
                self._means.console.tell(f"{number}.jpg {what} blocked by the provider's safety filter ({reason})")
            case Failed(number, reason):
                self._means.console.tell(f"{number}.jpg {kept or 'gets no caption'}: {reason}")

    def _made(self, answer: Answer) -> Provenance:
        settings, workspace, outcome, slot = self._means.settings, self._workspace, answer.outcome, answer.slot
        return Provenance(
            number=outcome.number,
            outcome=OUTCOMES[type(outcome)],
            text=outcome.text if isinstance(outcome, Captioned) else "",
            reason="" if isinstance(outcome, Captioned) else outcome.reason,
            source=workspace.facts.sources.get(outcome.number, ""),
            picture=workspace.hash_of(outcome.number),
            backend=settings.provider(slot.key.provider).backend,
            model=slot.model,
            model_version=answer.model_version,
            key=slot.key.position,
            fingerprint=slot.key.fingerprint,
            prompt=self._prompt_hash,
            mended=answer.mended,
            asked_again=answer.asked_again,
            input_tokens=answer.usage.input_tokens,
            output_tokens=answer.usage.output_tokens,
            cost=cost(answer.usage, settings.prices.get(slot.model)),
            attempts=answer.attempts,
            requests=round(answer.requests, 6),
            seconds=round(answer.seconds, 3),
            time=datetime.fromtimestamp(self._means.clock(), UTC).isoformat(timespec="seconds"),
        )

    @contextmanager
    def _hearing_out(self) -> Iterator[None]:
        """On a full disk, hear out what is under way, then say so. Stop is asked once: twice would stop at once."""
        try:
            yield
        except GhibliPrepError as error:
            if self._full is None:
                self._full = error
                if not self._means.stop.soon:
                    self._means.stop.ask()
            elif str(error) != str(self._full):  # it may hold an answer that could not be saved
                self._means.console.tell(str(error))

    def _reserve(self, ledger: Ledger, slot: Slot, now: float) -> None:
        try:
            ledger.reserve(slot, now)
        except GhibliPrepError as error:  # a request that cannot be written down is not sent
            self._full = self._full or error
            raise

    def _save(self, ledger: Ledger) -> None:
        """Write down where the run stands and what is spent."""
        now = self._means.clock()
        self._saved_at = now
        workspace = self._workspace
        workspace.settle_captions()
        ledger.save(now)
        stand(workspace, self._means.settings, self._means.keys, now, self._last)

    def _show_wait(self, turn: Wait, bar: Bar) -> None:
        if turn.until != float("inf"):
            bar.set_postfix_str(f"{turn.why[:40]}; {max(0.0, turn.until - self._means.clock()):.0f} s")

    def _sleep(self, end: Exhausted, calls: ThreadedCalls, bar: Bar) -> None:
        """Wait for the quota or the service, counting down."""
        until = end.until or 0.0
        self._means.console.tell(f"{in_words(end)}: waiting until {local_time(until)}. Ctrl-C stops; nothing is lost.")
        while not self._means.stop.soon and (left := until - self._means.clock()) > 0:
            bar.set_postfix_str(f"goes on in {duration(left)}")
            calls.hear(min(until, self._means.clock() + 1.0))


def _patiently(end: Exhausted, downs: int, now: float) -> Exhausted:
    """`end`, and where the service stays down, twice as long a wait after each outage, up to a quarter of an hour."""
    if end.why != "service" or end.until is None or downs < 2:
        return end
    longer = min((end.until - now) * 2 ** min(downs - 1, 20), max(LONGEST_WAIT, end.until - now))
    return replace(end, until=now + longer)


def stand(
    workspace: Workspace,
    settings: CaptionSettings,
    keys: Sequence[Key],
    now: float,
    last: tuple[int, Slot] | None = None,
) -> None:
    """Write `checkpoint.json`. last: the picture answered last and by whom; None: as the file said before."""
    before = checkpoint.read(workspace.root / "checkpoint.json")
    number, slot = last or (before.get("last_processed", 0), _slot_before(before, settings, keys))
    workspace.save_checkpoint(
        Checkpoint(
            last_processed=number if isinstance(number, int) else 0,
            total_images=len(workspace.pictures()),
            captioned=len(workspace.captions),
            pending=len(workspace.pending()),
            current_key_index=max(slot.key.position - 1, 0),
            current_key=slot.key.fingerprint if slot.key.secret else "",
            current_model_index=settings.models.index(slot.model),
            current_model=slot.model,
            timestamp=local_time(now),
        )
    )


def _slot_before(before: Mapping[str, Any], settings: CaptionSettings, keys: Sequence[Key]) -> Slot:
    """The slot that a checkpoint names; where there is no such key or model now, the first one."""
    key = next((key for key in keys if key.fingerprint == before.get("current_key")), keys[0] if keys else _NO_KEY)
    model = before.get("current_model")
    return Slot(key, model if model in settings.models else settings.models[0])


_NO_KEY = Key(0, "", "")
"""Stands in the checkpoint where nothing was asked and no key is set."""


def in_words(end: Exhausted) -> str:
    return {
        "quota": "the quota of every key and model is spent",
        "service": "the service is down",
        "keys": "no key is accepted",
        "models": "no model can be used by any key",
    }[end.why]


def duration(seconds: float) -> str:
    """`10 h 03 min`, `3 min 20 s`, `9 s`."""
    whole = max(0, round(seconds))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
