"""What every command starts from: settings, keys and folders, read from the environment; and what Ctrl-C does."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghibli_prep.errors import Stopped

if TYPE_CHECKING:
    from ghibli_prep.captioning import Key
    from ghibli_prep.session import Session


from ghibli_prep.cli.options import DEFAULT_WORKSPACE

KEYS: list[Key] = []
"""Those of the command that runs: what its last words must not hold."""


def session_of(
    config: Path | None,
    workspace: Path = DEFAULT_WORKSPACE,
    source: Path | None = None,
    strategy: str | None = None,
    extract: dict[str, Any] | None = None,
) -> Session:
    """Settings, keys and folders, checked: what every command starts from."""
    from ghibli_prep import environment, settings
    from ghibli_prep.captioning.backends import BACKENDS
    from ghibli_prep.session import Session

    variables = environment.with_env_file(os.environ, Path(".env"))
    file = config or (Path("ghibli.toml") if Path("ghibli.toml").is_file() else None)
    overrides: dict[str, dict[str, Any]] = {"caption": {"strategy": strategy}} if strategy else {}
    if extract:
        overrides["extract"] = extract
    chosen = settings.load(file, overrides, backends=(*BACKENDS, "sandbox"))
    projects = {key.env: key.project for key in chosen.keys}
    keys = environment.with_projects(environment.keys_of(chosen.caption, variables), projects)
    blocked: tuple[Key, ...] = ()
    if second := chosen.caption.for_blocked:
        own = bool(chosen.caption.blocked.backend)
        blocked = environment.with_projects(environment.keys_of(second, variables, keys, own), projects)
    KEYS[:] = [*keys, *blocked]
    chosen = environment.with_addresses(chosen, variables)
    return Session(chosen, keys, workspace, source or workspace / "raw", cache_folder(), blocked_keys=blocked)


def cache_folder() -> Path:
    from ghibli_prep.detectors.model_files import default_cache_folder

    return default_cache_folder(os.environ, sys.platform)


@contextlib.contextmanager
def ctrl_c(session: Session) -> Iterator[None]:
    """Once: finish what is under way. Twice: stop at once, when nothing that was paid for can be lost by it."""

    def stop(_number: int, _frame: object) -> None:
        session.stop.ask()
        if session.stop.times == 1:
            with contextlib.suppress(RuntimeError):  # it came while another word was being written
                session.console.tell("Stopping: what is under way is finished and saved. Ctrl-C again stops at once.")
        elif not session.stop.listening or session.stop.times > 2:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except KeyboardInterrupt:  # said here: typer keeps it to itself
        raise Stopped("Stopped at once. Everything that was answered is saved.") from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
