"""Rules that a caption is mended by, without asking again. Each takes and gives a text, and never invents.

All but `preamble` and `trigger` are given what stands after the trigger words. They are done over and over until none
changes anything, so that each may be simple.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from ghibli_prep.captioning.rules.profile import Profile

_FENCE = re.compile(r"\s*```\w*\s*\n")
_PAIRS = tuple(zip("\"'“‘«「『_", "\"'”’»」』_", strict=True))
_BETWEEN = " ,:;.-–—#>)]}"
"""What models put between the trigger words and the description."""
_AT_THE_END = " ,:;-–—.。．｡…।॥۔։።"
"""Full stops of many scripts, and the marks of a sentence that was to go on."""
_NOUN = r"(?:image |picture |photo )?(?:caption|description|phrase|image|picture|photo|output|answer|prompt|response)"
_LABEL = re.compile(rf"\s*{_NOUN}\s*(?:\d+\s*)?:\s*", re.IGNORECASE)
_HERE_IS = re.compile(
    r"\s*(?:(?:sure|certainly|of course|okay|ok|absolutely|yes)\b[\s,.!:;–—-]*)?"
    rf"(?:here(?:['’]s| is| are)|this is|the following is)\b[^:,.]{{0,60}}\b{_NOUN}s?\b[^:,.]{{0,60}}:\s*",
    re.IGNORECASE,
)
_SHORT_FORMS = re.compile(
    r"[^\W\d_]|mrs?|ms|dr|st|prof|[js]r|vs|etc|approx|no|vol|ca|fig|mt|cf|inc|ltd|e\.g|i\.e|[ap]\.m|u\.[sk]",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(r"\s*(?:\.\s?\.\s?\.+|…)[\s,;.…]*(?=\S)")
_STOP = re.compile(r"(?P<word>\S*[^\s.,;:!?…])\.(?P<after>[\"'”’»)\]]?)\s*,?\s+(?=\S)")
_STUCK = re.compile(r"(?<=[^\W\d_]{2})\.(?=[A-Z][a-z]+\b)")
_FAR_EASTERN = re.compile(r"\s*[。．｡।॥۔։።]+\s*(?=\S)")


def unicode(text: str, _: Profile) -> str:
    """Composed letters (NFC), and no control characters, invisible marks, or odd spaces."""
    if text.isascii() and text.isprintable():
        return text
    composed = unicodedata.normalize("NFC", text)
    seen = (c if c.isprintable() or c.isspace() else " " for c in composed if unicodedata.category(c) != "Cf")
    return "".join(seen)


def markdown(text: str, profile: Profile) -> str:
    """No fences, bold, italics, code or headings."""
    plain = _FENCE.sub("", text, count=1)
    if "*" in plain or "`" in plain:
        plain = "".join(c for c in plain if c not in "*`" or c in profile.trigger)
    return re.sub(r"^\s*(?:#+\s+|>\s+)", "", plain)


def one_line(text: str, _: Profile) -> str:
    """One line, one space between words, none at the ends."""
    return " ".join(text.split())


def preamble(text: str, profile: Profile) -> str:
    """No "Here is the caption:", "Caption:", or other short heading before the trigger words."""
    body = profile.body(text)
    head = text[: len(text) - len(body)]
    bare = _LABEL.sub("", _HERE_IS.sub("", body, count=1), count=1) if _begins_with_one(body) else body
    words = _words(profile.trigger)
    if head or re.match(words, bare, re.IGNORECASE):
        return head + bare
    return re.sub(rf"^[^:]{{1,60}}:(?={words})", "", bare, flags=re.IGNORECASE)


def _begins_with_one(text: str) -> bool:
    return bool(_HERE_IS.match(text) or _LABEL.match(text))


def trigger(text: str, profile: Profile) -> str:
    """The trigger words once, at the start, with one space after them."""
    description = re.sub(rf"^(?:{_words(profile.trigger)})+", "", text, flags=re.IGNORECASE).lstrip(_BETWEEN)
    if " " in profile.trigger:  # a single word may well be needed in the description: "man a man beside a car"
        said = rf"(?<!\w){_spelled(profile.trigger)}d?(?!\w)"
        phrase = rf"\s*\b(?:in|with|of|as)\s+(?:(?:the|an?)\s+)?{said}(?=\s*(?:[,;.!]|$))"
        description = re.sub(rf"{phrase}|\s*{said}", "", description, flags=re.IGNORECASE).lstrip(_BETWEEN)
    return f"{profile.trigger} {description}"


def _spelled(trigger: str) -> str:
    return r"[\s_-]+".join(map(re.escape, trigger.split()))


def _words(trigger: str) -> str:
    """A pattern for the trigger words and the marks before them.

    The next word may be stuck to them ("Ghibli stylea boy"), but not to a single word: "man" is no part of "mango".
    """
    return rf"[\W_]*?{_spelled(trigger)}" + (r"(?:d\b)?" if " " in trigger else r"(?!\w)")


def quotes(text: str, _: Profile) -> str:
    """No quotes around the whole, nor half of a pair whose other half went with the trigger words."""
    for opening, closing in _PAIRS:
        if len(text) > 1 and text[0] == opening and text[-1] == closing:
            inner = text[1:-1]
            if opening not in inner and closing not in inner:
                return inner
        if text.startswith((opening, closing)) and _is_lonely(opening, closing, text):
            return text[1:]
        if text.endswith(closing) and _is_lonely(opening, closing, text):
            return text[:-1]
    return text


def _is_lonely(opening: str, closing: str, text: str) -> bool:
    """Is one half of a pair without the other? An apostrophe inside a word is no quote."""
    halves = [len(re.findall(rf"(?<!\w){half}|{half}(?!\w)", text)) for half in (opening, closing)]
    return halves[0] % 2 == 1 if opening == closing else halves[0] != halves[1]


def final_stop(text: str, _: Profile) -> str:
    """No full stop at the end, nor a comma or a dash."""
    return text.rstrip(_AT_THE_END)


def inner_stops(text: str, _: Profile) -> str:
    """Commas where sentences end; "3.5", "e.g." and "Mr." keep their points."""
    joined = _FAR_EASTERN.sub(", ", _ELLIPSIS.sub(", ", text))
    return _STUCK.sub(", ", _STOP.sub(_with_comma, joined))


def _with_comma(stop: re.Match[str]) -> str:
    is_short = _SHORT_FORMS.fullmatch(stop["word"].strip("\"'“‘«(["))
    return stop[0] if is_short else f"{stop['word']}{stop['after']}, "


Mend = Callable[[str, Profile], str]

MENDS: dict[str, Mend] = {
    "unicode": unicode,
    "markdown": markdown,
    "one-line": one_line,
    "preamble": preamble,
    "trigger": trigger,
    "quotes": quotes,
    "final-stop": final_stop,
    "inner-stops": inner_stops,
}
