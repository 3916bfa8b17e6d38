"""The options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Config = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Settings file. Default: ghibli.toml in this folder, if any."),
]
WorkspaceDir = Annotated[
    Path, typer.Option("-w", "--workspace", metavar="DIR", help="The folder that holds everything about one dataset.")
]
InputDir = Annotated[
    Path | None, typer.Option("-i", "--input", metavar="DIR", help="Source frames. Default: raw/ in the workspace.")
]
Strategy = Annotated[
    Literal["sequential", "parallel-keys", "parallel-all"] | None,
    typer.Option(
        metavar="S",
        help="sequential: one request at a time, one key after the other. parallel-keys: every key at once, best "
        "model first. parallel-all: every model of every key at once.",
    ),
]
Limit = Annotated[int | None, typer.Option(min=1, metavar="N", help="Caption at most N pictures this time.")]
WaitFor = Annotated[bool, typer.Option("--wait", help="Sleep until quota is back, and go on until all is done.")]
MaxRequests = Annotated[
    int | None, typer.Option("--max-requests", min=1, metavar="N", help="Pause before more than N requests are made.")
]
MaxCost = Annotated[
    float | None,
    typer.Option(
        "--max-cost", min=0.0, metavar="USD", help="Pause before more is spent, by the prices in the settings."
    ),
]
Retry = Annotated[bool, typer.Option("--retry-blocked", help="Ask again for blocked and failed pictures.")]
Batch = Annotated[
    bool,
    typer.Option(
        "--batch", help="By the Gemini Batch API: half the price, within a day. Run it again, or --wait, to collect."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="FILE", help="Where the page is written. Default: in the workspace.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help="Such as model=gemini-2.5-flash, words<20, text~cat, film=Ponyo, rule=names, edited=no, "
        "time<2026-11-20. Given several times, all must hold.",
    ),
]
OrWhere = Annotated[
    list[str] | None, typer.Option("--or", metavar="CONDITION", help="Or this holds. May be given several times.")
]
DEFAULT_WORKSPACE = Path("data/ghibli")
