"""Where a setting comes from, which one wins, and what is said of one that cannot be."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def ready(home: Any) -> Any:
    home.frames(0)
    home.keys(1)
    return home


def strategy(home: Any, *arguments: str) -> str:
    said = home.run("run", "--dry-run", *arguments)
    assert said.code == 0
    return str(said.out).rpartition("(")[2].strip(")\n")


def test_a_flag_wins_over_the_file_and_the_file_over_the_default(ready: Any) -> None:
    assert strategy(ready) == "parallel-keys"
    ready.settings('strategy = "sequential"')
    assert strategy(ready) == "sequential"
    assert strategy(ready, "--strategy", "parallel-all") == "parallel-all"
    (ready.folder / "other.toml").write_text('[caption]\nstrategy = "parallel-all"')
    assert strategy(ready, "-c", "other.toml") == "parallel-all"
    assert strategy(ready, "--config", "other.toml", "--strategy", "sequential") == "sequential"


def test_the_address_comes_from_the_environment_then_env_file_then_the_settings(home: Any, sandbox: Any) -> None:
    apis = [sandbox() for _ in range(3)]
    home.keys(1)
    home.frames(0, 1, 2)
    home.settings(f'base_url = "{apis[0].url}"')
    home.run("run", "--limit", 1)
    assert [len(api.calls) for api in apis] == [1, 0, 0]
    (home.folder / ".env").write_text(f"GEMINI_BASE_URL={apis[1].url}\n")
    home.run("run", "--limit", 1)
    assert [len(api.calls) for api in apis] == [1, 1, 0]
    home.monkeypatch.setenv("GEMINI_BASE_URL", apis[2].url)
    home.run("run", "--limit", 1)
    assert [len(api.calls) for api in apis] == [1, 1, 1]


def test_keys_come_from_the_env_file_and_the_environment_with_gaps(home: Any, sandbox: Any) -> None:
    (home.folder / ".env").write_text(
        "GEMINI_API_KEY_7='from-the-file-0123456789'\nGEMINI_API_KEY=the-last-0123456789\nGEMINI_API_KEY_3=\n"
    )
    home.monkeypatch.setenv("GEMINI_API_KEY_2", "from-the-environment-0123456789")
    home.monkeypatch.setenv("GEMINI_API_KEY_9", "from-the-file-0123456789")  # the same key again
    home.monkeypatch.setenv("GEMINI_BASE_URL", sandbox().url)
    names = [row["name"] for row in home.run("keys", "--json").json["keys"]]
    assert names == ["GEMINI_API_KEY_2", "GEMINI_API_KEY_7", "GEMINI_API_KEY"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[caption]\nbackof_seconds = [1]",
            "caption.backof_seconds: no such setting. Did you mean caption.backoff_seconds?",
        ),
        ("[captions]\nmodels = []", "captions: no such setting. Did you mean caption?"),
        ('[caption.limits."best"]\nrmp = 3', "Did you mean caption.limits.MODEL.rpm?"),
        ('[caption]\nbackend = "gpt"', "caption.backend: "),
        ("[resize]\nsize = 0", "resize.size: "),
        ("size = ", "not a valid TOML file"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_file(ready: Any, text: str, says: str) -> None:
    (ready.folder / "ghibli.toml").write_text(text)
    before = ready.everything()
    for command in ("run", "filter", "resize", "caption", "cleanup", "keys", "status"):
        said = ready.run(command)
        assert said.code == 2
        assert said.out == ""
        assert said.err.startswith("ghibli.toml: ")
        assert says in said.err
    assert ready.everything() == before


def test_a_wrong_flag_or_variable_is_named_and_not_blamed_on_the_file(ready: Any) -> None:
    said = ready.run("run", "--strategy", "fastest")
    assert said.code == 2
    assert "--strategy" in said.err
    assert "sequential" in said.err
    ready.monkeypatch.setenv("GEMINI_BASE_URL", "localhost:80")
    said = ready.run("run")
    assert said.code == 2
    assert said.err.startswith("GEMINI_BASE_URL: needs an address that starts with http:// or https://")


def test_a_settings_file_that_is_not_there_is_an_error(ready: Any) -> None:
    said = ready.run("run", "-c", "no.toml")
    assert said.code == 2
    assert "no.toml: cannot be read" in said.err


def test_a_key_that_cannot_be_one_is_named_and_not_quoted(ready: Any) -> None:
    ready.monkeypatch.setenv("GEMINI_API_KEY_2", "clé-secrète")
    said = ready.run("run")
    assert said.code == 2
    assert "GEMINI_API_KEY_2" in said.err
    assert "secr" not in said.err


def test_an_env_file_in_another_encoding_is_an_error(ready: Any) -> None:
    (ready.folder / ".env").write_bytes("GEMINI_API_KEY_1=schlüssel".encode("utf-16"))
    said = ready.run("status")
    assert said.code == 2
    assert ".env: cannot be read as UTF-8 text" in said.err


def test_the_sandbox_as_backend_needs_no_key(home: Any) -> None:
    home.settings('backend = "sandbox"')
    home.frames(0)
    assert home.run("run").code == 0
    assert len(home.captions) == 1
    assert home.run("keys").out.count("yes") == 2
