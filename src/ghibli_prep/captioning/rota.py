"""Which slot may be asked now. Pure: it is told the time, never sleeps, and asks nobody.

`turn` says whose turn it is; `sent` and `heard` say what came of it. What a failure means for a slot is one `match`
in `heard`. The pictures themselves are `dispatch`'s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, assert_never

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    PictureBlocked,
    PictureUnreadable,
    ServiceDown,
    Slot,
    SlotSpent,
    SlotTired,
)
from ghibli_prep.captioning.days import next_reset, pacific_day, quota_back_at
from ghibli_prep.captioning.posts import Ask, Exhausted, Post, Turn, Wait
from ghibli_prep.settings import Limits

Strategy = Literal["sequential", "parallel-keys", "parallel-all"]
UNUSABLE_IN_A_ROW = 5
WORN_SECONDS = 3600.0
"""How long a slot rests that still says "too many this minute" after the last backoff, and the longest rest."""


_LIMITS = {"rpm": "requests a minute", "rpd": "requests a day", "tpm": "input tokens a minute"}


class Rota:
    """The quotas of all projects with all models, in the order of the slots. Slots of one project share theirs.

    backoff: seconds of rest after the first, second, ... refusal in a row. tokens: input tokens of one request, as
    estimated until an answer says more. ceiling: the most requests under way at once. patience: answers with nothing
    usable in them, one after the other, from which on a slot is left out. refused: why this machine is not served.
    posts: each quota once, by the first of its slots. dead: the keys that are not accepted, and why.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        strategy: Strategy,
        backoff: Sequence[float],
        ceiling: int,
        limits: Mapping[str, Limits],
        tokens: int = 0,
    ) -> None:
        self.posts: dict[Slot, Post] = {}
        self._posts: dict[Slot, Post] = {}
        shared: dict[tuple[str, str], Post] = {}
        for slot in slots:
            post = shared.get((slot.key.payer, slot.model))
            if post is None:
                post = Post(slot, limits.get(slot.model, Limits()), tokens)
                self.posts[slot] = shared[slot.key.payer, slot.model] = post
            else:
                post.others.append(slot)
            self._posts[slot] = post
        self.dead: dict[Key, str] = {}
        self._strategy = strategy
        self._backoff = backoff
        self._ceiling = 1 if strategy == "sequential" else ceiling
        self.patience = UNUSABLE_IN_A_ROW
        self.refused = ""

    def post_of(self, slot: Slot) -> Post:
        """The quota that `slot` uses."""
        return self._posts[slot]

    def remember(self, slot: Slot, day: str, asked: int, until: float, why: str, now: float) -> None:
        """What an earlier run left of `slot`: the day's count, and whether it is spent, which one request probes."""
        post = self._posts[slot]
        if day == pacific_day(now):
            post.day, post.asked = day, asked
        if until > now:
            post.spent_until, post.probing, post.why = until, True, why

    # Whose turn it is --------------------------------------------------------------------------------

    def turn(self, now: float, avoid: str = "") -> Turn:
        """avoid: a model that is asked only where no other is ready."""
        if sum(post.in_flight for post in self.posts.values()) >= self._ceiling:
            return Wait(float("inf"), "all lines are busy")
        waits: list[tuple[float, str]] = []
        ready: list[Post] = []
        for post in self._candidates(now, waits):
            if not post.room(self._ceiling):
                waits.append((float("inf"), "waiting for an answer"))
            elif post.ready_at() > now:
                waits.append((post.ready_at(), post.why if post.resting_until > now else "keeping to the limit"))
            else:
                ready.append(post)
        if ready:
            return Ask(min(ready, key=lambda post: (post.slot.model == avoid, post.in_flight)).slot)
        if waits:
            return Wait(*min(waits))
        if any(post.in_flight for post in self.posts.values()):
            return Wait(float("inf"), "waiting for the last answers")
        return self._exhausted(now)

    def _candidates(self, now: float, waits: list[tuple[float, str]]) -> Iterator[Post]:
        """The posts that the strategy would ask now, ready or not; rests that it does not wait for go to `waits`."""
        today = pacific_day(now)
        for post in self.posts.values():
            self._new_day(post, now, today)
        if self._strategy == "parallel-all":
            yield from (post for post in self.posts.values() if not post.is_over(now))
            return
        for ladder in self._ladders():
            for post in ladder:
                if post.is_over(now):
                    continue
                if post.resting_for == "service" and post.resting_until > now:
                    waits.append((post.resting_until, post.why))  # a 503 is often one model's: try the next meanwhile
                    continue
                yield post
                break

    def _ladders(self) -> Iterator[list[Post]]:
        """What is walked in order: all slots in one row, or each project's models."""
        if self._strategy == "sequential":
            yield list(self.posts.values())
            return
        ladders: dict[str, list[Post]] = {}
        for slot, post in self.posts.items():
            ladders.setdefault(slot.key.payer, []).append(post)
        yield from ladders.values()

    def _exhausted(self, now: float) -> Exhausted:
        posts = self.posts.values()
        spent = [post.spent_until for post in posts if not post.out and post.spent_until > now]
        if any(post.out == "service" for post in posts):
            return Exhausted(now + max(self._backoff), "service")
        if spent:
            return Exhausted(min(spent), "quota")
        return Exhausted(None, "keys" if all(post.out == "key" for post in posts) else "models")

    def _new_day(self, post: Post, now: float, today: str) -> None:
        if post.day != today:
            post.day, post.asked = today, 0
        if post.spent_until and post.spent_until <= now:
            post.spent_until, post.strikes, post.why, post.probing = 0.0, 0, "", False
        if post.limits.rpd is not None and post.asked >= post.limits.rpd and not post.is_over(now):
            post.spent_until, post.probing, post.why = next_reset(now), False, self._used_up(post)

    def _used_up(self, post: Post) -> str:
        return f"the day's {post.limits.rpd} requests are used up"

    def wake(self) -> None:
        """Trust the service again, after the long wait that follows `Exhausted(why="service")`."""
        for post in self.posts.values():
            if post.out == "service":
                post.out, post.strikes, post.resting_until, post.resting_for, post.why = "", 0, 0.0, "", ""

    # What came of it ---------------------------------------------------------------------------------

    def sent(self, slot: Slot, now: float) -> str | None:
        """A request goes out now, at the time that `turn` was told. It counts from here, whatever comes of it.

        Returns what the user should be told, if anything.
        """
        post = self._posts[slot]
        post.in_flight += 1
        post.asked += 1
        post.sent_at = now
        return f"{slot}: {self._used_up(post)}; going on with the next" if post.asked == post.limits.rpd else None

    def hung_up(self, slot: Slot) -> None:
        """A request was not made after all, for a reason that is nobody's here."""
        self._posts[slot].in_flight -= 1

    def heard(self, slot: Slot, attempt: Attempt, sent_at: float, now: float, several: bool = False) -> str | None:
        """Take an attempt's outcome into account. Returns what the user should be told, if anything.

        several: it was for several pictures, and says nothing against the slot where it cannot be used: each picture
        is asked for again, at last alone, and those answers do.
        """
        post = self._posts[slot]
        post.in_flight -= 1
        match attempt:
            case Described() | PictureBlocked() | PictureUnreadable():
                if isinstance(attempt, Described):
                    post.tokens = max(post.tokens, attempt.usage.input_tokens)
                self._answered(post, sent_at)
                return None
            case AnswerUnusable(reason):
                return self._unusable(post, reason, sent_at, 0 if several else 1)
            case SlotTired():
                learned = self._learn(post, rpm=attempt.rpm, tpm=attempt.tpm)
                return _with(post, learned, self._tired(post, attempt, sent_at, now))
            case SlotSpent(reason, rpd):
                learned = self._learn(post, rpd=rpd)
                return _with(post, learned, self._spend(post, reason, quota_back_at(sent_at), now))
            case ModelGone(reason):
                return self._leave_out(post, "model", reason, "left out of this run: ")
            case KeyDead(reason):
                return self._bury(slot.key, reason)
            case ServiceDown(reason, seconds):
                return self._down(post, reason, seconds or 0.0, sent_at, now)
            case HostRefused(reason):
                self.refused = reason or "the provider does not serve this machine"
                return None
        assert_never(attempt)

    def _answered(self, post: Post, sent_at: float) -> None:
        post.unusable = 0
        if post.probing:
            post.probing, post.spent_until = False, 0.0
        if sent_at > post.rested_at and not post.is_over(now=sent_at):
            post.widen()
            post.strikes, post.resting_for, post.why = 0, "", ""

    def _unusable(self, post: Post, reason: str, sent_at: float, weight: int) -> str | None:
        in_a_row = post.unusable + weight
        self._answered(post, sent_at)
        post.unusable = in_a_row
        if not weight or post.unusable < self.patience:
            return None
        return self._leave_out(post, "model", f"no answer could be used: {reason}", "left out of this run, ")

    def _learn(self, post: Post, **named: int | None) -> str | None:
        """Take over the limits that the server named. Returns what the user should be told of them."""
        news = {name: limit for name, limit in named.items() if limit and limit != getattr(post.limits, name)}
        before, post.limits = post.limits, post.limits.model_copy(update=news)
        said = [
            f"{limit:,} {_LIMITS[name]}" + (f" and not {known:,}" if (known := getattr(before, name)) else "")
            for name, limit in news.items()
            if name != "rpd" or before.rpd  # else the refusal itself says it
        ]
        return f"the server allows {', '.join(said)}, which is kept to" if said else None

    def _tired(self, post: Post, attempt: SlotTired, sent_at: float, now: float) -> str | None:
        seconds = attempt.seconds or 0.0
        if post.is_over(now):
            return None
        if sent_at <= post.rested_at:  # sent before the slot was known to be tired: no new strike
            post.resting_until = max(post.resting_until, now + min(seconds, WORN_SECONDS))
            return None
        if post.probing:
            return self._still_spent(post, attempt.reason)
        if seconds > WORN_SECONDS:
            return self._spend(post, attempt.reason, min(now + seconds, next_reset(now)), now)
        if post.strikes >= len(self._backoff):
            until = min(now + WORN_SECONDS, next_reset(now)) if attempt.certain else next_reset(now)
            return self._spend(post, f"still refused after the last rest ({attempt.reason})", until, now)
        return self._rest(post, "rate", attempt.reason, seconds, now)

    def _down(self, post: Post, reason: str, seconds: float, sent_at: float, now: float) -> str | None:
        if sent_at <= post.rested_at or post.is_over(now):
            return None
        if post.probing:
            return self._still_spent(post, reason)
        if post.strikes >= len(self._backoff):
            return self._leave_out(post, "service", f"the service is down: {reason}", "left out for now, ")
        return self._rest(post, "service", reason, min(seconds, WORN_SECONDS), now)

    def _rest(
        self, post: Post, what: Literal["rate", "service"], reason: str, asked_for: float, now: float
    ) -> str | None:
        post.resting_for, post.why, post.rested_at = what, reason, now
        post.resting_until = now + max(asked_for, self._backoff[post.strikes])
        post.strikes += 1
        if post.strikes == 1:
            post.narrow()
        if what in post.told:  # a slot may rest a hundred times a day
            return None
        post.told.add(what)
        return f"{post.slot}: {reason}; resting {post.resting_until - now:.3g} s"

    def _still_spent(self, post: Post, reason: str) -> str:
        """One request may probe what an earlier run found spent; it was not answered, so the finding stands."""
        post.probing = False
        return f"{post.slot}: was used up and cannot be tried ({reason}); going on with the next"

    def _spend(self, post: Post, reason: str, until: float, now: float) -> str | None:
        if post.is_over(now):
            return None
        post.spent_until, post.why, post.probing = until, reason, False
        return f"{post.slot}: {reason}; going on with the next" if until > now else None

    def _leave_out(self, post: Post, what: Literal["model", "service"], why: str, so: str) -> str | None:
        if post.out:
            return None
        post.out, post.why = what, why
        return f"{post.slot}: {so}{why}"

    def _bury(self, key: Key, reason: str) -> str | None:
        if key in self.dead:
            return None
        self.dead[key] = reason
        for post in self.posts.values():
            post.others = [slot for slot in post.others if slot.key != key]
            if post.slot.key != key:
                continue
            if post.others:
                post.slot = post.others.pop(0)
            else:
                post.out, post.why = "key", reason
        return f"{key} is left out of this run: {reason}. Check {key.name}."


def _with(post: Post, learned: str | None, told: str | None) -> str | None:
    """What is told of a slot, with the limits that were learned by it."""
    if not learned:
        return told
    return f"{told}; {learned}" if told else f"{post.slot}: {learned}"
