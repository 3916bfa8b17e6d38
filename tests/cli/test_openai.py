"""`backend = "openai"` from the command line, against the sandbox, which speaks like such a server too."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

SECRET = "sk-openai-0123456789abcdef"
MARKER = "[BLOCKED_BY_SAFETY_FILTER]"


def use(home: Any, url: str, more: str = "") -> None:
    home.monkeypatch.setenv("OPENAI_API_KEY_1", SECRET)
    home.settings(f'backend = "openai"\nbase_url = "{url}/v1"\n{more}')


def test_a_dataset_is_captioned_by_an_openai_compatible_server(home: Any, sandbox: Any) -> None:
    api = sandbox()
    use(home, api.url)
    home.monkeypatch.setenv("GEMINI_BASE_URL", "http://127.0.0.1:9")
    home.frames(0, 1, 2)
    said = home.run("run")
    assert said.code == 0, said.err
    assert len(home.captions) == 3
    assert all(text.startswith("Ghibli style") for text in home.captions.values())
    assert SECRET not in said.out + said.err
    assert {call.key for call in api.calls} == {hashlib.sha256(b"ghibli-prep key\0" + SECRET.encode()).hexdigest()[:8]}
    assert SECRET.encode() not in b"".join(home.everything().values())
    assert "OPENAI_API_KEY_1" in home.run("keys").out
    assert "key 1, best: 3 requests today" in home.run("status").out


def test_a_local_server_needs_no_key(home: Any, sandbox: Any) -> None:
    home.settings(f'backend = "openai"\nbase_url = "{sandbox().url}/v1"')
    home.frames(0)
    assert home.run("run").code == 0
    assert len(home.captions) == 1


def test_several_pictures_go_in_one_request(home: Any, sandbox: Any) -> None:
    api = sandbox()
    use(home, api.url, "pictures_per_request = 3\nmax_in_flight = 1")
    home.frames(0, 1, 2)
    said = home.run("run")
    assert said.code == 0, said.err
    assert len(home.captions) == 3
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("429_day", "the day's requests are spent"),
        ("invalid", "No key is accepted"),
        ("not_found", "does not exist"),
        ("location", "does not serve this machine"),
        ("limit_zero", "does not have access"),
    ],
)
def test_what_lasts_ends_the_run_with_its_reason(home: Any, sandbox: Any, kind: str, words: str) -> None:
    use(home, sandbox(faults=[{"kind": kind}]).url)
    home.frames(0)
    said = home.run("run")
    assert said.code in (2, 75)
    assert words in said.err
    assert home.captions == {}


@pytest.mark.parametrize(
    "kind", ["429_bare", "429_minute", "429_tokens", "500", "503", "504", "html", "reset", "truncated", "empty"]
)
def test_what_passes_costs_no_picture(home: Any, sandbox: Any, kind: str) -> None:
    seconds = {"seconds": 0} if kind.startswith("429_") else {}
    use(home, sandbox(faults=[{"kind": kind, "calls": (1,), **seconds}]).url, "max_in_flight = 1")
    home.frames(0, 1)
    said = home.run("run")
    assert said.code == 0, said.err
    assert len(home.captions) == 2


@pytest.mark.parametrize("kind", ["blocked_prompt", "safety"])
def test_a_blocked_picture_is_marked_and_another_provider_asked(home: Any, sandbox: Any, kind: str) -> None:
    local = sandbox(vision={})
    use(home, sandbox(faults=[{"kind": kind, "calls": (1,)}]).url,
        f'max_in_flight = 1\n[caption.providers.local]\nbackend = "openai"\nbase_url = "{local.url}/v1"\n'
        '[caption.blocked]\nmodels = ["local:vision"]')  # fmt: skip
    home.frames(0, 1)
    assert home.run("run").code == 0
    assert home.captions["1.jpg"] == MARKER
    said = home.run("caption", "--retry-blocked")
    assert said.code == 0, said.err
    assert home.captions["1.jpg"].startswith("Ghibli style")
    assert [call.model for call in local.calls] == ["vision"]


def test_a_ladder_of_two_providers_asks_both(home: Any, sandbox: Any) -> None:
    gemini, local = sandbox(best={"rpd": 1}), sandbox(**{"vision:7b": {}})
    home.keys(1, gemini.url)
    text = (
        '[filter]\ndetector = "none"\n[resize]\nsize = 32\n[caption]\nmodels = ["best", "local:vision:7b"]\n{caption}'
    )
    more = f'strategy = "sequential"\n[caption.providers.local]\nbackend = "openai"\nbase_url = "{local.url}/v1"'
    home.settings(more, text)
    home.frames(0, 1, 2)
    said = home.run("run")
    assert said.code == 0, said.err
    assert [call.model for call in gemini.calls if call.status == 200] == ["best"]
    assert [call.model for call in local.calls] == ["vision:7b"] * 2
    table = home.run("keys").out
    assert "caption.providers.local.key_env" in table
    assert "local:vision:7b" in table
