"""Captions by the batch: jobs are opened, brought to the provider, looked after, and their answers collected.

What a job's next step is, and what an answer means for it, is `steps`'s; where it stands is noted by the workspace
before anything more is done. Whatever is killed, the same command goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass
from uuid import uuid4

from ghibli_prep.asking import Means, duration
from ghibli_prep.batching import steps
from ghibli_prep.batching.errands import Errands
from ghibli_prep.batching.ladder import Ladder, Why
from ghibli_prep.batching.steps import Elsewhere, Onward, Rest, Stuck
from ghibli_prep.captioning import Slot
from ghibli_prep.captioning.batches import BatchService, Trouble
from ghibli_prep.captioning.calls import rest
from ghibli_prep.captioning.dispatch import Done, Interrupted
from ghibli_prep.console import Bar
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.batches import Job

FILE_ROOM = 2_000_000_000
"""Bytes of a file of requests: the provider takes 2 GB."""
ROUNDS = 3
"""Jobs that a picture is in at most in one run: who waits is not to wait for ever."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Jobs are out. reasons: why each is, by its name; stuck: those that only the user can help."""

    jobs: tuple[Job, ...]
    reasons: dict[str, str]
    stuck: frozenset[str]


@dataclass(frozen=True, slots=True)
class NobodyTakesIt:
    """No key and model takes a batch."""

    why: Why


@dataclass(frozen=True, slots=True)
class Left:
    """Nothing is out, and pictures went back to the queue."""

    numbers: tuple[int, ...]


def many(numbers: Collection[int]) -> str:
    """`1 picture is`, `4,789 pictures are`."""
    return f"{len(numbers):,} picture{' is' if len(numbers) == 1 else 's are'}"


End = Done | Interrupted | UnderWay | NobodyTakesIt | Left


class Batching:
    """One run of `--batch` over a held workspace. make_service: called once."""

    def __init__(self, workspace: Workspace, means: Means, make_service: Callable[[], BatchService]) -> None:
        self._workspace, self._means, self._make = workspace, means, make_service
        self._ladder = Ladder(means.keys, means.settings.models)
        self._rests: dict[str, Rest | Stuck] = {}
        self._rounds: Counter[int] = Counter()
        self._moved = False

    def run(self, retry_blocked: bool, limit: int | None, wait: bool) -> End:
        """Bring every job as far as it goes, and open new ones for pictures that want a caption.

        limit: the most pictures to be out, or to come out, by this. Raises GhibliPrepError.
        """
        with closing(self._make()) as service, self._means.console.bar("batch", None) as bar:
            self._errands = Errands(self._workspace, self._means, service, self._ladder)
            chosen, looks = set(self._workspace.out_in_batches()), 0
            while True:
                self._moved = False
                self._advance()
                self._open(retry_blocked, limit, chosen)
                self._advance(fresh=True)
                end = self._end(retry_blocked, limit, chosen)
                if not wait or self._is_over(end, retry_blocked, limit, chosen):
                    return end
                looks = 0 if self._moved else looks + 1
                if isinstance(end, UnderWay):
                    self._sleep(end, looks, bar)

    def forget(self, job: Job) -> str:
        """Give a job up, cancelled where it can be, its pictures in the queue again. Says what became of it."""
        with closing(self._make()) as service:
            return Errands(self._workspace, self._means, service, self._ladder).forget(job)

    # Jobs --------------------------------------------------------------------------------------------

    def _open(self, retry_blocked: bool, limit: int | None, chosen: set[int]) -> None:
        """Note a job for each share of what is wanted. chosen: grows by what is taken."""
        sizes = {}
        for number in self._openable(retry_blocked, limit, chosen):
            try:
                sizes[number] = self._workspace.file(number).stat().st_size
            except OSError:
                continue  # it went away this moment
        if self._means.stop.soon:
            return
        for numbers in steps.shares(sizes, self._means.settings.batch.pictures_per_job, FILE_ROOM):
            chosen.update(numbers)
            self._rounds.update(numbers)
            self._workspace.note_batch(Job(f"ghibli-prep-{uuid4().hex[:16]}", numbers, self._means.clock()))

    def _wanted(self, retry_blocked: bool, limit: int | None, chosen: set[int]) -> list[int]:
        workspace = self._workspace
        wanted = set(workspace.pending())
        if retry_blocked:
            wanted |= {*workspace.blocked(), *workspace.failed()} - self._errands.settled
        free = sorted(wanted - workspace.out_in_batches())
        if limit is None:
            return free
        room = max(0, limit - len(chosen))
        new = [number for number in free if number not in chosen][:room]
        return sorted([*new, *(number for number in free if number in chosen)])

    def _openable(self, retry_blocked: bool, limit: int | None, chosen: set[int]) -> list[int]:
        return [n for n in self._wanted(retry_blocked, limit, chosen) if self._rounds[n] < ROUNDS]

    def _jobs_out(self) -> list[Job]:
        return [job for job in self._workspace.batches.values() if job.out]

    def _advance(self, fresh: bool = False) -> None:
        """Bring each job as far as it goes. fresh: only those that were not looked at since the last look."""
        if not fresh:
            self._rests.clear()
        for job in self._jobs_out():
            if job.name not in self._rests:
                self._go_on(job)

    def _go_on(self, job: Job) -> None:
        while job.out and not self._means.stop.soon:
            turn = self._errands.step(job)
            match turn:
                case Onward(now):
                    self._workspace.note_batch(now)
                    self._tell(job, now)
                    job, self._moved = now, True
                case Elsewhere(now, blame):
                    self._workspace.note_batch(now)
                    slot = self._ladder.slot(job.fingerprint, job.model)
                    if slot is not None:
                        self._leave(slot, blame)
                    job = now
                case Rest() | Stuck():
                    self._rests[job.name] = turn
                    return

    def _leave(self, slot: Slot, blame: Trouble) -> None:
        self._ladder.leave(slot, blame)
        self._means.console.tell_once(f"{slot}: takes no batch: {blame.reason}; going on with the next")

    # Words and waiting -------------------------------------------------------------------------------

    def _tell(self, before: Job, now: Job) -> None:
        console = self._means.console
        if now.step == "created":
            console.tell(f"{now.name}: {many(now.numbers)} with {now.model} by key {now.key}, at half the price")
        elif now.step == "closed":
            console.tell(f"{now.name}: {now.why}" + ("" if before.step == "fetched" else "; its pictures wait again"))

    def _end(self, retry_blocked: bool, limit: int | None, chosen: set[int]) -> End:
        if self._means.stop.soon:
            return Interrupted()
        if out := self._jobs_out():
            reasons = {name: turn.reason for name, turn in self._rests.items()}
            stuck = frozenset(name for name, turn in self._rests.items() if isinstance(turn, Stuck))
            return UnderWay(tuple(out), reasons, stuck)
        left = self._wanted(retry_blocked, limit, chosen)
        if left and self._ladder.first() is None:
            return NobodyTakesIt(self._ladder.why)
        return Left(tuple(left)) if left else Done()

    def _is_over(self, end: End, retry_blocked: bool, limit: int | None, chosen: set[int]) -> bool:
        """Would waiting change nothing?"""
        if isinstance(end, UnderWay):
            return all(job.name in end.stuck for job in end.jobs)
        return not isinstance(end, Left) or not self._openable(retry_blocked, limit, chosen)

    def _sleep(self, end: UnderWay, looks: int, bar: Bar) -> None:
        pauses = self._means.settings.batch.poll_seconds
        now = self._means.clock()
        until = now + pauses[min(looks, len(pauses) - 1)]
        for turn in self._rests.values():
            if isinstance(turn, Rest) and turn.until is not None:
                until = max(now, min(until, turn.until))
        self._means.console.tell_once("Waiting for the batch. Ctrl-C stops; nothing is lost.")
        count = many([number for job in end.jobs for number in job.numbers])
        rest(
            until,
            self._means.clock,
            self._means.stop,
            lambda left: bar.set_postfix_str(f"{count} out; next look in {duration(left)}"),
        )
