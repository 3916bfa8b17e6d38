from __future__ import annotations

from ghibli_prep.captioning import Usage
from ghibli_prep.captioning.prices import cost
from ghibli_prep.settings import Prices


def test_tokens_cost_what_a_million_of_them_costs_in_parts() -> None:
    assert cost(Usage(1_000_000, 500_000), Prices(input=0.30, output=2.50)) == 0.30 + 1.25


def test_without_a_price_nothing_is_known() -> None:
    assert cost(Usage(300, 30), None) is None
