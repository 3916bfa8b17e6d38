"""The rules of failover, told the time: which slot is asked next after each kind of attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

import pytest

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
from ghibli_prep.captioning.days import SKEW, next_reset, pacific_day
from ghibli_prep.captioning.posts import Ask, Exhausted, Wait
from ghibli_prep.captioning.rota import WORN_SECONDS, Rota, Strategy
from ghibli_prep.settings import Limits

NOON = datetime.fromisoformat("2026-06-10T12:00:00-07:00").timestamp()
RESET = next_reset(NOON)
BACKOFF = (5.0, 10.0, 20.0, 40.0, 80.0)
STRATEGIES: tuple[Strategy, ...] = ("sequential", "parallel-keys", "parallel-all")

GOOD = Described("Ghibli style a boy", Usage(300, 40), "v")
TIRED = SlotTired(None, "too many this minute")
BARE = SlotTired(None, "exhausted", certain=False)
SPENT = SlotSpent("the day is used up")
DOWN = ServiceDown("overloaded")


def rota_of(
    strategy: Strategy, *, keys: int = 2, models: int = 2, ceiling: int = 8, limits: Mapping[str, Limits] | None = None
) -> Rota:
    """Slots a1, a2, b1, b2: a letter for the key, a number for the model."""
    slots = [Slot(Key(k + 1, f"K{k + 1}", f"s{k}"), f"m{m + 1}") for k in range(keys) for m in range(models)]
    return Rota(slots, strategy, BACKOFF, ceiling, limits or {})


def name(slot: Slot) -> str:
    return "abcdefgh"[slot.key.position - 1] + slot.model.removeprefix("m")


def slot_of(rota: Rota, wanted: str) -> Slot:
    return next(slot for slot in rota.posts if name(slot) == wanted)


def askable(rota: Rota, now: float) -> set[str]:
    """All slots that are asked now, until the rota says wait."""
    asked = set()
    while isinstance(turn := rota.turn(now), Ask):
        asked.add(name(turn.slot))
        rota.sent(turn.slot, now)
    return asked


def attempt(rota: Rota, slot: str, what: Attempt, now: float, seconds: float = 0.5) -> str | None:
    """Ask `slot` at `now`; the answer is heard `seconds` later."""
    rota.sent(slot_of(rota, slot), now)
    return rota.heard(slot_of(rota, slot), what, now, now + seconds)


class Walk:
    """Asks one at a time, whoever's turn it is, and notes when who was asked, until nobody can be."""

    def __init__(self, rota: Rota, reply: Callable[[str, int], Attempt], most: int = 200, start: float = NOON) -> None:
        self.asked: list[tuple[float, str]] = []
        self.told: list[str] = []
        self.end: Exhausted | None = None
        now = start
        while len(self.asked) < most:
            turn = rota.turn(now)
            if isinstance(turn, Exhausted):
                self.end = turn
                return
            if isinstance(turn, Wait):
                assert now < turn.until < float("inf")
                now = turn.until
                continue
            who = name(turn.slot)
            self.asked.append((now - start, who))
            notice = rota.sent(turn.slot, now)
            notices = (notice, rota.heard(turn.slot, reply(who, len(self.asked)), now, now))
            self.told += [notice for notice in notices if notice]

    def slots(self) -> Iterator[str]:
        """Who was asked, without repeats in a row."""
        before = ""
        for _, who in self.asked:
            if who != before:
                yield who
            before = who


ALL = {"a1", "a2", "b1", "b2"}


@pytest.mark.parametrize(
    ("what", "sequential", "keys", "every"),
    [
        (GOOD, {"a1"}, {"a1", "b1"}, ALL),
        (AnswerUnusable("empty"), {"a1"}, {"a1", "b1"}, ALL),
        (PictureBlocked("SAFETY"), {"a1"}, {"a1", "b1"}, ALL),
        (PictureUnreadable("not a picture"), {"a1"}, {"a1", "b1"}, ALL),
        (TIRED, set(), {"b1"}, ALL - {"a1"}),
        (BARE, set(), {"b1"}, ALL - {"a1"}),
        (SPENT, {"a2"}, {"a2", "b1"}, ALL - {"a1"}),
        (ModelGone("retired"), {"a2"}, {"a2", "b1"}, ALL - {"a1"}),
        (KeyDead("expired"), {"b1"}, {"b1"}, {"b1", "b2"}),
        (DOWN, {"a2"}, {"a2", "b1"}, ALL - {"a1"}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, set) else "",
)
def test_after_an_attempt_each_strategy_asks_whom_its_rules_say(
    what: Attempt, sequential: set[str], keys: set[str], every: set[str]
) -> None:
    for strategy, expected in zip(STRATEGIES, (sequential, keys, every), strict=True):
        rota = rota_of(strategy)
        attempt(rota, "a1", what, NOON)
        assert askable(rota, NOON + 1) == expected, strategy


@pytest.mark.parametrize("reason", ["location", ""])
def test_a_machine_that_is_not_served_is_remembered_as_refused(reason: str) -> None:
    rota = rota_of("sequential")
    attempt(rota, "a1", HostRefused(reason), NOON)
    assert rota.refused


def test_sequential_backs_off_on_the_same_slot_and_then_takes_the_next_model() -> None:
    walk = Walk(rota_of("sequential", keys=1), lambda who, _n: TIRED if who == "a1" else GOOD, most=7)
    assert walk.asked == [(0, "a1"), (5, "a1"), (15, "a1"), (35, "a1"), (75, "a1"), (155, "a1"), (155, "a2")]


def test_the_servers_delay_counts_where_it_is_longer_than_the_backoff() -> None:
    waits = iter([37.5, 1.0, 60.0])
    walk = Walk(rota_of("sequential"), lambda _who, n: SlotTired(next(waits), "tired") if n < 4 else GOOD, most=4)
    assert [at for at, _ in walk.asked] == [0, 37.5, 47.5, 107.5]


def test_an_answer_starts_the_backoff_anew() -> None:
    walk = Walk(rota_of("sequential"), lambda _who, n: TIRED if n in (1, 2, 4) else GOOD, most=5)
    assert [at for at, _ in walk.asked] == [0, 5, 15, 15, 20]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_when_all_models_of_all_keys_are_used_up_the_end_names_the_reset(strategy: Strategy) -> None:
    walk = Walk(rota_of(strategy), lambda *_: SPENT)
    assert sorted(walk.slots()) == ["a1", "a2", "b1", "b2"]
    assert walk.end == Exhausted(RESET, "quota")
    assert len(walk.told) == 4


def test_sequential_walks_each_keys_ladder_in_order() -> None:
    walk = Walk(rota_of("sequential"), lambda _who, n: SPENT if n % 3 == 0 else GOOD)
    assert [who for _, who in walk.asked] == [who for who in ("a1", "a2", "b1", "b2") for _ in range(3)]


def test_the_next_day_begins_with_the_first_slot_again() -> None:
    rota = rota_of("sequential")
    Walk(rota, lambda *_: SPENT)
    assert askable(rota, RESET) == {"a1"}


@pytest.mark.parametrize(("what", "rest"), [(TIRED, WORN_SECONDS), (BARE, RESET - NOON - 155)])
def test_a_slot_that_is_worn_out_is_tried_after_an_hour_and_a_bare_one_after_the_reset(
    what: Attempt, rest: float
) -> None:
    walk = Walk(rota_of("sequential", keys=1, models=1), lambda *_: what)
    assert len(walk.asked) == 6
    assert walk.end == Exhausted(NOON + 155 + rest, "quota")


@pytest.mark.parametrize("seconds", [36_000.0, 1e12, float("inf")])
def test_a_rest_of_hours_counts_as_spent(seconds: float) -> None:
    rota = rota_of("sequential")
    attempt(rota, "a1", SlotTired(seconds, "tired"), NOON)
    assert askable(rota, NOON + 1) == {"a2"}
    assert NOON + WORN_SECONDS < rota.posts[slot_of(rota, "a1")].spent_until <= RESET


def test_a_service_that_is_down_is_tried_on_another_model_before_another_key_and_then_given_up() -> None:
    walk = Walk(rota_of("sequential"), lambda *_: DOWN)
    assert walk.asked[:5] == [(0, "a1"), (0, "a2"), (0, "b1"), (0, "b2"), (5, "a1")]
    assert len(walk.asked) == 4 * 6
    assert walk.end == Exhausted(NOON + 155 + 80, "service")
    assert len(walk.told) == 8  # each slot: that it rests, and that it is left out


def test_the_first_model_is_asked_again_when_its_outage_is_over() -> None:
    walk = Walk(rota_of("sequential", keys=1), lambda who, n: DOWN if n == 1 else DOWN if who == "a2" else GOOD, most=4)
    assert walk.asked == [(0, "a1"), (0, "a2"), (5, "a1"), (5, "a1")]


def test_after_the_long_wait_the_service_is_trusted_again() -> None:
    rota = rota_of("sequential")
    end = Walk(rota, lambda *_: DOWN).end
    assert end is not None and end.until is not None
    rota.wake()
    assert askable(rota, end.until) == {"a1"}


def test_a_service_delay_without_end_is_cut_to_an_hour() -> None:
    rota = rota_of("sequential", keys=1, models=1)
    attempt(rota, "a1", ServiceDown("down", float("inf")), NOON, seconds=0)
    assert rota.turn(NOON) == Wait(NOON + WORN_SECONDS, "down")


@pytest.mark.parametrize(("what", "why"), [(KeyDead("x"), "keys"), (ModelGone("x"), "models")])
def test_without_a_key_or_a_model_the_end_has_no_time(what: Attempt, why: str) -> None:
    end = Walk(rota_of("sequential"), lambda *_: what).end
    assert end == Exhausted(None, why)  # type: ignore[arg-type]


def test_without_slots_there_is_nobody_to_ask() -> None:
    assert rota_of("parallel-all", keys=0).turn(NOON) == Exhausted(None, "keys")


def test_a_dead_key_is_told_once_with_the_variable_to_check() -> None:
    rota = rota_of("parallel-all")
    told = [attempt(rota, who, KeyDead("expired"), NOON) for who in ("a1", "a2")]
    assert told[0] is not None and "K1" in told[0] and told[1] is None


def test_refusals_of_requests_that_were_under_way_together_are_one_strike() -> None:
    for what in (TIRED, DOWN):
        for spread in (0.0, 0.2):
            rota = rota_of("parallel-all", keys=1, models=1)
            slot = slot_of(rota, "a1")
            assert askable(rota, NOON) == {"a1"}
            told = [rota.heard(slot, what, NOON, NOON + n * spread) for n in range(8)]
            assert rota.posts[slot].strikes == 1
            assert [bool(notice) for notice in told] == [True] + [False] * 7
            assert rota.turn(NOON + 2) == Wait(NOON + 5, what.reason)


def test_the_longest_delay_of_a_burst_is_kept() -> None:
    rota = rota_of("parallel-all", keys=1, models=1, ceiling=2)
    askable(rota, NOON)
    for seconds in (3.0, 30.0):
        rota.heard(slot_of(rota, "a1"), SlotTired(seconds, "tired"), NOON, NOON + 1)
    assert rota.turn(NOON + 6) == Wait(NOON + 31, "tired")


def test_an_old_answer_of_the_burst_does_not_end_the_rest_and_one_request_tries_first() -> None:
    rota = rota_of("parallel-all", keys=1, models=1, ceiling=3)
    slot = slot_of(rota, "a1")
    askable(rota, NOON)
    for what in (TIRED, GOOD, GOOD):
        rota.heard(slot, what, NOON, NOON + 1)
    assert rota.posts[slot].strikes == 1
    assert askable(rota, NOON + 6) == {"a1"}
    assert rota.posts[slot].in_flight == 1
    rota.heard(slot, GOOD, NOON + 6, NOON + 7)
    askable(rota, NOON + 7)
    assert 1 < rota.posts[slot].in_flight <= 3


def test_a_slot_that_rests_again_and_again_is_told_once() -> None:
    walk = Walk(rota_of("sequential"), lambda _who, n: TIRED if n % 2 else GOOD, most=50)
    assert len(walk.told) == 1


def test_parallel_keys_waits_for_a_tired_model_and_passes_by_a_silent_one() -> None:
    rota = rota_of("parallel-keys", keys=1)
    attempt(rota, "a1", TIRED, NOON, seconds=0)
    assert rota.turn(NOON + 1) == Wait(NOON + 5, TIRED.reason)
    rota = rota_of("parallel-keys", keys=1)
    attempt(rota, "a1", DOWN, NOON, seconds=0)
    attempt(rota, "a2", TIRED, NOON + 1, seconds=0)
    assert rota.turn(NOON + 2) == Wait(NOON + 5, DOWN.reason)  # the sooner of the two


# What an earlier run found ------------------------------------------------------------------------------


def remembered(strategy: Strategy = "sequential") -> Rota:
    rota = rota_of(strategy)
    for slot in rota.posts:
        rota.remember(slot, pacific_day(NOON), 7, RESET, "used up", NOON)
    return rota


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("what", [SPENT, TIRED, BARE, DOWN], ids=["spent", "tired", "bare", "down"])
def test_a_second_run_on_the_same_day_probes_each_slot_once(strategy: Strategy, what: Attempt) -> None:
    walk = Walk(remembered(strategy), lambda *_: what)
    assert sorted(who for _, who in walk.asked) == ["a1", "a2", "b1", "b2"]
    assert walk.end == Exhausted(RESET, "quota")


def test_a_probe_goes_out_alone() -> None:
    rota = remembered("parallel-all")
    askable(rota, NOON)
    assert [post.in_flight for post in rota.posts.values()] == [1, 1, 1, 1]


def test_a_slot_not_yet_probed_is_still_known_as_spent() -> None:
    rota = remembered()
    attempt(rota, "a1", GOOD, NOON)
    post_of = {name(slot): post for slot, post in rota.posts.items()}
    assert (post_of["a1"].spent_until, post_of["a1"].probing) == (0, False)
    assert (post_of["b2"].spent_until, post_of["b2"].probing, post_of["b2"].asked) == (RESET, True, 7)


@pytest.mark.parametrize("what", [GOOD, PictureBlocked("x"), AnswerUnusable("x")])
def test_a_probe_that_is_answered_frees_the_slot(what: Attempt) -> None:
    rota = remembered("parallel-all")
    attempt(rota, "a1", what, NOON)
    askable(rota, NOON + 1)
    assert rota.posts[slot_of(rota, "a1")].in_flight > 1


def test_what_was_spent_until_a_time_that_has_passed_is_asked_as_ever() -> None:
    rota = rota_of("sequential")
    rota.remember(slot_of(rota, "a1"), "2026-06-09", 250, NOON - 1, "used up", NOON)
    assert not rota.posts[slot_of(rota, "a1")].probing
    assert rota.posts[slot_of(rota, "a1")].asked == 0


def test_a_slot_whose_count_is_known_to_be_full_is_not_even_probed() -> None:
    rota = rota_of("sequential", limits={"m1": Limits(rpd=7)})
    for slot in rota.posts:
        rota.remember(slot, pacific_day(NOON), 7, RESET, "used up", NOON)
    assert askable(rota, NOON) == {"a2"}


def test_an_unprobed_slot_is_free_after_the_reset() -> None:
    rota = remembered("parallel-all")
    askable(rota, RESET)
    assert not any(post.probing for post in rota.posts.values())


# Limits -------------------------------------------------------------------------------------------------


def test_the_pace_follows_the_limit_that_the_server_names() -> None:
    rota = rota_of("sequential", keys=1, models=1, limits={"m1": Limits(rpm=60)})
    attempt(rota, "a1", SlotTired(None, "tired", rpm=2), NOON, seconds=0)
    turn = rota.turn(NOON + 6)
    assert isinstance(turn, Wait) and turn.until == pytest.approx(NOON + 30, rel=1e-9, abs=1)


def test_a_learned_limit_of_zero_or_nothing_teaches_nothing() -> None:
    rota = rota_of("sequential", limits={"m1": Limits(rpm=10, rpd=9)})
    attempt(rota, "a1", SlotTired(None, "tired", rpm=0, tpm=None), NOON)
    attempt(rota, "a1", SlotSpent("spent", rpd=0), NOON + 9)
    assert rota.posts[slot_of(rota, "a1")].limits == Limits(rpm=10, rpd=9)


def test_a_learned_day_limit_holds_on_the_next_day_of_the_run() -> None:
    rota = rota_of("sequential", keys=1, models=1)
    attempt(rota, "a1", SlotSpent("spent", rpd=3), NOON)
    walk = Walk(rota, lambda *_: GOOD, start=RESET)
    assert len(walk.asked) == 3
    assert walk.end == Exhausted(next_reset(RESET), "quota")
    assert walk.told == ["key 1, m1: the day's 3 requests are used up; going on with the next"]


def test_requests_are_spaced_by_the_tokens_that_answers_were_seen_to_cost() -> None:
    rota = rota_of("sequential", keys=1, models=1, limits={"m1": Limits(tpm=3000)})
    attempt(rota, "a1", GOOD, NOON)  # 300 tokens: ten a minute
    rota.sent(slot_of(rota, "a1"), NOON)
    assert NOON + 6 < rota.posts[slot_of(rota, "a1")].ready_at() < NOON + 6.1


def test_a_quota_found_used_up_around_midnight_is_asked_again_soon() -> None:
    rota = rota_of("sequential", keys=1, models=1)
    assert attempt(rota, "a1", SPENT, RESET - 0.2, seconds=1) is None  # sent yesterday: today's is untouched
    assert askable(rota, RESET + 0.8) == {"a1"}
    rota.heard(slot_of(rota, "a1"), SPENT, RESET + 0.8, RESET + 1)
    assert rota.turn(RESET + 2) == Exhausted(RESET + SKEW, "quota")


def test_five_useless_answers_in_a_row_leave_a_slot_out_and_an_answer_between_them_does_not() -> None:
    useless = AnswerUnusable("empty")
    walk = Walk(rota_of("sequential", keys=1), lambda _who, n: GOOD if n == 5 else useless)
    assert [who for _, who in walk.asked] == ["a1"] * 10 + ["a2"] * 5
    assert walk.end == Exhausted(None, "models")
    assert len(walk.told) == 2


def test_late_news_of_a_slot_that_is_out_says_nothing_more() -> None:
    for last in (ModelGone("gone"), SPENT, TIRED, DOWN, GOOD):
        rota = rota_of("parallel-all", keys=1, models=1, ceiling=2)
        slot = slot_of(rota, "a1")
        askable(rota, NOON)
        assert rota.heard(slot, ModelGone("gone"), NOON, NOON + 1)
        assert rota.turn(NOON + 1) == Wait(float("inf"), "waiting for the last answers")
        assert rota.heard(slot, last, NOON, NOON + 2) is None
        assert rota.turn(NOON + 2) == Exhausted(None, "models")


def test_late_news_of_a_spent_slot_keeps_it_spent() -> None:
    for last in (SPENT, TIRED, DOWN, GOOD):
        rota = rota_of("parallel-all", keys=1, models=1, ceiling=2)
        askable(rota, NOON)
        rota.heard(slot_of(rota, "a1"), SPENT, NOON, NOON + 1)
        assert rota.heard(slot_of(rota, "a1"), last, NOON, NOON + 2) is None
        assert rota.turn(NOON + 2) == Exhausted(RESET, "quota")


def test_a_request_that_was_not_made_leaves_nothing_under_way() -> None:
    rota = rota_of("sequential")
    rota.sent(slot_of(rota, "a1"), NOON)
    rota.hung_up(slot_of(rota, "a1"))
    assert askable(rota, NOON) == {"a1"}


# Keys of one project ------------------------------------------------------------------------------------


def shared(strategy: Strategy = "parallel-all", limits: Mapping[str, Limits] | None = None) -> Rota:
    """Keys a and b of one project, c of another."""
    keys = [Key(1, "K1", "s0", "mine"), Key(2, "K2", "s1", "mine"), Key(3, "K3", "s2")]
    return Rota([Slot(key, f"m{m}") for key in keys for m in (1, 2)], strategy, BACKOFF, 8, limits or {})


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_keys_of_one_project_share_its_pace_and_its_day(strategy: Strategy) -> None:
    rota = shared(strategy, {"m1": Limits(rpm=10, rpd=3), "m2": Limits(rpm=10, rpd=2)})
    walk = Walk(rota, lambda *_: GOOD)
    assert Counter(who[1] for _, who in walk.asked) == {"1": 6, "2": 4}  # of two projects, not of three keys
    assert walk.end == Exhausted(RESET, "quota")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_dead_key_leaves_its_projects_quota_to_the_other_keys(strategy: Strategy) -> None:
    rota = shared(strategy, {"m1": Limits(rpd=2), "m2": Limits(rpd=2)})
    walk = Walk(rota, lambda who, _: KeyDead("expired") if who[0] == "a" else GOOD)
    assert [who for _, who in walk.asked].count("a1") <= 1
    assert Counter(who[0] for _, who in walk.asked) == {"a": 1, "b": 3, "c": 4}
    assert [notice for notice in walk.told if "is left out" in notice] == [
        f"{Key(1, 'K1', 's0', 'mine')} is left out of this run: expired. Check K1."
    ]


def test_a_model_that_is_not_on_a_projects_tier_is_gone_for_all_its_keys() -> None:
    walk = Walk(shared(), lambda who, _: ModelGone("limit: 0") if who == "a1" else SPENT)
    assert sorted(who for _, who in walk.asked) == ["a1", "a2", "c1", "c2"]


def test_late_news_of_a_dead_key_is_not_told_of_the_key_that_stands_in() -> None:
    rota = shared()
    asked = askable(rota, NOON)
    assert asked == {"a1", "a2", "c1", "c2"}
    slot = next(slot for slot in rota.posts if name(slot) == "a1")
    assert rota.heard(slot, KeyDead("expired"), NOON, NOON + 1)
    assert rota.heard(slot, KeyDead("expired"), NOON, NOON + 1) is None
    assert askable(rota, NOON + 2) >= {"b1"}


# Limits that nobody named -------------------------------------------------------------------------------


def test_where_no_limit_is_known_a_few_are_asked_at_once_and_each_answer_adds_one() -> None:
    rota = rota_of("parallel-all", keys=1, models=1, ceiling=64)
    slot, under_way = slot_of(rota, "a1"), []
    for second in range(5):
        askable(rota, NOON + second)
        under_way.append(rota.posts[slot].in_flight)
        for _ in range(rota.posts[slot].in_flight):
            rota.heard(slot, GOOD, NOON + second, NOON + second + 0.5)
    assert under_way == [4, 8, 16, 32, 64]


def test_after_a_refusal_that_names_no_limit_fewer_are_asked_at_once() -> None:
    rota = rota_of("parallel-all", keys=1, models=1, ceiling=64)
    slot = slot_of(rota, "a1")
    askable(rota, NOON)
    rota.heard(slot, BARE, NOON, NOON + 1)
    attempt(rota, "a1", GOOD, NOON + 6)
    askable(rota, NOON + 7)
    assert rota.posts[slot].in_flight - 3 <= 2  # three are still out from before


def test_a_known_limit_paces_and_nothing_else_does() -> None:
    rota = rota_of("parallel-all", keys=1, models=1, ceiling=64, limits={"m1": Limits(rpm=600)})
    now = NOON
    while now < NOON + 5:
        askable(rota, now)
        now += 0.01
    assert rota.posts[slot_of(rota, "a1")].in_flight > 40  # ten a second, and nobody answered yet


def test_a_limit_that_the_server_names_is_told_where_it_is_another_than_the_settings() -> None:
    rota = rota_of("sequential", keys=1, models=1, limits={"m1": Limits(rpm=60, rpd=10)})
    told = attempt(rota, "a1", SlotTired(None, "too many", rpm=2), NOON)
    assert told == (
        "key 1, m1: too many; resting 5 s; the server allows 2 requests a minute and not 60, which is kept to"
    )
    assert "allows" not in (attempt(rota, "a1", SlotTired(None, "too many", rpm=2), NOON + 60) or "")
    told = attempt(rota, "a1", SlotSpent("the day's quota (5 a day) is spent", rpd=5), NOON + 120)
    assert told is not None and "the server allows 5 requests a day and not 10" in told
