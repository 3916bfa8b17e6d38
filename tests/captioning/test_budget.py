"""What a run may ask and spend is never exceeded, whatever is under way when it is nearly used up."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    Key,
    ModelGone,
    PictureBlocked,
    PictureUnreadable,
    ServiceDown,
    Slot,
    SlotTired,
    Usage,
)
from ghibli_prep.captioning.budget import FIRST_TOKENS, Budget
from ghibli_prep.captioning.calls import Call, Stop
from ghibli_prep.captioning.dispatch import Dispatcher, Done, OverBudget
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.prices import cost
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import RULES, Profile
from ghibli_prep.captioning.simulation import Simulation
from ghibli_prep.samples import Resized
from ghibli_prep.settings import CaptionSettings, Limits, Prices, RuleSettings

PRICES = {"a": Prices(input=0.3, output=2.5), "b": Prices(input=0.1, output=0.4)}
ROOM = 1024
SLOT = Slot(Key(1, "K1", "secret"), "a")
EASY = Profile.of(CaptionSettings(rules=RuleSettings.model_validate({"disabled": list(RULES)})))


TROUBLE: list[Attempt] = [
    AnswerUnusable("x"),
    PictureBlocked("x"),
    PictureUnreadable("x"),
    SlotTired(None, "x"),
    ServiceDown("x"),
]


class Run:
    """Forty pictures, with a bill for what is answered. tokens: of each request."""

    def __init__(self, budget: Budget, seed: int, tokens: int = 300, trouble: float = 0.0) -> None:
        self.chance, self.tokens, self.trouble = random.Random(seed), tokens, trouble
        self.bill, self.asked = 0.0, 0
        calls = Simulation(self.answer, lambda _: self.chance.uniform(0, 9), 1_780_000_000.0)
        limits = {"a": Limits(rpm=600), "b": Limits()}
        rota = Rota([Slot(SLOT.key, model) for model in PRICES], "parallel-all", [1, 2], 16, limits, 250)
        self.dispatcher = Dispatcher(
            rota,
            calls,
            judge=Judge(EASY, 3),
            stop=Stop(),
            tell=lambda _: None,
            waiting=lambda _: None,
            budget=budget,
        )
        pictures = [Resized(number, Path(f"{number}.jpg")) for number in range(1, 41)]
        self.answered = [answer.outcome.number for answer in self.dispatcher.run(pictures)]

    def answer(self, call: Call) -> Attempt:
        self.asked += 1
        prices = PRICES[call.slot.model]
        usage = Usage(self.chance.randint(self.tokens * 9 // 10, self.tokens), self.chance.randint(0, ROOM))
        if self.chance.random() >= self.trouble:
            self.bill += cost(usage, prices) or 0.0
            return Described(f"a picture of {call.picture.number}", usage, "")
        attempt = self.chance.choice(TROUBLE)
        if isinstance(attempt, AnswerUnusable | PictureBlocked | ServiceDown):  # these may be billed, and do not say
            self.bill += cost(usage, prices) or 0.0
        return attempt


@given(st.floats(0, 0.12), st.integers(0, 999), st.integers(1, FIRST_TOKENS), st.floats(0, 0.6))
def test_no_more_is_spent_than_was_allowed(usd: float, seed: int, tokens: int, trouble: float) -> None:
    run = Run(Budget(None, usd, PRICES, ROOM), seed, tokens, trouble)
    assert run.bill <= usd + 1e-12
    assert len(set(run.answered)) == len(run.answered)
    if len(run.answered) < 40 and isinstance(run.dispatcher.end, OverBudget):
        assert "--max-cost" in run.dispatcher.end.why


@given(st.integers(1, 60), st.integers(0, 999), st.floats(0, 0.6))
def test_no_more_is_asked_than_was_allowed_and_all_of_it_is_used(most: int, seed: int, trouble: float) -> None:
    run = Run(Budget(most), seed, trouble=trouble)
    assert run.asked <= most
    if isinstance(run.dispatcher.end, OverBudget):
        assert run.asked == most
        assert f"{most} request" in run.dispatcher.end.why


def test_a_budget_is_used_up_but_for_what_one_more_request_could_cost() -> None:
    budget = Budget(None, 0.02, PRICES, ROOM)
    run = Run(budget, 1)
    assert isinstance(run.dispatcher.end, OverBudget)
    assert run.bill == pytest.approx(budget.spent)
    assert budget.spent + budget.most(SLOT, 300) > 0.02 or budget.spent + budget.most(Slot(SLOT.key, "b"), 300) > 0.02


def test_a_budget_that_is_just_enough_ends_in_done() -> None:
    assert Run(Budget(40), 3).dispatcher.end == Done()
    assert Run(Budget(), 3).dispatcher.end == Done()


def test_a_refusal_costs_nothing_and_a_request_that_was_not_made_counts_nothing() -> None:
    budget = Budget(5, 1.0, PRICES, ROOM)
    for attempt in (SlotTired(None, "x"), ModelGone("x"), PictureUnreadable("x")):
        budget.place(budget.most(SLOT, 300))
        budget.hear(SLOT, attempt, budget.most(SLOT, 300))
    assert (budget.sent, budget.spent) == (3, 0.0)
    budget.place(0.1)
    budget.withdraw(0.1)
    assert budget.sent == 3


@given(
    st.integers(1, 8), st.lists(st.integers(1, 8), min_size=1, max_size=20), st.integers(1, 700), st.integers(1, 1200)
)
def test_a_request_with_several_pictures_never_comes_to_more_than_was_said(
    first: int, sizes: list[int], prompt: int, picture: int
) -> None:
    budget = Budget(None, 1.0, PRICES, ROOM)
    for size in (first, *sizes):
        most = budget.most(SLOT, 0, size)
        usage = Usage(prompt + size * picture, size * ROOM)
        assert (cost(usage, PRICES["a"]) or 0.0) <= most
        budget.place(most)
        budget.hear(SLOT, Described("", usage, ""), most, size)
