"""Figures as plots: what plotly is to draw in the page. Colours are the page's own, in light and in dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Plot = dict[str, Any]

SWATCHES = {
    "black": "#1c1c1e", "grey": "#8e8e93", "white": "#f2f2f2", "red": "#c9453a", "orange": "#d9822b",
    "yellow": "#d8b93b", "green": "#5a9a55", "teal": "#3f9aa0", "blue": "#4a78b8", "purple": "#8461ab",
    "pink": "#c9709a",
}  # fmt: skip
_BINS = 20
_FILMS = 20


def library() -> str:
    """plotly's script, to stand in the page."""
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script


def of(figures: Mapping[str, Any], clip_tokens: int) -> list[Plot]:
    """The plots of a report, each with an id, a title, and what plotly takes. clip_tokens: where the model cuts."""
    exact = figures["tokens"]["exact"]
    plots = [
        _bars("steps", "Step by step", {name: figures[name] for name in ("found", "kept", "resized", "captioned")}),
        _films(figures["films"]),
        _bars("models", "Captions by model", figures["models"], lying=True),
        _bars("days", "Answers by day", figures["days"]),
        _bars("words", "Words a caption", _numbers(figures["words"]["histogram"])),
        _bars(
            "tokens",
            "CLIP tokens a caption" + ("" if exact else " (estimated)"),
            _numbers(figures["tokens"]["histogram"]),
            line=clip_tokens,
        ),
        _bars("common", "Commonest words", dict(figures["common_words"][:20]), lying=True),
        _bars(
            "phrases",
            "Commonest phrases",
            dict(sorted(figures["phrases"], key=lambda each: -each[1])[:20]),
            lying=True,
        ),
    ]
    if looks := figures["looks"]:
        plots += [
            _bars("brightness", "Brightness of the pictures", _binned(looks["brightness"])),
            _bars("colours", "Colours, by area", looks["colours"], colours=SWATCHES, share=True),
        ]
    return [plot for plot in plots if plot["data"]]


def _bars(
    name: str,
    title: str,
    counted: Mapping[Any, float],
    *,
    lying: bool = False,
    line: int | None = None,
    colours: Mapping[str, str] | None = None,
    share: bool = False,
) -> Plot:
    """lying: names at the left, for long ones, the commonest above. line: a mark on the axis of numbers."""
    names, counts = list(counted), list(counted.values())
    axis: dict[str, Any] = {"x": names, "y": counts}
    layout: dict[str, Any] = {"yaxis": {"tickformat": ".0%"} if share else {"rangemode": "tozero"}}
    if lying:
        axis = {"y": names[::-1], "x": counts[::-1], "orientation": "h"}
        layout = {"yaxis": {"automargin": True, "type": "category"}, "height": max(220, 24 * len(names) + 70)}
    elif names and isinstance(names[0], str):
        layout["xaxis"] = {"type": "category"}
    if line is not None and names and max(names) > line * 0.8:
        layout["shapes"] = [{"type": "line", "x0": line, "x1": line, "yref": "paper", "y0": 0, "y1": 1}]
    marker = {"color": [colours[name] for name in names]} if colours else {}
    shown = "%{label}: %{value:.1%}" if share else "%{label}: %{value:,}"
    trace = {"type": "bar", **axis, "marker": marker, "hovertemplate": f"{shown}<extra></extra>"}
    return {"name": name, "title": title, "data": [trace] if names else [], "layout": layout}


def _films(films: Sequence[Mapping[str, Any]]) -> Plot:
    """What became of each film's frames, those with the most above."""
    shown = films[:_FILMS][::-1]
    names = [film["film"] or "(no folder)" for film in shown]
    parts = {  # in the order of the page's four colours
        "captioned": [film["captioned"] for film in shown],
        "blocked": [film["blocked"] for film in shown],
        "not captioned": [film["resized"] - film["captioned"] - film["blocked"] for film in shown],
        "left out": [max(0, film["found"] - film["resized"]) for film in shown],
    }
    data = [
        {"type": "bar", "orientation": "h", "name": part, "y": names, "x": counts,
         "visible": any(counts) or "legendonly", "hovertemplate": "%{y}: %{x:,} " + part + "<extra></extra>"}
        for part, counts in parts.items()
    ]  # fmt: skip
    more = f", the largest {_FILMS} of {len(films)}" if len(films) > _FILMS else ""
    layout = {
        "barmode": "stack",
        "yaxis": {"automargin": True, "type": "category"},
        "height": max(220, 30 * len(shown) + 90),
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.15},
    }
    return {"name": "films", "title": f"Frames by film{more}", "data": data if films else [], "layout": layout}


def _numbers(histogram: Mapping[str, int]) -> dict[int, int]:
    return {int(length): count for length, count in histogram.items()}


def _binned(values: Sequence[float]) -> dict[float, int]:
    """How many of `values`, from 0 to 1, fall into each twentieth, by its middle."""
    counts = [0] * _BINS
    for value in values:
        counts[min(_BINS - 1, int(value * _BINS))] += 1
    return {(at + 0.5) / _BINS: count for at, count in enumerate(counts)}
