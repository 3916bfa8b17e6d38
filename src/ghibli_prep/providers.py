"""Which backend is asked: the settings' choice, one for all slots or one for each provider in the ladder."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ghibli_prep.captioning import Attempt, Backend, HostRefused, Key, KeyDead, Question, ServiceDown, Slot, backends
from ghibli_prep.captioning.batches import BatchService
from ghibli_prep.errors import UsageError
from ghibli_prep.settings import CaptionSettings

BATCH_BACKEND = "google-genai"
"""The one backend that takes batches."""


def make_backend(settings: CaptionSettings) -> Backend:
    """The backend of the settings. Raises MissingExtra where a package is not installed."""
    return _make(settings, "") if settings.asked == ("",) else Router(settings)


def need_backend(settings: CaptionSettings) -> None:
    """Raise MissingExtra, which names the command, where the package of a backend is not installed."""
    for name in settings.asked:
        if (backend := settings.provider(name).backend) != "sandbox":
            backends.need(backend)


def _make(settings: CaptionSettings, name: str) -> Backend:
    provider = settings.provider(name)
    if provider.backend == "sandbox":
        split = [settings.split(model) for model in settings.models]
        return SandboxBackend([model for whose, model in split if whose == name])
    return backends.make(provider.backend, provider.base_url)


class Router:
    """A ladder of several providers' models: each request goes to the backend that its slot's model belongs to."""

    def __init__(self, settings: CaptionSettings) -> None:
        self._settings = settings
        self._backends: dict[str, Backend] = {}
        with ExitStack() as made:  # should one of them not be there, the others are let go
            for name in settings.asked:
                self._backends[name] = _make(settings, name)
                made.callback(self._backends[name].close)
            self._all = made.pop_all()

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        name, model = self._settings.split(slot.model)
        return self._backends[name].ask(pictures, replace(slot, model=model), question)

    def models(self, key: Key) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
        answer = self._backends[key.provider].models(key)
        if isinstance(answer, KeyDead | ServiceDown | HostRefused):
            return answer
        return [f"{key.provider}:{model}" for model in answer] if key.provider else answer

    def close(self) -> None:
        self._all.close()


def need_batches(settings: CaptionSettings) -> None:
    """Raise UsageError where the settings' backend takes no batches."""
    if settings.backend != BATCH_BACKEND:
        raise UsageError(
            f'--batch needs caption.backend = "{BATCH_BACKEND}"; the settings say "{settings.backend}", which takes no '
            "batches. Nothing was changed: change the backend, or leave --batch out."
        )
    if settings.asked != ("",):
        raise UsageError("--batch asks one provider: name no model of [caption.providers] in caption.models.")
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
