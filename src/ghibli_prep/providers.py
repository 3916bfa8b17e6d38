"""Which backend is asked: the settings' choice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ghibli_prep.captioning import Attempt, Backend, HostRefused, Key, KeyDead, Question, ServiceDown, Slot, backends
from ghibli_prep.captioning.batches import BatchService
from ghibli_prep.errors import UsageError
from ghibli_prep.settings import CaptionSettings

SANDBOX_KEY = Key(1, "the sandbox", "sandbox-key")
"""What the sandbox is asked with where the user has no keys."""

BATCH_BACKEND = "google-genai"
"""The one backend that takes batches."""


def make_backend(settings: CaptionSettings) -> Backend:
    """The backend of the settings. Raises MissingExtra where its package is not installed."""
    if settings.backend == "sandbox":
        return SandboxBackend(settings.models)
    return backends.make(settings.backend, settings.base_url)


def need_backend(settings: CaptionSettings) -> None:
    """Raise MissingExtra, which names the command, where the backend's package is not installed."""
    if settings.backend != "sandbox":
        backends.need(settings.backend)


def need_batches(settings: CaptionSettings) -> None:
    """Raise UsageError where the settings' backend takes no batches."""
    if settings.backend != BATCH_BACKEND:
        raise UsageError(
            f'--batch needs caption.backend = "{BATCH_BACKEND}"; the settings say "{settings.backend}", which takes no '
            "batches. Nothing was changed: change the backend, or leave --batch out."
        )
    backends.need(BATCH_BACKEND)


def make_batches(settings: CaptionSettings) -> BatchService:
    from ghibli_prep.captioning.backends.google_genai_batches import GoogleGenaiBatches

    return GoogleGenaiBatches(settings.base_url, settings.request_timeout_seconds)


class SandboxBackend:
    """The real client against the sandbox, which runs in this process for as long as this lives.

    models: what it offers, without quotas: to see those, run `ghibli-prep sandbox` and set GEMINI_BASE_URL.
    """

    def __init__(self, models: Sequence[str]) -> None:
        from ghibli_prep.sandbox import Sandbox, SandboxSettings
        from ghibli_prep.sandbox.settings import ModelSettings

        self._sandbox = Sandbox(SandboxSettings(models={model: ModelSettings() for model in models}))
        self._client = backends.make("google-genai", self._sandbox.url)

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        return self._client.ask(pictures, slot, question)

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        return self._client.models(key)

    def close(self) -> None:
        self._client.close()
        self._sandbox.close()
