"""Gets an outcome for each picture: places requests, hears answers, hands each on the moment it is heard.

Which slot is asked, and what a failure means for it, is `rota`'s; what becomes of a picture, `judging`'s; and the
waiting is `calls`'s.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ghibli_prep.captioning import Slot, Usage
from ghibli_prep.captioning.budget import Budget
from ghibli_prep.captioning.calls import Call, Calls, Heard, Stop
from ghibli_prep.captioning.judging import Judge, Story
from ghibli_prep.captioning.posts import Ask, Exhausted, Wait
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import Finding
from ghibli_prep.samples import Outcome, Resized


@dataclass(frozen=True, slots=True)
class Answer:
    """What one picture's asking ended in, by which slot, after how many seconds of the last request.

    usage: of all answers to this picture; attempts: requests for it; the rest as in `judging.Story`.
    """

    outcome: Outcome
    slot: Slot
    seconds: float
    usage: Usage
    model_version: str
    attempts: int = 1
    mended: tuple[str, ...] = ()
    asked_again: tuple[str, ...] = ()
    warned: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """Every picture has its outcome."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider does not serve this machine."""

    reason: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The user said stop."""


@dataclass(frozen=True, slots=True)
class OverBudget:
    """As much was asked or spent as the user allowed; why: in words."""

    why: str


End = Done | Exhausted | Refused | Interrupted | OverBudget


class Dispatcher:
    """Gets an outcome for each picture: `for answer in dispatcher.run(pictures)`; `end` then says why it ended.

    judge: says what becomes of a picture by its answers. tell: hears what the user should know, once each.
    waiting: hears how long nobody can be asked, and why. before: hears of each request that is counted and about to go
    out; should it raise, the request does not go out and the run ends with that. budget: how much may be asked.
    """

    def __init__(
        self,
        rota: Rota,
        calls: Calls,
        *,
        judge: Judge,
        stop: Stop,
        tell: Callable[[str], None],
        waiting: Callable[[Wait], None],
        before: Callable[[Slot, float], None] = lambda _slot, _now: None,
        budget: Budget | None = None,
    ) -> None:
        self._rota, self._calls, self._stop = rota, calls, stop
        self._judge = judge
        self._tell, self._waiting, self._before = tell, waiting, before
        self._budget = budget or Budget()
        self._most: dict[Call, float] = {}  # USD that a call under way can come to
        self._queue: list[tuple[int, int, Resized]] = []
        self._in_flight = 0
        self._broken: BaseException | None = None
        self.end: End = Done()
        # one picture that nobody can describe fails before it can have a slot left out
        rota.patience = max(rota.patience, judge.attempts + 1)

    def run(self, pictures: Iterable[Resized]) -> Iterator[Answer]:
        """Outcomes as they come. Raises what a backend raised in error, after all other answers are handed on."""
        self._queue = [(0, order, picture) for order, picture in enumerate(pictures)]
        self.end = Done()
        while True:
            until = float("inf")
            if self._queue and self._may_ask():
                now = self._calls.now()
                turn = self._rota.turn(now, avoid=self._story(self._queue[0][-1]).avoid)
                if isinstance(turn, Ask):
                    if self._budget.allows(turn.slot, self._rota.post_of(turn.slot).tokens):
                        self._place(turn.slot, now)
                        continue
                    if not self._in_flight:
                        self.end = OverBudget(self._budget.in_words())
                        return
                    turn = Wait(float("inf"), "as much is under way as may be spent")
                if isinstance(turn, Exhausted):
                    self.end = turn
                    return
                until = turn.until
                self._waiting(turn)
            if not self._in_flight and until == float("inf"):
                break
            at_once = self._stop.at_once
            heard = self._calls.hear(0 if at_once else until)
            if heard is not None:
                yield from self._hear(heard)
            elif at_once or (self._stop.soon and not self._in_flight):
                break
        if self._broken is not None:
            raise self._broken
        if self._rota.refused:
            self.end = Refused(self._rota.refused)
        elif self._stop.soon:
            self.end = Interrupted()

    def _may_ask(self) -> bool:
        return not (self._stop.soon or self._rota.refused or self._broken)

    def _place(self, slot: Slot, now: float) -> None:
        _, order, picture = heapq.heappop(self._queue)
        notice = self._rota.sent(slot, now)
        self._in_flight += 1
        story = self._story(picture)
        story.attempts += 1
        call = Call(picture, slot, now, order, story.remark)
        most = self._most[call] = self._budget.most(slot, self._rota.post_of(slot).tokens)
        self._budget.place(most)
        try:
            self._before(slot, now)
            self._calls.place(call)
        except Exception as error:  # noqa: BLE001 - it is raised after the other answers, like a backend's
            self._in_flight -= 1
            self._rota.hung_up(slot)
            self._budget.withdraw(self._most.pop(call))
            self._broken = error
        if notice:
            self._tell(notice)

    def _hear(self, heard: Heard) -> Iterator[Answer]:
        self._in_flight -= 1
        call, now = heard.call, self._calls.now()
        self._budget.hear(call.slot, heard.result, self._most.pop(call))
        if isinstance(heard.result, BaseException):
            self._rota.hung_up(call.slot)
            self._lost(call, heard.result)
            return
        picture, story = call.picture, self._story(call.picture)
        attempt = self._judge.read(picture, heard.result)
        notice = self._rota.heard(call.slot, attempt, call.sent_at, now)
        outcome = self._judge.outcome(picture, call.slot.model, attempt)
        if outcome is None:
            # in its old place; but after all others where the answer was of no use, for five such answers in a row to
            # blame the slot and not one picture
            heapq.heappush(self._queue, (story.useless, call.order, picture))
        else:
            yield _answer(outcome, call, now, story)
        if notice:
            self._tell(notice)

    def _story(self, picture: Resized) -> Story:
        return self._judge.stories[picture.number]

    def _lost(self, call: Call, error: BaseException) -> None:
        """A picture that vanished is left alone; a bug of ours is raised once the other answers are safe."""
        if isinstance(error, OSError):
            file = call.picture.file
            self._tell(f"{file.parent.name}/{file.name} cannot be read ({error.strerror or error}) and was left out")
        else:
            self._broken = self._broken or error


def _answer(outcome: Outcome, call: Call, now: float, story: Story) -> Answer:
    return Answer(
        outcome,
        call.slot,
        now - call.sent_at,
        story.usage,
        story.model_version,
        story.attempts,
        story.mended,
        story.asked_again,
        story.warned,
    )
