"""What captions mean, looked up where a workspace knows it, else embedded and written down."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ghibli_prep import meanings
from ghibli_prep.console import Console
from ghibli_prep.meanings import Floats
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.vectors import Vectors

_TOGETHER = 2048
"""Captions that are embedded before they are written down."""
Counted = Callable[[Callable[[int], object]], Callable[[int], None]]
"""Told what moves a bar on: what is to be called in its place, which may raise Stopped."""


def vectors_of(workspace: Workspace) -> Vectors:
    return Vectors(workspace.state / "meanings.bin", meanings.MODEL, meanings.WIDTH, workspace.held)


def embedded(
    captions: Iterable[str], vectors: Vectors, console: Console, counted: Counted, uncompared: str = ""
) -> Floats:
    """A unit row a caption. uncompared: words at the start of captions that do not count.

    Raises MissingExtra where there is something to embed, and no model.
    """
    texts = [after(caption, uncompared) for caption in captions]
    new = [text for text in dict.fromkeys(texts) if not vectors.known(text)]
    made: dict[str, Floats] = {}
    with console.bar("embed", len(new), " captions") as bar:
        for start in range(0, len(new), _TOGETHER):
            part = new[start : start + _TOGETHER]
            rows = dict(zip(part, meanings.embed(part, counted(bar.update)), strict=True))
            vectors.note(rows)
            made |= rows
    return vectors.of(texts, made)


def after(caption: str, words: str) -> str:
    """What `caption` says after these words; all of it where it does not begin with them, or says no more."""
    if caption[: len(words)].casefold() != words.casefold():
        return caption
    return caption[len(words) :].lstrip(" ,.:;-") or caption
