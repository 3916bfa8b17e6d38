"""The `.venv` of this checkout, made with nothing but Python's standard library, and made anew only when it must be.

What it was made from (pyproject.toml, constraints.txt, the extras, the Python) is noted in it; while that is the
same, nothing is installed again.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
_NOTE = FOLDER / "ghibli-prep-made-from"


def say(text: str) -> None:
    print(f"\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"== {text}", flush=True)


def command(name: str) -> str:
    """A command of the `.venv`, by its name."""
    folder, ending = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
    return str(FOLDER / folder / f"{name}{ending}")


def prepare(extras: Sequence[str], alone: Sequence[str] = ()) -> None:
    """Make the `.venv` with this checkout (editable) and `extras` in it, unless it is there and up to date.

    alone: packages that are installed without what they ask for.
    """
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs before anything could have refused an older Python
        sys.exit(f"ghibli-prep needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    wanted = _made_from([*extras, *alone])
    if _NOTE.exists() and _NOTE.read_text("utf-8") == wanted and Path(command("python")).exists():
        say(".venv is up to date")
        return
    if not Path(command("python")).exists():
        say("Making .venv")
        venv.create(FOLDER, with_pip=True, clear=True)
    chosen = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    say(f"Installing ghibli-prep with {', '.join(extras) or 'nothing else'} (minutes the first time)")
    _note("")
    pip = [command("python"), "-m", "pip", "--disable-pip-version-check", "install"]
    run([*pip, "--quiet", "--upgrade", "pip"])
    run([*pip, "--progress-bar", "on", "-c", str(ROOT / "constraints.txt"), "-e", chosen])
    if alone:
        run([*pip, "--no-deps", "-c", str(ROOT / "constraints.txt"), *alone])
    _note(wanted)


def run(arguments: Sequence[str], **environment: str) -> None:
    """Run a command, or end with its exit code."""
    code = subprocess.call(arguments, cwd=ROOT, env={**os.environ, **environment})
    if code:
        say(f"{Path(arguments[0]).name} {' '.join(arguments[1:4])} ... ended with exit code {code}")
        sys.exit(code)


def _note(text: str) -> None:
    _NOTE.write_text(text, "utf-8")


def _made_from(extras: Sequence[str]) -> str:
    files = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    return f"{sys.version}\n{sorted(extras)}\n{hashlib.sha256(files).hexdigest()}\n"
