"""What the environment says, as values: keys, and addresses of APIs. Pure: `cli` hands the variables in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dotenv import dotenv_values

from ghibli_prep.captioning import Key
from ghibli_prep.captioning.backends import BACKENDS, Entry
from ghibli_prep.errors import SettingsError
from ghibli_prep.settings import CaptionSettings, ProviderSettings, Settings

SANDBOX_KEY = Key(1, "the sandbox", "sandbox-key")
"""What the sandbox is asked with where the user has no keys."""
SANDBOX = Entry("", "", "", "GEMINI_API_KEY", "")
"""The sandbox takes the keys of Gemini, which it stands in for."""


def with_env_file(variables: Mapping[str, str], file: Path) -> dict[str, str]:
    """`variables` over what `file` (a `.env`) says. Raises SettingsError, which never quotes the file."""
    try:
        stated = dotenv_values(file, interpolate=False, encoding="utf-8-sig") if file.is_file() else {}
    except (OSError, ValueError):
        raise SettingsError(f"{file}: cannot be read as UTF-8 text. Save it as UTF-8, one NAME=value a line.") from None
    return {**{name: value for name, value in stated.items() if value is not None}, **variables}


def keys_of(
    caption: CaptionSettings, variables: Mapping[str, str], taken: Sequence[Key] = (), second: bool = False
) -> tuple[Key, ...]:
    """The keys of everybody whose models are in the ladder, in its order; who needs none has one without text.

    Whoever has an address of its own and no `key_env` is sent no key: the usual variables hold another's. That does not
    go for `[caption]` itself, unless it is the `second` that is asked, of `[caption.blocked]`.
    taken: keys that have their positions already. Raises SettingsError naming the variable, never its text.
    """
    found: list[Key] = []
    known = {(key.name, key.secret): key.position for key in taken}
    for name in caption.asked:
        provider = caption.provider(name)
        variable = provider.key_env
        if not variable and not (provider.base_url and (name or second)):
            variable = _entry(provider).keys
        secrets = _secrets(variables, variable) if variable else {}
        if not secrets and (stand_in := _stand_in(caption, name, variables)) is not None:
            secrets = {stand_in: variable or f"caption.providers.{name}.key_env"}
        for secret, origin in secrets.items():
            position = known.setdefault((origin, secret), len(known) + 1)
            found.append(Key(position, origin, secret, variables.get(f"{origin}_PROJECT", "").strip(), name))
    return tuple(found)


def lacking(caption: CaptionSettings, keys: Sequence[Key]) -> dict[str, str]:
    """Whose models are in the ladder and have no key: the variable to set, by the name of the provider."""
    without = [name for name in caption.asked if not any(key.provider == name for key in keys)]
    return {name: caption.provider(name).key_env or _entry(caption.provider(name)).keys for name in without}


def with_addresses(settings: Settings, variables: Mapping[str, str]) -> Settings:
    """`settings` with the addresses of the environment: over the one of `[caption]`, for others where they have none.

    Raises SettingsError naming the variable.
    """
    caption = settings.caption
    providers = {
        name: provider.model_copy(update={"base_url": provider.base_url or _address(provider, variables)})
        for name, provider in caption.providers.items()
    }
    blocked = caption.blocked
    if blocked.backend:
        whom = ProviderSettings(backend=blocked.backend)
        blocked = blocked.model_copy(update={"base_url": blocked.base_url or _address(whom, variables)})
    own = _address(caption.provider(""), variables) or caption.base_url
    update = {"base_url": own, "providers": providers, "blocked": blocked}
    return settings.model_copy(update={"caption": caption.model_copy(update=update)})


def secrets_in(variables: Mapping[str, str]) -> tuple[Key, ...]:
    """Whatever looks like a key, for words from which it is to be kept."""
    names = [name for name, value in variables.items() if _LIKE_A_KEYS.search(name) and len(value) >= _LEAST]
    return tuple(Key(place, "", variables[name].strip().strip("\"'")) for place, name in enumerate(sorted(names), 1))


_LIKE_A_KEYS = re.compile(r"API_KEY(?:_\d+)?$")
_LEAST = 8
"""Characters of a key at least: a shorter value may be a word."""


def _entry(provider: ProviderSettings) -> Entry:
    return SANDBOX if provider.backend == "sandbox" else BACKENDS[provider.backend]


def _stand_in(caption: CaptionSettings, name: str, variables: Mapping[str, str]) -> str | None:
    """What one is asked with who needs no key; None: a key is needed."""
    provider = caption.provider(name)
    if provider.backend == "sandbox":
        return SANDBOX_KEY.secret
    elsewhere = provider.base_url or _address(provider, variables)
    return "" if _entry(provider).keyless and elsewhere and not provider.key_env else None


def _secrets(variables: Mapping[str, str], variable: str) -> dict[str, str]:
    """The variables' names by the keys in them, by their numbers, gaps allowed, then the one without a number; the same
    key twice is one key."""
    numbered = sorted(
        (int(match[1]), name) for name in variables if (match := re.fullmatch(rf"{variable}_(\d+)", name))
    )
    secrets: dict[str, str] = {}
    for name in [*(name for _, name in numbered), variable]:
        secret = variables.get(name, "").strip().strip("\"'")
        if not secret:
            continue
        if not (secret.isascii() and secret.isprintable()) or " " in secret:
            raise SettingsError(f"{name}: has characters that no key has. Copy the key again, alone on its line.")
        secrets.setdefault(secret, name)
    return secrets


def with_projects(keys: Sequence[Key], projects: Mapping[str, str]) -> tuple[Key, ...]:
    """`keys`, each with the project that `projects` has for its variable where the environment names none."""
    return tuple(replace(key, project=key.project or projects.get(key.name, "")) for key in keys)


def _address(provider: ProviderSettings, variables: Mapping[str, str]) -> str:
    name = _entry(provider).address
    url = variables.get(name, "").strip()
    if url and not url.startswith(("http://", "https://")):
        raise SettingsError(f"{name}: needs an address that starts with http:// or https://.")
    return url
