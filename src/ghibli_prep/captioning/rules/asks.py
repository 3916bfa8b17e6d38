"""Rules whose break has the picture asked again. Each is given what stands after the trigger words.

It says what is wrong, in words that follow "the caption" and that the model is told, or "" where nothing is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ghibli_prep.captioning.rules.language import foreign
from ghibli_prep.captioning.rules.profile import Profile, words

SAME_TEXT = "same-text"
"""The rule that needs other captions to judge by."""

_REFUSES_AT_THE_START = re.compile(
    r"\W*(?:unfortunately\W+|sorry\W+(?:but\W+)?)?"
    r"(?:i(?:['’]m| am) (?:very |so |really )?(?:sorry|unable|not able|afraid|just an?)|i apologi[sz]e|my apologies"
    r"|sorry\W+(?:but\W+)?i\b"
    r"|i (?:can(?:['’]t|not| not)|could(?:n['’]t| not)|won['’]t|will not|do(?:n['’]t| not))\b"
    r"|as an ai\b|(?:it|there) (?:appears|seems) (?:that )?(?:no|there is no) (?:image|picture))",
    re.IGNORECASE,
)
_REFUSES_ANYWHERE = re.compile(
    r"\bas an? (?:ai|language|large language) (?:language )?(?:model|assistant)\b"
    r"|\bi(?:['’]m| am) (?:sorry|unable)\b[^\"”]{0,40}\b(?:but|to|i)\b"
    r"|\bi (?:can(?:['’]t|not| not)|won['’]t|will not) "
    r"(?:assist|help|describe|identify|fulfil|fulfill|provide|comply|see|view|generate|process)\b"
    r"|\bviolates? (?:my|our|the) (?:guidelines|policy|policies)\b"
    r"|申し訳(?:ありません|ございません)|できません",
    re.IGNORECASE,
)


def refusal(body: str, _: Profile) -> str:
    """No refusal ("I'm sorry", "I can't")."""
    refuses = _REFUSES_AT_THE_START.match(body) or _REFUSES_ANYWHERE.search(body)
    return "is a refusal and not a description" if refuses else ""


def min_words(body: str, profile: Profile) -> str:
    """At least `min_words` words, trigger words among them."""
    count, least = _count(body, profile), profile.rules.min_words
    return f"has {count} words, at least {least} are needed" if count < least else ""


def max_words(body: str, profile: Profile) -> str:
    """At most `max_words` words, trigger words among them."""
    count, most = _count(body, profile), profile.rules.max_words
    return f"has {count} words, at most {most} are allowed" if count > most else ""


def _count(body: str, profile: Profile) -> int:
    return len(words(profile.trigger)) + len(words(body))


def names(body: str, profile: Profile) -> str:
    """No name of the list."""
    found = profile.banned.found(body) if profile.banned else []
    return f"has a name that must not occur ({', '.join(found)})" if found else ""


def language(body: str, profile: Profile) -> str:
    """In the language of the settings."""
    wanted = profile.rules.language
    strange = foreign(body, wanted) if wanted else ""
    return f"is not in the language {wanted!r} but {strange}" if strange else ""


def loop(body: str, _: Profile) -> str:
    """No words over and over."""
    said = [word.strip(",.;:!?").casefold() for word in words(body)]
    if repeated := _repeated(said):
        return f'repeats "{repeated}" over and over'
    few = len(said) >= 20 and len(set(said)) * 3 < len(said)
    return "says the same words over and over" if few else ""


def _repeated(said: list[str]) -> str:
    """What stands there three times in a row, a lone word four times ("a long, long, long road" is none)."""
    for size in range(1, 9):
        times = 4 if size == 1 else 3
        for start in range(len(said) - size * times + 1):
            once = said[start : start + size]
            if said[start : start + size * times] == once * times:
                return " ".join(once)
    return ""


Look = Callable[[str, Profile], str]

ASKS: dict[str, Look] = {
    "refusal": refusal,
    "min-words": min_words,
    "max-words": max_words,
    "names": names,
    "language": language,
    "loop": loop,
}
