"""What lies in a dataset that is to be merged: ours, or any folder with a metadata.jsonl or a .txt beside each picture.

Reads, and never through what opening a workspace would mend. A line or a picture that cannot be used is named with the
reason, and the rest goes on. Knows nothing of what a picture looks like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ghibli_prep.errors import NoInput, UsageError
from ghibli_prep.layouts import METADATA, SIDECARS, beside, said, with_lines
from ghibli_prep.merging.ours import BLOCKED, Known
from ghibli_prep.samples import BLOCKED_TEXT, Found
from ghibli_prep.stages.find import find
from ghibli_prep.workspace.contents import STATE
from ghibli_prep.workspace.metadata import number_of
from ghibli_prep.workspace.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Item:
    """A picture with its caption. at: below the dataset's folder, with `/`.

    frame, source, film, time: as in `workspace.merged.Origin`. made: where its caption came from, where that is known.
    """

    file: Path
    at: str
    text: str
    dataset: str
    frame: str = ""
    source: str = ""
    film: str = ""
    time: float | None = None
    made: Provenance | None = None


@dataclass(slots=True)
class Dataset:
    """A dataset that was read. left_out: what cannot be used, by its path below `folder`, and why. cuts: where the
    scenes of films begin, see `workspace.merged`."""

    name: str
    folder: Path
    items: list[Item] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    cuts: dict[str, tuple[float, ...]] = field(default_factory=dict)


def root_of(folder: Path) -> Path:
    """The dataset that is meant by `folder`: its workspace, where that is the `train/` of one."""
    folder = folder.resolve()
    return folder.parent if folder.name == "train" and (folder.parent / STATE).is_dir() else folder


def read(folder: Path, name: str) -> Dataset:
    """The dataset in `folder`, called `name`. Raises NoInput where there is none, UsageError where it is unreadable."""
    dataset = Dataset(name, folder)
    if not folder.is_dir():
        raise NoInput(f"{folder}: no such folder. Name the folders of the datasets to be merged.")
    try:
        if (folder / STATE).is_dir() and any((folder / "train").glob("*")):
            _read_ours(dataset)
        else:
            parts = with_lines(folder)
            for part in parts:
                _read_lines(dataset, part)
            if parts != [folder]:
                _read_sidecars(dataset, parts)
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder}: cannot be read ({error.strerror}). Nothing was changed."
        ) from None
    if not dataset.items and not dataset.left_out:
        raise NoInput(
            f"{folder}: no dataset. Name a workspace, or a folder with a metadata.jsonl or a .txt beside each picture."
        )
    return dataset


def _read_ours(dataset: Dataset) -> None:
    known = Known.of(dataset.folder)
    dataset.left_out |= known.unreadable
    dataset.cuts = known.cuts
    if (dataset.folder / "train").is_dir():
        _read_lines(dataset, dataset.folder / "train", known)
    dataset.items.sort(key=lambda item: number_of(item.file.name) or 0)


def _read_lines(dataset: Dataset, here: Path, known: Known | None = None) -> None:
    """The lines of `here/metadata.jsonl`, and the pictures that have none. known: of a workspace of ours."""
    known = known or Known()
    below = here.relative_to(dataset.folder).as_posix()
    shown = "" if below == "." else f"{below}/"
    without = {found.source for found in _pictures(here, dataset, shown)}
    seen: set[str] = set()
    lines = ((f", line {line.at:,}", line.name, line.text, line.why) for line in said(here / METADATA))
    for where, name, text, why in (*lines, *known.waiting()):
        without.discard(name)
        if why:
            dataset.left_out[f"{shown}{METADATA}{where}"] = why
            continue
        if name in seen and not where:
            continue
        number, at = number_of(name), shown + name
        why = _unusable(here / name, name in seen) or known.against(number, text)
        if why or at in dataset.left_out:
            dataset.left_out.setdefault(at if name not in seen else f"{shown}{METADATA}{where}", why)
        else:
            text = known.text_of(number, text)
            dataset.items.append(Item(here / name, at, text, dataset.name, **known.about(number)))
        seen.add(name)
    for name in sorted(without):
        dataset.left_out[shown + name] = known.against(number_of(name), "") or f"has no line in {METADATA}"


def _unusable(file: Path, twice: bool) -> str:
    if twice:
        return f"{file.name} has a line before"
    return "" if file.is_file() else "there is no such picture"


def _read_sidecars(dataset: Dataset, others: Sequence[Path]) -> None:
    """others: folders of it that have lines, and are read by these."""
    bare: dict[str, str] = {}
    captioned = 0
    for found in _pictures(dataset.folder, dataset, "", others):
        there = beside(found.file)
        if there is None:
            bare[found.source] = f"has no {SIDECARS[0]} beside it"
            continue
        captioned += 1
        text, why = there
        if why or text == BLOCKED_TEXT:
            dataset.left_out[found.source] = why or BLOCKED
        else:
            dataset.items.append(Item(found.file, found.source, text, dataset.name))
    if captioned:
        dataset.left_out |= bare
    elif not others:  # pictures alone are no dataset
        dataset.left_out.clear()


def _pictures(here: Path, dataset: Dataset, shown: str, skip: Sequence[Path] = ()) -> Iterator[Found]:
    """Every picture below `here`; what should be one and is none is left out."""
    for found in find(here, lambda _file, _stat: "", skip):
        if isinstance(found, Found):
            yield found
        else:
            dataset.left_out[shown + found.source] = found.reason
