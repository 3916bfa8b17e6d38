"""What travels with the package is found, in a checkout and in a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghibli_prep import resources


def test_settings_prompt_and_env_example_are_found() -> None:
    assert resources.config("ghibli.toml").is_file()
    assert resources.config("sandbox.toml").is_file()
    assert "GEMINI_API_KEY_1=" in resources.env_example().read_text("utf-8")


def test_a_prompt_is_found_by_its_name_or_by_its_path(tmp_path: Path) -> None:
    assert "{trigger}" in resources.prompt("ghibli")
    (tmp_path / "own.txt").write_bytes(b"\xef\xbb\xbfmine")
    assert resources.prompt(str(tmp_path / "own.txt")) == "mine"


def test_an_unknown_prompt_names_those_there_are() -> None:
    with pytest.raises(ValueError, match="there is ghibli"):
        resources.prompt("ghibly")
