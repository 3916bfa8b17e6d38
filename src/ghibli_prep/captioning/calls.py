"""The telephone: requests placed, answers heard, and the clock and the stop that both obey.

The only file that sleeps and that starts threads. Whom to ask is `rota`'s, with what is `dispatch`'s.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from ghibli_prep.captioning import Attempt, Backend, Question, Slot, groups
from ghibli_prep.samples import Resized

GLANCE = 0.2
"""Seconds after which a wait looks up whether the user said stop: on Windows a longer wait hears no Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request under way.

    pictures: one, or several that are asked for together. sent_at: seconds since the epoch; order: the first picture's
    place among all; remark: what is added to the prompt.
    """

    pictures: tuple[Resized, ...]
    slot: Slot
    sent_at: float
    order: int = 0
    remark: str = ""

    @property
    def picture(self) -> Resized:
        """The first."""
        return self.pictures[0]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a call: an attempt, or the exception that a backend must not raise but did."""

    call: Call
    result: Attempt | BaseException


class Stop:
    """Whether the user said stop: once (finish what is under way), or twice (stop at once).

    listening: somebody looks here often, and saves what was paid for before it stops.
    """

    def __init__(self) -> None:
        self.times = 0
        self.listening = False

    def ask(self) -> None:
        self.times += 1

    @property
    def soon(self) -> bool:
        return self.times > 0

    @property
    def at_once(self) -> bool:
        return self.times > 1


class Clock:
    """Seconds since the epoch that never go back: a computer's clock may be set back, and rests end all the same.

    Jumps forward are followed: after a laptop's sleep it is as late as it says.
    """

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._wall, self._steady = wall, steady
        self._ahead = float("-inf")

    def __call__(self) -> float:
        self._ahead = max(self._ahead, self._wall() - self._steady())
        return self._ahead + self._steady()


def rest(until: float, now: Callable[[], float], stop: Stop, tick: Callable[[float], None]) -> None:
    """Sleep until then, or until the user says stop. tick: hears the seconds that are left, now and then."""
    while not stop.soon and (left := until - now()) > 0:
        tick(left)
        time.sleep(min(GLANCE, left))


class Calls(Protocol):
    """The telephone: real threads, or a simulation in virtual time."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def place(self, call: Call) -> None: ...

    def hear(self, until: float) -> Heard | None:
        """The next answer; None at `until`, or earlier when the user said stop."""
        ...


class ThreadedCalls:
    """Calls over a backend, a daemon thread each, at most `ceiling` of them; close it when done.

    A thread that hangs holds nothing up: its request has a timeout, and the process may end without it.
    """

    def __init__(
        self, backend: Backend, question: Question, ceiling: int, stop: Stop, clock: Callable[[], float] | None = None
    ) -> None:
        self._backend, self._question, self._stop, self._clock = backend, question, stop, clock or Clock()
        self._ceiling = ceiling
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._lock = threading.Lock()
        self._orders: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Heard] = queue.SimpleQueue()

    def now(self) -> float:
        return self._clock()

    def place(self, call: Call) -> None:
        with self._lock:
            new = self._idle <= 0 and len(self._threads) < self._ceiling
            self._idle += new - 1
        if new:
            thread = threading.Thread(target=self._work, name=f"ask-{len(self._threads) + 1}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._orders.put(call)

    def _work(self) -> None:
        while (call := self._orders.get()) is not None:
            result: Attempt | BaseException
            try:
                files = [picture.file for picture in call.pictures]
                result = self._backend.ask(files, call.slot, self._asked(call))
            except BaseException as error:  # noqa: BLE001 - it goes on in the main thread, after the other answers
                result = error
            with self._lock:
                self._idle += 1
            self._answers.put(Heard(call, result))

    def _asked(self, call: Call) -> Question:
        asked, count = self._question, len(call.pictures)
        return replace(
            asked,
            prompt=asked.prompt + groups.addition(count) + call.remark,
            max_output_tokens=asked.max_output_tokens * count,
        )

    def hear(self, until: float) -> Heard | None:
        resting = until != float("inf")
        while True:
            left = max(0.0, until - self.now())
            try:
                return self._answers.get(timeout=min(GLANCE, left)) if left else self._answers.get_nowait()
            except queue.Empty:
                if not left or self._stop.at_once or (resting and self._stop.soon):
                    return None

    def close(self) -> None:
        """Send the threads home: what is not begun is not asked, and who hangs is left behind."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._orders.get_nowait()
        for _ in self._threads:
            self._orders.put(None)
        deadline = time.monotonic() + GLANCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
