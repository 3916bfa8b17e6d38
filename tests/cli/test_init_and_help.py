"""`ghibli-prep init`, `sandbox` and `--help`."""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
import urllib.request
from typing import Any

import pytest

COMMANDS = ("run", "init", "filter", "resize", "caption", "cleanup", "keys", "status", "demo", "sandbox")


def test_init_writes_settings_and_a_place_for_keys_that_only_their_owner_reads(home: Any) -> None:
    (home.folder / "ghibli.toml").unlink()
    said = home.run("init")
    assert said.code == 0
    assert sorted(file.name for file in home.folder.iterdir()) == [".env", "ghibli.toml"]
    assert "GEMINI_API_KEY_1=" in (home.folder / ".env").read_text()
    if os.name != "nt":
        assert stat.S_IMODE((home.folder / ".env").stat().st_mode) == 0o600
    home.frames(0)
    assert "no API key is set" in home.run("run").err
    assert home.run("run", "--dry-run").code == 0


def test_init_never_writes_over_what_is_there(home: Any) -> None:
    (home.folder / ".env").symlink_to("elsewhere")
    before = home.everything()
    said = home.run("init")
    assert said.code == 0
    assert said.out.count("is there already and stays as it is.") == 2
    assert home.everything() == before
    assert not (home.folder / "elsewhere").exists()


@pytest.mark.skipif(sys.platform == "win32" or not os.getuid(), reason="root may write everywhere")
def test_init_in_a_folder_that_may_not_be_written_says_so(home: Any) -> None:
    home.folder.chmod(0o500)
    said = home.run("init")
    home.folder.chmod(0o700)
    assert said.code == 2
    assert ".env: cannot be written" in said.err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(home: Any, command: str) -> None:
    said = home.run(command, "--help")
    assert said.code == 0
    assert re.search(rf"Example:.*ghibli-prep {command}", said.out)
    assert said.err == ""


def test_help_names_every_command(home: Any) -> None:
    said = home.run("--help")
    assert said.code == 0
    assert all(re.search(rf"^  {command} ", said.out, re.MULTILINE) for command in COMMANDS)
    assert home.run().code == 2


def test_the_version_is_said(home: Any) -> None:
    assert re.fullmatch(r"ghibli-prep \d+\.\d+\.\d+\n", home.run("--version").out)


@pytest.mark.parametrize("arguments", [["walk"], ["run", "--fast"], ["run", "--limit", "some"], ["status", "extra"]])
def test_what_there_is_not_is_a_usage_error(home: Any, arguments: list[str]) -> None:
    said = home.run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert "ghibli-prep" in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals to another process are for Unix")
def test_the_sandbox_answers_until_ctrl_c(home: Any) -> None:
    process = home.start("sandbox", "--port", 0)
    line = process.stdout.readline()
    url = line.split("GEMINI_BASE_URL=")[1].strip()
    home.keys(1, url)
    home.settings()
    assert home.run("keys", "--json").json["keys"][0]["ok"]
    port = url.rpartition(":")[2]
    assert "cannot be used" in home.run("sandbox", "--port", port).err
    with urllib.request.urlopen(f"{url}/v1beta/models?key=any-key-0123456789") as answer:
        assert answer.status == 200
    said = home.end(process, after=signal.SIGINT)
    assert said.code == 130
    assert "Traceback" not in said.err


def test_what_nobody_thought_of_is_said_to_be_a_fault_of_ours_and_exits_with_1(home: Any) -> None:
    (home.folder / "ghibli.toml").write_text("a = " + "[" * 100_000)
    said = home.run("status")
    assert said.code == 1
    assert "This is a fault of ghibli-prep. Everything up to now is saved." in said.err
    assert "Traceback" in said.err


def test_the_sandboxs_settings_are_checked(home: Any) -> None:
    (home.folder / "s.toml").write_text("sed = 3")
    said = home.run("sandbox", "-c", "s.toml")
    assert said.code == 2
    assert "sed: no such setting. Did you mean seed?" in said.err
