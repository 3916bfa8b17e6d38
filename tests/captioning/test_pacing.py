"""The real dispatcher in virtual time, against a small simulated provider: what holds whatever happens."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

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
    Usage,
)
from ghibli_prep.captioning.calls import Call, Heard, Stop
from ghibli_prep.captioning.days import next_reset, pacific_day
from ghibli_prep.captioning.dispatch import Answer, Dispatcher, Done, Refused
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.posts import Exhausted, Post
from ghibli_prep.captioning.rota import Rota, Strategy
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.samples import Resized
from ghibli_prep.settings import CaptionSettings, Limits, RuleSettings

STRATEGIES: tuple[Strategy, ...] = ("sequential", "parallel-keys", "parallel-all")
BACKOFF = (5.0, 10.0, 20.0, 40.0, 80.0)
TOKENS = 300
PROFILE = Profile.of(CaptionSettings(rules=RuleSettings(disabled=("clip-tokens", "cefr"))))  # they take time to load
GOOD = (
    "Ghibli style a young boy with short brown hair, wearing a blue coat, standing in a wide green field, "
    "soft light of the evening, calm mood"
)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


STARTS = [
    at("2026-06-10T12:00:00-07:00"),
    at("2026-06-10T23:59:20-07:00"),  # a reset in 40 s
    at("2026-03-07T23:59:00-08:00"),  # before the day of 23 hours
    at("2026-10-31T23:58:00-07:00"),  # before the day of 25 hours
]


def per_minute(limits: Limits) -> int:
    """How many whole requests fit into a minute."""
    return min(limits.rpm or 10**9, (limits.tpm or 10**9) // TOKENS)


Quota = tuple[str, str]
"""A project, or a key without one, and a model."""


def quota_of(slot: Slot) -> Quota:
    return slot.key.payer, slot.model


class Provider:
    """Answers by its quotas: requests and tokens in any 60 s, requests in a Pacific day; it says what it is short of.

    `faults` are taken one for each request first; None there means: as ever. `sends`: when each slot was asked.
    """

    def __init__(self, limits: Mapping[str, Limits], faults: list[Attempt | None]) -> None:
        self._limits, self._faults = limits, deque(faults)
        self._recent: dict[Quota, deque[float]] = defaultdict(deque)
        self._taken: Counter[tuple[Quota, str]] = Counter()
        self.asked: Counter[tuple[Quota, str]] = Counter()
        self.sends: dict[Quota, list[float]] = defaultdict(list)
        self.refusals = 0

    def ask(self, slot: Slot, now: float) -> Attempt:
        quota = quota_of(slot)
        self.sends[quota].append(now)
        fault = self._faults.popleft() if self._faults else None
        limits, recent, day = self._limits.get(slot.model, Limits()), self._recent[quota], (quota, pacific_day(now))
        self.asked[day] += 1
        while recent and recent[0] <= now - 60:
            recent.popleft()
        refusal: Attempt | None = None
        if limits.rpd is not None and self._taken[day] >= limits.rpd:
            refusal = SlotSpent("day", rpd=limits.rpd)
        elif len(recent) >= per_minute(limits):
            refusal = SlotTired(recent[0] + 60 - now, "minute", rpm=per_minute(limits))
        else:
            recent.append(now)
            self._taken[day] += 1
        self.refusals += refusal is not None
        return refusal or fault or Described(f"{GOOD}, {self._taken.total()} birds", Usage(TOKENS, 40), "v")


class VirtualCalls:
    """Calls whose time passes only by waiting. `look`: is shown the time whenever the dispatcher sits down to wait."""

    def __init__(self, provider: Provider, latencies: list[float], start: float, look: Callable[[float], None]) -> None:
        self._provider, self._latencies, self._now, self._look = provider, latencies, start, look
        self._under_way: list[tuple[float, int, Heard]] = []
        self._placed = self._waits = 0
        self.most_at_once = 0

    def now(self) -> float:
        return self._now

    def place(self, call: Call) -> None:
        assert call.sent_at == self._now
        latency = self._latencies[self._placed % len(self._latencies)]
        self._placed += 1
        heard = Heard(call, self._provider.ask(call.slot, self._now))
        heapq.heappush(self._under_way, (self._now + latency, self._placed, heard))
        self.most_at_once = max(self.most_at_once, len(self._under_way))

    def hear(self, until: float) -> Heard | None:
        self._waits += 1
        assert self._waits < 100_000, "it never ends"
        self._look(self._now)
        if self._under_way and self._under_way[0][0] <= until:
            self._now, _, heard = heapq.heappop(self._under_way)
            return heard
        assert self._now < until < float("inf"), "waiting for nothing"
        self._now = until
        return None


class Run:
    """One run to its end, with everything that is to be known about it."""

    def __init__(
        self,
        strategy: Strategy,
        *,
        start: float = STARTS[0],
        pictures: int = 60,
        keys: int = 2,
        limits: Mapping[str, Limits],
        known: bool = True,
        faults: list[Attempt | None] | None = None,
        latencies: list[float] | None = None,
        ceiling: int = 8,
        again: int = 0,
        watch: bool = True,
        projects: int | None = None,
    ) -> None:
        """limits: the provider's, by model; known: whether the rota has them too; again: waits for so many resets;
        watch: notes idle slots, which takes time; projects: so many share the keys, None: each key has its own."""
        self.strategy, self.ceiling, self.watch = strategy, ceiling, watch
        self.rota = Rota(
            [
                Slot(Key(k + 1, f"K{k + 1}", f"s{k}", f"p{k % projects}" if projects else ""), model)
                for k in range(keys)
                for model in limits
            ],
            strategy,
            BACKOFF,
            ceiling,
            limits if known else {},
            TOKENS,
        )
        self.provider = Provider(limits, faults or [])
        self.calls = VirtualCalls(self.provider, latencies or [4.0], start, self._look)
        self.told: list[str] = []
        self.answers: list[Answer] = []
        self.idle: list[str] = []
        self.left = [Resized(number, Path(f"{number}.jpg")) for number in range(1, pictures + 1)]
        for _ in range(again + 1):
            self.dispatcher = Dispatcher(
                self.rota,
                self.calls,
                judge=Judge(PROFILE, 3),
                stop=Stop(),
                tell=self.told.append,
                waiting=lambda _: None,
            )
            for answer in self.dispatcher.run(self.left):
                self.answers.append(answer)
            answered = {answer.outcome.number for answer in self.answers}
            self.left = [picture for picture in self.left if picture.number not in answered]
            end = self.dispatcher.end
            if not isinstance(end, Exhausted) or end.until is None:
                break
            self.calls._now = max(self.calls.now(), end.until)
            self.rota.wake()

    def _look(self, now: float) -> None:
        """Note each slot that sits idle though work waits and its strategy's rule would have it asked."""
        posts = self.rota.posts.values()
        if (
            not self.watch
            or self.rota.refused
            or not self.dispatcher._places
            or sum(post.in_flight for post in posts) >= self._lines()
        ):
            return
        self.idle += [str(post.slot) for post in self._first_of_each_ladder(now) if self._free(post, now)]

    def _lines(self) -> int:
        return 1 if self.strategy == "sequential" else self.ceiling

    def _first_of_each_ladder(self, now: float) -> list[Post]:
        alive = [post for post in self.rota.posts.values() if self._has_quota(post, now)]
        if self.strategy == "parallel-all":
            return alive
        silent = [post for post in alive if post.resting_for == "service" and post.resting_until > now]
        first: dict[str, Post] = {}
        for post in alive:
            if post not in silent:
                first.setdefault("" if self.strategy == "sequential" else post.slot.key.payer, post)
        return list(first.values())

    def _has_quota(self, post: Post, now: float) -> bool:
        full = (
            post.limits.rpd is not None
            and self.provider.asked[quota_of(post.slot), pacific_day(now)] >= post.limits.rpd
        )
        return not full and not post.out and post.spent_until <= now

    def _free(self, post: Post, now: float) -> bool:
        sends = self.provider.sends[quota_of(post.slot)]
        paced = bool(sends) and now < sends[-1] + 1.02 * 60 / per_minute(post.limits)
        known = post.limits.rpm or post.limits.tpm
        trusted = post.in_flight < (1 if post.strikes else self.ceiling if known else post.window - 1)
        return trusted and not paced and post.resting_until <= now


limits_of_one = st.builds(
    Limits,
    rpm=st.none() | st.integers(1, 40),
    rpd=st.none() | st.integers(1, 30),
    tpm=st.none() | st.integers(TOKENS, 40 * TOKENS),
)
ladders = st.lists(limits_of_one, min_size=1, max_size=3).map(
    lambda found: {f"m{n}": one for n, one in enumerate(found)}
)
latencies = st.lists(st.floats(0, 70), min_size=1, max_size=7)
strategies = st.sampled_from(STRATEGIES)
attempts = st.one_of(
    st.none(),
    st.builds(
        SlotTired,
        st.none() | st.floats(-5, 9e4),
        st.just("tired"),
        st.none() | st.integers(0, 99),
        certain=st.booleans(),
    ),
    st.builds(SlotSpent, st.just("spent"), st.none() | st.integers(0, 9)),
    st.builds(ServiceDown, st.just("down"), st.none() | st.floats(0, 9e4)),
    st.sampled_from(
        [
            AnswerUnusable("empty"),
            PictureBlocked("x"),
            PictureUnreadable("x"),
            ModelGone("gone"),
            KeyDead("dead"),
            HostRefused(""),
        ]
    ),
)
few = settings(max_examples=60, deadline=None)


@few
@given(
    strategies,
    ladders,
    latencies,
    st.sampled_from(STARTS),
    st.integers(1, 4),
    st.integers(1, 70),
    st.none() | st.integers(1, 3),
)
@example("parallel-all", {"m0": Limits(rpm=10)}, [0.0], STARTS[0], 1, 20, None)
def test_known_limits_are_never_exceeded_and_no_slot_is_idle(
    strategy: Strategy,
    limits: dict[str, Limits],
    latencies: list[float],
    start: float,
    keys: int,
    ceiling: int,
    projects: int | None,
) -> None:
    run = Run(
        strategy,
        limits=limits,
        latencies=latencies,
        start=start,
        keys=keys,
        ceiling=ceiling,
        again=2,
        projects=projects,
    )
    assert run.provider.refusals == 0
    assert run.idle == []
    assert run.calls.most_at_once <= (1 if strategy == "sequential" else ceiling)
    for (_, model), sends in run.provider.sends.items():
        one = limits[model]
        rpm = per_minute(one)
        assert all(later - sooner >= 60 for sooner, later in zip(sends, sends[rpm:], strict=False))  # rolling
        assert max(Counter(int(sent // 60) for sent in sends).values()) <= rpm  # calendar
        assert max(Counter(map(pacific_day, sends)).values()) <= (one.rpd or 10**9)


@few
@given(
    strategies,
    ladders,
    latencies,
    st.lists(attempts, max_size=80),
    st.sampled_from(STARTS),
    st.integers(1, 20),
    st.booleans(),
    st.none() | st.integers(1, 2),
)
def test_whatever_comes_back_every_picture_is_answered_once_or_left_and_the_run_ends(
    strategy: Strategy,
    limits: dict[str, Limits],
    latencies: list[float],
    faults: list[Attempt | None],
    start: float,
    ceiling: int,
    known: bool,
    projects: int | None,
) -> None:
    run = Run(
        strategy,
        limits=limits,
        latencies=latencies,
        faults=faults,
        start=start,
        ceiling=ceiling,
        known=known,
        projects=projects,
        keys=3,
    )
    numbers = [answer.outcome.number for answer in run.answers]
    assert sorted(numbers + [picture.number for picture in run.left]) == list(range(1, 61))
    assert all(post.in_flight == 0 for post in run.rota.posts.values())
    assert isinstance(run.dispatcher.end, Done) == (not run.left) or isinstance(run.dispatcher.end, Refused)
    assert run.idle == []
    assert run.calls.most_at_once <= (1 if strategy == "sequential" else ceiling)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("start", STARTS[1:])
def test_a_run_that_waits_for_resets_uses_each_days_whole_quota_and_no_more(strategy: Strategy, start: float) -> None:
    run = Run(strategy, limits={"m0": Limits(rpm=10, rpd=20)}, keys=2, pictures=110, start=start, again=5)
    assert run.left == []
    for sends in run.provider.sends.values():
        days = list(Counter(map(pacific_day, sends)).values())
        assert all(count == 20 for count in days[1:-1])
    assert run.provider.refusals == 0


def test_a_provider_whose_clock_is_behind_costs_minutes_and_not_a_day() -> None:
    start = next_reset(STARTS[0]) + 2  # here it is two seconds past midnight; there it is still yesterday
    run = Run(
        "sequential", limits={"m0": Limits()}, keys=1, pictures=3, start=start, faults=[SlotSpent("day")], again=1
    )
    assert run.left == []
    assert run.calls.now() - start < 600


def test_unknown_limits_are_found_by_backing_off_and_then_held() -> None:
    limits = {"m0": Limits(rpm=10)}
    run = Run("parallel-all", limits=limits, known=False, keys=1, pictures=100)
    assert isinstance(run.dispatcher.end, Done)
    assert run.provider.refusals <= 8  # one burst
    assert run.calls.now() - STARTS[0] < 11 * 61 + 60


@pytest.mark.parametrize("keys", [1, 3])
def test_one_day_of_work_ends_within_three_percent_of_what_the_quotas_allow(keys: int) -> None:
    limits = {
        "gemini-2.5-flash": Limits(rpm=10, rpd=250),
        "gemini-2.5-flash-lite": Limits(rpm=15, rpd=1000),
        "gemini-2.0-flash": Limits(rpm=15, rpd=200),
        "gemini-2.0-flash-lite": Limits(rpm=30, rpd=200),
    }
    pictures, start = 1500 * keys, at("2026-06-10T00:10:00-07:00")
    run = Run(
        "parallel-all",
        limits=limits,
        keys=keys,
        pictures=pictures,
        ceiling=64,
        watch=False,
        start=at("2026-06-10T00:10:00-07:00"),
    )
    assert isinstance(run.dispatcher.end, Done) and run.provider.refusals == 0

    def capacity(minutes: float) -> float:
        return keys * sum(min((one.rpm or 0) * minutes, one.rpd or 0) for one in limits.values())

    minutes = 0.0
    while capacity(minutes) < pictures:
        minutes += 0.01
    assert run.calls.now() - start <= 1.03 * (minutes * 60 + 4)


def test_the_pictures_are_answered_in_their_order_by_sequential_whatever_fails() -> None:
    faults: list[Attempt | None] = [
        None,
        SlotTired(None, "t"),
        ServiceDown("d"),
        None,
        SlotSpent("s"),
        KeyDead("k"),
        None,
    ] * 2
    run = Run("sequential", limits={f"m{n}": Limits() for n in range(3)}, keys=4, pictures=20, faults=faults)
    assert [answer.outcome.number for answer in run.answers] == list(range(1, 21))
