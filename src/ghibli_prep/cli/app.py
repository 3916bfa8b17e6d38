"""The Typer app itself. The modules beside this one add their commands to it."""

from __future__ import annotations

from typing import Annotated

import typer

from ghibli_prep import __version__

app = typer.Typer(
    name="ghibli-prep",
    help="Film frames in, a captioned LoRA dataset out: filter, resize, caption with Gemini, clean up.",
    epilog="Start with `ghibli-prep demo` to see it work, or `ghibli-prep init` to set it up in this folder.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def _main(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        typer.echo(f"ghibli-prep {__version__}")
        raise typer.Exit
