"""The commands that move what a dataset has."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ghibli_prep.cli.app import app
from ghibli_prep.cli.options import DEFAULT_WORKSPACE, AsJson, Config, InputDir, WorkspaceDir
from ghibli_prep.cli.starting import ctrl_c, session_of
from ghibli_prep.errors import Stopped


def _share(text: str) -> float:
    """`5%` or `0.05`."""
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise typer.BadParameter(f"{text!r} is no share. Write one like 5% or 0.05.")
    return share


@app.command(epilog="Example: ghibli-prep split --validation 5%")
def split(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    validation: Annotated[
        str, typer.Option("--validation", metavar="SHARE", help="How much goes to validation, about: 5% or 0.05.")
    ] = "5%",
    seed: Annotated[int, typer.Option("--seed", help="Another seed draws other sides.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Where the two folders go: new, empty or of an earlier split. Default: split/ in the workspace.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a validation side with nothing alike on the other: whole scenes, and a proof. Adding pictures moves none.

    Both folders are made anew each time. It ends with 3 and writes nothing where the sides would not be apart, or one
    would be empty.
    """
    from ghibli_prep.commands import keeping

    session = session_of(config, workspace)
    with ctrl_c(session):
        keeping.split(session, _share(validation), seed, out, as_json)


@app.command(epilog="Example: ghibli-prep merge data/totoro ~/lora/10_ponyo --into data/both")
def merge(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATASET...",
            help="Workspaces, or folders with a metadata.jsonl or a .txt beside each picture; the best first.",
        ),
    ],
    into: Annotated[
        Path, typer.Option("--into", metavar="DIR", help="The workspace that they become, or are added to.")
    ],
    config: Config = None,
    no_dedupe: Annotated[bool, typer.Option("--no-dedupe", help="Leave out nothing but the same picture.")] = False,
    pictures_only: Annotated[
        bool, typer.Option("--pictures-only", help="Leave out copies of pictures; captions may be alike.")
    ] = False,
    exact_captions: Annotated[
        bool, typer.Option("--exact-captions", help="Compare captions by their words, not by what they mean.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make one dataset of several: renumbered, without copies, each origin kept. The sources stay as they are."""
    from ghibli_prep.commands import keeping
    from ghibli_prep.merging import By

    session = session_of(config, into)
    by = By(not no_dedupe, not (no_dedupe or pictures_only), not exact_captions)
    with ctrl_c(session):
        keeping.merge(session, sources, by, dry_run, as_json)


@app.command(epilog="Example: ghibli-prep dedupe --dry-run")
def dedupe(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    across: Annotated[
        Path | None,
        typer.Option(
            "--across",
            metavar="OTHER",
            help="Take out what is like a caption there: a workspace, or a folder with a metadata.jsonl or .txt files.",
        ),
    ] = None,
    at: Annotated[
        float | None,
        typer.Option("--at", min=0.01, max=1.0, metavar="COSINE", help="From where on captions are alike."),
    ] = None,
    prefer: Annotated[
        Literal["first", "longest"] | None,
        typer.Option("--keep", metavar="K", help="Which stays: first (by its number) or longest."),
    ] = None,
    no_trigger: Annotated[
        bool, typer.Option("--no-trigger", help="Compare what follows the trigger words: they make all more alike.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Of captions that say the same keep one: the other pictures move to removed/. `keep` brings one back for good."""
    from ghibli_prep.commands import keeping

    session = session_of(config, workspace)
    flags = {"at": at, "keep": prefer, "trigger": False if no_trigger else None}
    chosen = {name: value for name, value in flags.items() if value is not None}
    with ctrl_c(session):
        keeping.dedupe(session, chosen, across, dry_run, as_json)


@app.command(epilog="Example: ghibli-prep cleanup --dry-run")
def cleanup(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Delete for good, also what lies in removed/.")] = False,
    include_pending: Annotated[
        bool, typer.Option("--include-pending", help="Also take out pictures that were not asked yet.")
    ] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Put back what lies in removed/.")] = False,
) -> None:
    """Move pictures without a usable caption, and their lines, from train/ to removed/."""
    from ghibli_prep.commands import keeping

    session = session_of(config, workspace, source)
    if restore:
        keeping.restore(session, dry_run)
        return

    def agreed(question: str) -> bool:
        try:
            return yes or typer.confirm(question, err=True)
        except typer.Abort:  # Ctrl-C or Ctrl-D instead of an answer
            raise Stopped("Nothing was changed.") from None

    if not (yes or dry_run or sys.stdin.isatty()):
        raise typer.BadParameter("nobody is there to answer: add --yes, or --dry-run to only look")
    keeping.cleanup(session, dry_run, purge, include_pending, agreed)
