"""Frames from films: marks in, encoded pictures out, film after film or several at once. Writes nothing.

A film's thread reads and chooses; a few more encode. What comes out of them is put into one queue, in each film in the
order of its marks, so what is held at a time does not grow with the films' length or number.

This file imports no PyAV, OpenCV or PySceneDetect: what does is imported where a film is read.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Full, Queue, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

from ghibli_prep.durations import clock
from ghibli_prep.stages.extract import marks

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

    from ghibli_prep.settings import ExtractSettings
    from ghibli_prep.stages.extract.choosing import Choice
    from ghibli_prep.stages.extract.film import Film
    from ghibli_prep.stages.extract.looks import Box, View
    from ghibli_prep.stages.extract.marks import Mark

_QUEUED = 8


@dataclass(frozen=True, slots=True)
class Job:
    """A film to take frames from. done: the marks (`Mark.at`) not to be looked at again; taken: the times of the frames
    that they gave. cuts: where its scenes begin, None where that is not known yet."""

    file: Path
    done: Collection[float] = ()
    taken: Collection[float] = ()
    cuts: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """length: seconds of film in which frames are wanted; scanned: of film to be looked through first, for scenes."""

    job: Job
    length: float
    scanned: float


@dataclass(frozen=True, slots=True)
class CutsFound:
    job: Job
    cuts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reached:
    """share: of all the film's work, 0 to 1."""

    job: Job
    share: float


@dataclass(frozen=True, slots=True)
class Taken:
    """What a mark gave. time: of the frame, seconds of the film; content: its file, None where there is no frame for
    it, and `why`: `damaged`, `ended` or `same` (as an earlier mark's)."""

    job: Job
    mark: float
    scene: int | None
    time: float | None
    content: bytes | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """end: where the film really ended, and length: where it said that it would; None where that was not looked for.
    damaged: stretches that were left out, (from, to) in seconds; holes: those that have no frames at all."""

    job: Job
    length: float
    end: float | None
    damaged: tuple[tuple[float, float], ...] = ()
    holes: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A film that no frames can be had from, and why."""

    job: Job
    reason: str


Happening = Opened | CutsFound | Reached | Taken | Finished | LeftOut


class _Ended(Exception):
    """Nobody listens any more."""


def extract(jobs: Sequence[Job], settings: ExtractSettings, workers: int | None = None) -> Generator[Happening]:
    """Everything that comes of `jobs`. Closing it early ends the threads. workers: films at a time."""
    cores = os.cpu_count() or 1
    workers = min(workers or cores, len(jobs)) or 1
    results: Queue[Happening | BaseException | None] = Queue(_QUEUED)
    over = Event()

    def say(result: Happening | BaseException | None) -> None:
        while not over.is_set():
            try:
                results.put(result, timeout=0.1)
                return
            except Full:
                continue
        raise _Ended

    waiting: SimpleQueue[Job] = SimpleQueue()
    for job in jobs:
        waiting.put(job)

    def work(encoders: ThreadPoolExecutor) -> None:
        try:
            while not over.is_set():
                _One(waiting.get_nowait(), settings, max(1, cores // workers), encoders, say, over).run()
        except _Ended:
            return
        except Empty:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where it is heard
            with suppress(_Ended):
                say(error)
        with suppress(_Ended):
            say(None)

    with ThreadPoolExecutor(cores, thread_name_prefix="encode") as encoders:
        threads = [Thread(target=work, args=(encoders,), name=f"film-{at}") for at in range(workers)]
        try:
            for thread in threads:
                thread.start()
            yield from _heard(results, workers)
        finally:
            over.set()
            for thread in threads:
                if thread.ident is not None:
                    thread.join()


def _heard(results: Queue[Happening | BaseException | None], workers: int) -> Iterator[Happening]:
    while workers:
        try:
            result = results.get(timeout=1)  # so that Ctrl-C is heard on Windows
        except Empty:
            continue
        if result is None:
            workers -= 1
        elif isinstance(result, BaseException):
            raise result
        else:
            yield result


class _One:
    """The work on one film, in a thread of its own."""

    def __init__(
        self,
        job: Job,
        settings: ExtractSettings,
        threads: int,
        encoders: ThreadPoolExecutor,
        say: Callable[[Happening], None],
        over: Event,
    ) -> None:
        self.over = over
        self.job, self.settings, self.threads, self.encoders, self.say = job, settings, threads, encoders, say
        self.coming: deque[tuple[Mark, float, Future[bytes]]] = deque()
        self.times = set(job.taken)
        self.scanned_share = 0.0
        self.view: View | None = None
        self.box: Box | None = None

    def run(self) -> None:
        from ghibli_prep.stages.extract.film import Film, NotAFilm

        try:
            film = Film(self.job.file, self.threads)
            try:
                self._film(film)
            finally:
                for _, _, future in self.coming:
                    future.cancel()
                film.close()
        except NotAFilm as reason:
            self.say(LeftOut(self.job, str(reason)))

    def _film(self, film: Film) -> None:
        from ghibli_prep.stages.extract.looks import find_bars, view

        chosen = self.settings
        start, end = min(chosen.skip_start, film.length), max(film.length - chosen.skip_end, 0.0)
        if end <= start:
            self.say(
                LeftOut(
                    self.job,
                    f"it is {clock(film.length)} long, and nothing of that is left by skip_start and skip_end",
                )
            )
            return
        scan = chosen.scenes and self.job.cuts is None
        self.say(Opened(self.job, max(0.0, end - start), film.length if scan else 0.0))
        cuts = self._cuts(film) if scan else self.job.cuts or ()
        wanted = self._marks(cuts, start, end)
        left = [mark for mark in wanted if mark.at not in self.job.done]
        if not left:
            self.say(Finished(self.job, film.length, None))
            return
        self.view = view(film)
        if chosen.bars and end > start:
            film.reopen()
            self.box = find_bars(film, self.view, start, end)
        film.reopen()
        self._read(film, left, (start, end))

    def _marks(self, cuts: Sequence[float], start: float, end: float) -> list[Mark]:
        chosen = self.settings
        most = chosen.max_frames or None
        if chosen.scenes:
            return marks.in_scenes(cuts, start, end, chosen.per_scene, chosen.window, most)
        return marks.every(start, end, chosen.every, chosen.window, most)

    def _cuts(self, film: Film) -> tuple[float, ...]:
        from ghibli_prep.stages.extract.reading import Reader
        from ghibli_prep.stages.extract.scenes import cuts

        self.scanned_share = 0.5

        def reached(time: float) -> None:
            self.say(Reached(self.job, min(1.0, time / (film.length or 1)) * self.scanned_share))

        found = tuple(cuts(Reader(film).frames(lambda: None if self.over.is_set() else 0.0), film.rate, reached))
        self.say(CutsFound(self.job, found))
        film.reopen()
        return found

    def _read(self, film: Film, left: list[Mark], span: tuple[float, float]) -> None:
        from ghibli_prep.stages.extract.choosing import Chooser
        from ghibli_prep.stages.extract.reading import Reader

        reader, chooser = Reader(film), Chooser(left)
        for seen in reader.frames(lambda: None if self.over.is_set() else chooser.wanted()):
            for choice in chooser.take(seen):
                self._choice(choice, reader.damaged, span)
        whole = chooser.wanted() is None
        for choice in chooser.finish(reader.end):
            self._choice(choice, reader.damaged, span)
        self._encoded(0)
        end = None if whole else reader.end
        self.say(Finished(self.job, film.length, end, tuple(reader.damaged), tuple(reader.holes)))

    def _choice(
        self,
        choice: Choice,
        damaged: Sequence[tuple[float, float]],
        span: tuple[float, float],
    ) -> None:
        mark, seen = choice.mark, choice.seen
        hurt = any(first <= mark.last and last >= (seen.time if seen else mark.first) for first, last in damaged)
        why = ""
        if seen is None or (seen.time < mark.first and hurt and not mark.exact):
            why = "damaged" if hurt else "ended"
        elif seen.time in self.times:
            why = "same"
        if why or seen is None:
            self._encoded(0)
            self.say(Taken(self.job, mark.at, mark.scene, None, None, why))
        else:
            self.times.add(seen.time)
            future = self.encoders.submit(_picture, seen.frame, self.view, self.box, self.settings)
            self.coming.append((mark, seen.time, future))
            self._encoded(3)
        share = (mark.at - span[0]) / ((span[1] - span[0]) or 1)
        self.say(Reached(self.job, self.scanned_share + min(1.0, share) * (1 - self.scanned_share)))

    def _encoded(self, under_way: int) -> None:
        while len(self.coming) > under_way:
            mark, time, future = self.coming.popleft()
            self.say(Taken(self.job, mark.at, mark.scene, time, future.result()))


def _picture(frame: VideoFrame, view: View | None, box: Box | None, settings: ExtractSettings) -> bytes:
    from ghibli_prep.stages.extract.looks import View, cut, encoded, upright

    return encoded(cut(upright(frame, view or View()), box, settings.square), settings.format)
