"""The command `extract`: which films, into which folders, what of them is done already, and what is said of each.

The stage reads, the workspace writes; nothing here looks at a picture.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Bar, Console
from ghibli_prep.durations import clock
from ghibli_prep.errors import MissingExtra, NoInput, Stopped
from ghibli_prep.filmnames import safe
from ghibli_prep.settings import ExtractSettings
from ghibli_prep.stages import extract as stage
from ghibli_prep.stages.extract import Finished, Job, LeftOut, Opened, Reached, Taken
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.films import FilmFacts, Films, Shot

INSTALL_COMMAND = 'pip install "ghibli-prep[extract]"'


@dataclass(slots=True)
class Source:
    """A film as the user named it, and how it goes with it. length: seconds. facts: None until it is begun."""

    file: Path
    identity: str
    length: float
    facts: FilmFacts | None = None
    anew: bool = False
    new: int = 0
    share: float = 0.0
    told: list[str] = field(default_factory=list)


def need_packages() -> None:
    """Raises MissingExtra where films cannot be read. Nothing is imported for that."""
    missing = [name for name in ("av", "scenedetect") if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtra(
            f"`extract` needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed. "
            f"Install it: {INSTALL_COMMAND}"
        )


def look_through(named: Sequence[Path], console: Console) -> list[Source]:
    """The films among `named`, those in folders too; the others are told of.

    Raises NoInput where there is none: nothing was changed.
    """
    from ghibli_prep.stages.extract.film import Film, NotAFilm, found_in, identity

    sources: dict[str, Source] = {}
    for place in named:
        files = list(found_in(place)) if place.is_dir() else [place]
        if not files:
            console.tell(f"{place}: no films in this folder; name them one by one if their endings are unusual")
        for file in files:
            if file.exists() and not file.is_file():
                console.tell(f"{file}: not a file; left out")
                continue
            try:
                with closing(Film(file, threads=1)) as film:
                    source = Source(file, identity(file), film.length)
            except NotAFilm as reason:
                console.tell(f"{file}: {reason}; left out")
            except OSError as error:
                console.tell(f"{file}: cannot be read ({error.strerror}); left out")
            else:
                first = sources.setdefault(source.identity, source)
                if first is not source:
                    console.tell(f"{file}: the same film as {first.file}; left out")
    if not sources:
        raise NoInput("None of these is a film that can be used: nothing was changed.")
    return list(sources.values())


class Extracting:
    """One `extract` over one held workspace."""

    def __init__(self, workspace: Workspace, settings: ExtractSettings, console: Console, stop: Stop) -> None:
        self.workspace, self.settings, self.console, self.stop = workspace, settings, console, stop
        self.films: Films = workspace.films()
        self.options = options_of(settings)

    def run(self, sources: Sequence[Source], redo: bool) -> None:
        """Raises NoInput where every film was left out, Stopped where the user said so."""
        chosen = [source for source in sources if self._is_wanted(source, redo)]
        if not chosen:
            raise NoInput("Every film was left out: nothing was changed.")
        todo = {source.file: source for source in chosen if source.anew or not (source.facts and source.facts.done)}
        jobs = [self._job(source) for source in todo.values()]
        out: set[Path] = set()
        total = int(sum(source.length for source in todo.values()))
        with (
            self.console.bar("extract", total, " s of film") as bar,
            closing(stage.extract(jobs, self.settings)) as told,
        ):
            for event in told:
                source = todo[event.job.file]
                if isinstance(event, LeftOut):
                    self.console.tell(f"{source.file}: {event.reason}; left out")
                    out.add(source.file)
                else:
                    self._take(source, event, bar)
                if self.stop.soon:
                    raise Stopped("Stopped. Everything up to now is saved; run the same command again to go on.")
        for source in chosen:
            if source.file not in out:
                self.console.show(self._last_words(source))
        if len(out) == len(chosen):
            raise NoInput("No frames could be taken from any film.")

    def _is_wanted(self, source: Source, redo: bool) -> bool:
        """Find what is known of the film, and whether it is to be begun anew."""
        facts = source.facts = self.films.known.get(source.identity)
        if facts is None:
            source.anew = True
        elif facts.options != self.options:
            if not redo:
                self.console.tell(
                    f"{source.file}: its frames in {self.workspace.raw / facts.folder} were taken with other options "
                    f"({_difference(facts.options, self.options)}); left out. Add --redo to have these in their place."
                )
                return False
            source.anew = True
        elif not self.films.is_there(facts):
            self.console.tell(f"{source.file}: {self.workspace.raw / facts.folder} is gone; its frames are taken anew")
            source.anew = True
        else:
            source.anew = redo and facts.done
        return True

    def _job(self, source: Source) -> Job:
        facts = source.facts
        if facts is None or source.anew:
            return Job(source.file)
        times = {shot.time for shot in facts.shots.values() if shot.time is not None}
        return Job(source.file, set(facts.shots), times, facts.cuts)

    def _take(self, source: Source, event: stage.Happening, bar: Bar) -> None:
        match event:
            case Opened():
                if source.anew or source.facts is None:
                    self._begin(source)
            case stage.CutsFound(_, cuts):
                self.films.scenes(source.identity, cuts)
            case Taken():
                self._shot(source, event)
            case Reached(_, share) if share > source.share:
                bar.update((share - source.share) * source.length)
                source.share = share
            case Finished():
                self._finished(source, event)
            case _:
                pass

    def _begin(self, source: Source) -> None:
        name = safe(source.file.stem)
        folder = self.films.folder_for(source.identity, name)
        if folder != name and source.identity not in self.films.known:
            self.console.tell(
                f"{source.file}: {self.workspace.raw / name} holds another film of this name (or this one as it was "
                f"before it changed); its frames go to {self.workspace.raw / folder}"
            )
        if known := self.films.known.get(source.identity):
            self._withdraw(source, known.folder)
        source.facts = self.films.begin(FilmFacts(source.identity, source.file.name, folder, self.options))
        source.anew = False

    def _withdraw(self, source: Source, folder: str) -> None:
        """What was decided of the frames that are to be replaced is shown no more."""
        self.workspace.take_away_film(folder)
        facts = self.workspace.facts
        there = set(self.workspace.pictures())
        count = sum(number in there and of.startswith(f"{folder}/") for number, of in facts.sources.items())
        if count:
            self.console.tell(
                f"{source.file}: pictures made of its earlier frames stay in {self.workspace.train}: {count:,}. Delete "
                "what you do not want there, or use another --workspace"
            )

    def _shot(self, source: Source, taken: Taken) -> None:
        assert source.facts is not None
        name = ""
        if taken.time is not None:
            folder = source.facts.folder
            name = f"{folder}/{folder}_{clock(taken.time, '-', '-')}.{self.settings.format}"
            source.new += 1
        shot = Shot(taken.mark, name, taken.time, taken.scene, taken.why)
        self.films.shot(source.identity, shot, taken.content)

    def _finished(self, source: Source, end: Finished) -> None:
        self.films.finish(source.identity)
        if end.damaged:
            self.console.tell(
                f"{source.file}: damaged from {_places(end.damaged)}; nothing was taken from there, "
                "and the rest was gone on with"
            )
        if end.holes:
            self.console.tell(
                f"{source.file}: no pictures from {_places(end.holes)}: damaged, unless one picture stood so long; "
                "the rest was gone on with"
            )
        if end.end is not None and end.end < end.length - max(2.0, end.length / 100):
            self.console.tell(
                f"{source.file}: ends at {clock(end.end)}, not at {clock(end.length)} as it says: cut off, it seems. "
                "Copy or download it again to have the rest"
            )

    def _last_words(self, source: Source) -> str:
        facts = self.films.known[source.identity]
        count = len(facts.files)
        fresh = "" if source.new == count else f" ({source.new:,} new)" if source.new else " (nothing left to do)"
        frames = f"{count:,} frame{'' if count == 1 else 's'}"
        return f"{source.file.name}: {frames}{fresh} in {self.workspace.raw / facts.folder}"


def options_of(settings: ExtractSettings) -> dict[str, Any]:
    """What decides which frames a film gives, and how they look."""
    options = settings.model_dump()
    for name in ("every",) if settings.scenes else ("scenes", "per_scene"):
        del options[name]
    return options


def _places(stretches: Sequence[tuple[float, float]]) -> str:
    first, last = stretches[0]
    more = len(stretches) - 1
    return f"{clock(first)} to {clock(last)}{f' and in {more} more places' if more else ''}"


def _difference(old: Any, new: Any) -> str:
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return "; ".join(f"{name}: {_said(old.get(name))}, now {_said(new.get(name))}" for name in names)


def _said(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g} s"
    return str(value)
