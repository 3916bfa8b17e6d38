"""What datasets and films are called where they are merged, so that two of one name are not taken for one.

Films are one where they are of one file, or where one frame is in both. Pure; knows no disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ghibli_prep.filmnames import safe


def names_of(folders: Sequence[Path], known: Mapping[str, Path]) -> list[str]:
    """A name for each dataset, of its folder: the one it had before, or one that is free. known: by name."""
    taken = {name.casefold() for name in known}
    before = {folder: name for name, folder in known.items()}
    names = []
    for folder in folders:
        name = before.get(folder) or _free(safe(folder.name), taken, "")
        taken.add(name.casefold())
        names.append(name)
    return names


def _free(name: str, taken: Iterable[str], whose: str) -> str:
    tries = [name, *([f"{name} ({whose})"] if whose else [])]
    tries += [f"{tries[-1]} {count}" for count in range(2, len([*taken]) + 3)]
    return next(each for each in tries if each.casefold() not in taken)


@dataclass(slots=True)
class Folder:
    """A film as it is called here. films: their SHA-256; frames: identities of its frames."""

    films: set[str] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Films:
    """folders: by their names here. names: of a dataset's film, by the dataset and the film's name there, which is ""
    for pictures of no film."""

    folders: dict[str, Folder] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, name: str, film: str, frame: str) -> None:
        """That there is a frame of a film here."""
        folder = self.folders.setdefault(name, Folder())
        folder.films |= {film} - {""}
        folder.frames |= {frame} - {""}

    def call(self, dataset: str, name: str, films: set[str], frames: set[str]) -> str:
        """What a film of a dataset is called here, for ever."""
        if (dataset, name) not in self.names:
            same = (
                here
                for here, folder in self.folders.items()
                if not (folder.films.isdisjoint(films) and folder.frames.isdisjoint(frames))
            )
            taken = {here.casefold() for here in self.folders}
            here = (next(same, None) if name else None) or _free(name or dataset, taken, dataset if name else "")
            self.names[dataset, name] = here
            self.folders.setdefault(here, Folder())
        folder = self.folders[self.names[dataset, name]]
        folder.films |= films
        folder.frames |= frames
        return self.names[dataset, name]
