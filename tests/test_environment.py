"""Keys and the address, as values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import Key
from ghibli_prep.environment import keys_of, lacking, secrets_in, with_addresses, with_env_file, with_projects
from ghibli_prep.errors import SettingsError
from ghibli_prep.settings import BlockedSettings, CaptionSettings, ProviderSettings, Settings

OLLAMA = "http://127.0.0.1:11434/v1"


def keys(variables: Mapping[str, str], **caption: Any) -> tuple[Key, ...]:
    return keys_of(CaptionSettings(**caption), variables)


def test_keys_come_in_the_order_of_their_numbers_gaps_allowed_and_the_unnumbered_last() -> None:
    found = keys({"GEMINI_API_KEY_10": "j", "GEMINI_API_KEY_2": "b", "GEMINI_API_KEY": "z", "GEMINI_API_KEY_X": "no"})
    assert [(key.position, key.name, key.secret) for key in found] == [
        (1, "GEMINI_API_KEY_2", "b"),
        (2, "GEMINI_API_KEY_10", "j"),
        (3, "GEMINI_API_KEY", "z"),
    ]


def test_the_same_key_twice_is_one_and_empty_ones_are_none() -> None:
    found = keys({"GEMINI_API_KEY_1": "a", "GEMINI_API_KEY_2": " 'a' ", "GEMINI_API_KEY_3": " ", "GEMINI_API_KEY": ""})
    assert [key.name for key in found] == ["GEMINI_API_KEY_1"]


def test_the_environment_says_which_keys_share_a_project_before_the_settings_do() -> None:
    variables = {
        "GEMINI_API_KEY_1": "a",
        "GEMINI_API_KEY_2": "b",
        "GEMINI_API_KEY_2_PROJECT": " mine ",
        "GEMINI_API_KEY": "c",
    }
    found = with_projects(keys(variables), {"GEMINI_API_KEY_2": "other", "GEMINI_API_KEY": "mine"})
    assert [key.project for key in found] == ["", "mine", "mine"]
    assert found[1].payer == found[2].payer == "project mine"
    assert found[0].payer == found[0].fingerprint


@pytest.mark.parametrize("secret", ["two words", "ключ", "a\tb", "a\x00b"])
def test_what_cannot_be_a_key_is_refused_by_its_name_alone(secret: str) -> None:
    with pytest.raises(SettingsError, match="GEMINI_API_KEY_4: has characters that no key has") as refused:
        keys({"GEMINI_API_KEY_4": secret})
    assert secret not in str(refused.value)


def addressed(variables: Mapping[str, str], **caption: Any) -> CaptionSettings:
    return with_addresses(Settings(caption=CaptionSettings(**caption)), variables).caption


def test_the_address_is_a_web_address_or_nothing() -> None:
    assert addressed({}).base_url == ""
    assert addressed({"GEMINI_BASE_URL": " http://127.0.0.1:1 "}).base_url == "http://127.0.0.1:1"
    with pytest.raises(SettingsError, match="GEMINI_BASE_URL"):
        addressed({"GEMINI_BASE_URL": "127.0.0.1:1"})


def test_each_backend_has_an_address_and_keys_of_its_own() -> None:
    variables = {
        "GEMINI_BASE_URL": "http://127.0.0.1:1",
        "OPENAI_BASE_URL": "http://127.0.0.1:2",
        "GEMINI_API_KEY": "g",
        "OPENAI_API_KEY_2": "o",
    }
    assert addressed(variables, backend="openai").base_url == "http://127.0.0.1:2"
    assert addressed({"GEMINI_BASE_URL": "http://127.0.0.1:1"}, backend="openai", base_url=OLLAMA).base_url == OLLAMA
    assert [key.secret for key in keys(variables, backend="openai")] == ["o"]
    assert [key.secret for key in keys(variables)] == ["g"]


def test_a_local_server_needs_no_key_and_openai_does() -> None:
    (none,) = keys({}, backend="openai", base_url=OLLAMA)
    assert (none.secret, none.position) == ("", 1)
    (none,) = keys({"OPENAI_BASE_URL": OLLAMA}, backend="openai")
    assert none.secret == ""
    assert keys({}, backend="openai") == ()
    assert keys({}, backend="openai", base_url=OLLAMA, key_env="MY_KEY") == ()
    assert [key.secret for key in keys({"MY_KEY_3": "x"}, backend="openai", key_env="MY_KEY")] == ["x"]


MIXED: dict[str, Any] = {
    "models": ("gemini-2.5-flash", "local:qwen2.5vl:7b", "router:qwen/qwen2.5-vl", "mini:gpt-4.1-mini"),
    "providers": {
        "local": ProviderSettings(backend="openai", base_url=OLLAMA),
        "router": ProviderSettings(backend="openai", base_url="https://router.example/v1", key_env="ROUTER_KEY"),
        "mini": ProviderSettings(backend="openai"),
        "unused": ProviderSettings(backend="openai"),
    },
}


def test_the_keys_of_a_mixed_ladder_belong_to_their_providers_and_go_nowhere_else() -> None:
    variables = {"GEMINI_API_KEY_1": "g", "OPENAI_API_KEY": "o", "ROUTER_KEY_1": "r"}
    found = keys(variables, **MIXED)
    assert [(key.position, key.provider, key.secret) for key in found] == [
        (1, "", "g"),
        (2, "local", ""),
        (3, "router", "r"),
        (4, "mini", "o"),
    ]
    assert lacking(CaptionSettings(**MIXED), found) == {}
    del variables["ROUTER_KEY_1"]
    assert lacking(CaptionSettings(**MIXED), keys(variables, **MIXED)) == {"router": "ROUTER_KEY"}


def test_who_is_asked_for_blocked_pictures_is_sent_a_key_of_its_own_or_one_that_has_its_place_already() -> None:
    variables = {"GEMINI_API_KEY_1": "g", "OPENAI_API_KEY": "o"}
    blocked = BlockedSettings(models=("m",), backend="openai", base_url=OLLAMA)
    caption = CaptionSettings(blocked=blocked)
    first = keys_of(caption, variables)
    other = caption.for_blocked
    assert other is not None
    (second,) = keys_of(other, variables, first, second=True)
    assert (second.position, second.secret) == (2, "")
    same = CaptionSettings(blocked=BlockedSettings(models=("gemini-2.5-pro",))).for_blocked
    assert same is not None
    assert keys_of(same, variables, first) == first


def test_whatever_looks_like_a_key_is_kept_from_words() -> None:
    found = secrets_in({"OPENROUTER_API_KEY_2": "sk-or-0123", "SSH_KEY": "/home/me/.ssh", "X_API_KEY": "short"})
    assert [key.secret for key in found] == ["sk-or-0123"]


def test_variables_win_over_the_file_which_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes("\ufeffA=file\r\nB='file $A'\r\nexport C=file # why\r\nD\r\n".encode())
    assert with_env_file({"A": "variable"}, file) == {"A": "variable", "B": "file $A", "C": "file"}
    assert with_env_file({"A": "b"}, tmp_path / "none") == {"A": "b"}


def test_a_file_in_another_encoding_is_refused_and_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"GEMINI_API_KEY_1=s\xffcret")
    with pytest.raises(SettingsError, match="cannot be read as UTF-8 text") as refused:
        with_env_file({}, file)
    assert "cret" not in str(refused.value)
