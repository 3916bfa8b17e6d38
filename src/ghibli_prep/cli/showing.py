"""The commands that show how a dataset stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ghibli_prep.cli.app import app
from ghibli_prep.cli.options import DEFAULT_WORKSPACE, AsJson, Config, InputDir, OrWhere, Out, Where, WorkspaceDir
from ghibli_prep.cli.starting import session_of


@app.command(epilog="Example: ghibli-prep keys --json")
def keys(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    as_json: AsJson = False,
) -> None:
    """Ask each key which of the configured models it may use. Costs no quota."""
    from ghibli_prep.commands import showing

    showing.show_keys(session_of(config, workspace, source), as_json)


@app.command(epilog="Example: ghibli-prep plan --keys 3")
def plan(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    keys: Annotated[
        int | None, typer.Option("--keys", min=1, max=100, metavar="N", help="Plan with N keys. Default: those set.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a run would cost: requests, tokens, money, days and the end, for each strategy. Asks nobody."""
    from ghibli_prep.commands import showing

    showing.plan(session_of(config, workspace, source), as_json, keys)


@app.command(epilog="Example: ghibli-prep status --json")
def status(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    as_json: AsJson = False,
) -> None:
    """Say where the workspace stands. Works while a run is going on."""
    from ghibli_prep.commands import showing

    showing.status(session_of(config, workspace, source), as_json)


@app.command(epilog="Example: ghibli-prep stats --json")
def stats(config: Config = None, workspace: WorkspaceDir = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """The dataset in figures: from found to captioned, by film and model, lengths, words, colours, cost."""
    from ghibli_prep.commands import showing

    showing.stats(session_of(config, workspace), as_json)


@app.command(epilog="Example: ghibli-prep report --out ~/report.html")
def report(config: Config = None, workspace: WorkspaceDir = DEFAULT_WORKSPACE, out: Out = None) -> None:
    """Write one HTML page that needs no network: figures, plots, and every picture with its caption, searchable."""
    from ghibli_prep.commands import showing

    showing.write_report(session_of(config, workspace), out)


@app.command(epilog='Example: ghibli-prep sample 50 --seed 7 --where "model=gemini-2.5-flash-lite"')
def sample(
    count: Annotated[int, typer.Argument(min=1, metavar="[N]", help="How many pictures.")] = 100,
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other pictures.")] = 0,
    where: Where = None,
    other: OrWhere = None,
    out: Out = None,
) -> None:
    """Draw pictures to look through by eye: one HTML page with each caption and where it came from."""
    from ghibli_prep.commands import showing
    from ghibli_prep.selecting import Selection

    showing.write_sample(session_of(config, workspace), count, seed, Selection.of(where or [], other or [], ""), out)


@app.command(epilog="Example: ghibli-prep validate --fix")
def validate(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help="A workspace, or any folder with pictures and a metadata.jsonl. Default: --workspace."
        ),
    ] = None,
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended safely, then say what remains. Deletes no caption.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check every rule that the dataset must meet. Ends with 3 where it found problems; without --fix only looks."""
    from ghibli_prep.commands import showing

    showing.validate(session_of(config, folder or workspace, source), as_json, fix)
