"""What a run would cost: the same rota and dispatcher, in simulated time, with the quota that is really left.

Asks nobody, writes nothing. What is not known, such as a limit, is named in the plan with what was taken instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path
from statistics import fmean, median
from typing import get_args

from ghibli_prep.asking import PICTURE_TOKENS, slots_of
from ghibli_prep.captioning import Described, Key, Slot, Usage, groups
from ghibli_prep.captioning.calls import Call, Stop
from ghibli_prep.captioning.days import pacific_day
from ghibli_prep.captioning.dispatch import Dispatcher
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.posts import Exhausted
from ghibli_prep.captioning.prices import cost
from ghibli_prep.captioning.rota import Rota, Strategy
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.captioning.simulation import Simulation
from ghibli_prep.ledger import name_of, remind
from ghibli_prep.samples import Resized
from ghibli_prep.settings import CaptionSettings, Limits, RuleName, RuleSettings
from ghibli_prep.workspace.provenance import Provenance
from ghibli_prep.workspace.quota import Spent

LATENCY = 4.0
"""Seconds that an answer is taken to need where none has come yet."""
OUTPUT_TOKENS = 60
"""Tokens that an answer is taken to have where none has come yet: a caption of 45 words."""
LAST = 200
"""Answers that experience is drawn from, the latest ones."""
STRATEGIES: tuple[Strategy, ...] = get_args(Strategy)
_WITHOUT_RULES = Profile.of(CaptionSettings(rules=RuleSettings(disabled=get_args(RuleName))))


@dataclass(frozen=True, slots=True)
class Experience:
    """What answers are like: seconds, tokens of a request and of an answer, requests a picture. answers: so many were
    looked at; 0: all of it is assumed."""

    seconds: float
    input_tokens: int
    output_tokens: int
    requests: float = 1.0
    answers: int = 0

    @classmethod
    def of(cls, made: Sequence[Provenance], settings: CaptionSettings) -> Experience:
        """Of the latest answers of the models in the ladder."""
        together = settings.pictures_per_request
        alike = [one for one in made if one.requests.is_integer() == (together == 1)]  # of one, or several, a request
        last = [one for one in alike if one.model in settings.models and one.input_tokens][-LAST:]
        if not last:
            tokens = PICTURE_TOKENS * together + len(settings.prompt_text + groups.addition(together)) // 4
            return cls(LATENCY, tokens, OUTPUT_TOKENS * together, 1 / together)
        asked = [1.0 + len(one.asked_again) if together == 1 else one.requests for one in last]
        return cls(
            median(one.seconds for one in last),
            round(sum(one.input_tokens for one in last) / sum(asked)),
            round(sum(one.output_tokens for one in last) / sum(asked)),
            fmean(asked),
            len(last),
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    """A run by one strategy. by_model: pictures. cost: USD, None where a price is not known. days: in which it asks.

    done_at: seconds since the epoch. left: pictures for which nobody could be asked. most: the most requests under way.
    """

    strategy: Strategy
    requests: int
    by_model: Mapping[str, int]
    input_tokens: int
    output_tokens: int
    cost: float | None
    days: int
    done_at: float
    left: int
    most: int


@dataclass(slots=True)
class Plan:
    """Plans by the settings, keys and quota that are handed in. now: seconds since the epoch."""

    keys: Sequence[Key]
    settings: CaptionSettings
    quota: Mapping[str, Spent]
    experience: Experience
    now: float
    slots: list[Slot] = field(init=False)
    limits: dict[str, Limits] = field(init=False)

    def __post_init__(self) -> None:
        dead = {key for key in self.keys if self._of(key.fingerprint).out}
        self.slots = slots_of([key for key in self.keys if key not in dead], self.settings)
        self.limits = {model: self._limits(model) for model in self.settings.models}

    def _of(self, name: str) -> Spent:
        return self.quota.get(name, Spent())

    def _limits(self, model: str) -> Limits:
        """What the settings say, and where they do not, what the last run was held to."""
        known = self.settings.limits.get(model, Limits())
        last = [self._of(name_of(slot)) for slot in self.slots if slot.model == model]

        def lowest(name: str) -> int | None:
            return min((limit for spent in last if (limit := getattr(spent, name))), default=None)

        learned = {name: lowest(name) for name in Limits.model_fields if getattr(known, name) is None}
        return known.model_copy(update=learned)

    def learned(self) -> list[str]:
        """The limits that are not in the settings, in words."""
        said = []
        for model, limits in self.limits.items():
            known = self.settings.limits.get(model, Limits())
            new = [f"{name} {value:,}" for name, value in limits if value and getattr(known, name) is None]
            said += [f"{model} {' '.join(new)}"] if new else []
        return said

    def left_out(self) -> dict[str, str]:
        """What the last run left out and this plan does too, and why: keys and slots in words."""
        dead = {str(key): self._of(key.fingerprint).out for key in self.keys}
        gone = {str(slot): self._of(name_of(slot)).out for slot in self.slots}
        return {name: why for name, why in {**dead, **gone}.items() if why}

    def unknown(self) -> list[str]:
        """The models in use whose requests a minute or a day are not known: they are taken to have no such limit."""
        used = {slot.model for slot in self.slots if not self._of(name_of(slot)).out}
        return [model for model in self.settings.models if model in used and None in self._known(model)]

    def _known(self, model: str) -> tuple[int | None, int | None]:
        return self.limits[model].rpm, self.limits[model].rpd

    def forecast(self, strategy: Strategy, pictures: int) -> Forecast:
        """pictures: still to be captioned."""
        calls = Simulation(self._answer, lambda _: self.experience.seconds, self.now)
        played = play(self.rota(strategy), calls, ceil(round(pictures * self.experience.requests, 3)))
        return self._summed_up(strategy, pictures, played, calls)

    def rota(self, strategy: Strategy) -> Rota:
        settings = self.settings
        tokens = self.experience.input_tokens
        rota = Rota(self.slots, strategy, settings.backoff_seconds, settings.max_in_flight, self.limits, tokens)
        remind(rota, self.quota, self.now)
        for slot, post in rota.posts.items():
            post.probing = False  # what is known to be spent is taken to be spent
            if why := self._of(name_of(slot)).out:
                post.out, post.why = "model", why
        return rota

    def _answer(self, call: Call) -> Described:
        usage = Usage(self.experience.input_tokens, self.experience.output_tokens)
        return Described(f"a picture, number {call.picture.number}", usage, "")

    def _summed_up(self, strategy: Strategy, pictures: int, played: Played, calls: Simulation) -> Forecast:
        one, requests = self.experience, played.by_model
        left = min(
            pictures, round(len(played.left) / one.requests)
        )  # the last request may be for fewer than the others
        costs = [
            cost(Usage(count * one.input_tokens, count * one.output_tokens), self.settings.prices.get(model))
            for model, count in requests.items()
        ]
        return Forecast(
            strategy,
            requests.total(),
            {m: round((pictures - left) * requests[m] / requests.total()) for m in self.settings.models if requests[m]},
            requests.total() * one.input_tokens,
            requests.total() * one.output_tokens,
            None if None in costs else sum(each or 0.0 for each in costs),
            len(played.days),
            calls.now(),
            left,
            calls.most,
        )


def keys_for(settings: CaptionSettings, keys: Sequence[Key], count: int | None) -> list[Key]:
    """`count` keys for each provider of the ladder, those that are set first, then imagined ones; None: those that are
    set, or one."""
    chosen: list[Key] = []
    for provider in dict.fromkeys(settings.split(model)[0] for model in settings.models):
        there = [key for key in keys if key.provider == provider]
        wanted = count or max(1, len(there))
        names = [f"{provider} key {n} of the plan".strip() for n in range(len(there) + 1, wanted + 1)]
        imagined = [Key(len(keys) + n, name, name, provider=provider) for n, name in enumerate(names, start=1)]
        chosen += [*there, *imagined][:wanted]
    return chosen


@dataclass(slots=True)
class Played:
    """A run in virtual time: answers by model, the Pacific days in which it asked, and pictures nobody could be asked
    for."""

    left: list[Resized]
    by_model: Counter[str] = field(default_factory=Counter)
    days: set[str] = field(default_factory=set)


def play(rota: Rota, calls: Simulation, pictures: int) -> Played:
    """Ask for so many pictures, sleeping through resets, until all are answered or nobody can be asked any more."""
    played = Played([Resized(number, Path(f"{number}.jpg")) for number in range(1, pictures + 1)])
    while played.left:
        dispatcher = _dispatcher(rota, calls)
        answered = set()
        for answer in dispatcher.run(played.left):
            answered.add(answer.outcome.number)
            played.by_model[answer.slot.model] += 1
            played.days.add(pacific_day(calls.now() - answer.seconds))
        played.left = [picture for picture in played.left if picture.number not in answered]
        if not isinstance(dispatcher.end, Exhausted) or dispatcher.end.until is None:
            break
        calls.sleep(dispatcher.end.until)
        rota.wake()
    return played


def _dispatcher(rota: Rota, calls: Simulation) -> Dispatcher:
    return Dispatcher(
        rota, calls, judge=Judge(_WITHOUT_RULES, 1), stop=Stop(), tell=lambda _: None, waiting=lambda _: None
    )
