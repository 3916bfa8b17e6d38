"""A dataset in figures: what `stats` prints and `report` draws. Counts; reads no picture and writes nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import fmean, median
from typing import Any

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.captioning.rules.warns import count_tokens, exact
from ghibli_prep.looks import COLOURS, Look
from ghibli_prep.rows import Row, film_of, rules_broken
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.provenance import Provenance

COMMON = 30
"""So many of the commonest words and phrases."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_SAYS_NOTHING = (
    "a an and are as at be but by for from has have her his in into is it its near of on or over she he they their "
    "that the there this to under up was while who with behind beside front top one two some"
)
_STOP_WORDS = frozenset(_SAYS_NOTHING.split())
"""Words that say nothing of what a picture shows."""

Figures = dict[str, Any]


def of(
    workspace: Workspace,
    rows: Sequence[Row],
    profile: Profile,
    broken: Mapping[int, Sequence[str]],
    looks: Iterable[Look | None] = (),
) -> Figures:
    """What `stats --json` prints. broken: what `findings` found. looks: how the pictures of `rows` look."""
    texts = {row.number: row.text for row in rows if row.state == "captioned"}
    steps = _steps(workspace, rows)
    return {
        "workspace": str(workspace.root),
        **steps,
        "share": _share(steps["captioned"], steps["found"]),
        "bytes": _bytes(workspace, rows),
        "films": _films(workspace, rows),
        "models": _counted(row.made.model for row in rows if row.made and row.state == "captioned"),
        "days": dict(sorted(Counter(_day(row.made.time) for row in rows if row.made).items())),
        "words": _lengths([len(rules.words(text)) for text in texts.values()]),
        "tokens": {**_lengths([count_tokens(text) for text in texts.values()]), "exact": exact()},
        "common_words": common(texts.values(), 1, profile),
        "phrases": common(texts.values(), 2, profile) + common(texts.values(), 3, profile),
        "usage": _usage(workspace.answers()),
        "findings": _counted(rule for found in broken.values() for rule in found),
        "edited": sum(row.edited for row in rows),
        "looks": _looks([look for look in looks if look is not None]),
    }


def findings(rows: Iterable[Row], profile: Profile) -> dict[int, list[str]]:
    """The names of the rules that each caption breaks, by number; only captions that break one."""
    found = {row.number: list(rules_broken(row, profile)) for row in rows}
    return {number: broken for number, broken in found.items() if broken}


def common(texts: Iterable[str], size: int, profile: Profile) -> list[list[Any]]:
    """The commonest words, or phrases of `size` words that neither begin nor end with a stop word, and how often.

    The trigger words are left out. [["boy", 120], ...], the commonest first; only what occurs more than once.
    """
    counted: Counter[str] = Counter()
    for text in texts:
        for piece in re.split(r"[,;:.!?()]", profile.body(text)):
            said = [word.casefold() for word in _WORD.findall(piece)]
            for at in range(len(said) - size + 1):
                phrase = said[at : at + size]
                if not _STOP_WORDS.intersection((phrase[0], phrase[-1])):
                    counted[" ".join(phrase)] += 1
    # equally common ones by name, for the same captions to give the same page
    ranked = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return [[phrase, count] for phrase, count in ranked[:COMMON] if count > 1]


def _steps(workspace: Workspace, rows: Sequence[Row]) -> Figures:
    facts = workspace.facts
    dropped = Counter(verdict.reason for verdict in facts.verdicts.values() if not verdict.kept)
    states = Counter(row.state for row in rows)
    return {
        "found": len(facts.verdicts.keys() | facts.numbers.keys()),
        "unreadable": len(facts.unreadable),
        "kept": len(facts.verdicts.keys() | facts.numbers.keys()) - sum(dropped.values()),
        "dropped": dict(sorted(dropped.items())),
        "resized": len(facts.numbers) or len(rows),
        **{state: states[state] for state in ("captioned", "blocked", "failed", "pending")},
        "removed": len(workspace.pictures_removed()),
        "reasons": _counted(row.reason for row in rows if row.reason),
    }


def _films(workspace: Workspace, rows: Sequence[Row]) -> list[Figures]:
    """By film, those with the most frames first: before, and after."""
    facts = workspace.facts
    numbers = {identity: facts.sources.get(number, "") for identity, number in facts.numbers.items()}
    before = {identity: film_of(verdict.source) for identity, verdict in facts.verdicts.items()}
    before |= {identity: film_of(source) for identity, source in numbers.items()}
    found = Counter(before.values())
    kept = Counter(film for identity, film in before.items() if _is_kept(workspace, identity))
    states = {state: Counter(row.film for row in rows if row.state == state) for state in ("captioned", "blocked")}
    here = Counter(row.film for row in rows)
    return [
        {
            "film": film,
            "found": count,
            "kept": kept[film],
            "resized": here[film],
            "captioned": states["captioned"][film],
            "blocked": states["blocked"][film],
            "share": _share(states["captioned"][film], count),
        }
        for film, count in sorted((found | (here - found)).items(), key=lambda each: (-each[1], each[0]))
    ]


def _is_kept(workspace: Workspace, identity: str) -> bool:
    verdict = workspace.facts.verdicts.get(identity)
    return verdict.kept if verdict else True


def _bytes(workspace: Workspace, rows: Sequence[Row]) -> dict[str, int]:
    sizes = [path.stat().st_size for path in (workspace.file(row.number) for row in rows) if path.exists()]
    metadata = workspace.train / "metadata.jsonl"
    return {"pictures": sum(sizes), "metadata": metadata.stat().st_size if metadata.exists() else 0}


def _usage(answers: Iterable[Provenance]) -> Figures:
    """What was asked and paid, for captions that others took the place of, too."""
    made = list(answers)
    priced = [one.cost for one in made if one.cost is not None]
    return {
        "answers": len(made),
        "input_tokens": sum(one.input_tokens for one in made),
        "output_tokens": sum(one.output_tokens for one in made),
        "requests": round(sum(one.requests for one in made), 3),
        "cost": round(sum(priced), 6) if priced else None,
        "unpriced": len(made) - len(priced),
    }


def _looks(looks: Sequence[Look]) -> Figures | None:
    if not looks:
        return None
    return {
        "brightness": [round(look.brightness, 3) for look in looks],
        "mean_brightness": round(fmean(look.brightness for look in looks), 3),
        "colours": {colour: round(fmean(look.colours[at] for look in looks), 4) for at, colour in enumerate(COLOURS)},
    }


def _lengths(counts: Sequence[int]) -> Figures:
    if not counts:
        return {"min": 0, "median": 0, "mean": 0, "max": 0, "histogram": {}}
    return {
        "min": min(counts),
        "median": median(counts),
        "mean": round(fmean(counts), 2),
        "max": max(counts),
        "histogram": {str(length): count for length, count in sorted(Counter(counts).items())},
    }


def _counted(names: Iterable[str]) -> dict[str, int]:
    """The commonest first."""
    return dict(sorted(Counter(names).items(), key=lambda each: (-each[1], each[0])))


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _day(time: str) -> str:
    """The local day of an ISO time; the time as it is where it is none."""
    try:
        return datetime.fromisoformat(time).astimezone().date().isoformat()
    except ValueError:
        return time


def in_words(now: Mapping[str, Any]) -> str:
    """`of`, for people: the table that the original's report has, by film before and after, and the captions."""
    size, usage = now["bytes"], now["usage"]
    rows = [
        ("pictures found", f"{now['found']:,}"),
        *((f"  dropped: {reason}", f"{count:,}") for reason, count in now["dropped"].items()),
        ("  unreadable files", f"{now['unreadable']:,}"),
        ("kept by the filter", f"{now['kept']:,}"),
        ("resized", f"{now['resized']:,}"),
        ("captioned", f"{now['captioned']:,}{_of_all(now['share'])}"),
        *((state, f"{now[state]:,}") for state in ("blocked", "failed", "pending", "removed")),
        ("size of the pictures", _megabytes(size["pictures"])),
        ("size of metadata.jsonl", _megabytes(size["metadata"])),
        ("words a caption", _range(now["words"])),
        (f"CLIP tokens a caption{'' if now['tokens']['exact'] else ' (estimated)'}", _range(now["tokens"])),
        ("tokens sent, received", f"{usage['input_tokens']:,}, {usage['output_tokens']:,}"),
        ("cost", "no prices are set" if usage["cost"] is None else f"{usage['cost']:,.4f} USD"),
        ("edited by hand", f"{now['edited']:,}"),
    ]
    if now["looks"]:
        shown = sorted(now["looks"]["colours"].items(), key=lambda each: -each[1])[:4]
        rows.append(("colours", ", ".join(f"{colour} {share:.0%}" for colour, share in shown)))
        rows.append(("mean brightness", f"{now['looks']['mean_brightness']:.0%}"))
    parts = [_table([list(row) for row in rows], right=(1,))]
    head = ["film", "found", "kept", "resized", "captioned", "blocked", "share"]
    films = [
        [film["film"] or "(no folder)", *(f"{film[name]:,}" for name in head[1:-1]), _percent(film["share"])]
        for film in now["films"]
    ]
    parts += [_table([head, *films], right=range(1, 7))] if films else []
    for title, counted in (("model", now["models"]), ("day", now["days"]), ("rule broken", now["findings"])):
        if counted:
            lines = [[title, "captions"], *([name, f"{count:,}"] for name, count in counted.items())]
            parts.append(_table(lines, right=(1,)))
    if now["common_words"]:
        parts.append("commonest words: " + ", ".join(f"{word} {count:,}" for word, count in now["common_words"][:15]))
    if now["phrases"]:
        parts.append("commonest phrases: " + ", ".join(f"{word} {count:,}" for word, count in now["phrases"][:10]))
    return "\n\n".join(parts)


def _table(lines: Sequence[Sequence[str]], right: Sequence[int]) -> str:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _of_all(share: float | None) -> str:
    return "" if share is None else f" ({share:.1%})"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{size / 1e3:,.1f} kB"


def _range(lengths: Mapping[str, Any]) -> str:
    return f"{lengths['min']} to {lengths['max']}, median {lengths['median']:g}"
