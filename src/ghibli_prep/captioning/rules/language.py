"""In which language a text is, as far as its script and its commonest words tell."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
    "zh": ("CJK",),
    "ko": ("HANGUL", "CJK"),
    "ru": ("CYRILLIC",),
}
"""The scripts of a language, as Unicode names its characters; where it is not here, the Latin one."""

COMMON: Mapping[str, frozenset[str]] = {
    code: frozenset(listed.split())
    for code, listed in {
        "en": "the and with of is are his her their at by from on while who under behind near against this has an in a",
        "de": "der das und mit von ist sind ein eine einen einem einer sein seine ihr ihre auf im dem den vor neben",
        "es": "el los las y con del es un una sus su en está están junto mientras sobre por hacia lleva al",
        "fr": "le les et avec du est sont un une des ses sa dans sur près pendant devant derrière au aux qui porte",
        "it": "il lo gli e con della del è sono un una suoi sua nel nella sullo mentre accanto che al sulla degli",
        "nl": "het de en met van is zijn een haar op bij naast terwijl achter onder voor aan die draagt naar",
        "pt": "o os as e com da do é são um uma seu sua em no na sobre enquanto ao lado que dos",
    }.items()
}
"""Words that nearly every phrase of a language has."""
CLEAR = 3
"""So many more common words of another language than of the own tell a text in that one."""


def foreign(text: str, language: str) -> str:
    """Why `text` is not in `language`, "" where it may be."""
    scripts = SCRIPTS.get(language, ("LATIN",))
    if not text.isascii() or "LATIN" not in scripts:
        letters = [c for c in text if c.isalpha()]
        strange = sum(not _name(c).startswith(scripts) for c in letters)
        if strange * 5 > len(letters):
            return "in another script"
    words = [word.strip(",.;:!?\"'“”()").casefold() for word in text.split()]
    hits = {code: sum(map(listed.__contains__, words)) for code, listed in COMMON.items()}
    own = hits.pop(language, None)
    if own is None:
        return ""
    likely = max(hits, key=lambda code: hits[code])
    return f"by its words, in {likely!r}" if hits[likely] >= own + CLEAR else ""


def _name(letter: str) -> str:
    return "LATIN" if letter.isascii() else unicodedata.name(letter, "")
