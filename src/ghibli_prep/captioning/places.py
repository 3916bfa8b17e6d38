"""The pictures that are still to be asked for, in groups that go into one request each, all in their order.

It does not know why something comes back: a group returns whole, in halves, or picture by picture, as `dispatch` says.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence

from ghibli_prep.samples import Resized

Group = tuple[Resized, ...]


class Places:
    """Groups of at most `most` pictures. alone: the numbers of those that are in no group with others."""

    def __init__(self, pictures: Iterable[Resized], most: int = 1, alone: Collection[int] = ()) -> None:
        self._order: dict[int, int] = {}
        self._heap: list[tuple[int, int, Group]] = []
        together: list[Resized] = []
        for order, picture in enumerate(pictures):
            self._order[picture.number] = order
            if picture.number in alone:
                self.back([picture])
                continue
            together.append(picture)
            if len(together) == most:
                self.back(together)
                together = []
        self.back(together)

    def __bool__(self) -> bool:
        return bool(self._heap)

    def first(self) -> Group:
        """Who is taken next, should there be room for all of them."""
        return self._heap[0][-1]

    def take(self, at_most: int) -> Group:
        """The first group, or its first `at_most` pictures; the others keep their place."""
        late, _, group = heapq.heappop(self._heap)
        self.back(group[at_most:], late)
        return group[:at_most]

    def order(self, group: Group) -> int:
        """The place of its first picture among all."""
        return self._order[group[0].number]

    def back(self, group: Sequence[Resized], late: int = 0) -> None:
        """To their old place. late: after all that are less late."""
        if group:
            heapq.heappush(self._heap, (late, self._order[group[0].number], tuple(group)))

    def halve(self, group: Group) -> None:
        """Back as two groups; of an odd number, the first has one more."""
        middle = (len(group) + 1) // 2
        self.back(group[:middle])
        self.back(group[middle:])

    def back_without(self, group: Group, one: Resized) -> None:
        """Back as one group, but for one picture."""
        self.back([picture for picture in group if picture is not one])
