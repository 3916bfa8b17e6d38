"""The commands to begin with: settings to edit, the demo, the sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from ghibli_prep.cli.app import app
from ghibli_prep.cli.starting import cache_folder
from ghibli_prep.errors import GhibliPrepError


@app.command(epilog="Example: mkdir my-style && cd my-style && ghibli-prep init")
def init() -> None:
    """Write .env (for your keys) and ghibli.toml (every setting) into this folder, never over existing ones."""
    from ghibli_prep import resources

    for target, origin in (
        (Path(".env"), resources.env_example()),
        (Path("ghibli.toml"), resources.config("ghibli.toml")),
    ):
        if target.exists() or target.is_symlink():
            typer.echo(f"{target} is there already and stays as it is.")
            continue
        try:
            with target.open("xb") as file:
                if target.name == ".env" and os.name != "nt":
                    os.fchmod(file.fileno(), 0o600)  # keys are for their owner's eyes only
                file.write(origin.read_bytes())
        except OSError as error:
            raise _cannot_write(target, error) from error
        typer.echo(f"{target} is written.")
    typer.echo("Next: put your keys into .env, your frames into data/ghibli/raw/, and run `ghibli-prep run`.")


def _cannot_write(path: Path, error: OSError) -> GhibliPrepError:
    from ghibli_prep.workspace.atomic import disk_error

    return disk_error(path, error)


@app.command(epilog="Example: ghibli-prep demo -w /tmp/demo")
def demo(
    workspace: Annotated[
        Path, typer.Option("-w", "--workspace", metavar="DIR", help="Where the demo's dataset is made, anew each time.")
    ] = Path("data/demo"),
) -> None:
    """The whole pipeline on real photographs, offline, against the sandbox: a minute at the most."""
    from ghibli_prep.console import Console
    from ghibli_prep.demo import play

    play(workspace, cache_folder(), Console().show)


@app.command(epilog="Example: ghibli-prep sandbox --port 8080, then GEMINI_BASE_URL=http://127.0.0.1:8080")
def sandbox(
    config: Annotated[
        Path | None,
        typer.Option("-c", "--config", metavar="FILE", help="The sandbox's own settings: see configs/sandbox.toml."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 8765,
) -> None:
    """A Gemini API on this machine, with quotas, blocks and faults, to try things out. Ctrl-C ends it."""
    from ghibli_prep import sandbox as it

    with it.Sandbox(it.load(config) if config else it.SandboxSettings(), port=port) as running:
        typer.echo(f"The sandbox answers at {running.url}. Point ghibli-prep to it: GEMINI_BASE_URL={running.url}")
        running.wait()
