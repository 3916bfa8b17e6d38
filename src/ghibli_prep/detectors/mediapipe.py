"""People as mediapipe sees them: whole persons (EfficientDet-Lite0) and faces (BlazeFace, full range).

mediapipe runs in a child process, for two faults of its own that no option of it mends (measured with 1.2.2): it
writes some sixty log lines to file descriptor 2, and it reports its use to Google. The child's stderr is a temporary
file, and its proxy a closed port of this machine. A crash in native code is then no crash of the run either, and
keys are left out of the child's environment. A look costs about 5 ms, 2 of them for the pipe.

The child is `mediapipe_child`, which is started with the words of this module; nothing here imports mediapipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ghibli_prep.detectors import Progress, Sighting, install_command
from ghibli_prep.detectors.model_files import FACE_MODEL, PERSON_MODEL, ModelFile, obtain
from ghibli_prep.detectors.sources import without_keys
from ghibli_prep.errors import GhibliPrepError, MissingExtra, ModelFileError, SettingsError
from ghibli_prep.framing import clipped

if TYPE_CHECKING:
    from PIL import Image

    from ghibli_prep.settings import FilterSettings

NOWHERE = "http://127.0.0.1:9"
"""A proxy that answers nothing: the discard port of this machine."""

SECONDS_TO_CLOSE = 10


def load(settings: FilterSettings, cache: Path, progress: Progress) -> MediapipeDetector:
    """Fetch the model files if need be and start looking. Raises SettingsError, ModelFileError or MissingExtra."""
    chosen = settings.mediapipe
    wanted = {"person": (chosen.person_model, PERSON_MODEL), "face": (chosen.face_model, FACE_MODEL)}
    wanted = {what: (value, model) for what, (value, model) in wanted.items() if value != "off"}
    if not wanted:
        raise SettingsError(
            "filter.mediapipe: person_model and face_model are both off, so nothing is left to look for. "
            'Switch one on, or set filter.detector to "none" to keep every picture.'
        )
    return MediapipeDetector(
        {what: _file(value, model, cache, progress) for what, (value, model) in wanted.items()},
        {what: model.setting for what, (_, model) in wanted.items()},
    )


def _file(value: str, model: ModelFile, cache: Path, progress: Progress) -> Path:
    if value == "auto":
        return obtain(model, cache, progress)
    file = Path(value).expanduser()
    if not file.is_file():
        raise ModelFileError(
            f'{model.setting}: there is no file {file}. Set it to a path that exists, to "auto" or to "off".'
        )
    return file


class MediapipeDetector:
    """models: what each looks for (`person`, `face`) and its file; settings: the setting each came from."""

    name = "mediapipe"

    def __init__(self, models: Mapping[str, Path], settings: Mapping[str, str]) -> None:
        # unbuffered, so that the child's last words are there to be quoted
        self._words: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the child
        self._child = subprocess.Popen(
            [sys.executable, "-P", "-m", "ghibli_prep.detectors.mediapipe_child"]
            + [f"{what}={file.absolute()}" for what, file in models.items()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=_child_environment(os.environ),
        )
        try:
            self._greet(models, settings)
        except BaseException:
            self.close()
            raise

    def _greet(self, models: Mapping[str, Path], settings: Mapping[str, str]) -> None:
        greeting = self._answer()
        if greeting is None:
            raise MissingExtra(
                f"mediapipe is installed but does not start: {self._last_words()}\n"
                f"Try to install it anew: {install_command('mediapipe')}"
            )
        if what := greeting.get("refused"):
            raise ModelFileError(
                f"{models[what]}: mediapipe cannot use this file to look for a {what} ({greeting['why']}). Set "
                f'{settings[what]} to another one, to "auto" or to "off"; if this is the file in the cache folder, '
                "delete it to have it fetched anew."
            )

    def look(self, picture: Image.Image) -> Sighting:
        rgb = picture.convert("RGB")
        answer = None
        with contextlib.suppress(OSError, ValueError):  # the child is gone: said below, with its last words
            assert self._child.stdin is not None
            self._child.stdin.write(struct.pack("<II", *rgb.size))
            self._child.stdin.write(rgb.tobytes())
            self._child.stdin.flush()
            answer = self._answer()
        if answer is None:
            raise GhibliPrepError(f"The detector mediapipe stopped unexpectedly: {self._last_words()}")
        width, height = rgb.size
        return Sighting.of(
            clipped(left / width, top / height, right / width, bottom / height, min(1.0, score), what)
            for what, found in answer.items()
            for score, left, top, right, bottom in found
        )

    def close(self) -> None:
        with contextlib.suppress(OSError):  # already gone
            assert self._child.stdin is not None
            self._child.stdin.close()
        try:
            self._child.wait(SECONDS_TO_CLOSE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        assert self._child.stdout is not None
        self._child.stdout.close()
        self._words.close()

    def _answer(self) -> dict[str, Any] | None:
        """The child's next line; None if it is gone."""
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            return None
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _last_words(self) -> str:
        if self._words.closed:
            return "it was closed"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(SECONDS_TO_CLOSE)
        self._words.seek(0)
        lines = self._words.read().decode("utf-8", "replace").split("\n")
        last = [line.strip() for line in lines if line.strip()][-1:] or ["it left no words"]
        return f"{last[0]} (exit code {self._child.returncode})"


def _child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Without keys, and with no way out to the network: libcurl heeds these names, in either case."""
    kept = {name: value for name, value in without_keys(environ).items() if not name.lower().endswith("_proxy")}
    return kept | dict.fromkeys(("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"), NOWHERE)
