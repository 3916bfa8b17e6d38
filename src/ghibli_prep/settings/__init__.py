"""What a user may choose: frozen, validated, built once, handed down in parts.

`configs/ghibli.toml` shows every setting at its default, and a test holds the two together. Nothing here reads the
environment or flags; `cli` hands those in as overrides.
"""

from __future__ import annotations

from ghibli_prep.settings.caption import (
    BlockedSettings,
    CaptionSettings,
    Limits,
    Prices,
    ProviderSettings,
    RuleName,
    RuleSettings,
)
from ghibli_prep.settings.dataset import DedupeSettings, KeyProject, SplitSettings, ValidateSettings
from ghibli_prep.settings.kinds import Name, Part, PositiveInt, Share
from ghibli_prep.settings.loading import load
from ghibli_prep.settings.pictures import ExtractSettings, FilterSettings, MediapipeSettings, ResizeSettings
from ghibli_prep.settings.whole import Settings

__all__ = [
    "BlockedSettings",
    "CaptionSettings",
    "DedupeSettings",
    "ExtractSettings",
    "FilterSettings",
    "KeyProject",
    "Limits",
    "MediapipeSettings",
    "Name",
    "Part",
    "PositiveInt",
    "Prices",
    "ProviderSettings",
    "ResizeSettings",
    "RuleName",
    "RuleSettings",
    "Settings",
    "Share",
    "SplitSettings",
    "ValidateSettings",
    "load",
]
