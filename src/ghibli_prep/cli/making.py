"""The commands that make a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from ghibli_prep.cli.app import app
from ghibli_prep.cli.options import (
    DEFAULT_WORKSPACE,
    Batch,
    Config,
    InputDir,
    Limit,
    MaxCost,
    MaxRequests,
    OrWhere,
    Out,
    Retry,
    Strategy,
    WaitFor,
    Where,
    WorkspaceDir,
)
from ghibli_prep.cli.starting import ctrl_c, session_of


@app.command(epilog="Example: ghibli-prep run -i ~/frames --wait")
def run(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    skip_filter: Annotated[bool, typer.Option("--skip-filter", help="Take every picture found.")] = False,
    skip_resize: Annotated[bool, typer.Option("--skip-resize", help="Take train/ as it is.")] = False,
    strategy: Strategy = None,
    limit: Limit = None,
    wait: WaitFor = False,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    retry_blocked: Retry = False,
    cleanup: Annotated[bool, typer.Option("--cleanup", help="Clean up once nothing is left to caption.")] = False,
    batch: Batch = False,
) -> None:
    """Filter, resize and caption, and say what is left. Stop it at will; the same command goes on."""
    from ghibli_prep.commands import making, showing

    session = session_of(config, workspace, source, strategy)
    session.spend_at_most(max_requests, max_cost, batch)
    if dry_run:
        showing.dry_run(session, skip_filter, skip_resize, limit, retry_blocked)
        return
    with ctrl_c(session):
        making.run(session, skip_filter, skip_resize, limit, wait, retry_blocked, cleanup, batch)


@app.command(epilog="Example: ghibli-prep extract films/totoro.mkv --every 5s --skip-start 1m30s")
def extract(
    films: Annotated[list[Path], typer.Argument(metavar="FILM...", help="Films, or folders of films.")],
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="A frame each TIME of film: 5s (the default), 500ms, 1m, 2.5.")
    ] = None,
    scenes: Annotated[bool, typer.Option("--scenes", help="A frame of each scene instead.")] = False,
    per_scene: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="N frames of each scene; with --scenes.")
    ] = None,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="The very frame at each mark, not the sharpest within half a second of it."),
    ] = False,
    skip_start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Take nothing from the first TIME of each film.")
    ] = None,
    skip_end: Annotated[
        str | None, typer.Option(metavar="TIME", help="Take nothing from its last TIME, such as credits.")
    ] = None,
    max_frames: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="N frames of each film at the most, spread over it.")
    ] = None,
    square: Annotated[bool, typer.Option("--square", help="Cut out the largest centred square.")] = False,
    keep_bars: Annotated[bool, typer.Option("--keep-bars", help="Leave black bars where they are.")] = False,
    form: Annotated[
        Literal["png", "jpg"] | None, typer.Option("--format", metavar="F", help="png (the default) or jpg.")
    ] = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Take the frames anew, in the place of those taken before.")
    ] = False,
) -> None:
    """Take frames from films, into raw/<film>/ of the workspace. Stop it at will; the same command goes on."""
    from ghibli_prep.commands import making

    if every is not None and (scenes or per_scene):
        raise typer.BadParameter("--every and --scenes exclude each other: take one of them")
    chosen: dict[str, Any] = {
        "every": every, "per_scene": per_scene, "skip_start": skip_start, "skip_end": skip_end,
        "max_frames": max_frames, "format": form, "square": square or None, "bars": False if keep_bars else None,
        "window": 0 if exact else None, "scenes": True if scenes or per_scene else False if every is not None else None,
    }  # fmt: skip
    session = session_of(
        config, workspace, extract={name: value for name, value in chosen.items() if value is not None}
    )
    with ctrl_c(session):
        making.extract(session, films, redo)


@app.command("filter", epilog="Example: ghibli-prep filter -i ~/frames")
def filter_(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    redo: Annotated[
        bool, typer.Option("--redo", help="Decide anew, by today's settings, what is not yet in train/.")
    ] = False,
    review: Annotated[
        bool, typer.Option("--review", help="Then write a page of all decisions, the most doubtful first: review.html.")
    ] = False,
    out: Out = None,
) -> None:
    """Keep the pictures that pass the filters in filtered_temp/, show the others in filtered_out/<reason>/."""
    from ghibli_prep.commands import making

    if out is not None and not review:
        raise typer.BadParameter("--out says where the page of --review goes: add --review")
    session = session_of(config, workspace, source)
    with ctrl_c(session):
        making.filter_frames(session, redo, review, out)


Pictures = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", help="In raw/, filtered_temp/, filtered_out/, train/N.jpg or removed/N.jpg."),
]


@app.command(epilog="Example: ghibli-prep keep data/ghibli/filtered_out/no_people/Ponyo/12.png")
def keep(
    files: Pictures, config: Config = None, workspace: WorkspaceDir = DEFAULT_WORKSPACE, source: InputDir = None
) -> None:
    """Overrule the filter: these pictures stay, whatever it says. What was taken out to removed/ comes back."""
    from ghibli_prep.commands import making

    session = session_of(config, workspace, source)
    with ctrl_c(session):
        making.decide(session, files, keep=True)


@app.command(epilog="Example: ghibli-prep drop data/ghibli/train/7.jpg")
def drop(
    files: Pictures, config: Config = None, workspace: WorkspaceDir = DEFAULT_WORKSPACE, source: InputDir = None
) -> None:
    """Overrule the filter: these pictures go to filtered_out/by_hand/; cleanup takes them out of train/."""
    from ghibli_prep.commands import making

    session = session_of(config, workspace, source)
    with ctrl_c(session):
        making.decide(session, files, keep=False)


@app.command(epilog="Example: ghibli-prep resize --skip-filter -i ~/frames")
def resize(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    skip_filter: Annotated[bool, typer.Option("--skip-filter", help="Take every picture found.")] = False,
) -> None:
    """Bring what the filter kept to train/ as 1.jpg, 2.jpg, ... of one size."""
    from ghibli_prep.commands import making

    session = session_of(config, workspace, source)
    with ctrl_c(session):
        making.resize(session, skip_filter)


@app.command(epilog="Example: ghibli-prep caption --limit 10")
def caption(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    source: InputDir = None,
    strategy: Strategy = None,
    limit: Limit = None,
    wait: WaitFor = False,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    retry_blocked: Retry = False,
    batch: Batch = False,
    forget_batch: Annotated[
        str,
        typer.Option(
            metavar="NAME", help='Only give up a batch that `status` shows ("all": each): its pictures are asked anew.'
        ),
    ] = "",
) -> None:
    """Get a caption for each picture in train/ that has none."""
    from ghibli_prep.commands import making

    session = session_of(config, workspace, source, strategy)
    session.spend_at_most(max_requests, max_cost, batch)
    with ctrl_c(session):
        if forget_batch:
            making.forget_batch(session, forget_batch)
        else:
            making.caption(session, limit, wait, retry_blocked, batch)


@app.command(epilog='Example: ghibli-prep recaption --where "model=gemini-2.0-flash-lite" --or "words<20"')
def recaption(
    config: Config = None,
    workspace: WorkspaceDir = DEFAULT_WORKSPACE,
    where: Where = None,
    other: OrWhere = None,
    numbers: Annotated[str, typer.Option("--numbers", metavar="LIST", help="Of these pictures only: 5,9-12.")] = "",
    strategy: Strategy = None,
    limit: Limit = None,
    wait: WaitFor = False,
    max_requests: MaxRequests = None,
    max_cost: MaxCost = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which captions would be asked again.")] = False,
) -> None:
    """Ask again for captions you choose. Each stays until its new one is saved; paused, the same command goes on."""
    from ghibli_prep.commands import making
    from ghibli_prep.selecting import Selection

    session = session_of(config, workspace, strategy=strategy)
    session.spend_at_most(max_requests, max_cost)
    with ctrl_c(session):
        making.recaption(session, Selection.of(where or [], other or [], numbers), limit, wait, dry_run)
