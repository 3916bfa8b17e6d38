"""A provider's words without the key, however they spell it. Knows no provider."""

from __future__ import annotations

import json
import re
from urllib.parse import quote, quote_plus

from ghibli_prep.captioning import Key

_SHOWN = 160
"""Characters of a provider's message that a reason shows."""


def redacted(text: str, key: Key) -> str:
    """`text` with the key's position for its text: as it is, in an address, in JSON or as Python quotes it."""
    text = key.redact(text)
    secret = key.secret
    spellings = {
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        repr(secret)[1:-1],
    }
    for spelling in sorted(spellings - {""}, key=len, reverse=True):
        text = re.sub(re.escape(spelling), f"[key {key.position}]", text, flags=re.IGNORECASE)  # %2f is %2F
    return text


def in_short(text: str, key: Key) -> str:
    """One line for a user, redacted first and without its last full stop; of a long one the sentences that fit."""
    line = " ".join(redacted(text, key).split())
    if len(line) > _SHOWN:
        whole_sentences = line[:_SHOWN].rpartition(". ")[0]
        line = whole_sentences or f"{line[:_SHOWN]}..."
    return line.removesuffix(".") if not line.endswith("...") else line
