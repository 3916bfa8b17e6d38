"""What users read is whole: a command, an option or a setting without a word in the README fails here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from ghibli_prep.cli import app
from ghibli_prep.settings import Limits, Prices, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
HELP = {"--help"}


def settings_of(part: type[BaseModel]) -> set[str]:
    names: set[str] = set()
    for name, field in part.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names |= settings_of(field.annotation)
        else:
            names.add(name)
    return names


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme_and_has_help_with_an_example(name: str) -> None:
    assert f"`ghibli-prep {name}`" in README
    command = COMMANDS[name]
    assert command.help
    if command.params and name != "demo":
        assert "Example: " in (command.epilog or "")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_has_help_and_is_in_the_readme(name: str) -> None:
    for option in COMMANDS[name].params:
        longest = max(option.opts, key=len)
        if longest in HELP:
            continue
        assert getattr(option, "help", None), f"{name} {longest} has no help"
        assert longest in README, f"{name} {longest} is not in the README"


@pytest.mark.parametrize("name", sorted(settings_of(Settings) | set(Limits.model_fields) | set(Prices.model_fields)))
def test_every_setting_is_in_the_readme_and_in_the_shipped_file(name: str) -> None:
    if name not in ("limits", "prices", "providers"):
        assert f"`{name}`" in README
    assert re.search(rf"\b{name}\b", (ROOT / "configs" / "ghibli.toml").read_text("utf-8"))


def test_every_exit_code_of_ours_is_in_the_readme() -> None:
    from ghibli_prep import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    for code in {kind.exit_code for kind in kinds if issubclass(kind, errors.GhibliPrepError)}:
        assert f"| {code} |" in README


def test_the_tree_in_the_readme_names_every_folder_and_module() -> None:
    for path in sorted((ROOT / "src" / "ghibli_prep").iterdir()):
        if path.name.startswith(("_", ".")) or path.suffix == ".typed" or path.name == "configs":
            continue
        name = f"{path.name}/" if path.is_dir() else path.name
        assert re.search(rf"^\s+{re.escape(name)}\s", README, re.MULTILINE), f"{name} is not in the README's tree"


def test_the_readme_warns_of_quotas_copyright_and_copyleft() -> None:
    assert "Quota belongs to the project" in README
    assert "against the provider's terms" in README
    assert "only as the law" in README
    assert "AGPL-3.0" in README


def test_the_changelog_has_the_version() -> None:
    from ghibli_prep import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
