"""What the user decided over the filter's head, by moving files between `filtered_temp/` and `filtered_out/`.

A decision is overruled where its picture lies on the other side than the one it was put on. Decides; moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from ghibli_prep.samples import BY_USER, Found, Kept, Rejected


class Decision(Protocol):
    @property
    def kept(self) -> bool: ...
    @property
    def source(self) -> str: ...
    @property
    def reason(self) -> str: ...


def overruled(
    decisions: Mapping[str, Decision],
    kept: Mapping[str, Found],
    rejected: Mapping[str, Found],
    in_input: Mapping[str, Found],
) -> Iterator[Kept | Rejected]:
    """The decisions to change. All mappings are by identity; `kept` and `rejected` are what lies in the two folders.

    A picture that lies in `filtered_temp/` and nowhere else was put there by hand: it is kept.
    """
    for identity, found in kept.items():
        decision = decisions.get(identity)
        if decision is None and identity not in in_input:
            yield Kept(identity, found.source, found.file, BY_USER, "put there by hand", 1.0)
        elif decision is not None and not decision.kept:
            yield Kept(identity, decision.source, found.file, BY_USER, "moved by hand", 1.0)
    for identity, found in rejected.items():
        decision = decisions.get(identity)
        if decision is not None and decision.kept and identity not in kept:
            reason, slash, _ = found.source.partition("/")
            yield Rejected(identity, decision.source, found.file, BY_USER, reason if slash else "by_hand", 1.0)
