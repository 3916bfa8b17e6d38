"""Gets an outcome for each picture: places requests, hears answers, hands each on the moment it is heard.

Which slot is asked, and what a failure means for it, is `rota`'s; what becomes of a picture, `judging`'s; and the
waiting is `calls`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    PictureBlocked,
    PictureUnreadable,
    Slot,
    Usage,
    groups,
)
from ghibli_prep.captioning.budget import Budget
from ghibli_prep.captioning.calls import Call, Calls, Heard, Stop
from ghibli_prep.captioning.judging import Judge, Story
from ghibli_prep.captioning.places import Group, Places
from ghibli_prep.captioning.posts import Ask, Exhausted, Wait
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import Finding
from ghibli_prep.samples import Outcome, Resized


@dataclass(frozen=True, slots=True)
class Answer:
    """What one picture's asking ended in, by which slot, after how many seconds of the last request.

    usage: of all answers to this picture; attempts: requests for it; requests: its shares of them; the rest as in
    `judging.Story`.
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
    requests: float = 1.0


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
    together: the most pictures in one request; alone: the numbers of those that are asked for alone all the same.
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
        together: int = 1,
        alone: Collection[int] = (),
    ) -> None:
        self._rota, self._calls, self._stop = rota, calls, stop
        self._judge = judge
        self._tell, self._waiting, self._before = tell, waiting, before
        self._budget = budget or Budget()
        self._most: dict[Call, float] = {}  # USD that a call under way can come to
        self._together, self._alone, self._sizes = together, alone, groups.Sizes(together)
        self._places = Places(())
        self._in_flight = 0
        self._broken: BaseException | None = None
        self.end: End = Done()
        # one picture that nobody can describe fails before it can have a slot left out
        rota.patience = max(rota.patience, judge.attempts + 1)

    def run(self, pictures: Iterable[Resized]) -> Iterator[Answer]:
        """Outcomes as they come. Raises what a backend raised in error, after all other answers are handed on."""
        self._places = Places(pictures, self._together, self._alone)
        self.end = Done()
        while True:
            until = float("inf")
            if self._places and self._may_ask():
                now = self._calls.now()
                turn = self._rota.turn(now, avoid=self._remembered(self._places.first()).avoid)
                if isinstance(turn, Ask):
                    if self._may_spend(turn.slot):
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

    def _may_spend(self, slot: Slot) -> bool:
        return self._budget.allows(slot, self._rota.post_of(slot).tokens, self._sizes.at_most(slot.model))

    def _place(self, slot: Slot, now: float) -> None:
        group = self._places.take(self._sizes.at_most(slot.model))
        notice = self._rota.sent(slot, now)
        self._in_flight += 1
        for picture in group:
            story = self._story(picture)
            story.attempts, story.requests = story.attempts + 1, story.requests + 1 / len(group)
        call = Call(group, slot, now, self._places.order(group), self._remembered(group).remark)
        most = self._most[call] = self._budget.most(slot, self._rota.post_of(slot).tokens, len(group))
        self._budget.place(most)
        try:
            self._before(slot, now)
            self._calls.place(call)
        except Exception as error:  # noqa: BLE001 - it is raised after the other answers, like a backend's
            self._in_flight -= 1
            self._rota.hung_up(slot)
            self._budget.withdraw(self._most.pop(call))
            self._broken = error
        self._tell_any(notice)

    def _hear(self, heard: Heard) -> Iterator[Answer]:
        self._in_flight -= 1
        call, now = heard.call, self._calls.now()
        self._budget.hear(call.slot, heard.result, self._most.pop(call), len(call.pictures))
        if isinstance(heard.result, BaseException):
            self._rota.hung_up(call.slot)
            self._lost(call, heard.result)
            return
        attempt, each = self._read(call, heard.result, now)
        several = len(call.pictures) > 1
        notice = self._rota.heard(call.slot, attempt, call.sent_at, now, several)
        for picture, own in each:
            story = self._story(picture)
            outcome = self._judge.outcome(picture, call.slot.model, own)
            if outcome is None:
                # in its old place; but after all others where the answer was of no use, for five such answers in a row
                # to blame the slot and not one picture
                self._places.back([picture], story.useless)
            else:
                yield _answer(outcome, call, now, story)
        self._tell_any(notice)

    def _read(self, call: Call, attempt: Attempt, now: float) -> tuple[Attempt, list[tuple[Resized, Attempt]]]:
        """What an attempt is for the slot, and what for each picture; those that it says nothing of go back."""
        pictures = call.pictures
        if len(pictures) == 1:
            read = self._judge.read(pictures[0], attempt)
            return read, [(pictures[0], read)]
        if isinstance(attempt, Described):
            said = groups.captions(attempt.text, len(pictures))
            shares = groups.shares(attempt.usage, len(pictures))
            if not isinstance(said, str):
                self._sizes.used(call.slot.model, len(pictures))
                alone = [replace(attempt, text=text, usage=share) for text, share in zip(said, shares, strict=True)]
                return attempt, [(one, self._judge.read(one, own)) for one, own in zip(pictures, alone, strict=True)]
            for picture, share in zip(pictures, shares, strict=True):
                self._judge.charge(picture, share)
            attempt = AnswerUnusable(said)
        if isinstance(attempt, AnswerUnusable):
            self._tell_any(self._sizes.missed(call.slot.model, len(pictures), call.sent_at, now))
        if isinstance(attempt, AnswerUnusable | PictureBlocked | PictureUnreadable):
            self._places.halve(pictures)  # until who is to blame stands alone
        else:
            self._places.back(pictures)
        return attempt, []

    def _tell_any(self, notice: str | None) -> None:
        if notice:
            self._tell(notice)

    def _story(self, picture: Resized) -> Story:
        return self._judge.stories[picture.number]

    def _remembered(self, group: Group) -> Story:
        """What the last answer for a lone picture left to mind; of several, nothing."""
        return self._story(group[0]) if len(group) == 1 else Story()

    def _lost(self, call: Call, error: BaseException) -> None:
        """A picture that vanished is left alone; a bug of ours is raised once the other answers are safe."""
        if not isinstance(error, OSError):
            self._broken = self._broken or error
            return
        of_it = [picture for picture in call.pictures if str(picture.file) == str(error.filename)]
        if len(call.pictures) > 1 and not of_it:
            self._places.halve(call.pictures)
            return
        lost = of_it[0] if of_it else call.picture
        self._places.back_without(call.pictures, lost)
        where = f"{lost.file.parent.name}/{lost.file.name}"
        self._tell(f"{where} cannot be read ({error.strerror or error}) and was left out")


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
        story.requests,
    )
