"""`.ghibli-prep/measures.jsonl`: what was measured of frames, so that it is measured once.

A cache: everything in it can be measured again, so it is never synced, a line that makes no sense is skipped, and a
full disk is no reason to stop. Knows JSON, and nothing of what the measures mean.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ghibli_prep.workspace import lines

_BATCH = 64


class Measures:
    """Facts by frame and kind, each made by a certain `maker`; another maker's are as good as none.

    writable: False only remembers, as where the workspace is not held.
    """

    def __init__(self, path: Path, writable: bool) -> None:
        self._path, self._writable = path, writable
        self._known: dict[tuple[str, str], tuple[str, Any]] = {}
        self._new: list[dict[str, Any]] = []
        for _, raw in lines.numbered(lines.whole(lines.read(path))):
            match lines.parse(raw):
                case {"identity": str(identity), "kind": str(kind), "maker": str(maker), "fact": fact}:
                    self._known[identity, kind] = (maker, fact)

    def of(self, identity: str, kind: str, maker: str, read: Callable[[Any], Any] = lambda fact: fact) -> Any:
        """The fact as `read` makes it of its JSON; None where there is none, or none that `read` understands."""
        by, fact = self._known.get((identity, kind), ("", None))
        if by != maker:
            return None
        try:
            return read(fact)
        except (KeyError, TypeError, ValueError, AttributeError):  # written by another version, or by hand
            return None

    def note(self, identity: str, kind: str, maker: str, fact: Any) -> None:
        """fact: anything that JSON can hold."""
        self._known[identity, kind] = (maker, fact)
        self._new.append({"identity": identity, "kind": kind, "maker": maker, "fact": fact})
        if len(self._new) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        if self._writable:
            with contextlib.suppress(OSError):
                lines.append(self._path, self._new, durable=False)
        self._new.clear()
