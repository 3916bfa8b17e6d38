"""Which slot a batch goes to: the best model first, of the first key that may use it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ghibli_prep.captioning import Key, KeyDead, Slot, SlotSpent, SlotTired
from ghibli_prep.captioning.batches import Trouble

Why = Literal["quota", "keys", "models"]


class Ladder:
    """keys, models: in the order in which they are tried; a slot that refused is left out of this run."""

    def __init__(self, keys: Sequence[Key], models: Sequence[str]) -> None:
        self._slots = [Slot(key, model) for model in models for key in keys]
        self._keys = {key.fingerprint: key for key in keys}
        self._left: dict[Slot, Trouble] = {}

    def first(self) -> Slot | None:
        return next((slot for slot in self._slots if slot not in self._left), None)

    def leave(self, slot: Slot, blame: Trouble) -> None:
        """blame: a key that is not accepted takes all its models with it, and a quota is of its whole project."""
        match blame:
            case KeyDead():
                out = [each for each in self._slots if each.key == slot.key]
            case SlotSpent() | SlotTired():
                out = [s for s in self._slots if (s.key.payer, s.model) == (slot.key.payer, slot.model)]
            case _:
                out = [slot]
        self._left |= {each: blame for each in out if each not in self._left}

    def key(self, fingerprint: str, payer: str = "") -> Key | None:
        """The key of that fingerprint, else another one of the same project: jobs are the project's."""
        others = (key for key in self._keys.values() if key.payer == payer)
        return self._keys.get(fingerprint) or next(others, None)

    def slot(self, fingerprint: str, model: str) -> Slot | None:
        """The slot of that name, if it is still to be had."""
        found = next((s for s in self._slots if (s.key.fingerprint, s.model) == (fingerprint, model)), None)
        return None if found in self._left else found

    @property
    def why(self) -> Why:
        """Why there is none left."""
        blames = list(self._left.values())
        if any(isinstance(blame, SlotSpent | SlotTired) for blame in blames):
            return "quota"
        return "keys" if all(isinstance(blame, KeyDead) for blame in blames) else "models"
