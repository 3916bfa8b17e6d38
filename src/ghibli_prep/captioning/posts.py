"""What the rota keeps of each quota, and what it answers when asked whose turn it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ghibli_prep.captioning import Slot
from ghibli_prep.settings import Limits

MINUTE = 60.6
"""Seconds that a minute's requests are spread over: 1 % more than it has, for requests that arrive unevenly."""
WINDOW = 4.0
"""Requests under way at once with which a model begins whose limits are not known; each answer adds one."""


@dataclass(frozen=True, slots=True)
class Ask:
    """This slot may be asked now."""

    slot: Slot


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody may be asked before `until` (seconds since the epoch; inf: only an answer under way changes that)."""

    until: float
    why: str


@dataclass(frozen=True, slots=True)
class Exhausted:
    """Nobody can be asked any more in this run.

    until: when somebody can be again, None where only the user can change that; why: what is to blame.
    """

    until: float | None
    why: Literal["quota", "service", "keys", "models"]


Turn = Ask | Wait | Exhausted


@dataclass(slots=True)
class Post:
    """What is known of one quota: that of a project for a model. Times are seconds since the epoch.

    slot: the one that is asked; others: what else uses this quota, and is asked should that one's key be dead; first:
    the one it began with.
    tokens: input tokens of one request. window: the most requests under way where no limit a minute is known; once
    it met one, it grows `slowly`. sent_at: when it was last asked. probing: `spent_until` is what an earlier run found,
    and one request may try whether it still holds. out: left out of this run, and what is to blame. day, asked: the
    requests of a Pacific day.
    """

    slot: Slot
    limits: Limits
    tokens: int = 0
    others: list[Slot] = field(default_factory=list)
    window: float = WINDOW
    slowly: bool = False
    in_flight: int = 0
    sent_at: float = float("-inf")
    resting_until: float = 0.0
    rested_at: float = float("-inf")
    resting_for: Literal["", "rate", "service"] = ""
    strikes: int = 0
    told: set[str] = field(default_factory=set)
    unusable: int = 0
    spent_until: float = 0.0
    probing: bool = False
    out: Literal["", "model", "key", "service"] = ""
    why: str = ""
    day: str = ""
    asked: int = 0
    first: Slot = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.slot

    def is_over(self, now: float) -> bool:
        """Is there nothing more to ask of it until a reset, or for the whole run?"""
        return bool(self.out) or (self.spent_until > now and not self.probing)

    def spacing(self) -> float:
        """Seconds between two requests: evenly paced, so that neither a rolling nor a calendar minute is exceeded.

        Of the tokens, only as many whole requests count as fit into a minute: a request is paid at once.
        """
        by_requests = MINUTE / self.limits.rpm if self.limits.rpm else 0.0
        if not self.limits.tpm or not self.tokens:
            return by_requests
        fit = self.limits.tpm // self.tokens or self.limits.tpm / self.tokens
        return max(by_requests, MINUTE / fit)

    def ready_at(self) -> float:
        return max(self.resting_until, self.sent_at + self.spacing())

    def room(self, ceiling: int) -> bool:
        """May one more be under way? A slot that was refused is tried with one before it is trusted with more.

        Where a limit a minute is known, the pace alone decides: what is under way is then rate times latency.
        """
        if self.strikes or self.probing:
            return self.in_flight < 1
        return self.in_flight < (ceiling if self.spacing() else min(ceiling, int(self.window)))

    def widen(self) -> None:
        """An answer came: more may be under way, as long as no limit a minute is known."""
        self.window += 1 / self.window if self.slowly else 1

    def narrow(self) -> None:
        """It was too much at once."""
        self.window, self.slowly = max(1.0, min(self.window, self.in_flight + 1.0) / 2), True
