"""`.ghibli-prep/frames.jsonl`: which frames came from which film, and when in it they are shown.

A line stands on its own: a film that was begun, with the options; where its scenes begin; what became of each mark; a
film that is done. Frames can be had from the film again, so lines are not synced; a picture is in its place before its
line. Beginning a film anew makes the frames of before stale. Knows nothing of how a film is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes

VERSION = 1
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Shot:
    """What a mark of a film gave. file: below `raw/`, with `/`, "" where it gave none, and `why`; time: in seconds."""

    mark: float
    file: str
    time: float | None
    scene: int | None
    why: str


@dataclass(slots=True)
class FilmFacts:
    """What is known of one film. folder: below `raw/`. stale: files of an earlier extraction, to be taken away."""

    identity: str
    name: str
    folder: str
    options: Options
    cuts: tuple[float, ...] | None = None
    shots: dict[float, Shot] = field(default_factory=dict)
    stale: set[str] = field(default_factory=set)
    done: bool = False

    @property
    def files(self) -> set[str]:
        return {shot.file for shot in self.shots.values() if shot.file}


class Films:
    """The file of them, and their pictures. `known`: by identity.

    staging: a folder for half-written pictures. Raises ForeignState on reading, DiskError or UsageError on writing.
    """

    def __init__(self, path: Path, raw: Path, staging: Path) -> None:
        self._path, self._raw, self._staging = path, raw, staging
        self.known: dict[str, FilmFacts] = {}
        for at, line in lines.numbered(lines.whole(lines.read(path))):
            record = lines.parse(line)
            try:
                self._apply(record or {})
            except (KeyError, TypeError, ValueError, AttributeError):
                raise ForeignState(
                    f"{path}, line {at}: not a line of this ghibli-prep (it knows version {VERSION}). Upgrade it, or "
                    "move that file away: frames are then taken again where they are wanted. Nothing was changed."
                ) from None

    def _apply(self, record: Mapping[str, Any]) -> None:
        if record["version"] != VERSION:
            raise ValueError
        identity = str(record["film"])
        match record["kind"]:
            case "begun":
                old = self.known.get(identity)
                new = FilmFacts(identity, str(record["name"]), str(record["folder"]), dict(record["options"]))
                new.stale = (old.stale | old.files) if old else set()
                self.known[identity] = new
            case "scenes":
                self.known[identity].cuts = tuple(float(cut) for cut in record["cuts"])
            case "frame":
                time, scene = record["time"], record["scene"]
                shot = Shot(
                    float(record["mark"]),
                    str(record["file"]),
                    None if time is None else float(time),
                    None if scene is None else int(scene),
                    str(record["why"]),
                )
                self.known[identity].shots[shot.mark] = shot
                self.known[identity].stale.discard(shot.file)
            case "done":
                self.known[identity].done = True
                self.known[identity].stale.clear()
            case _:
                raise ValueError

    def shots(self) -> dict[str, Shot]:
        """What is known of each frame that was taken from a film, by its path below `raw/`."""
        return {shot.file: shot for film in self.known.values() for shot in film.shots.values() if shot.file}

    def mend(self) -> None:
        """Cut off half a line at the end, which a kill may have left."""
        content = lines.read(self._path)
        whole = lines.whole(content)
        if whole != content:
            with disk_errors_in_words(self._path):
                replace_bytes(self._path, whole)

    def begin(self, film: FilmFacts) -> FilmFacts:
        self._note(
            film.identity, "begun", name=_text(film.name), folder=film.folder, options=dict(film.options), durable=True
        )
        return self.known[film.identity]

    def scenes(self, identity: str, cuts: tuple[float, ...]) -> None:
        self._note(identity, "scenes", cuts=list(cuts))

    def shot(self, identity: str, shot: Shot, content: bytes | None) -> None:
        """Put the picture in its place, then write down where it came from; after a kill between, it is done again."""
        if content is not None:
            file = self._raw / shot.file
            with disk_errors_in_words(file):
                file.parent.mkdir(parents=True, exist_ok=True)
            replace_bytes(file, content, beside=self._staging)
        self._note(identity, "frame", mark=shot.mark, file=shot.file, time=shot.time, scene=shot.scene, why=shot.why)

    def finish(self, identity: str) -> None:
        """All that is wanted of a film is there: what an earlier extraction left goes."""
        film = self.known[identity]
        for name in sorted(film.stale - film.files):
            with disk_errors_in_words(self._raw / name):
                (self._raw / name).unlink(missing_ok=True)
        self._note(identity, "done", durable=True)

    def is_there(self, film: FilmFacts) -> bool:
        """Whether the folder of its frames is, unless it never had any."""
        return not film.files or (self._raw / film.folder).is_dir()

    def _note(self, identity: str, kind: str, durable: bool = False, **what: Any) -> None:
        record = {"version": VERSION, "kind": kind, "film": identity, **what}
        with disk_errors_in_words(self._path):
            lines.append(self._path, [record], durable=durable)
        self._apply(record)

    def folder_for(self, identity: str, name: str) -> str:
        """A folder of its own for a film that would like to be called `name`; the one it has, if it has one."""
        if identity in self.known:
            return self.known[identity].folder
        taken = {film.folder.casefold() for film in self.known.values()}  # Windows and macOS hold them for the same
        return f"{name}~{identity[:8]}" if name.casefold() in taken else name


def _text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()
