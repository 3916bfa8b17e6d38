"""What a caption must be before it may stand in the dataset.

Three kinds of rules, each one small function with a name: `mends` change a caption and never invent, `asks` have its
picture asked again, `warns` are told. A style chooses and sets them in `[caption.rules]`. Nothing here knows who wrote
a caption, or asks anybody.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from ghibli_prep.captioning.rules.asks import ASKS, SAME_TEXT
from ghibli_prep.captioning.rules.mends import MENDS
from ghibli_prep.captioning.rules.profile import Finding, Mended, Profile, Severity, words
from ghibli_prep.captioning.rules.warns import WARNS, exact
from ghibli_prep.settings import RuleSettings

__all__ = [  # what the other layers use
    "RULES",
    "Finding",
    "Mended",
    "Profile",
    "Severity",
    "findings",
    "flaws",
    "in_words",
    "mend",
    "remark",
    "warnings",
    "words",
]

RULES: dict[str, Severity] = {
    **dict.fromkeys(MENDS, "mend"),
    **dict.fromkeys(ASKS, "ask"),
    SAME_TEXT: "ask",
    **dict.fromkeys(WARNS, "warn"),
}
"""Every rule's severity by its name."""


def mend(text: str, profile: Profile) -> Mended:
    """The caption in `text`; its text is "" where nothing is said beyond the trigger words."""
    whole = _without_halves(text)
    changed = {"unicode"} if whole != text else set()
    before = None
    while whole != before:
        before = whole
        for name in MENDS:
            mended = _mended_by(name, whole, profile)
            if mended != whole:
                whole = mended
                changed.add(name)
    says_something = any(map(str.isalnum, profile.body(whole)))
    return Mended(whole if says_something else "", tuple(name for name in MENDS if name in changed))


def findings(text: str, profile: Profile, others: Container[str] = frozenset()) -> list[Finding]:
    """Every rule that the caption `text`, as it stands in the dataset, breaks. others: captions of other pictures."""
    wanting = [Finding(name, "mend", _first_line(MENDS[name].__doc__)) for name in mend(text, profile).rules]
    return wanting + flaws(text, profile, others)


def flaws(text: str, profile: Profile, others: Container[str] = frozenset()) -> list[Finding]:
    """What of `findings` cannot be mended: all there is to find in a text that came from `mend`."""
    found = []
    body = profile.body(text)
    for name, ask in ASKS.items():
        if _is_on(name, profile) and (detail := ask(body, profile)):
            found.append(Finding(name, "ask", detail))
    if _is_on(SAME_TEXT, profile) and text in others:
        found.append(Finding(SAME_TEXT, "ask", "is word for word the caption of another picture"))
    whole = _without_halves(text)
    for name, warn in WARNS.items():
        if _is_on(name, profile) and (detail := warn(whole, profile)):
            found.append(Finding(name, "warn", detail))
    return found


def in_words(found: Iterable[Finding]) -> str:
    """Why a caption will not do: "the caption has 3 words, ...; says Totoro, ..."."""
    return "the caption " + "; ".join(finding.detail for finding in found)


def warnings(counts: Mapping[str, int], settings: RuleSettings) -> list[str]:
    """What to tell of rules that are only warned of. counts: the captions that break each."""
    how = "" if exact() else ', by estimate; the extra "clip" counts them exactly'
    say = {
        "clip-tokens": f"more than {settings.clip_tokens} CLIP tokens, beyond which the model reads nothing{how}",
        "cefr": f"more than {settings.b1_share:.0%} of their words above level B1",
    }
    return [
        f"{count:,} {'caption of this run has' if count == 1 else 'captions of this run have'} {say[rule]}"
        for rule, count in sorted(counts.items())
    ]


def remark(found: Iterable[Finding]) -> str:
    """What is added to the prompt when a picture is asked again."""
    return (
        f"\n\nYour last answer cannot be used: {in_words(found)}. "
        "Describe the picture anew, and follow every instruction above."
    )


def _mended_by(name: str, whole: str, profile: Profile) -> str:
    if not _is_on(name, profile):
        return whole
    if name in ("preamble", "trigger"):
        return MENDS[name](whole, profile)
    body = profile.body(whole)
    head = whole[: len(whole) - len(body)]
    return head + MENDS[name](body, profile)


def _without_halves(text: str) -> str:
    """`text` without halves of surrogate pairs, which cannot be written down."""
    return text.encode("utf-8", "ignore").decode()


def _is_on(name: str, profile: Profile) -> bool:
    return name not in profile.rules.disabled


def _first_line(doc: str | None) -> str:
    return "needs mending: " + (doc or "").partition("\n")[0].rstrip(".")
