"""Chance that can be repeated: the same seed and the same words always give the same draw, in any order of asking."""

from __future__ import annotations

import hashlib


def draw(seed: int, *words: object) -> float:
    """A number from 0 (included) to 1 (excluded), spread evenly over different words."""
    text = "\0".join(str(word) for word in (seed, *words))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
