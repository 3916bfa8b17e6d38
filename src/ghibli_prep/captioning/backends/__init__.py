"""The providers. A new one is a file with a class that keeps to `captioning.Backend`, and a line in `BACKENDS`."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from ghibli_prep.captioning import Backend
from ghibli_prep.errors import MissingExtra


@dataclass(frozen=True, slots=True)
class Entry:
    """module: not imported before it is needed; kind: the class in it; package: what must be installed for it."""

    module: str
    kind: str
    package: str


BACKENDS: Mapping[str, Entry] = {
    "google-genai": Entry("ghibli_prep.captioning.backends.google_genai", "GoogleGenai", "google.genai"),
    "google-generativeai": Entry(
        "ghibli_prep.captioning.backends.google_generativeai", "GoogleGenerativeai", "google.ai"
    ),
}
"""By the settings' name, which is also the name of the extra that installs it."""


def need(name: str) -> None:
    """Raise MissingExtra, which names the command, where the backend's package is not installed. Imports nothing."""
    try:
        found = importlib.util.find_spec(BACKENDS[name].package)
    except ModuleNotFoundError:  # not even the package that it is part of
        found = None
    if found is None:
        raise MissingExtra(
            f'caption.backend = "{name}" needs a package that is not installed. '
            f'Install it: pip install "ghibli-prep[{name}]"'
        )


def make(name: str, base_url: str) -> Backend:
    """The backend of that name. base_url: "" for the provider's own. Raises MissingExtra, as `need` does."""
    need(name)
    entry = BACKENDS[name]
    backend: Backend = getattr(importlib.import_module(entry.module), entry.kind)(base_url)
    return backend
