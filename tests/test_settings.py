"""What a user may choose, and what is said of a choice that cannot be."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from ghibli_prep import resources, settings
from ghibli_prep.errors import SettingsError
from ghibli_prep.settings import CaptionSettings, KeyProject, Limits, Prices, ProviderSettings, ResizeSettings, Settings


def written(folder: Path, text: str) -> Path:
    file = folder / "mine.toml"
    file.write_text(text, "utf-8")
    return file


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings.load(written(folder, text), {}, backends=("google-genai", "openai"))
    return str(caught.value)


def test_the_shipped_file_shows_every_setting_at_its_default() -> None:
    shipped = tomllib.loads(resources.config("ghibli.toml").read_text("utf-8"))
    assert Settings.model_validate(shipped) == Settings()

    def names(part: type[BaseModel], shown: dict[str, Any]) -> None:
        for attribute, field in part.model_fields.items():
            name = field.alias or attribute
            if name in ("keys", "limits", "prices", "providers"):
                continue  # shown as comments: there are none by default
            assert name in shown, f"{part.__name__}: {name} is not in configs/ghibli.toml"
            if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                names(field.annotation, shown[name])

    names(Settings, shipped)


def test_the_limits_prices_and_providers_shown_as_comments_are_those_that_exist() -> None:
    text = resources.config("ghibli.toml").read_text("utf-8")
    comments = text[text.index("# [caption.providers.") :]
    uncommented = "\n".join(line[2:] for line in comments.splitlines() if re.match(r"# (\[|\w+ = )", line))
    shown = tomllib.loads(uncommented)
    assert shown["keys"][0].keys() == KeyProject.model_fields.keys()
    shown = shown["caption"]
    for kind, name, one in (
        (Limits, "limits", "gemini-2.5-flash"),
        (Prices, "prices", "gemini-2.5-flash"),
        (ProviderSettings, "providers", "local"),
    ):
        assert shown[name][one].keys() == kind.model_fields.keys()
    CaptionSettings.model_validate(shown)


def test_a_key_in_place_of_its_variables_name_is_refused_and_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "ghibli.toml"
    for line in ('env = "AQ.secret-text"', 'env = "AIzaSecret"', 'env = "A"\nkey = "AIzaSecret"'):
        file.write_text(f'[[keys]]\n{line}\nproject = "mine"')
        with pytest.raises(SettingsError, match=r"keys\.0\.(env|key)") as refused:
            settings.load(file, {})
        assert "ecret" not in str(refused.value)


def test_without_a_file_all_is_at_its_default() -> None:
    assert settings.load(None, {}) == Settings()


def test_overrides_win_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    file = written(tmp_path, '[caption]\nstrategy = "sequential"\nmax_in_flight = 3\n')
    chosen = settings.load(file, {"caption": {"strategy": "parallel-all"}})
    assert chosen.caption.strategy == "parallel-all"
    assert chosen.caption.max_in_flight == 3
    assert chosen.caption.backend == "google-genai"


def test_a_file_that_windows_notepad_saved_is_read(tmp_path: Path) -> None:
    file = tmp_path / "notepad.toml"
    file.write_bytes(b"\xef\xbb\xbf[resize]\r\nsize = 256\r\n")
    assert settings.load(file, {}).resize.size == 256


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ('[caption]\nstrateg = "sequential"', "caption.strategy"),
        ('strategy = "sequential"', "caption.strategy"),
        ("[resize]\nqualiti = 3", "resize.quality"),
        ("[captoin]\nlimit = 3", "caption"),
        ('[caption.limits."gemini-2.5-flash"]\nrpmm = 3', "caption.limits.MODEL.rpm"),
        ('[filter]\nweights = "x.pt"', "filter.yolo.weights"),
    ],
)
def test_an_unknown_setting_names_the_file_and_the_nearest_known_one(tmp_path: Path, text: str, nearest: str) -> None:
    said = complaint(tmp_path, text)
    assert "mine.toml" in said
    assert f"Did you mean {nearest}?" in said


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[resize]\nsize = 0", "resize.size"),
        ('[resize]\nfit = "zoom"', "resize.fit"),
        ('[resize]\nbackground = "white"', "resize.background"),
        ("[caption]\nmodels = []", "caption.models"),
        ('[caption]\nmodels = ["a", "models/a"]', "caption.models"),
        ('[caption]\nbackend = "chatgpt"', "caption.backend"),
        ("[caption]\nbackoff_seconds = [-1]", "caption.backoff_seconds"),
        ("[caption]\nbackoff_seconds = []", "caption.backoff_seconds"),
        ('[caption]\ntrigger = "  "', "caption.trigger"),
        ('[caption]\nbase_url = "localhost:80"', "caption.base_url"),
        ("[filter]\nmin_score = 1.5", "filter.min_score"),
        ("filter = 3", "filter"),
        ('[caption]\nprompt = "nobody"', "caption.prompt"),
        ('[caption]\nprompt = "missing/prompt.txt"', "caption.prompt"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_setting(tmp_path: Path, text: str, name: str) -> None:
    said = complaint(tmp_path, text)
    assert "mine.toml" in said
    assert name in said


def test_a_mistake_in_an_option_is_said_of_the_option_and_not_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text("[extract]\nwindow = -1\n")
    with pytest.raises(SettingsError) as said:
        settings.load(file, {"extract": {"skip_start": "soon"}})
    first, second = sorted(str(said.value).splitlines())
    assert first.startswith("--skip-start: is no length of time")
    assert second.startswith(f"{file}: extract.window: ")


@pytest.mark.parametrize(("use", "nearest"), [('["blur", "blurr"]', "blur"), ('"al"', "all"), ('"people"', "people")])
def test_a_filter_that_there_is_not_is_named_with_the_nearest(tmp_path: Path, use: str, nearest: str) -> None:
    file = written(tmp_path, f"[filter]\nuse = {use}\n")
    with pytest.raises(SettingsError, match=f"filter.use: no such filter: .*Did you mean '{nearest}'"):
        settings.load(file, {})


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, "[resize]\nsize = 0\nquality = 101\n")
    assert "resize.size" in said
    assert "resize.quality" in said


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    assert "not a valid TOML file" in complaint(tmp_path, "[caption\n")


def test_a_missing_file_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="ghibli-prep init"):
        settings.load(tmp_path / "nowhere.toml", {})


def test_the_prompt_asks_for_what_a_caption_must_be() -> None:
    text = CaptionSettings().prompt_text
    assert 'Begin with the words "Ghibli style"' in text
    for wanted in ("one phrase", "without a full stop", "one space", "A2 to B1", "age", "gender", "expression"):
        assert wanted in text
    for wanted in ("clothing", "posture", "background", "light", "mood", "names of characters", "20 to 30 words"):
        assert wanted in text


def test_a_prompt_of_ones_own_is_read_from_its_path_with_ones_own_trigger(tmp_path: Path) -> None:
    prompt = tmp_path / "mine.txt"
    prompt.write_text("Say {trigger} first.", "utf-8")
    chosen = CaptionSettings(prompt=str(prompt), trigger="pixel  art of")
    assert chosen.prompt_text == "Say pixel art of first."


def test_an_empty_prompt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_text("\n", "utf-8")
    assert "is empty" in complaint(tmp_path, f"[caption]\nprompt = '{tmp_path / 'empty.txt'}'")


def test_a_rest_may_be_of_no_length() -> None:
    assert CaptionSettings(backoff_seconds=(0, 0.5)).backoff_seconds == (0, 0.5)


def test_the_background_is_read_as_red_green_and_blue() -> None:
    assert ResizeSettings(background="#0a80ff").background_rgb == (10, 128, 255)
