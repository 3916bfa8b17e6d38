"""The split of a workspace: what its pictures are like is looked up, the sides are drawn, and their folders filled."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ghibli_prep import likeness
from ghibli_prep.console import Console
from ghibli_prep.errors import NoInput, ProblemsFound
from ghibli_prep.likeness.links import links
from ghibli_prep.report import pictures
from ghibli_prep.rows import Row, rows
from ghibli_prep.settings import Settings
from ghibli_prep.splitting import Picture, Split, natural, split
from ghibli_prep.validating.pictures import PRINT, look
from ghibli_prep.workspace import Workspace, sides
from ghibli_prep.workspace.contents import relative
from ghibli_prep.workspace.sides import Draw

TRAINING, VALIDATION = "train", "validation"
SHOWN = 5
"""So many pictures are named at the most."""


def divide(
    workspace: Workspace, settings: Settings, share: float, seed: int, out: Path, source: Path, console: Console
) -> Split:
    """Split the captioned pictures of a held workspace into `out/train` and `out/validation`. source: the input folder.

    Raises NoInput where nothing is captioned, UsageError and ForeignState where `out` is no place for that,
    ProblemsFound where the sides are not apart from each other or one would be empty. Nothing is written then.
    """
    state = workspace.state / "split.json"
    before, place = sides.read(state), relative(out.resolve(), workspace.root)
    never = (*workspace.derived, workspace.raw, source)
    sides.check(out, (TRAINING, VALIDATION), never, place in before.outs)
    captioned = [row for row in rows(workspace) if row.state == "captioned"]
    if not captioned:
        raise NoInput(f"{workspace.train}: no captioned picture to split. Run `ghibli-prep run` first.")
    seen = _seen(workspace, settings, captioned, console)
    captioned = [row for row in captioned if row.number in seen]
    bits = np.array([seen[row.number].bits for row in captioned], np.uint64).reshape(len(captioned), -1)
    thumbnails = likeness.thumbnails([seen[row.number].thumbnail for row in captioned])
    repeats = list(links(thumbnails, settings.filter.duplicate.drop))
    known = before.sides(seed, share)
    drawn = split(_pictures(workspace, captioned), bits, share, seed, settings.split, known, repeats)
    _check(drawn, len(captioned), share)
    now = {row.number: row.number in drawn.validation for row in captioned}
    sides.write(state, before.and_also(Draw(seed, share, {**known, **now}), place))
    for name, inside in ((TRAINING, False), (VALIDATION, True)):
        texts = {row.number: row.text for row in captioned if now[row.number] is inside}
        sides.fill(out / name, {number: workspace.file(number) for number in texts}, texts)
    return drawn


def _check(drawn: Split, count: int, share: float) -> None:
    """Raises ProblemsFound for sides that are none."""
    if near := drawn.too_near + drawn.repeats:
        raise ProblemsFound(f"{near:,} pairs across the sides are too much alike. Nothing was written.")
    if 0 < len(drawn.validation) < count:
        return
    why = "What belongs together goes to one side: a scene, frames that look alike, pictures with one caption."
    if len(drawn.groups) == 1:
        raise ProblemsFound(f"All {count:,} captioned pictures belong together: one side would be empty. {why}")
    least = min(drawn.groups)
    raise ProblemsFound(
        f"One side would be empty: {count:,} pictures belong together in {len(drawn.groups):,} groups, the least of "
        f"{least:,}, and {share:.3g} of all are {round(share * count):,}. {why} Take another share with --validation."
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """bits: of the perceptual hash. thumbnail: as `likeness` makes it."""

    bits: NDArray[np.uint64]
    thumbnail: bytes


def _look(file: Path, settings: Settings) -> _Seen | None:
    """None where it cannot be decoded."""
    print_ = look(file, settings.resize).fingerprint
    if not print_:
        return None
    try:
        return _Seen(np.frombuffer(print_, PRINT)[0]["bits"], likeness.thumbnail_in(file))
    except OSError:
        return None


def _seen(workspace: Workspace, settings: Settings, captioned: Sequence[Row], console: Console) -> Mapping[int, _Seen]:
    """What is seen of the pictures that can be decoded, by number."""

    def looked() -> Iterator[tuple[int, _Seen | None]]:
        with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="look") as pool:
            files = (workspace.file(row.number) for row in captioned)
            seen = pool.map(lambda file: _look(file, settings), files)
            yield from zip((row.number for row in captioned), seen, strict=True)

    found = {}
    for number, seen in console.counting("look", looked(), len(captioned)):
        if seen:
            found[number] = seen
        else:
            console.tell(f"{number}.jpg cannot be decoded and was left out: see `ghibli-prep validate`")
    return found


def _pictures(workspace: Workspace, captioned: Sequence[Row]) -> list[Picture]:
    shown = moments(workspace, {row.number: row.source for row in captioned})
    made = []
    for row in captioned:
        time, scene = shown[row.number]
        made.append(Picture(row.number, row.text, row.film, (time or 0.0, natural(row.source)), scene))
    return made


def moments(workspace: Workspace, sources: Mapping[int, str]) -> dict[int, tuple[float | None, int | None]]:
    """When in its film each picture is shown, in seconds, and in which of its scenes; None where that is not known.

    sources: by number. Each dataset counts the scenes of a film in its own way: where some of a film's frames came from
    others, all of them are counted by one list of cuts.
    """
    films, merged = workspace.films(), workspace.merged()
    shots, files = films.shots(), {file: film for film in films.known.values() for file in film.files}
    came = {origin.film for origin in merged.origins.values()} - {""}
    own = {film.identity: film.cuts for film in films.known.values() if film.cuts is not None}
    cuts = {**merged.cuts, **own}
    found = {}
    for number, source in sources.items():
        if origin := merged.origins.get(number):
            film, time, scene = origin.film, origin.time, None
        else:
            shot = shots.get(source)
            film, time, scene = (files[source].identity, shot.time, shot.scene) if shot else ("", None, None)
        if film in came:
            scene = bisect_right(cuts[film], time) if film in cuts and time is not None else None
        found[number] = (time, scene)
    return found


def in_words(drawn: Split, count: int, out: Path) -> str:
    """What a split came to, and its proof."""
    inside = len(drawn.validation)
    lines = [
        f"{out / VALIDATION}: {pictures(inside)}; {out / TRAINING}: {count - inside:,}, "
        f"in {len(drawn.groups):,} groups that went whole."
    ]
    if drawn.moved:
        named = ", ".join(f"{number}.jpg" for number in drawn.moved[:SHOWN])
        named += ", ..." if len(drawn.moved) > SHOWN else ""
        lines.append(f"To the other side than before, as they belong to pictures there by now: {named}")
    if drawn.picture and drawn.caption:
        one, two = drawn.picture, drawn.caption
        lines += [
            f"The nearest pictures across are {one.inside}.jpg and {one.outside}.jpg: "
            f"{one.distance:.0f} of 256 bits apart.",
            f"The nearest captions across are those of {two.inside}.jpg and {two.outside}.jpg: "
            f"{two.distance:.0%} of their words in common.",
            f"Pairs above the thresholds: {drawn.too_near}.",
            f"Repeats across, also cut, scaled or brighter: {drawn.repeats}.",
        ]
    return "\n".join(lines)


def as_json(drawn: Split, count: int, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "train": count - len(drawn.validation),
        "validation": len(drawn.validation),
        "validation_numbers": sorted(drawn.validation),
        "groups": len(drawn.groups),
        "moved": sorted(drawn.moved),
        "nearest_pictures": asdict(drawn.picture) if drawn.picture else None,
        "nearest_captions": asdict(drawn.caption) if drawn.caption else None,
        "too_near": drawn.too_near,
        "repeats": drawn.repeats,
    }
