"""The report and the sample as HTML. Takes what is known of the pictures; reads no file of a dataset."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ghibli_prep.captioning import rules
from ghibli_prep.looks import Look
from ghibli_prep.rows import Row
from ghibli_prep.web import plots

TILES = ("found", "kept", "resized", "captioned", "blocked", "failed", "pending", "removed")


def report(
    figures: Mapping[str, Any],
    rows: Sequence[Row],
    looks: Sequence[Look | None],
    broken: Mapping[int, Sequence[str]],
    clip_tokens: int,
    when: str,
) -> str:
    """The page of a whole dataset. looks: of `rows`, with thumbnails. broken: rules by number. when: of the making."""
    drawn = plots.of(figures, clip_tokens)
    return (
        _templates()
        .get_template("report.html")
        .render(
            figures=figures,
            tiles=[(name, figures[name]) for name in TILES],
            plots=drawn,
            plotly=Markup(plots.library()),
            data={"plots": drawn, "pictures": _pictures(rows, looks, broken)},
            when=when,
        )
    )


def sample(
    rows: Sequence[Row],
    thumbnail: Callable[[int], bytes],
    broken: Mapping[int, Sequence[str]],
    title: str,
    when: str,
) -> str:
    """The page of a few pictures with all that is known of each. thumbnail: WebP by number, empty where none."""
    cards = [
        {
            "row": row,
            "image": _image(thumbnail(row.number)),
            "broken": broken.get(row.number, ()),
            "words": len(rules.words(row.text)),
        }
        for row in rows
    ]
    return _templates().get_template("sample.html").render(cards=cards, title=title, when=when)


def review(
    decisions: Sequence[Mapping[str, Any]], thumbnails: Sequence[bytes], options: Mapping[str, Path], when: str
) -> str:
    """The page of what the filter decided, in the order given. thumbnails: WebP, of each. options: what `keep` and
    `drop` need in order to find this workspace."""
    pictures = [
        {**decision, "image": base64.b64encode(thumbnail).decode()}
        for decision, thumbnail in zip(decisions, thumbnails, strict=True)
    ]
    states = Counter(decision["state"] for decision in decisions)
    data = {"pictures": pictures, "options": [[name, str(path)] for name, path in options.items()]}
    return _templates().get_template("review.html").render(states=states, data=data, when=when)


def _pictures(
    rows: Sequence[Row], looks: Sequence[Look | None], broken: Mapping[int, Sequence[str]]
) -> list[dict[str, Any]]:
    return [
        {
            "n": row.number,
            "state": row.state,
            "text": row.text or row.reason,
            "film": row.film,
            "model": row.made.model if row.made else "",
            "rules": list(broken.get(row.number, ())),
            "edited": row.edited,
            "words": len(rules.words(row.text)),
            "light": round(look.brightness, 3) if look else 0,
            "image": base64.b64encode(look.thumbnail).decode() if look else "",
        }
        for row, look in zip(rows, looks, strict=True)
    ]


def _image(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}" if webp else ""


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("ghibli_prep.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.filters["count"] = lambda number: f"{number:,}"
    made.filters["percent"] = lambda share: "" if share is None else f"{share:.1%}"
    made.filters["embedded"] = _embedded
    return made


def _embedded(value: Any) -> Markup:
    """`value` as JSON that may stand in a script element: nothing in it ends or comments out the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)
