"""The providers. A new one is a file with a class that keeps to `captioning.Backend`, and a line in `BACKENDS`."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass

from ghibli_prep.captioning import Backend
from ghibli_prep.errors import MissingExtra


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of a backend before it is imported.

    module: not imported before it is needed; kind: the class in it; package: what must be installed for it.
    keys, address: the environment variables that its keys and its address come from; of keys there may also be any
    count with `_1`, `_2`, ... behind the name. keyless: another address than the provider's own may need no key.
    """

    module: str
    kind: str
    package: str
    keys: str
    address: str
    keyless: bool = False


_HERE = "ghibli_prep.captioning.backends"
_GEMINI = ("GEMINI_API_KEY", "GEMINI_BASE_URL")

BACKENDS: dict[str, Entry] = {
    "google-genai": Entry(f"{_HERE}.google_genai", "GoogleGenai", "google.genai", *_GEMINI),
    "google-generativeai": Entry(f"{_HERE}.google_generativeai", "GoogleGenerativeai", "google.ai", *_GEMINI),
    "openai": Entry(f"{_HERE}.openai", "OpenAICompatible", "openai", "OPENAI_API_KEY", "OPENAI_BASE_URL", keyless=True),
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
            f'backend = "{name}" needs a package that is not installed. Install it: pip install "ghibli-prep[{name}]"'
        )


def make(name: str, base_url: str) -> Backend:
    """The backend of that name. base_url: "" for the provider's own. Raises MissingExtra, as `need` does."""
    need(name)
    entry = BACKENDS[name]
    backend: Backend = getattr(importlib.import_module(entry.module), entry.kind)(base_url)
    return backend
