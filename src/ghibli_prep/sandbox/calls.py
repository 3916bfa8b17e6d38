"""The call log: what was asked for and what came of it. It never holds a key, a prompt or a picture."""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path
from typing import IO

from ghibli_prep.errors import SettingsError


@dataclasses.dataclass(frozen=True, slots=True)
class Call:
    """One call of generateContent, as it was decided; listing models costs nothing and is not logged.

    time: epoch seconds by the sandbox's clock. key: its fingerprint, "" where none was sent.
    key_name: the key's name in the settings, or "".
    picture: SHA-256 of the bytes sent, in hex; "" without a picture; pictures: of each of several.
    status: HTTP; 0 for a reset connection.
    outcome: "ok", a fault's kind, or what was refused: "429_minute", "429_tokens", "429_day", "limit_zero", "blocked",
    "invalid", "not_found", "unreadable_image", "invalid_argument", "no_key", ...
    """

    time: float
    key: str
    key_name: str
    model: str
    picture: str
    status: int
    outcome: str
    pictures: tuple[str, ...] = ()


class CallLog:
    """Any thread may use it. Raises SettingsError when `log_file` ("": none) cannot be opened."""

    def __init__(self, log_file: str) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()
        self._file = _opened(log_file) if log_file else None

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)
            if self._file is not None:
                self._file.write(json.dumps(dataclasses.asdict(call)) + "\n")
                self._file.flush()

    @property
    def calls(self) -> list[Call]:
        """A copy, in the order in which the calls were decided."""
        with self._lock:
            return list(self._calls)

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None


def _opened(log_file: str) -> IO[str]:
    try:
        return Path(log_file).open("a", encoding="utf-8", newline="\n")
    except OSError as error:
        remedy = 'Name another file, or "" for no log'
        raise SettingsError(f"log_file: {log_file}: cannot be written ({error.strerror}). {remedy}.") from None
