"""Whom a name in the ladder means, and that each request goes there and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ghibli_prep import settings
from ghibli_prep.asking import slots_of
from ghibli_prep.captioning import Described, Key, Question, Slot
from ghibli_prep.errors import SettingsError
from ghibli_prep.providers import make_backend
from ghibli_prep.settings import CaptionSettings, ProviderSettings

QUESTION = Question("Describe it, beginning with Ghibli style.", 500, 20.0)


def mixed(**urls: str) -> CaptionSettings:
    providers = {name: ProviderSettings(backend="google-genai", base_url=url) for name, url in urls.items()}
    return CaptionSettings(models=("best", *(f"{name}:best" for name in urls)), backend="sandbox", providers=providers)


@pytest.mark.parametrize(
    ("model", "whose"),
    [
        ("best", ("", "best")),
        ("one:best", ("one", "best")),
        ("one:qwen2.5vl:7b", ("one", "qwen2.5vl:7b")),
        ("qwen2.5vl:7b", ("", "qwen2.5vl:7b")),
        ("qwen/qwen2.5-vl:free", ("", "qwen/qwen2.5-vl:free")),
        ("one:", ("", "one:")),
    ],
)
def test_a_name_with_a_colon_means_a_provider_only_where_there_is_one(model: str, whose: tuple[str, str]) -> None:
    assert mixed(one="http://127.0.0.1:1").split(model) == whose


def test_a_slot_is_a_key_with_a_model_of_its_own_provider() -> None:
    keys = [Key(1, "A", "a"), Key(2, "B", "b", provider="one")]
    assert [str(slot) for slot in slots_of(keys, mixed(one="http://127.0.0.1:1"))] == ["key 1, best", "key 2, one:best"]


def test_each_request_goes_to_the_backend_of_its_slot(sandbox: Any, tmp_path: Path, frame: Any) -> None:
    first, second = sandbox(best={}), sandbox(best={}, more={})
    picture = tmp_path / "1.jpg"
    picture.write_bytes(frame(0))
    caption = mixed(one=first.url, two=second.url)
    backend = make_backend(caption)
    keys = {name: Key(1, "A", f"key-of-{name or 'own'}-0123456789", provider=name) for name in caption.asked}
    for model in ("one:best", "two:best", "best"):
        attempt = backend.ask([picture], Slot(keys[caption.split(model)[0]], model), QUESTION)
        assert isinstance(attempt, Described)
    assert [call.key for call in first.calls] == [keys["one"].fingerprint]
    assert [call.key for call in second.calls] == [keys["two"].fingerprint]
    assert backend.models(keys["two"]) == ["two:best", "two:more"]
    assert backend.models(keys[""]) == ["best"]
    backend.close()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('backend = "opnai"', "caption.backend: there is no such backend. Did you mean 'openai'?"),
        ('backend = ""', "caption.backend: "),
        ('key_env = "sk-my-secret-key"', "caption.key_env: needs the name of an environment variable"),
        ('api_key = "sk-my-secret-key"', "caption.api_key: no such setting."),
        ('[caption.providers.local]\nbackend = "opnai"', "caption.providers.local.backend: there is no such backend"),
        ('[caption.providers.local]\nbase_url = "http://x"', "caption.providers.local.backend: "),
        ('[caption.providers.local]\nbackend = "openai"\nbase_ur = "http://x"', "no such setting. Did you mean "),
        ('[caption.providers."a:b"]\nbackend = "openai"', "caption.providers.a:b"),
        ('[caption.blocked]\nbackend = "openai"', "caption.blocked: names a backend, but no models"),
        ('[caption.blocked]\nmodels = ["m"]\nbase_url = "http://x"', "caption.blocked: needs the backend"),
        ('[caption.blocked]\nkey_env = "sk-my-secret-key"', "caption.blocked.key_env: needs the name"),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_setting_and_no_key_is_quoted(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(f"[caption]\n{text}\n")
    with pytest.raises(SettingsError) as refused:
        settings.load(file, {}, backends=("google-genai", "openai", "sandbox"))
    assert str(refused.value).startswith(f"{file}: caption.")
    assert complaint in str(refused.value)
    assert "sk-my-secret" not in str(refused.value)
