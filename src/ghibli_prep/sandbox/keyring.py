"""Whose call it is: the text of a key in, its name, its project and whether it is dead out. It keeps no key's text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ghibli_prep.sandbox.settings import DeadKey, SandboxSettings


def fingerprint(secret: str) -> str:
    """Eight hex digits that tell keys apart and say nothing of their text: those of `captioning.Key`, tested to be."""
    return hashlib.sha256(b"ghibli-prep key\0" + secret.encode(errors="surrogateescape")).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Caller:
    """A key as the sandbox knows it. name: "" for a key that the settings do not name. dead: why it is refused."""

    fingerprint: str
    name: str
    project: str
    dead: DeadKey | None

    def is_called(self, word: str) -> bool:
        return word in (self.fingerprint, self.name)


class Keyring:
    def __init__(self, settings: SandboxSettings) -> None:
        self._known: dict[str, Caller] = {}
        self._accept_unknown = settings.accept_unknown_keys
        for name, key in settings.keys.items():
            mark = fingerprint(key.text.get_secret_value())
            self._known[mark] = Caller(mark, name, key.project or _own_project(mark), key.dead)

    def caller(self, secret: str) -> Caller:
        """Who sends this key. An unknown one has a project of its own, or is "invalid", as the settings say."""
        mark = fingerprint(secret)
        unknown = Caller(mark, "", _own_project(mark), None if self._accept_unknown else "invalid")
        return self._known.get(mark, unknown)


def _own_project(mark: str) -> str:
    """A project number, as the real messages quote one."""
    return str(100_000_000_000 + int(mark, 16))
