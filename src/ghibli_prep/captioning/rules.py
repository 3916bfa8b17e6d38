"""What a caption must look like before it may stand in the dataset. Mends; never invents.

Knows text, and nothing of who wrote it.
"""

from __future__ import annotations

import re
import unicodedata

_FENCE = re.compile(r"\s*```\w*\s*\n")
_PAIRS = tuple(zip("\"'“‘«「『_", "\"'”’»」』_", strict=True))
_BETWEEN = " ,:;.-–—#>)]}"
"""What models put between the trigger words and the description."""
_AT_THE_END = " ,:;-–—.。．｡…।॥۔։።"
"""Full stops of many scripts, and the marks of a sentence that was to go on."""


def tidy(text: str, trigger: str) -> str:
    """The caption in `text`: one line that begins with `trigger` once, one space after it, no final full stop.

    Empty where `text` says nothing beyond the trigger words.
    """
    plain = "".join(c for c in _one_line(_FENCE.sub("", text, count=1)) if c not in "*`" or c in trigger)
    description, before = _without_heading(plain.strip(), trigger), ""
    while description != before:
        before = description
        description = _unquoted(_after_trigger(description, trigger).lstrip(_BETWEEN).rstrip(_AT_THE_END))
    return f"{trigger} {description}" if any(map(str.isalnum, description)) else ""


def _one_line(text: str) -> str:
    """`text` without line breaks, control characters, invisible marks, and halves of surrogate pairs."""
    whole = text.encode("utf-8", "ignore").decode()
    seen = (c if c.isprintable() else " " for c in whole if unicodedata.category(c) != "Cf")
    return " ".join("".join(seen).split())


def _without_heading(text: str, trigger: str) -> str:
    """`text` without a short heading before the trigger words ("Here is the caption:")."""
    if re.match(_words(trigger), text, re.IGNORECASE):
        return text
    return re.sub(rf"^[^:]{{1,60}}:(?={_words(trigger)})", "", text, flags=re.IGNORECASE)


def _after_trigger(text: str, trigger: str) -> str:
    return re.sub(rf"^(?:{_words(trigger)})+", "", text, flags=re.IGNORECASE)


def _words(trigger: str) -> str:
    """A pattern for the trigger words and the marks before them.

    The next word may be stuck to them ("Ghibli stylea boy"), but not to a single word: "man" is no part of "mango".
    """
    words = r"[\s_-]+".join(map(re.escape, trigger.split()))
    return rf"[\W_]*?{words}" + (r"(?:d\b)?" if " " in trigger else r"(?!\w)")


def _unquoted(text: str) -> str:
    """`text` without the quotes around it, or the half of a pair whose other half went with the trigger words."""
    for opening, closing in _PAIRS:
        if len(text) > 1 and text[0] == opening and text[-1] == closing:
            inner = text[1:-1]
            if opening not in inner and closing not in inner:
                return inner
        if text.startswith(closing) and _is_lonely(opening, closing, text):
            return text[1:]
        if text.startswith(opening) and _is_lonely(opening, closing, text):
            return text[1:]
        if text.endswith(closing) and _is_lonely(opening, closing, text):
            return text[:-1]
    return text


def _is_lonely(opening: str, closing: str, text: str) -> bool:
    """Is one half of a pair without the other? An apostrophe inside a word is no quote."""
    halves = [len(re.findall(rf"(?<!\w){half}|{half}(?!\w)", text)) for half in (opening, closing)]
    return halves[0] % 2 == 1 if opening == closing else halves[0] != halves[1]
