"""What a run would cost, by the scheduler itself in simulated time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from ghibli_prep.captioning import Key, Slot
from ghibli_prep.captioning.days import next_reset, pacific_day
from ghibli_prep.ledger import name_of
from ghibli_prep.planning import LATENCY, STRATEGIES, Experience, Plan, keys_for, words
from ghibli_prep.settings import CaptionSettings, Limits, Prices
from ghibli_prep.workspace.provenance import Provenance
from ghibli_prep.workspace.quota import Spent

NOON = datetime.fromisoformat("2026-06-10T12:00:00-07:00").timestamp()
KEYS = tuple(Key(n, f"K{n}", f"secret-{n}") for n in (1, 2, 3))
LADDER = {"best": Limits(rpm=10, rpd=20), "next": Limits(rpm=30, rpd=60)}


def plan_of(
    keys: tuple[Key, ...] = KEYS[:1],
    quota: dict[str, Spent] | None = None,
    limits: dict[str, Limits] | None = None,
    prices: dict[str, Prices] | None = None,
    experience: Experience | None = None,
) -> Plan:
    settings = CaptionSettings(
        models=("best", "next"), limits=LADDER if limits is None else limits, prices=prices or {}
    )
    return Plan(keys, settings, quota or {}, experience or Experience.of([], settings), NOON)


def test_each_strategy_takes_as_long_as_its_rules_allow() -> None:
    sequential, by_key, everything = (plan_of(KEYS).forecast(strategy, 120) for strategy in STRATEGIES)
    assert sequential.done_at > by_key.done_at > everything.done_at
    # the quotas allow 40 a minute and key: 120 pictures in a minute at the very best
    assert NOON + 60 <= everything.done_at <= NOON + 1.03 * 60 + LATENCY
    assert by_key.by_model == {"best": 60, "next": 60}
    assert {each.requests for each in (sequential, by_key, everything)} == {120}
    assert sequential.most == 1 < everything.most


def test_what_does_not_fit_into_a_day_is_done_on_the_next_ones() -> None:
    forecast = plan_of().forecast("parallel-keys", 200)
    assert forecast.days == 3
    third = next_reset(next_reset(NOON))
    assert third < forecast.done_at < third + 600
    assert (sum(forecast.by_model.values()), forecast.left) == (200, 0)


def test_what_is_spent_today_is_taken_off() -> None:
    best, following = (name_of(Slot(KEYS[0], model)) for model in ("best", "next"))
    today = pacific_day(NOON)
    assert plan_of().forecast("parallel-keys", 40).days == 1
    asked = {best: Spent(today, 20), following: Spent(today, 50)}
    assert plan_of(quota=asked).forecast("parallel-keys", 40).by_model["best"] == 20  # tomorrow's
    spent = {best: Spent(today, 3, next_reset(NOON), "spent"), following: Spent(today, 3, next_reset(NOON), "spent")}
    assert plan_of(quota=spent).forecast("parallel-keys", 5).done_at > next_reset(NOON)
    yesterday = {best: Spent("2026-06-09", 20), following: Spent("2026-06-09", 60)}
    assert plan_of(quota=yesterday).forecast("parallel-keys", 40).days == 1


def test_keys_of_one_project_are_planned_as_one() -> None:
    together = tuple(Key(n, f"K{n}", f"secret-{n}", "mine") for n in (1, 2, 3))
    assert plan_of(together).forecast("parallel-all", 200) == plan_of(together[:1]).forecast("parallel-all", 200)
    assert plan_of(KEYS).forecast("parallel-all", 200).days == 1


def test_money_is_known_where_each_price_is() -> None:
    one = Experience(2.0, 1_000, 100, answers=50)
    prices = {"best": Prices(input=1.0, output=10.0), "next": Prices(input=0.5, output=0.0)}
    forecast = plan_of(prices=prices, experience=one).forecast("parallel-keys", 30)
    assert forecast.by_model == {"best": 20, "next": 10}
    assert forecast.cost == pytest.approx(20 * 0.002 + 10 * 0.0005)
    assert (forecast.input_tokens, forecast.output_tokens) == (30_000, 3_000)
    assert plan_of(prices={"best": prices["best"]}).forecast("parallel-keys", 30).cost is None
    assert plan_of(prices={"best": prices["best"]}).forecast("parallel-keys", 20).cost is not None


def test_unknown_limits_are_said_with_what_was_taken_instead() -> None:
    plan = plan_of(limits={"best": Limits(rpm=10)})
    assert plan.unknown() == ["best", "next"]
    (said,) = (line for line in words.assumed(plan, [plan.forecast("parallel-all", 9)]) if "not every limit" in line)
    assert "best, next" in said and "earliest" in said and "[caption.limits" in said
    assert plan_of().unknown() == []


def test_limits_that_the_last_run_was_held_to_are_planned_with_and_said() -> None:
    quota = {name_of(Slot(KEYS[0], model)): Spent(rpm=30, rpd=5) for model in ("best", "next")}
    plan = plan_of(quota=quota, limits={"best": Limits(rpm=10, rpd=20)})
    assert plan.limits == {"best": Limits(rpm=10, rpd=20), "next": Limits(rpm=30, rpd=5)}
    assert plan.forecast("parallel-all", 50).days == 2
    assert "next rpm 30 rpd 5" in "\n".join(words.assumed(plan, []))


def test_what_the_last_run_left_out_is_left_out_and_said() -> None:
    gone = name_of(Slot(KEYS[0], "best"))
    plan = plan_of(KEYS[:2], {gone: Spent(out="retired"), KEYS[1].fingerprint: Spent(out="expired")})
    assert set(plan.forecast("parallel-all", 10).by_model) == {"next"}
    assert plan.left_out() == {str(KEYS[1]): "expired", "key 1, best": "retired"}
    nobody = plan_of(KEYS[:1], {KEYS[0].fingerprint: Spent(out="expired")})
    assert nobody.forecast("parallel-keys", 10).left == 10
    assert "10 never" in words.in_words(nobody, 10, 0, [nobody.forecast("parallel-keys", 10)])


def made(number: int, *, seconds: float = 2.0, asked_again: tuple[str, ...] = (), model: str = "best") -> Provenance:
    asks = 1 + len(asked_again)
    return Provenance(
        number, "captioned", "text", "", "", "", "", model, "", 1, "", "", (), asked_again, 600 * asks, 50 * asks, None,
        asks, 1.0, seconds, "",
    )  # fmt: skip


def test_experience_comes_from_the_answers_of_the_ladders_models() -> None:
    settings = CaptionSettings(models=("best",))
    answers = [made(n, asked_again=("names",) if n % 4 == 0 else ()) for n in range(40)]
    answers += [made(99, seconds=50.0, model="old") for _ in range(100)]
    assert Experience.of(answers, settings) == Experience(2.0, 600, 50, 1.25, 40)
    plan = plan_of(KEYS, experience=Experience(2.0, 600, 50, 1.25, 40))
    forecast = plan.forecast("parallel-all", 40)
    assert (forecast.requests, sum(forecast.by_model.values())) == (50, 40)


def test_without_answers_the_estimate_says_so() -> None:
    assert Experience.of([], CaptionSettings()).answers == 0
    assert "assumed" in words.assumed(plan_of(), [])[0]


def test_nothing_left_is_planned_as_nothing() -> None:
    for strategy in STRATEGIES:
        forecast = plan_of().forecast(strategy, 0)
        assert (forecast.requests, forecast.days, forecast.done_at, forecast.cost) == (0, 0, NOON, 0.0)


def test_a_plan_for_so_many_keys_takes_those_that_are_set_and_imagines_the_rest() -> None:
    settings = CaptionSettings(models=("best", "next"))
    assert keys_for(settings, KEYS, None) == list(KEYS)
    assert keys_for(settings, KEYS, 2) == list(KEYS[:2])
    five = keys_for(settings, KEYS, 5)
    assert five[:3] == list(KEYS)
    assert len({key.payer for key in five}) == len({key.position for key in five}) == 5
    assert len(keys_for(settings, (), None)) == 1


def test_several_pictures_a_request_are_planned_with_as_many_requests_as_they_take() -> None:
    settings = CaptionSettings(models=("best", "next"), limits=LADDER, pictures_per_request=8)
    plan = Plan(KEYS[:1], settings, {}, Experience.of([], settings), NOON)
    forecast = plan.forecast("parallel-all", 20)
    assert (forecast.requests, sum(forecast.by_model.values()), forecast.left) == (3, 20, 0)
    alone = [made(n) for n in range(50)]
    grouped = [replace(made(n), requests=0.125, input_tokens=300, output_tokens=50) for n in range(80)]
    assert Experience.of([*grouped, *alone], settings) == Experience(2.0, 2_400, 400, 0.125, 80)
    assert Experience.of([*alone, *grouped], CaptionSettings(models=("best",))).requests == 1.0
