"""Keys and the address, as values."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghibli_prep.environment import read, with_env_file, with_projects
from ghibli_prep.errors import SettingsError


def test_keys_come_in_the_order_of_their_numbers_gaps_allowed_and_the_unnumbered_last() -> None:
    found = read({"GEMINI_API_KEY_10": "j", "GEMINI_API_KEY_2": "b", "GEMINI_API_KEY": "z", "GEMINI_API_KEY_X": "no"})
    assert [(key.position, key.name, key.secret) for key in found.keys] == [
        (1, "GEMINI_API_KEY_2", "b"),
        (2, "GEMINI_API_KEY_10", "j"),
        (3, "GEMINI_API_KEY", "z"),
    ]


def test_the_same_key_twice_is_one_and_empty_ones_are_none() -> None:
    found = read({"GEMINI_API_KEY_1": "a", "GEMINI_API_KEY_2": " 'a' ", "GEMINI_API_KEY_3": " ", "GEMINI_API_KEY": ""})
    assert [key.name for key in found.keys] == ["GEMINI_API_KEY_1"]


def test_the_environment_says_which_keys_share_a_project_before_the_settings_do() -> None:
    variables = {
        "GEMINI_API_KEY_1": "a",
        "GEMINI_API_KEY_2": "b",
        "GEMINI_API_KEY_2_PROJECT": " mine ",
        "GEMINI_API_KEY": "c",
    }
    keys = with_projects(read(variables).keys, {"GEMINI_API_KEY_2": "other", "GEMINI_API_KEY": "mine"})
    assert [key.project for key in keys] == ["", "mine", "mine"]
    assert keys[1].payer == keys[2].payer == "project mine"
    assert keys[0].payer == keys[0].fingerprint


@pytest.mark.parametrize("secret", ["two words", "ключ", "a\tb", "a\x00b"])
def test_what_cannot_be_a_key_is_refused_by_its_name_alone(secret: str) -> None:
    with pytest.raises(SettingsError, match="GEMINI_API_KEY_4: has characters that no key has") as refused:
        read({"GEMINI_API_KEY_4": secret})
    assert secret not in str(refused.value)


def test_the_address_is_a_web_address_or_nothing() -> None:
    assert read({}).base_url == ""
    assert read({"GEMINI_BASE_URL": " http://127.0.0.1:1 "}).base_url == "http://127.0.0.1:1"
    with pytest.raises(SettingsError, match="GEMINI_BASE_URL"):
        read({"GEMINI_BASE_URL": "127.0.0.1:1"})


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
