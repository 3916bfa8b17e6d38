"""What travels with the package: settings, prompts and name lists, in a wheel and in a checkout alike."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent.parent


def config(name: str) -> Path:
    """The file `configs/<name>`: inside the installed package, or beside `src/` in a checkout."""
    installed = _PACKAGE / "configs" / name
    return installed if installed.exists() else _CHECKOUT / "configs" / name


def env_example() -> Path:
    """The `.env.example` that `init` copies."""
    installed = _PACKAGE / "configs" / ".env.example"
    return installed if installed.exists() else _CHECKOUT / ".env.example"


def prompt(name: str) -> str:
    """The text of a prompt file: `name` is a path, or the name of one in `configs/prompts/`.

    Raises OSError or ValueError (not UTF-8) with a text that names what was looked for.
    """
    own = Path(name)
    if own.suffix:
        return own.read_text("utf-8-sig")
    shipped = config(f"prompts/{name}.txt")
    if not shipped.exists():
        known = ", ".join(sorted(file.stem for file in shipped.parent.glob("*.txt")))
        raise ValueError(f"no prompt is named {name!r}; there is {known}; name your own by its path, x.txt")
    return shipped.read_text("utf-8")


def names(name: str) -> tuple[str, ...]:
    """The lines of a list of names: `name` is a path, or the name of one in `configs/names/`.

    Empty lines and those that begin with `#` are left out. Raises OSError or ValueError as `prompt` does.
    """
    own = Path(name)
    file = own if own.suffix else config(f"names/{name}.txt")
    if not own.suffix and not file.exists():
        known = ", ".join(sorted(other.stem for other in file.parent.glob("*.txt")))
        raise ValueError(f"no list is named {name!r}; there is {known}; name your own by its path, x.txt")
    lines = (line.strip() for line in file.read_text("utf-8-sig").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))
