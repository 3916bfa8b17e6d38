"""What is spent: between the rota, which counts it, and the workspace, which keeps it across runs.

A request is written down before it is sent, a few ahead at a time: a kill may count some too many, never one too few.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ghibli_prep.captioning import Slot
from ghibli_prep.captioning.days import pacific_day
from ghibli_prep.captioning.posts import Post
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.quota import Spent

AHEAD = 100
"""The most requests that are written down before they are sent; of a small day's quota, a fiftieth."""


def name_of(slot: Slot) -> str:
    """What a quota is called in state: its project, or its key by fingerprint, and the model."""
    return f"{slot.key.payer}/{slot.model}"


def remind(rota: Rota, quota: Mapping[str, Spent], now: float) -> None:
    """Tell the rota what earlier runs left of each quota."""
    for slot, post in rota.posts.items():
        if known := _known(quota, post, pacific_day(now)):
            rota.remember(slot, known.day, known.asked, known.until, known.why, now)


def _known(quota: Mapping[str, Spent], post: Post, today: str) -> Spent | None:
    """What is known of a quota. Keys that were said to share a project since bring along what each has spent."""
    found = [quota[name] for name in (name_of(post.slot), *_own_names(post)) if name in quota]
    if len(found) < 2:
        return found[0] if found else None
    longest = max(found, key=lambda spent: spent.until)
    asked = sum(spent.asked for spent in found if spent.day == today)
    return Spent(today, asked, longest.until, longest.why)


def _own_names(post: Post) -> Iterator[str]:
    """What the keys of a project would be called without it."""
    for slot in (post.slot, *post.others):
        if slot.key.project:
            yield f"{slot.key.fingerprint}/{slot.model}"


class Ledger:
    """Keeps the quota file of a held workspace in step with a rota."""

    def __init__(self, workspace: Workspace, rota: Rota) -> None:
        self._workspace, self._rota = workspace, rota
        self._written: dict[Slot, tuple[str, int]] = {}  # by a quota's first slot: the day, and requests written down
        self._moved = {
            name: Spent() for post in rota.posts.values() for name in _own_names(post) if name in workspace.quota
        }

    def reserve(self, slot: Slot, now: float) -> None:
        """Write down a request that is counted and not yet sent. Raises DiskError: then it must not be sent."""
        post = self._rota.post_of(slot)
        day, written = self._written.get(post.first, ("", 0))
        if day == post.day and post.asked <= written:
            return
        rpd = post.limits.rpd
        ahead = post.asked - 1 + (max(1, min(AHEAD, rpd // 50)) if rpd else AHEAD)
        self._written[post.first] = post.day, max(post.asked, min(ahead, rpd) if rpd else ahead)
        self.save(now)

    def settle(self) -> None:
        """Nothing is under way: the next `save` takes back what was written down ahead."""
        self._written.clear()

    def save(self, now: float) -> None:
        before = self._workspace.quota
        slots = {
            name_of(slot): self._spent(post, before.get(name_of(slot), Spent()), now)
            for slot, post in self._rota.posts.items()
        }
        keys = {slot.key for post in self._rota.posts.values() for slot in (post.first, *post.others)} | {
            *self._rota.dead
        }
        dead = {
            key.fingerprint: Spent(out=self._rota.dead.get(key, ""))
            for key in keys
            if key in self._rota.dead or key.fingerprint in before
        }
        self._workspace.save_quota({**self._moved, **slots, **dead})

    def _spent(self, post: Post, before: Spent, now: float) -> Spent:
        """What to remember of a quota; one that was not probed yet is still what it was `before`."""
        until, why = (before.until, before.why) if post.probing else (post.spent_until, post.why)
        day, written = self._written.get(post.first, ("", 0))
        resting = post.resting_until if post.resting_until > now else 0.0
        limits = post.limits
        return Spent(
            post.day,
            max(post.asked, written) if day == post.day else post.asked,
            until if until > now else 0.0,
            why if max(until, resting) > now else "",
            resting,
            post.why if post.out in ("model", "key") else "",  # a service that was down may be up by now
            limits.rpm,
            limits.rpd,
            limits.tpm,
        )
