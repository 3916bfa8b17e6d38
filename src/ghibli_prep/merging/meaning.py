"""Captions that mean the same, among those that are to be merged: asked of a model, where it is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ghibli_prep import meanings
from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.deduping.embedding import embedded, vectors_of
from ghibli_prep.errors import Stopped
from ghibli_prep.merging.joining import Alike
from ghibli_prep.workspace import Workspace


def asked(workspace: Workspace, at: float, uncompared: str, console: Console, stop: Stop) -> Alike | None:
    """Finds captions whose cosine is `at` or more; None, and told, where no model is installed. uncompared: see
    `deduping.embedding`."""
    if not meanings.installed():
        console.tell(
            "Captions are compared word for word: no model is installed that knows what they mean. "
            f"To compare that too: {meanings.INSTALL_COMMAND}"
        )
        return None

    def counted(update: Callable[[int], object]) -> Callable[[int], None]:
        def count(done: int) -> None:
            update(done)
            if stop.soon:
                raise Stopped("Stopped. Nothing was merged yet; run the same command again.")

        return count

    def alike(texts: Sequence[str], stays: Sequence[int]) -> list[tuple[int, int, float]]:
        rows = embedded(texts, vectors_of(workspace), console, counted, uncompared)
        kept = set(stays)
        order = [place for place in range(len(texts)) if place not in kept]
        with console.bar("compare", len(order)) as bar:
            found = meanings.repeats(rows, at, order, stays, counted(bar.update))
        return [(each.index, each.of, min(1.0, each.cosine)) for each in found]

    return alike
