"""What answers cost."""

from __future__ import annotations

from ghibli_prep.captioning import Usage
from ghibli_prep.settings import Prices

PER = 1_000_000
"""Prices are for so many tokens."""


def cost(usage: Usage, prices: Prices | None) -> float | None:
    """USD; None where no price is known."""
    if prices is None:
        return None
    return (usage.input_tokens * prices.input + usage.output_tokens * prices.output) / PER
