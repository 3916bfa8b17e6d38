"""What sees in a picture what pixels alone do not say: one eye for each thing that filters may need to know.

An eye is loaded when it has to look first, and what it sees is kept under its `maker`, so that another model or other
settings look anew. Knows no folder, no threshold and no decision.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ghibli_prep import detectors
from ghibli_prep.detectors import Detector, Sighting
from ghibli_prep.detectors.model_files import DownloadBar
from ghibli_prep.lettering import Lettering

if TYPE_CHECKING:
    from PIL import Image

    from ghibli_prep.filters import Need
    from ghibli_prep.lettering.rapidocr import RapidOcr
    from ghibli_prep.settings import FilterSettings


class Seen(Protocol):
    def as_json(self) -> dict[str, Any]: ...


class Eye(Protocol):
    @property
    def name(self) -> str:
        """What a decision by it is put down to; empty where there is nothing to look with."""
        ...

    @property
    def maker(self) -> str:
        """What tells what it sees from what others would."""
        ...

    def load(self) -> None:
        """Make ready to look; may be said twice. Raises MissingExtra, SettingsError or ModelFileError."""
        ...

    def look(self, picture: Image.Image) -> Seen:
        """picture: RGB, of any size. Asked from one thread at a time."""
        ...

    def read(self, fact: Mapping[str, Any]) -> Seen:
        """What was seen, from its JSON. Raises KeyError, TypeError or ValueError."""
        ...

    def close(self) -> None: ...


class People:
    """The detector that the settings ask for. Making it raises what `detectors.name_of` raises."""

    def __init__(self, settings: FilterSettings, cache: Path) -> None:
        self._settings, self._cache = settings, cache
        self._loaded: Detector | None = None
        self.name = detectors.name_of(settings) or ""

    @cached_property
    def maker(self) -> str:
        chosen = getattr(self._settings, self.name).model_dump() if self.name else {}
        files = [_stamp(Path(value).expanduser()) for value in chosen.values() if isinstance(value, str)]
        text = json.dumps([chosen, files], sort_keys=True)
        return f"{self.name} boxes {hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def load(self) -> None:
        if self._loaded is None and self.name:
            bar = DownloadBar()
            try:
                self._loaded = detectors.choose(self._settings, self._cache, bar)
            finally:
                bar.close()

    def look(self, picture: Image.Image) -> Sighting:
        self.load()
        assert self._loaded is not None
        return self._loaded.look(picture)

    def read(self, fact: Mapping[str, Any]) -> Sighting:
        return Sighting.of_json(fact)

    def close(self) -> None:
        if self._loaded is not None:
            self._loaded.close()


class Text:
    """Finds lines of text. That its package is installed is checked where the filter is loaded."""

    name = "text"

    def __init__(self) -> None:
        self._loaded: RapidOcr | None = None

    @cached_property
    def maker(self) -> str:
        from ghibli_prep.lettering import rapidocr

        return rapidocr.maker()

    def load(self) -> None:
        from ghibli_prep.lettering import rapidocr

        self._loaded = self._loaded or rapidocr.load()

    def look(self, picture: Image.Image) -> Lettering:
        self.load()
        assert self._loaded is not None
        return self._loaded.look(picture)

    def read(self, fact: Mapping[str, Any]) -> Lettering:
        return Lettering.of_json(fact)

    def close(self) -> None:
        self._loaded = None


def eyes(settings: FilterSettings, cache: Path) -> dict[Need, Eye]:
    """All there are, none loaded yet. cache: the folder for model files. Raises what `detectors.name_of` raises."""
    return {"people": People(settings, cache), "text": Text()}


def _stamp(file: Path) -> list[int]:
    """What changes where another file is put in its place; empty where there is none."""
    with suppress(OSError):
        if file.is_file():
            return [file.stat().st_size, file.stat().st_mtime_ns]
    return []
