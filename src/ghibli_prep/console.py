"""What the user sees: progress and notices on stderr, results on stdout, all of it also in the log, no key in any.

Knows nothing of what it shows.
"""

from __future__ import annotations

import contextlib
import json
import logging
import logging.handlers
import os
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn, TextIO, TypeAlias, TypeVar

from tqdm import tqdm

from ghibli_prep.captioning import Key

T = TypeVar("T")
Bar: TypeAlias = "tqdm[NoReturn]"
_LOG_BYTES = 1_000_000


class _LogFile(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        """Say nothing: a full disk must not keep its own error message, or a caption, from getting through."""


class Console:
    """keys: whose texts are never shown, whatever a message quotes."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        self._keys = sorted(keys, key=lambda key: -len(key.secret))  # a key may begin like a longer one
        self._log = logging.Logger("ghibli-prep", logging.INFO)  # of its own: no other library's words get in
        self._said: set[str] = set()

    def log_to(self, file: Path) -> None:
        """From now on keep a log there, a few megabytes at the most."""
        handler = _LogFile(file, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8", errors="replace", delay=True)
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        self._log.addHandler(handler)

    def close(self) -> None:
        for handler in list(self._log.handlers):
            self._log.removeHandler(handler)
            with contextlib.suppress(OSError):  # a full disk: what stopped the run counts for more than the log's end
                handler.close()

    def tell(self, text: str) -> None:
        """A notice, above the bar if there is one."""
        safe = self.redacted(text)
        self._log.info("%s", safe)
        with _readers_may_leave(sys.stderr):
            tqdm.write(_writable(safe, sys.stderr.encoding), file=sys.stderr)
            sys.stderr.flush()

    def tell_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.tell(text)

    def show(self, text: str) -> None:
        """A result."""
        safe = self.redacted(text)
        self._log.info("%s", safe)
        self._print(safe)

    def show_json(self, value: Mapping[str, Any]) -> None:
        """A result as one JSON object, and whole also where the terminal cannot show every name."""
        safe = self._redacted_values(value)
        try:
            text = json.dumps(safe, ensure_ascii=False, indent=2)
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            text = json.dumps(safe, indent=2)
        self._print(text)

    def _print(self, text: str) -> None:
        with _readers_may_leave(sys.stdout):
            print(_writable(text, sys.stdout.encoding), flush=True)  # noqa: T201 - this is the one place that prints

    def log(self, text: str) -> None:
        self._log.info("%s", self.redacted(text))

    def redacted(self, text: str) -> str:
        for key in self._keys:
            text = key.redact(text)
        return text

    def _redacted_values(self, value: Any) -> Any:
        """`value` without a key in any of its texts; the names in it are ours and stay."""
        match value:
            case str():
                return self.redacted(value)
            case Mapping():
                return {name: self._redacted_values(each) for name, each in value.items()}
            case list() | tuple():
                return [self._redacted_values(each) for each in value]
        return value

    @contextmanager
    def bar(self, what: str, total: int | None, unit: str = " pic") -> Iterator[Bar]:
        """A progress bar, on a terminal only."""
        hidden = True if total == 0 else None  # None: hidden where there is no terminal
        with tqdm(total=total, desc=what, unit=unit, file=sys.stderr, disable=hidden, dynamic_ncols=True) as bar:
            yield bar

    def counting(self, what: str, items: Iterable[T], total: int | None = None) -> Generator[T]:
        """`items`, counted on a bar as they go by; closing this closes them."""
        try:
            with self.bar(what, total) as bar:
                for item in items:
                    yield item
                    bar.update()
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()


@contextmanager
def _readers_may_leave(stream: TextIO) -> Iterator[None]:
    """Let the work go on where nobody reads any more: `ghibli-prep run | head -1` still captions everything."""
    try:
        yield
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())  # what is still to come, and the flush at the end, goes there
        os.close(nowhere)


def _writable(text: str, encoding: str | None) -> str:
    """`text` as a terminal of that encoding can show it: an old Windows console cannot show every name."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
