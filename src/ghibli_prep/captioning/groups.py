"""Several pictures in one request: what is said with them, how the answer is read, and what each one's share is.

Pure. What becomes of a group that was not answered is `dispatch`'s; how a request looks on the wire, a backend's.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Sequence

from ghibli_prep.captioning import Usage

PICTURE, CAPTION = "picture", "caption"
"""The names in each object of the answer: a label's number, and what is said of that picture."""
MISSES = 3
"""Unusable answers for groups of one size, one after the other, from which on a model is asked for smaller ones."""
_FENCED = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.DOTALL | re.IGNORECASE)


def label(number: int) -> str:
    """What stands before a picture. number: its place in the request, from 1."""
    return f"Picture {number}:"


def addition(count: int) -> str:
    """What is added to the prompt of a request for `count` pictures; "" for one."""
    if count < 2:
        return ""
    return (
        f"\n\nThere are {count} pictures, each after its label, {label(1)} to {label(count)} "
        "All of the above holds for each picture alone: look at it as if there were no other, and never mention "
        "another picture or a label in a caption. "
        f"Answer with a JSON array of exactly {count} objects, in the order of the labels: "
        f'{{"{PICTURE}": the number in the label, "{CAPTION}": the phrase for that picture}}.'
    )


def written(captions: Sequence[str]) -> str:
    """The answer that is wanted for pictures with these captions, in the order of the labels."""
    return json.dumps([{PICTURE: n, CAPTION: text} for n, text in enumerate(captions, 1)], ensure_ascii=False)


def captions(text: str, count: int) -> list[str] | str:
    """The captions in an answer for `count` pictures, in the order of the labels; or, in words, why it has none.

    The labels must be all there, each once and in order: where they are not, the model has lost count, and any of its
    captions may be another picture's.
    """
    fenced = _FENCED.fullmatch(text)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):  # the latter for nothing but brackets
        return "the answer for several pictures is no JSON, or cut off"
    if not isinstance(found, list) or not all(map(_is_caption, found)):
        return "the answer for several pictures is not the list that was asked for"
    if len(found) != count:
        return f"the answer for {count} pictures has {len(found)} captions"
    if [each[PICTURE] for each in found] != list(range(1, count + 1)):
        return f"the answer for {count} pictures mixes up their labels"
    return [each[CAPTION] for each in found]


def _is_caption(found: object) -> bool:
    return isinstance(found, dict) and type(found.get(PICTURE)) is int and isinstance(found.get(CAPTION), str)


def shares(usage: Usage, count: int) -> list[Usage]:
    """The tokens of a request, divided among its pictures: together they are the whole, to the last token."""

    def share(total: int, place: int) -> int:
        return total * (place + 1) // count - total * place // count

    return [Usage(share(usage.input_tokens, n), share(usage.output_tokens, n)) for n in range(count)]


class Sizes:
    """How many pictures each model is asked for at once: fewer for one that cannot do it.

    Only answers count that were asked for after the last one that counted: those sent together fail together, for one
    reason that may have gone by then.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._at_most: dict[str, int] = {}
        self._misses: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._missed_at: dict[str, float] = {}

    def at_most(self, model: str) -> int:
        return self._at_most.get(model, self._most)

    def used(self, model: str, size: int) -> None:
        """A group of this size was answered as it should be."""
        self._misses.pop((model, size), None)

    def missed(self, model: str, size: int, sent_at: float, now: float) -> str | None:
        """An answer for a group could not be used. Returns what the user should be told, if anything."""
        if size < 2 or size > self.at_most(model) or sent_at < self._missed_at.get(model, float("-inf")):
            return None
        self._missed_at[model] = now
        self._misses[model, size] += 1
        if self._misses[model, size] < MISSES:
            return None
        self._at_most[model] = smaller = size // 2
        words = f"{smaller} pictures" if smaller > 1 else "one picture"
        return f"{model}: no answer for {size} pictures at once could be used; it is asked for {words} at once"
