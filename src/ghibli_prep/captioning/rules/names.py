"""Finds names of a list in a text, in Latin letters as whole words, in Chinese and Japanese anywhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_BORDERLESS = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]"
_MARKS = re.compile("[\u0300-\u036f]")


class Banned:
    """A list of names, ready to search for.

    Case, width and accents do not count ("TOTORO", "Ｔｏｔｏｒｏ", "Nausicaä"). A line that begins with `=` is for a
    name that is made of ordinary words, and is found as written or all in capitals: `=San` finds "San" and "SAN", not
    "san".
    """

    def __init__(self, names: Iterable[str]) -> None:
        listed = list(names)
        self._any_case = _pattern(_plain(name).casefold() for name in listed if not name.startswith("="))
        ordinary = [_plain(name[1:]) for name in listed if name.startswith("=")]
        self._as_written = _pattern(spelled for name in ordinary for spelled in (name, name.upper()))

    def found(self, text: str) -> list[str]:
        """The names in `text`, each once, in the spelling of the text without accents."""
        plain = _plain(text)
        folded = plain.casefold()
        hits = [match[0] for match in self._any_case.finditer(folded)] if self._any_case else []
        hits += [match[0] for match in self._as_written.finditer(plain)] if self._as_written else []
        return list(dict.fromkeys(hits))


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    """The longest name first, for "my neighbor totoro" to be found whole."""
    longest_first = sorted({name for name in names if name}, key=len, reverse=True)
    anywhere = [re.escape(name) for name in longest_first if re.search(_BORDERLESS, name)]
    words = [_spaced(name) for name in longest_first if not re.search(_BORDERLESS, name)]
    # the border stands before all words at once: most places in a text are then seen to be none at a glance
    groups = ["|".join(anywhere), rf"(?<![^\W_])(?:{'|'.join(words)})(?![^\W_])" if words else ""]
    return re.compile("|".join(filter(None, groups))) if longest_first else None


def _spaced(name: str) -> str:
    return r"[\s-]+".join(map(re.escape, re.split(r"[\s-]+", name)))


def _plain(text: str) -> str:
    """`text` in its plainest spelling: full-width letters narrow, Latin ones without accents, straight apostrophes."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", bare).replace("’", "'").strip()
