"""Which rule, if any, makes this call go wrong. It only counts and draws; what a fault looks like is `api`'s matter."""

from __future__ import annotations

from collections.abc import Sequence

from ghibli_prep.sandbox.draws import draw
from ghibli_prep.sandbox.keyring import Caller
from ghibli_prep.sandbox.settings import Fault, Place


class Faults:
    """One thread at a time may call it."""

    def __init__(self, rules: Sequence[Fault], seed: int) -> None:
        self._rules = rules
        self._seed = seed
        self._seen = [0] * len(rules)

    def next(self, caller: Caller, model: str, *pictures: str, at: Place = "answer") -> Fault | None:
        """The first rule that fires at this call. Every rule that looks at such calls counts it. pictures: SHA-256."""
        fired = None
        for place, rule in enumerate(self._rules):
            if rule.at != at or not _looks_at(rule, caller, model, pictures):
                continue
            self._seen[place] += 1
            if fired is None and self._fires(rule, place, self._seen[place]):
                fired = rule
        return fired

    def _fires(self, rule: Fault, place: int, number: int) -> bool:
        if not rule.calls and rule.every is None and rule.share is None:
            return True
        by_number = number in rule.calls or (rule.every is not None and number % rule.every == 0)
        return by_number or (rule.share is not None and draw(self._seed, "fault", place, number) < rule.share)


def _looks_at(rule: Fault, caller: Caller, model: str, pictures: Sequence[str]) -> bool:
    about = rule.picture in ("", *pictures)
    return about and rule.model in ("", model) and (not rule.key or caller.is_called(rule.key))
