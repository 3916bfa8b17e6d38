"""The words for asking: what a slot is, what an attempt can end in, and what a backend must do.

A backend asks once. It never retries, sleeps, or raises for a known failure: it says what is to blame,
and `rota` decides the remedy. This module knows no provider.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Key:
    """An API key. Its text is shown by nothing: `str`, `repr` and logs have its position and fingerprint.

    position: 1 for the first key, as the user counts.
    name: the environment variable it came from, such as `GEMINI_API_KEY_2`.
    project: whose quota it uses, "" for one that no other key here uses.
    provider: whom it is for, by the name in `[caption.providers]`; "" for the backend of `[caption]`.
    """

    position: int
    name: str
    secret: str = field(repr=False)
    project: str = ""
    provider: str = ""

    @property
    def fingerprint(self) -> str:
        """Eight hex digits that tell keys apart in state and logs, and say nothing of their text."""
        return hashlib.sha256(b"ghibli-prep key\0" + self.secret.encode()).hexdigest()[:8]

    @property
    def payer(self) -> str:
        """Whose quota it uses, as a name that says nothing of its text: its project, or itself."""
        return f"project {self.project}" if self.project else self.fingerprint

    def __str__(self) -> str:
        return f"key {self.position} ({self.fingerprint})"

    def redact(self, text: str) -> str:
        """`text` without this key, should a provider's message quote it."""
        return text.replace(self.secret, f"[key {self.position}]") if self.secret else text


@dataclass(frozen=True, slots=True)
class Slot:
    """One key with one model: what is asked. Slots of one project and model share one quota."""

    key: Key
    model: str

    def __str__(self) -> str:
        return f"key {self.key.position}, {self.model}"


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent with the pictures of a request.

    prompt: the whole text of the prompt.
    max_output_tokens: room for the answer.
    timeout: seconds until an attempt counts as unanswered.
    """

    prompt: str
    max_output_tokens: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the provider counted them; 0 where it did not say."""

    input_tokens: int = 0
    output_tokens: int = 0


# What an attempt can end in, by what is to blame ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Described:
    """An answer. `text` is as the model wrote it; nothing is mended yet."""

    text: str
    usage: Usage
    model_version: str


@dataclass(frozen=True, slots=True)
class AnswerUnusable:
    """Answered, but with nothing to use: no text, cut off, or an end we do not know. Worth asking again, boundedly."""

    reason: str


@dataclass(frozen=True, slots=True)
class PictureBlocked:
    """The provider's safety filter refused this picture."""

    reason: str


@dataclass(frozen=True, slots=True)
class PictureUnreadable:
    """The provider cannot read this picture; no other slot will."""

    reason: str


@dataclass(frozen=True, slots=True)
class SlotTired:
    """Too many requests or tokens this minute, or a bare 429.

    seconds: how long the server says to rest, None where it did not.
    rpm, tpm: the limit that the server named, None where it did not.
    certain: False for a bare 429 that names no quota; after the last backoff it counts as spent.
    """

    seconds: float | None
    reason: str
    rpm: int | None = None
    tpm: int | None = None
    certain: bool = True


@dataclass(frozen=True, slots=True)
class SlotSpent:
    """The day's quota is used up. rpd: the limit that the server named, None where it did not."""

    reason: str
    rpd: int | None = None


@dataclass(frozen=True, slots=True)
class ModelGone:
    """This key cannot use this model: retired, unknown, or not on the key's tier (`limit: 0`)."""

    reason: str


@dataclass(frozen=True, slots=True)
class KeyDead:
    """The provider does not accept this key."""

    reason: str


@dataclass(frozen=True, slots=True)
class ServiceDown:
    """Overloaded, unreachable, timed out, or something that is not the API answered. seconds: as in `SlotTired`."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class HostRefused:
    """The provider does not serve this machine (its location, usually)."""

    reason: str


Attempt = (
    Described
    | AnswerUnusable
    | PictureBlocked
    | PictureUnreadable
    | SlotTired
    | SlotSpent
    | ModelGone
    | KeyDead
    | ServiceDown
    | HostRefused
)


class Backend(Protocol):
    """A provider. One instance serves all slots and many threads at once."""

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        """Send these JPEGs in one request, once, and say what came of it. Raises only OSError, on reading one.

        Several: each after its label, and the answer in JSON, as `groups` has it.
        """
        ...

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        """The names of the models that this key may use, without a `models/` prefix; costs no quota."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
