"""A plan as one JSON object, and as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from ghibli_prep.asking import duration
from ghibli_prep.planning import Experience, Forecast, Plan
from ghibli_prep.workspace.checkpoint import local_time

HOW_TO_SET_LIMITS = 'set them in [caption.limits."MODEL"], as your dashboard shows them'
HOW_TO_SET_PRICES = 'set them in [caption.prices."MODEL"]'


def figures(plan: Plan, in_train: int, to_resize: int, forecasts: Sequence[Forecast]) -> dict[str, Any]:
    """What `plan --json` prints. Counts are pictures; `cost` is USD; times are local, `YYYY-MM-DD HH:MM:SS`."""
    return {
        "pictures": in_train + to_resize,
        "in_train": in_train,
        "to_resize": to_resize,
        "keys": len(plan.keys),
        "projects": len({key.payer for key in plan.keys}),
        "models": list(plan.settings.models),
        "left_out": plan.left_out(),
        "unknown_limits": unknown(plan, forecasts),
        "assumed": assumed(plan, forecasts),
        "strategy": plan.settings.strategy,
        "strategies": {each.strategy: _figures(plan, each) for each in forecasts},
    }


def _figures(plan: Plan, each: Forecast) -> dict[str, Any]:
    return {
        "requests": each.requests,
        "input_tokens": each.input_tokens,
        "output_tokens": each.output_tokens,
        "cost": None if each.cost is None else round(each.cost, 4),
        "by_model": dict(each.by_model),
        "days": each.days,
        "seconds": round(each.done_at - plan.now, 1),
        "done": None if each.left else local_time(each.done_at),
        "never": each.left,
        "at_once": each.most,
    }


def unknown(plan: Plan, forecasts: Sequence[Forecast]) -> list[str]:
    """The models that would be asked, and whose limits are not all known."""
    used = {model for each in forecasts for model in each.by_model}
    return [model for model in plan.unknown() if model in used]


def assumed(plan: Plan, forecasts: Sequence[Forecast]) -> list[str]:
    """What is not known, and what was taken instead."""
    one: Experience = plan.experience
    used = {model for each in forecasts for model in each.by_model}
    if one.answers:
        said = [f"as in the last {one.answers:,} answers: {one.seconds:.1f} s an answer, "]
    else:
        said = [f"assumed, as nothing was answered yet: {one.seconds:g} s an answer, "]
    said[0] += f"{one.input_tokens:,} tokens in and {one.output_tokens:,} out, {one.requests:.2f} requests a picture"
    if unlimited := unknown(plan, forecasts):
        said.append(
            f"not every limit is known of {', '.join(unlimited)}: taken as unlimited where it is not, so this is the "
            f"earliest end and the real one may be days later; {HOW_TO_SET_LIMITS}"
        )
    if learned := plan.learned():
        said.append(f"limits that the last run was held to, not in the settings: {', '.join(learned)}")
    said += [f"{name}: left out, as in the last run: {why}" for name, why in plan.left_out().items()]
    if missing := [model for model in plan.settings.models if model in used and model not in plan.settings.prices]:
        said.append(f"no price is known of {', '.join(missing)}: {HOW_TO_SET_PRICES}")
    return said


def in_words(plan: Plan, in_train: int, to_resize: int, forecasts: Sequence[Forecast]) -> str:
    keys, projects = len(plan.keys), len({key.payer for key in plan.keys})
    lines = [
        f"{in_train + to_resize:,} pictures to caption: {in_train:,} in train/, {to_resize:,} to be resized first",
        f"{keys} key{'s' * (keys != 1)} of {projects} project{'s' * (projects != 1)}, "
        f"{len(plan.settings.models)} models, what is spent today taken off",
        "",
    ]
    done = "done at the earliest" if unknown(plan, forecasts) else "done, your time"
    rows: list[tuple[str, ...]] = [("strategy", "requests", "tokens in", "out", "USD", "days", "takes", done)]
    rows += [_row(plan, each) for each in forecasts]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            f"{cell:<{w}}" if not n else f"{cell:>{w}}" for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.append("")
    for each in forecasts:
        models = ", ".join(f"{count:,} by {model}" for model, count in each.by_model.items()) or "none"
        lines.append(f"{each.strategy}: {models}")
        if each.left:
            lines.append(f"  {each.left:,} never: no key and model is left that may be asked")
    return "\n".join([*lines, "", *(_wrapped(said) for said in assumed(plan, forecasts))])


def _wrapped(said: str) -> str:
    return textwrap.fill(said, 100, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False)


def _row(plan: Plan, each: Forecast) -> tuple[str, ...]:
    mine = " *" if each.strategy == plan.settings.strategy else ""
    return (
        each.strategy + mine,
        f"{each.requests:,}",
        f"{each.input_tokens:,}",
        f"{each.output_tokens:,}",
        "?" if each.cost is None else f"{each.cost:,.2f}",
        f"{each.days:,}",
        duration(each.done_at - plan.now),
        "never" if each.left else local_time(each.done_at),
    )
