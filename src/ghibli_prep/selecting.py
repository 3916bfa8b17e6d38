"""Which rows a user means: conditions such as `model=gemini-2.5-flash` or `words<20`, and lists of numbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.captioning.rules.warns import count_tokens
from ghibli_prep.errors import UsageError
from ghibli_prep.rows import Row, rules_broken
from ghibli_prep.workspace.provenance import Provenance

Value = str | float | tuple[str, ...] | None
"""None: not known, of a caption whose answer was not kept."""
_CONDITION = re.compile(r"\s*(?P<name>\w+)\s*(?P<operator>!=|<=|>=|!~|=|<|>|~)\s*(?P<value>.*?)\s*", re.DOTALL)


def _made(name: str) -> Callable[[Row, Profile], Value]:
    def value(row: Row, _: Profile) -> Value:
        found: Value = getattr(row.made, name) if isinstance(row.made, Provenance) else None
        return found

    return value


_TEXTS: Mapping[str, Callable[[Row, Profile], Value]] = {
    "text": lambda row, _: row.text,
    "film": lambda row, _: row.film,
    "source": lambda row, _: row.source,
    "dataset": lambda row, _: row.dataset,
    "rule": rules_broken,
    "edited": lambda row, _: "yes" if row.edited else "no",
    **{
        name: _made(name)
        for name in (
            "backend", "model", "model_version", "fingerprint", "prompt", "mended", "asked_again", "time",
        )
    },
}  # fmt: skip
NUMBERS: Mapping[str, Callable[[Row, Profile], Value]] = {
    "number": lambda row, _: row.number,
    "words": lambda row, _: len(rules.words(row.text)),
    "tokens": lambda row, _: count_tokens(row.text),
    **{name: _made(name) for name in ("key", "attempts", "input_tokens", "output_tokens", "cost", "seconds")},
}
FIELDS = (*NUMBERS, *_TEXTS)
"""What a condition may be about."""
_VALUES: Mapping[str, Collection[str]] = {
    **dict.fromkeys(("rule", "mended", "asked_again"), rules.RULES),
    "edited": ("yes", "no"),
}
"""What may be equal at all, where that is known."""
_TIME = re.compile(r"\d{4}(-\d\d(-\d\d(t\d\d(:\d\d(:\d\d)?)?)?)?)?")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. Texts are compared in any case; of several values, one that fits will do.

    `~` is "contains", and of a value between slashes "matches", as a regular expression. A time fits by as much of it
    as is said: 2026-11-20 is that whole day.
    """

    name: str
    operator: str
    value: str
    pattern: re.Pattern[str] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, text: str) -> Condition:
        """Raises UsageError, which names what there is."""
        found = _CONDITION.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r}: not a condition. Write one like model=gemini-2.5-flash, words<20 or text~cat.")
        name, operator, value = found["name"], found["operator"], found["value"]
        if name not in FIELDS:
            raise UsageError(f"{text!r}: nothing is called {name}. There are: {', '.join(sorted(FIELDS))}.")
        if wrong := _is_wrong(name, operator, value):
            raise UsageError(f"{text!r}: {wrong}.")
        if pattern := _pattern(operator, value):
            return cls(name, operator, value, pattern)
        return cls(name, operator, value.casefold().replace(" ", "t") if name == "time" else value.casefold())

    def holds(self, row: Row, profile: Profile) -> bool:
        if self.name in NUMBERS:
            number = NUMBERS[self.name](row, profile)
            return isinstance(number, int | float) and self._compared(number, float(self.value))
        found = _TEXTS[self.name](row, profile)
        texts = [text.casefold() for text in (found if isinstance(found, tuple) and found else (str(found or ""),))]
        if self.operator in ("=", "~", "!=", "!~"):
            same = self._is_in if "~" in self.operator or self.name == "time" else self._is
            return any(map(same, texts)) != self.operator.startswith("!")
        return any(bool(text) and self._compared(text[: len(self.value)], self.value) for text in texts)

    def _is(self, text: str) -> bool:
        return text == self.value

    def _is_in(self, text: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(text) is not None
        return text.startswith(self.value) if self.name == "time" else self.value in text

    def _compared(self, one: float | str, other: float | str) -> bool:
        before, same = one < other, one == other  # type: ignore[operator] # both are numbers, or both texts
        return {
            "=": same,
            "!=": not same,
            "<": before,
            "<=": before or same,
            ">": not (before or same),
            ">=": not before,
        }[self.operator]


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows for which all of `where`, or any of `other`, hold; of `numbers` only, where there are any."""

    where: tuple[Condition, ...] = ()
    other: tuple[Condition, ...] = ()
    numbers: frozenset[int] = frozenset()

    @classmethod
    def of(cls, where: Sequence[str], other: Sequence[str], numbers: str) -> Selection:
        """Raises UsageError for what cannot be understood."""
        return cls(tuple(map(Condition.of, where)), tuple(map(Condition.of, other)), frozenset(_numbers(numbers)))

    def __bool__(self) -> bool:
        return bool(self.where or self.other or self.numbers)

    def __str__(self) -> str:
        """The same for the same choice: by it a choice is known again."""
        parts = [" and ".join(_words(self.where)), *_words(self.other)]
        said = " or ".join(filter(None, parts))
        ranges = ",".join(_ranges(self.numbers))
        return "; ".join(filter(None, [said, ranges and f"numbers {ranges}"]))

    def of_rows(self, found: Iterable[Row], profile: Profile) -> list[Row]:
        return [row for row in found if self._holds(row, profile)]

    def _holds(self, row: Row, profile: Profile) -> bool:
        if self.numbers and row.number not in self.numbers:
            return False
        if not self.where and not self.other:
            return True
        by_where = bool(self.where) and all(condition.holds(row, profile) for condition in self.where)
        return by_where or any(condition.holds(row, profile) for condition in self.other)


def _is_wrong(name: str, operator: str, value: str) -> str:
    """Why such a condition cannot be, "" where it can."""
    if name in NUMBERS:
        try:
            float(value)
        except ValueError:
            return f"{name} is a number, {value!r} is none"
        return f"{name} is a number: compare it with =, !=, <, <=, > or >=" if "~" in operator else ""
    if "~" in operator:
        try:
            _pattern(operator, value)
        except re.error as error:
            return f"{value} is not a regular expression: {error}"
        return ""
    if name == "time" and value and not _TIME.fullmatch(value.casefold().replace(" ", "t")):
        return "a time is such as 2026-11-20 or 2026-11-20T18:30, in UTC"
    if operator[0] in "<>" and (name != "time" or not value):
        return f"{name} is a text: compare it with =, !=, ~ (contains) or !~"
    if value and value.casefold() not in _VALUES.get(name, (value.casefold(),)):
        return f"{name} is never {value!r}. It is one of: {', '.join(_VALUES[name])}"
    return ""


def _pattern(operator: str, value: str) -> re.Pattern[str] | None:
    """The regular expression in `/.../`, None where there is none. Raises re.error."""
    if "~" not in operator or len(value) < 3 or not (value.startswith("/") and value.endswith("/")):
        return None
    return re.compile(value[1:-1], re.IGNORECASE)


def _words(conditions: Collection[Condition]) -> list[str]:
    return sorted(f"{each.name}{each.operator}{each.value}" for each in conditions)


def _ranges(numbers: Collection[int]) -> list[str]:
    """{5, 9, 10, 11} as ["5", "9-11"]."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])]
    return [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]


def _numbers(text: str) -> set[int]:
    """`5,9-12` as {5, 9, 10, 11, 12}."""
    found: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        ends = re.fullmatch(r"(\d{1,9})(?:\s*-\s*(\d{1,9}))?", part)
        first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (1, 0)
        if first > last or last - first >= 1_000_000:
            raise UsageError(f"{part!r}: not a number of a picture, nor a range of them. Write, for example, 5,9-12.")
        found.update(range(first, last + 1))
    return found
