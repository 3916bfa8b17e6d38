"""What a caption must look like before it may stand in the dataset. Mends; never invents.

Knows text, and nothing of who wrote it.
"""

from __future__ import annotations

import re

_AROUND = " \t\"'`*_“”‘’«»「」"
_FULL_STOPS = " .。．…"


def tidy(text: str, trigger: str) -> str:
    """The caption in `text`: one line that begins with `trigger` once, one space after it, no final full stop.

    Empty where `text` says nothing beyond the trigger words.
    """
    whole = text.encode("utf-8", "replace").decode()  # half a surrogate pair cannot be written to a file
    one_line = " ".join("".join(c if c.isprintable() else " " for c in whole).split())
    description = _after_trigger(one_line.strip(_AROUND), trigger).strip(_AROUND).rstrip(_FULL_STOPS).rstrip(_AROUND)
    return f"{trigger} {description}" if description else ""


def _after_trigger(text: str, trigger: str) -> str:
    """`text` without the trigger words at its start, in any case, however often, and the marks behind them."""
    words = r"\s+".join(map(re.escape, trigger.split()))
    return re.sub(rf"^(?:{words}(?:d\b)?[\s,.:;*_\"'“”–—-]*)+", "", text, flags=re.IGNORECASE)
