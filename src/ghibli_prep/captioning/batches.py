"""The words for asking in batches: what a service that takes files of requests can do, and what can come of it.

Each call is made once. Nothing here retries, sleeps or raises for a known failure, and no provider is known; what is to
be done about what came is `batching.steps`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    Question,
    ServiceDown,
    Slot,
    SlotSpent,
    SlotTired,
)

Trouble = SlotTired | SlotSpent | ModelGone | KeyDead | ServiceDown | HostRefused | AnswerUnusable
"""Why a call came to nothing. Only `ServiceDown` leaves open whether what was asked is done; the others refused it."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """file: what the service calls it."""

    file: str


@dataclass(frozen=True, slots=True)
class Taken:
    """There is a job. job: what the service calls it."""

    job: str


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no such thing (any more)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a job stands. result: the file of the answers, "" where there is none. reason: the service's words."""

    state: Literal["under way", "succeeded", "partially succeeded", "failed", "cancelled", "expired"]
    result: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answers are in the file that was given."""


@dataclass(frozen=True, slots=True)
class Line:
    """One answer. thinking: it was refused for what the model was told of thinking."""

    number: int
    attempt: Attempt
    thinking: bool = False


class BatchService(Protocol):
    """A provider that takes a file of requests. name: our own for a job, which it is found by."""

    def request(self, number: int, picture: Path, model: str, question: Question, step: int) -> bytes:
        """One line of the file. step: how often `model` refused what it was told of thinking. Raises OSError."""
        ...

    def upload(self, key: Key, file: Path, name: str) -> Uploaded | Trouble: ...

    def create(self, slot: Slot, file: str, name: str) -> Taken | Missing | Trouble:
        """Have the requests in `file` answered; this is what is paid for. `Missing`: the file."""
        ...

    def find(self, key: Key, name: str) -> Taken | Missing | Trouble:
        """Is there a job of this name?"""
        ...

    def look(self, key: Key, job: str) -> Standing | Missing | Trouble: ...

    def fetch(self, key: Key, result: str, into: BinaryIO) -> Fetched | Missing | Trouble:
        """Write the answers to `into` as they come. Raises OSError where that cannot be written."""
        ...

    def cancel(self, key: Key, job: str) -> Missing | Trouble | None: ...

    def discard(self, key: Key, file: str) -> Missing | Trouble | None: ...

    def answer(self, line: bytes, slot: Slot) -> Line | None:
        """What a line of the answers says; None for one that is cut off or not ours."""
        ...

    def close(self) -> None: ...
