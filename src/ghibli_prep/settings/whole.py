"""All that may be chosen, in its sections."""

from __future__ import annotations

from pydantic import Field

from ghibli_prep.settings.caption import CaptionSettings
from ghibli_prep.settings.dataset import DedupeSettings, KeyProject, SplitSettings, ValidateSettings
from ghibli_prep.settings.kinds import Part
from ghibli_prep.settings.pictures import ExtractSettings, FilterSettings, ResizeSettings


class Settings(Part):
    keys: tuple[KeyProject, ...] = ()
    extract: ExtractSettings = ExtractSettings()
    filter: FilterSettings = FilterSettings()
    resize: ResizeSettings = ResizeSettings()
    caption: CaptionSettings = CaptionSettings()
    split: SplitSettings = SplitSettings()
    dedupe: DedupeSettings = DedupeSettings()
    validating: ValidateSettings = Field(ValidateSettings(), alias="validate")  # pydantic keeps the name for itself

    @property
    def uncompared(self) -> str:
        """The words at the start of captions that say nothing of what these mean: "" where they count, too."""
        return "" if self.dedupe.trigger else self.caption.trigger
