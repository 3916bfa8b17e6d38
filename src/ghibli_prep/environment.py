"""What the environment says, as a value: keys and the address of the API. Pure: `cli` hands the variables in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dotenv import dotenv_values

from ghibli_prep.captioning import Key
from ghibli_prep.errors import SettingsError

_NUMBERED = re.compile(r"GEMINI_API_KEY_(\d+)")


@dataclass(frozen=True, slots=True)
class Environment:
    """keys: in the order they are asked; base_url: another endpoint, "" for the one in the settings."""

    keys: tuple[Key, ...]
    base_url: str


def with_env_file(variables: Mapping[str, str], file: Path) -> dict[str, str]:
    """`variables` over what `file` (a `.env`) says. Raises SettingsError, which never quotes the file."""
    try:
        stated = dotenv_values(file, interpolate=False, encoding="utf-8-sig") if file.is_file() else {}
    except (OSError, ValueError):
        raise SettingsError(f"{file}: cannot be read as UTF-8 text. Save it as UTF-8, one NAME=value a line.") from None
    return {**{name: value for name, value in stated.items() if value is not None}, **variables}


def read(variables: Mapping[str, str]) -> Environment:
    """The keys by their numbers, gaps allowed, then the one without a number; the same key twice is one key.

    Raises SettingsError naming the variable, never its text.
    """
    numbered = sorted((int(match[1]), name) for name in variables if (match := _NUMBERED.fullmatch(name)))
    names = [name for _, name in numbered] + ["GEMINI_API_KEY"]
    secrets: dict[str, str] = {}
    for name in names:
        secret = variables.get(name, "").strip().strip("\"'")
        if not secret:
            continue
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise SettingsError(f"{name}: has characters that no key has. Copy the key again, alone on its line.")
        secrets.setdefault(secret, name)
    keys = tuple(
        Key(position, name, secret, variables.get(f"{name}_PROJECT", "").strip())
        for position, (secret, name) in enumerate(secrets.items(), start=1)
    )
    return Environment(keys, _web_address(variables.get("GEMINI_BASE_URL", "").strip()))


def with_projects(keys: Sequence[Key], projects: Mapping[str, str]) -> tuple[Key, ...]:
    """`keys`, each with the project that `projects` has for its variable where the environment names none."""
    return tuple(replace(key, project=key.project or projects.get(key.name, "")) for key in keys)


def _web_address(url: str) -> str:
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError("GEMINI_BASE_URL: needs an address that starts with http:// or https://.")
    return url
