"""How much a run may ask and spend. Pure: it is told what is sent and what came of it, and says whether more may be.

Money under way counts as the most that it can come to, so that what was allowed is not exceeded when it arrives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ghibli_prep.captioning import AnswerUnusable, Attempt, Described, PictureBlocked, ServiceDown, Slot, Usage
from ghibli_prep.captioning.prices import cost
from ghibli_prep.settings import Prices

FIRST_TOKENS = 2000
"""Input tokens that a picture and the prompt are taken to have until a model's first answer says how many."""
MORE = 1.25
"""By so much a request may be larger than the largest one answered: a picture asked again comes with the reason."""


@dataclass(slots=True)
class Budget:
    """requests, usd: what may be asked and spent; None: any amount. prices: of every model, where `usd` is given.
    output_tokens: the most of an answer about one picture. spent: USD, of answers. sent: requests."""

    requests: int | None = None
    usd: float | None = None
    prices: Mapping[str, Prices] = field(default_factory=dict)
    output_tokens: int = 0
    spent: float = 0.0
    sent: int = 0
    _under_way: float = 0.0
    _largest: dict[str, tuple[float, int]] = field(default_factory=dict)  # input tokens a picture; of so many

    def allows(self, slot: Slot, tokens: int, pictures: int = 1) -> bool:
        """May one more request go out to `slot`? tokens: of its input, as far as the rota knows. pictures: in it."""
        if self.requests is not None and self.sent >= self.requests:
            return False
        return self.usd is None or self.spent + self._under_way + self.most(slot, tokens, pictures) <= self.usd

    def most(self, slot: Slot, tokens: int, pictures: int = 1) -> float:
        """USD that a request to `slot` can come to.

        A lone answer has the whole prompt in it; what is known of several pictures gives each its share of that alone.
        """
        seen, together = self._largest.get(slot.model, (0.0, 0))
        if not seen:
            largest = max(tokens, FIRST_TOKENS * pictures)
        else:
            largest = max(tokens, round(seen * pictures * MORE) + (FIRST_TOKENS if pictures < together else 0))
        return cost(Usage(largest, self.output_tokens * pictures), self.prices.get(slot.model)) or 0.0

    def place(self, most: float) -> None:
        """A request goes out that can come to `most`."""
        self.sent += 1
        self._under_way += most

    def withdraw(self, most: float) -> None:
        """It did not go out after all."""
        self.sent -= 1
        self._under_way -= most

    def hear(self, slot: Slot, attempt: Attempt | BaseException, most: float, pictures: int = 1) -> None:
        """What came of a request that could come to `most`. One that may have been billed without saying counts whole:
        an answer with nothing usable, and one that never came."""
        self._under_way = max(0.0, self._under_way - most)
        match attempt:
            case Described(_, usage):
                tokens, together = self._largest.get(slot.model, (0.0, 0))
                self._largest[slot.model] = max(tokens, usage.input_tokens / pictures), max(together, pictures)
                self.spent += cost(usage, self.prices.get(slot.model)) or 0.0
            case AnswerUnusable() | PictureBlocked() | ServiceDown():
                self.spent += most

    def in_words(self) -> str:
        """Why no more may be asked."""
        if self.requests is not None and self.sent >= self.requests:
            return f"{self.sent:,} request{'s' * (self.sent != 1)} made, as many as --max-requests allows"
        return f"{self.spent:.4f} USD spent, and one request more could exceed --max-cost {self.usd}"
