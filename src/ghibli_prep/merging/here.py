"""What the workspace that is merged into has already, and how what comes is called there. Reads."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ghibli_prep.errors import UsageError
from ghibli_prep.layouts import METADATA
from ghibli_prep.merging.looking import Seen
from ghibli_prep.merging.naming import Films
from ghibli_prep.merging.sources import Item
from ghibli_prep.rows import film_of
from ghibli_prep.validating.pictures import open_head
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.atomic import disk_errors_in_words
from ghibli_prep.workspace.contents import is_other
from ghibli_prep.workspace.merged import Merged


def check(root: Path, sources: Sequence[Path]) -> None:
    """Raises UsageError where what is merged into is no place for a workspace, or would change a source."""
    into = root.resolve()
    for folder in sources:
        if into == folder or into.is_relative_to(folder) or folder.is_relative_to(into):
            raise UsageError(
                f"{folder}: lies in {root}, or {root} in it, and no source may be changed. Name another folder with "
                "--into; what a workspace has already stays in it, and is not named among the sources."
            )
    if root.is_dir() and (root / METADATA).exists():
        raise UsageError(f"{root}: has a {METADATA} of its own and is no workspace. Name a new folder with --into.")
    if is_other(root):
        raise UsageError(f"{root}: holds other things and is no workspace. Name a new folder with --into.")


def other_size(workspace: Workspace, side: int) -> str:
    """Of pictures here that are not of that size, as their first one shows; "" where they are."""
    for number in workspace.pictures()[:1]:
        with disk_errors_in_words(workspace.train):
            head = open_head(workspace.file(number).read_bytes())
        if not isinstance(head, str) and head.size != (side, side):
            wide, tall = head.size
            return (
                f"{workspace.train} has pictures of {wide} x {tall}, and by [resize] size = {side} others come in. "
                "A trainer may want one size: name those settings with --config, or another folder with --into."
            )
    return ""


def folders(merged: Merged, root: Path) -> dict[str, Path]:
    """Where the datasets lie that were merged before, by name."""
    return {name: Path(os.path.normpath(root.resolve() / folder)) for name, folder in merged.folders.items()}


def numbers_of(merged: Merged, items: Sequence[Item], seen: Sequence[Seen]) -> dict[int, int]:
    """The numbers of the items, by place, that are here already; each number once, for the first that it is of."""
    known: dict[str, int] = {}
    for number, origin in merged.origins.items():
        for key in (origin.content, origin.frame):
            if key:
                known.setdefault(key, number)
    found: dict[int, int] = {}
    given: set[int] = set()
    for at, (item, look) in enumerate(zip(items, seen, strict=True)):
        known_as = known.get(look.content, known.get(item.frame))
        if known_as is not None and known_as not in given:
            given.add(known_as)
            found[at] = known_as
    return found


def films(workspace: Workspace, merged: Merged, items: Sequence[Item]) -> Films:
    """What the films of the items are called here."""
    known, extracted = Films(), workspace.films().known.values()
    identities = {number: identity for identity, number in workspace.facts.numbers.items()}
    of_folder = {film.folder: film.identity for film in extracted}
    for number, source in workspace.facts.sources.items():
        name, origin = film_of(source), merged.origins.get(number)
        if origin is not None:
            known.note(name, origin.film, origin.frame)
            known.names[origin.dataset, film_of(origin.source)] = name
        elif workspace.is_resized(identities.get(number, "")):  # else a kill came before its origin was written down
            known.note(name, of_folder.get(name, ""), identities.get(number, ""))
    for film in extracted:
        known.note(film.folder, film.identity, "")
    groups: defaultdict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        groups[item.dataset, film_of(item.source)].append(item)
    for (dataset, name), group in groups.items():
        known.call(dataset, name, {i.film for i in group} - {""}, {i.frame for i in group} - {""})
    return known


def source_of(item: Item, known: Films) -> str:
    """What an item is called here in place of its frame's path: film and file."""
    film = film_of(item.source)
    rest = item.source[len(film) + 1 :] if film else item.source or item.at
    return f"{known.names[item.dataset, film]}/{rest}"
