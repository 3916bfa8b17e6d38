"""Looks at pictures and captions, on all cores. Each worker is a process: rules are Python, and would share one core.

A task is small (a number and a line), and so is what comes back; pictures never travel.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Finding, Profile
from ghibli_prep.errors import UsageError
from ghibli_prep.settings import Settings
from ghibli_prep.validating import origins, pictures
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace.metadata import file_name

FEW = 300
"""So many are looked at before other processes would have started."""
_CHUNK = 32


@dataclass(frozen=True, slots=True)
class Task:
    """number: of the picture to look at, None where there is none. at: the line of `text`, "" where it has none.
    written_for: the SHA-256 of the picture that the text was written for, b"" where it is not known."""

    number: int | None
    at: int | None
    text: str
    written_for: bytes = b""


@dataclass(frozen=True, slots=True)
class Looked:
    """What one task came to. fingerprint: see `pictures.PRINT`; b"" where the picture cannot be decoded."""

    number: int | None
    problems: tuple[Problem, ...]
    fingerprint: bytes


class Looker:
    """folder: where the pictures lie. shown: how it is named to the user, with `/` at the end, or ""."""

    def __init__(self, folder: Path, shown: str, settings: Settings) -> None:
        self.folder, self.shown, self.settings = folder, shown, settings
        self._profile = Profile.of(settings.caption)

    def look(self, task: Task) -> Looked:
        problems = list(self._caption(task))
        fingerprint = b""
        if task.number is not None:
            name = file_name(task.number)
            found = pictures.look(self.folder / name, self.settings.resize)
            problems += [
                Problem(check, self.shown + name, None, why, pictures.REMEDIES.get(check, pictures.REMEDY))
                for check, why in found.wrong.items()
            ]
            if not found.wrong and task.written_for not in (b"", found.digest):
                detail = "is another picture than the one that its caption was written for"
                problems.append(Problem(origins.CHECK, self.shown + name, None, detail, origins.REMEDY, "warning"))
            fingerprint = found.fingerprint
        return Looked(task.number, tuple(problems), fingerprint)

    def _caption(self, task: Task) -> Iterator[Problem]:
        if not task.text:
            return
        found = rules.findings(task.text, self._profile)
        mendable = bool(found) and bool(rules.mend(task.text, self._profile).text)
        for finding in found:
            yield caption_problem(finding, f"{self.shown}metadata.jsonl", task.at, mendable)


def caption_problem(finding: Finding, file: str, at: int | None, mendable: bool) -> Problem:
    """What a broken rule comes to: rules that are only warned of make a warning, all others a problem."""
    detail = f"the caption {finding.detail}"
    if finding.severity == "warn":
        return Problem(finding.rule, file, at, detail, "Shorter and plainer is better.", "warning")
    if finding.severity == "mend" and mendable:
        return Problem(finding.rule, file, at, detail, "`ghibli-prep validate --fix` mends it.", fixable=True)
    return Problem(
        finding.rule, file, at, detail, "Edit the text, or delete the line and run `ghibli-prep caption` to ask again."
    )


def look_at(looker: Looker, tasks: Iterable[Task], total: int) -> Iterator[Looked]:
    """What each task comes to, in order, a few at a time. total: how many there are."""
    if total <= FEW:
        yield from map(looker.look, tasks)
        return
    workers = min(os.cpu_count() or 1, 60)  # Windows waits for no more than 63 at once
    pool = ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("spawn"),  # a fork would copy locks that threads of ours may hold
        _start,
        (looker.folder, looker.shown, looker.settings),
    )
    ahead: deque[Future[list[Looked]]] = deque()
    waiting = iter(tasks)
    try:
        while chunk := list(islice(waiting, _CHUNK)):
            with _deaf_to_ctrl_c():  # this may start a worker
                ahead.append(pool.submit(_look, chunk))
            if len(ahead) >= 4 * workers:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    except BrokenProcessPool:
        raise UsageError(
            "A process that was looking at pictures was ended from outside; memory may have run out. "
            "Nothing was changed: run the same command again."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Processes that are started meanwhile never hear Ctrl-C, which is for their parent alone."""
    if threading.current_thread() is not threading.main_thread():  # Python lets only that one choose
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


_looker: Looker | None = None


def _start(folder: Path, shown: str, settings: Settings) -> None:
    """Make a worker ready: it goes when its parent is gone."""
    global _looker
    threading.Thread(target=_go_with_the_parent, daemon=True).start()
    _looker = Looker(folder, shown, settings)


def _go_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _look(chunk: list[Task]) -> list[Looked]:
    if _looker is None:
        raise RuntimeError("the worker was not made ready")
    return [_looker.look(task) for task in chunk]
