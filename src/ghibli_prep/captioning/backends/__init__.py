"""The providers. A new one is a file with a class that keeps to `captioning.Backend`, and a line in `BACKENDS`."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from ghibli_prep.captioning import Backend

BACKENDS: Mapping[str, tuple[str, str]] = {
    "google-genai": ("ghibli_prep.captioning.backends.google_genai", "GoogleGenai"),
    "google-generativeai": ("ghibli_prep.captioning.backends.google_generativeai", "GoogleGenerativeai"),
}
"""By the settings' name: the module, which is not imported before it is needed, and the class in it."""


def make(name: str, base_url: str) -> Backend:
    """The backend of that name. base_url: "" for the provider's own. Raises MissingExtra, which names the command."""
    module, kind = BACKENDS[name]
    backend: Backend = getattr(importlib.import_module(module), kind)(base_url)
    return backend
