"""Reads a settings file, and says what is wrong with it in words that name the setting and the remedy."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ghibli_prep.errors import SettingsError
from ghibli_prep.settings.caption import Limits, Prices, ProviderSettings
from ghibli_prep.settings.dataset import KeyProject
from ghibli_prep.settings.kinds import Part, nearest
from ghibli_prep.settings.whole import Settings


def load(file: Path | None, overrides: Mapping[str, Mapping[str, Any]], backends: Collection[str] = ()) -> Settings:
    """The settings of `file` (None: the defaults), with `overrides` ({"caption": {"strategy": ...}}) over them.

    backends: the names of those that there are; empty: not checked.

    Raises SettingsError, which names the file, the setting and the remedy.
    """
    where = str(file) if file else "the defaults"
    chosen: dict[str, Any] = {}
    if file is not None:
        try:
            chosen = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            raise SettingsError(
                f"{file}: cannot be read ({error.strerror}). Run `ghibli-prep init` to get a settings file."
            ) from None
        except ValueError as error:
            raise SettingsError(f"{file}: not a valid TOML file: {error}") from None
    for section, values in overrides.items():
        part = chosen.setdefault(section, {})
        if isinstance(part, dict):
            part.update(values)
    try:
        settings = Settings.model_validate(chosen, context={"backends": tuple(backends)})
    except ValidationError as error:
        raise SettingsError("\n".join(_in_words(problem, where, overrides) for problem in error.errors())) from None
    try:
        if not settings.caption.prompt_text.strip():
            raise SettingsError(f"{where}: caption.prompt: {settings.caption.prompt!r} is empty")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where}: caption.prompt: {error}") from None
    try:
        _ = settings.caption.rules.banned_names
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where}: caption.rules.names: {error}") from None
    return settings


def _in_words(problem: Any, where: str, overrides: Mapping[str, Mapping[str, Any]]) -> str:
    """With the place of it: the setting in its file, or the option that stands in its stead."""
    path = [str(step) for step in problem["loc"]]
    name = ".".join(path)
    section, setting = path[0], path[1] if path[1:] else ""
    by_option = setting in overrides.get(section, {})
    place = f"--{setting.replace('_', '-')}" if by_option else f"{where}: {name}"
    if section == "keys" or path[-1] == "key_env":  # what stands there may be a key, and is not quoted
        return f"{place}: {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] != "extra_forbidden":
        return f"{place}: {problem['msg'].removeprefix('Value error, ')} (it says {problem['input']!r})"
    known = sorted(_known_names(Settings))
    meant = nearest(name, known)
    by_last = difflib.get_close_matches(path[-1], [k.rsplit(".", 1)[-1] for k in known], n=1, cutoff=0.75)
    if by_last and not difflib.get_close_matches(name, known, n=1, cutoff=0.75):
        meant = next(k for k in known if k.rsplit(".", 1)[-1] == by_last[0])
    return f"{place}: no such setting. Did you mean {meant}?"


_BY_NAME: dict[str, tuple[str, type[Part]]] = {
    "limits": ("MODEL", Limits),
    "prices": ("MODEL", Prices),
    "providers": ("NAME", ProviderSettings),
}


def _known_names(part: type[BaseModel], prefix: str = "") -> list[str]:
    """Every setting's dotted name, sections among them; some have a name in the middle."""
    names = [f"{prefix}keys.{one}" for one in KeyProject.model_fields] if part is Settings else []
    for attribute, field in part.model_fields.items():
        name = field.alias or attribute
        names.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += _known_names(field.annotation, f"{prefix}{name}.")
        elif name in _BY_NAME:
            middle, kind = _BY_NAME[name]
            names += [f"{prefix}{name}.{middle}.{one}" for one in kind.model_fields]
    return names
