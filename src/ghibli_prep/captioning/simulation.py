"""The telephone in virtual time: what a run would be, with nobody asked and nobody waiting.

Who answers what is handed in; this file only lets time pass.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

from ghibli_prep.captioning import Attempt
from ghibli_prep.captioning.calls import Call, Heard


class Simulation:
    """`Calls` whose clock moves only when somebody waits.

    answer: what comes of a call that is made now. latency: after how many seconds it comes. start: seconds since the
    epoch. most: the most calls that were under way at once.
    """

    def __init__(self, answer: Callable[[Call], Attempt], latency: Callable[[Call], float], start: float) -> None:
        self._answer, self._latency, self._now = answer, latency, start
        self._under_way: list[tuple[float, int, Heard]] = []
        self._placed = 0
        self.most = 0

    def now(self) -> float:
        return self._now

    def place(self, call: Call) -> None:
        self._placed += 1
        heard = Heard(call, self._answer(call))
        heapq.heappush(self._under_way, (self._now + self._latency(call), self._placed, heard))
        self.most = max(self.most, len(self._under_way))

    def hear(self, until: float) -> Heard | None:
        if self._under_way and self._under_way[0][0] <= until:
            self._now, _, heard = heapq.heappop(self._under_way)
            return heard
        if until != float("inf"):
            self.sleep(until)
        return None

    def sleep(self, until: float) -> None:
        """Let time pass; never back."""
        self._now = max(self._now, until)
