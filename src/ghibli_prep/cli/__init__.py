"""The Typer app: arguments in, one call, an exit code out. The only reader of the environment.

Heavy things are imported inside the commands that use them, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from ghibli_prep.cli.app import app
from ghibli_prep.cli.starting import KEYS
from ghibli_prep.errors import GhibliPrepError

# isort: off
# each adds its commands to the app, in this order in `--help`
from ghibli_prep.cli import making, showing, keeping, trying

__all__ = ["app", "keeping", "main", "making", "showing", "trying"]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command `ghibli-prep`. arguments: None for those of the process. Ends in SystemExit, always."""
    try:
        app(arguments, prog_name="ghibli-prep")
    except GhibliPrepError as error:
        _say(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("Stopped. Everything up to now is saved.")
        sys.exit(130)
    except Exception:  # noqa: BLE001 - the last one to hear of a fault of ours
        _say(f"{traceback.format_exc()}\nThis is a fault of ghibli-prep. Everything up to now is saved.")
        sys.exit(1)


def _say(text: str) -> None:
    """The last words, without any key that a provider's message may quote."""
    from ghibli_prep import environment
    from ghibli_prep.console import Console

    keys = list(KEYS)
    with contextlib.suppress(GhibliPrepError):
        keys += environment.secrets_in(environment.with_env_file(os.environ, Path(".env")))
    Console(keys).tell(text)
