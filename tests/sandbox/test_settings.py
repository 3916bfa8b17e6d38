"""The settings file: the shown one is the default, and what cannot be is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ghibli_prep import resources
from ghibli_prep.errors import SettingsError
from ghibli_prep.sandbox import SandboxSettings, load
from ghibli_prep.sandbox.settings import BlockedSettings, Fault, KeySettings, LatencySettings, ModelSettings


def test_the_shown_file_has_every_default() -> None:
    assert load(resources.config("sandbox.toml")) == SandboxSettings()


def test_the_shown_file_names_every_setting() -> None:
    text = resources.config("sandbox.toml").read_text("utf-8")
    for part in (SandboxSettings, BlockedSettings, LatencySettings, KeySettings, ModelSettings, Fault):
        for name in part.model_fields:
            assert name in text, name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sed = 1", "sed: no such setting. Did you mean seed?"),
        ("[latency]\nmax = 1", "latency.max: no such setting. Did you mean max_seconds?"),
        ("[latency]\nmin_seconds = 1", "min_seconds is above max_seconds"),
        ("[blocked]\nshare = 2", "blocked.share: Input should be less than or equal to 1 (it says 2)"),
        ("[blocked]\npictures = ['x']", "blocked.pictures.0"),
        ("[models.m]\nrpm = -1", "models.m.rpm"),
        ("[[faults]]\nkind = 'bad luck'", "faults.0.kind"),
        ("[[faults]]\ncalls = [1]", "faults.0.kind: Field required"),
        ("[[faults]]\nkind = '500'\nmodel = 'x'", "rule 1: no model is named 'x'"),
        ("[[faults]]\nkind = '500'\nkey = 'x'", "rule 1: key 'x' is no name"),
        ("[keys.a]\ntext = 'one'\n[keys.b]\ntext = 'one'", "two keys have the same text"),
        ("seed = ", "not a valid TOML file"),
    ],
)
def test_what_cannot_be_is_refused_with_its_file_and_name(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "sandbox.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as refused:
        load(file)
    assert str(file) in str(refused.value)
    assert said in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.toml: cannot be read"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("rest", ["dead = 'tired'", "projekt = 'x'", "project = 5"])
def test_no_message_and_no_repr_quotes_a_key(rest: str, tmp_path: Path) -> None:
    file = tmp_path / "sandbox.toml"
    file.write_text(f"[keys.a]\ntext = 'AQ.secret'\n{rest}", "utf-8")
    with pytest.raises(SettingsError) as refused:
        load(file)
    assert "AQ.secret" not in str(refused.value)
    assert "AQ.secret" not in repr(KeySettings(text="AQ.secret"))


def test_a_fault_may_name_a_key_by_its_name_or_by_any_fingerprint() -> None:
    keys = {"first": KeySettings(text="AQ.first")}
    for name in ("first", "0123abcd"):
        SandboxSettings(keys=keys, faults=(Fault(kind="500", key=name),))
