"""Brings pictures of other datasets into a workspace, a few at a time: as they are where they can be taken so, else
resized. The workspace writes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.errors import Stopped
from ghibli_prep.framing import Box
from ghibli_prep.merging.looking import Seen
from ghibli_prep.merging.sources import Item
from ghibli_prep.samples import Found, Rendered, Unreadable
from ghibli_prep.settings import ResizeSettings
from ghibli_prep.stages.resize import resize
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.atomic import disk_errors_in_words
from ghibli_prep.workspace.merged import Incoming, Merged, Origin
from ghibli_prep.workspace.provenance import Provenance

BATCH = 32
"""Pictures that get their numbers and captions together."""
People = Callable[[str], Sequence[Box]]
"""Where people are in a picture, by the SHA-256 of its file."""
CHANGED = "was changed while it was read; run the same command again"


@dataclass(frozen=True, slots=True)
class Taking:
    """A picture that is taken. source: what it is called in the workspace, in place of a frame's path."""

    item: Item
    seen: Seen
    source: str

    @property
    def origin(self) -> Origin:
        item = self.item
        return Origin(item.dataset, item.at, self.seen.content, item.frame, item.source, item.film, item.time)


def bring(
    workspace: Workspace,
    merged: Merged,
    takings: Sequence[Taking],
    settings: ResizeSettings,
    people: People,
    console: Console,
    stop: Stop,
) -> Iterator[tuple[Taking, str]]:
    """Take them in, in order; yields those that could not be, with why. Raises Stopped, DiskError, UsageError."""
    rendered = _rendered(takings, settings, people, workspace.staging)
    batch: list[Incoming] = []
    try:
        with closing(console.counting("merge", rendered, len(takings))) as coming:
            for taking, made in coming:
                if isinstance(made, Unreadable):
                    yield taking, made.reason
                else:
                    batch.append(_incoming(workspace, taking, made))
                if len(batch) == BATCH:
                    workspace.take_in(batch, merged)
                    batch = []
                if stop.soon:
                    raise Stopped("Stopped. Everything up to now is saved; run the same command again to go on.")
    finally:
        if batch:
            workspace.take_in(batch, merged)


def to_resize(takings: Sequence[Taking]) -> list[Found]:
    """Those that cannot be taken as they are."""
    return [Found(each.seen.content, each.source, each.item.file) for each in takings if not each.seen.ready]


def _incoming(workspace: Workspace, taking: Taking, rendered: Rendered) -> Incoming:
    """rendered: its identity is that of the source's file. It becomes that of the JPEG, which is the frame here."""
    identity = taking.seen.content if taking.seen.ready else workspace.hash_file(rendered.file)
    picture = Rendered(identity, taking.source, rendered.file)
    return Incoming(picture, taking.origin, taking.item.text, made_for(taking, identity))


def made_for(taking: Taking, picture: str) -> Provenance | None:
    """Where a caption came from, now that its picture is `picture`, the SHA-256 of a JPEG here.

    Not so where the source's picture is another than the caption was written for: `validate` then warns here, too."""
    made = taking.item.made
    return replace(made, picture=picture) if made is not None and made.picture == taking.seen.content else made


def _rendered(
    takings: Sequence[Taking], settings: ResizeSettings, people: People, staging: Path
) -> Iterator[tuple[Taking, Rendered | Unreadable]]:
    """Each as `staging/<its content>.jpg`, in order."""
    with closing(resize(to_resize(takings), settings, staging, people=people)) as resizing:  # type: ignore[type-var]  # a generator, as it is
        for taking in takings:
            yield taking, _copied(taking, staging) if taking.seen.ready else next(resizing)


def _copied(taking: Taking, staging: Path) -> Rendered | Unreadable:
    """Byte for byte, on the disk when this returns. A link would let a change here reach the source."""
    target = staging / f"{taking.seen.content}.jpg"
    try:
        content = taking.item.file.read_bytes()
    except OSError as error:
        return Unreadable("", taking.source, f"cannot be read ({(error.strerror or str(error)).lower()})")
    if hashlib.sha256(content).hexdigest() != taking.seen.content:
        return Unreadable("", taking.source, CHANGED)
    with disk_errors_in_words(target), target.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return Rendered(taking.seen.content, taking.source, target)
