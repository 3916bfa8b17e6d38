"""No key's text is ever written or shown, whatever goes wrong and whoever quotes it.

After each kind of trouble everything that a run left is searched: the whole workspace, stdout, stderr, the arguments
and the environment of child processes. It is searched for any twelve characters of a key in a row, as they are,
reversed, percent-encoded, in hex and in base64.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
import os
import random
import string
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.asking import Means
from ghibli_prep.captioning import Key, Slot
from ghibli_prep.console import Console
from ghibli_prep.detectors.sources import Unavailable, WheelMember
from ghibli_prep.environment import keys_of
from ghibli_prep.sandbox import Sandbox, SandboxSettings
from ghibli_prep.sandbox.settings import DeadKey, FaultKind
from ghibli_prep.session import Session
from ghibli_prep.settings import CaptionSettings, Settings

WINDOW = 12
SEVERAL = [kind for kind in get_args(FaultKind) if kind.startswith("json_")]  # of answers for several pictures alone
KINDS = [kind for kind in get_args(FaultKind) if kind not in ("location", *SEVERAL)]  # that ends the run: see below
BACKENDS = ["google-genai", "google-generativeai", "openai"]
MAIN = "from ghibli_prep.cli import main; main()"


def new_key(seed: str) -> str:
    """As long as a real one, with characters that addresses and JSON write in other ways."""
    draw = random.Random(seed)
    return "AQ." + "".join(draw.choices(string.ascii_letters + string.digits + "-_/+=%&", k=50))


def traces(secret: str) -> set[bytes]:
    """What must be found nowhere."""
    plain, own = secret.encode(), secret.removeprefix("AQ.").encode()
    found = {whole[at : at + WINDOW] for whole in (own, own[::-1]) for at in range(len(own) - WINDOW + 1)}
    coded = [quote(secret, safe="").encode(), plain.hex().encode(), plain.hex().upper().encode()]
    for shift in range(3):  # base64 looks different at each place within three bytes
        coded += [code(b"\0" * shift + plain) for code in (base64.b64encode, base64.urlsafe_b64encode)]
    return found | {text[8:40] for text in coded}


def find_traces(content: bytes, secrets: list[str]) -> list[str]:
    return [trace.decode() for secret in secrets for trace in traces(secret) if trace in content]


@dataclass
class Desk:
    """A folder that a user works in, the keys of that user, and all that was said."""

    home: Path
    secrets: list[str]
    url: str
    backend: str = "google-genai"
    said: bytes = b""

    @property
    def family(self) -> str:
        """What the names of its variables begin with."""
        return "OPENAI" if self.backend == "openai" else "GEMINI"

    def lay_out(self, in_file: bool, together: int = 1) -> None:
        """in_file: the keys stand in `.env`, not in the environment. together: pictures a request."""
        raw = self.home / "data" / "raw"
        raw.mkdir(parents=True)
        photo = Image.fromarray(skimage.data.astronaut())
        for at in range(40):
            photo.crop((at * 9, at * 7, at * 9 + 80, at * 7 + 80)).save(raw / f"{at}.png")
        (self.home / "ghibli.toml").write_text(
            f'[resize]\nsize = 64\n[caption]\nbackend = "{self.backend}"\nmodels = ["gemini-2.5-flash"]\n'
            "backoff_seconds = [0.01, 0.02]\nrequest_timeout_seconds = 1\nmax_in_flight = 60\n"
            f"pictures_per_request = {together}\n",
            "utf-8",
        )
        if in_file:
            lines = [f"{name}='{secret}'\n" for name, secret in self.variables().items()]
            (self.home / ".env").write_text("".join(lines), "utf-8")

    def variables(self) -> dict[str, str]:
        return {f"{self.family}_API_KEY_{place}": secret for place, secret in enumerate(self.secrets, start=1)}

    def environment(self) -> dict[str, str]:
        keys = {} if (self.home / ".env").exists() else self.variables()
        plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # slow starts
        address = f"{self.url}/v1" if self.family == "OPENAI" and self.url.count("/") == 2 else self.url
        return {**plain, **keys, f"{self.family}_BASE_URL": address}

    def run(self, *arguments: str, code: str = MAIN) -> tuple[int, str]:
        """Its exit code and what it said."""
        where = ["-w", "data"] if code == MAIN else []
        command = [sys.executable, "-c", code, *arguments, *where]
        done = subprocess.run(
            command, cwd=self.home, env=self.environment(), capture_output=True, check=False, timeout=120
        )
        self.said += done.stdout + done.stderr
        return done.returncode, (done.stdout + done.stderr).decode()

    def search(self) -> None:
        assert find_traces(self.said, self.secrets) == [], self.said.decode()
        for file in sorted((self.home / "data").rglob("*")):
            assert find_traces(str(file).encode(), self.secrets) == []
            if file.is_file():
                assert find_traces(file.read_bytes(), self.secrets) == [], file


@contextlib.contextmanager
def trouble(kinds: dict[str, str]) -> Iterator[Sandbox]:
    """A sandbox that answers each of these keys (text to kind) with its own kind of trouble."""
    settings: dict[str, Any] = {
        "models": {"gemini-2.5-flash": {}},
        "keys": {f"k{place}": {"text": text} for place, text in enumerate(kinds)},
        "faults": [
            {"kind": kind, "key": f"k{place}", "seconds": 8 if kind == "hang" else 0.01}
            for place, kind in enumerate(kinds.values())
        ],
    }
    with Sandbox(SandboxSettings.model_validate(settings)) as sandbox:
        yield sandbox


@pytest.mark.parametrize("backend", BACKENDS)
def test_after_garbled_answers_for_several_pictures_no_key_is_anywhere(backend: str, tmp_path: Path) -> None:
    kinds = {new_key(kind): kind for kind in SEVERAL}
    with trouble(kinds) as sandbox:
        desk = Desk(tmp_path, list(kinds), sandbox.url, backend)
        desk.lay_out(in_file=True, together=4)
        assert desk.run("run", "--skip-filter", "--strategy", "parallel-all")[0] == 0
        assert {call.outcome for call in sandbox.calls} == {"ok", *SEVERAL}
    desk.search()


@pytest.mark.parametrize("in_file", [False, True], ids=["environment", "env file"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_after_every_kind_of_error_no_key_is_in_the_workspace_or_in_what_was_said(
    backend: str, in_file: bool, tmp_path: Path
) -> None:
    kinds = {new_key(kind): kind for kind in KINDS}
    with trouble(kinds) as sandbox:
        desk = Desk(tmp_path, list(kinds), sandbox.url, backend)
        desk.lay_out(in_file)
        assert desk.run("run", "--skip-filter", "--strategy", "parallel-all")[0] in (0, 75)
        assert {call.outcome for call in sandbox.calls} >= set(KINDS) - {"429_tokens", "blocked_prompt"}
        assert b"reported as leaked" in desk.said  # the message that quotes a whole key came through, without it
        for arguments in (["run", "--skip-filter"], ["status"], ["status", "--json"], ["cleanup", "--dry-run"]):
            assert desk.run(*arguments)[0] in (0, 75)
    desk.search()


@pytest.mark.parametrize("backend", BACKENDS)
def test_keys_shows_no_key_however_dead_and_a_run_from_a_wrong_place_neither(backend: str, tmp_path: Path) -> None:
    secrets = {dead: new_key(dead) for dead in get_args(DeadKey)}
    keys = {dead: {"text": secret, "dead": dead} for dead, secret in secrets.items()}
    with Sandbox(SandboxSettings.model_validate({"keys": keys})) as sandbox:
        desk = Desk(tmp_path, list(secrets.values()), sandbox.url, backend)
        desk.lay_out(in_file=True)
        assert desk.run("keys")[0] == desk.run("keys", "--json")[0] == 75
        assert b"reported as leaked" in desk.said
        code, said = desk.run("run", "--skip-filter")
        assert code == 75
        assert "does not serve this machine" in said
    desk.search()


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9", "http://127.0.0.1:9/KEY", "http://u:KEY@127.0.0.1:9", "http://127.0.0.1:9/?key=KEY&x=",
     "http://127.0.0.1:99999/KEY", "http://[KEY", "http://KEY.invalid", "ftp://127.0.0.1/KEY"],
)  # fmt: skip
def test_an_address_that_quotes_the_key_and_cannot_be_reached_does_not_show_it(
    url: str, backend: str, tmp_path: Path
) -> None:
    secret = new_key("address").replace("/", "a").replace("%", "b").replace("&", "c")  # else it is no address
    desk = Desk(tmp_path, [secret], url.replace("KEY", secret), backend)
    desk.lay_out(in_file=False)
    for arguments in (["keys"], ["run", "--skip-filter"])[: 2 if backend == BACKENDS[0] else 1]:
        code, said = desk.run(*arguments)
        assert code in (2, 75), said
        assert "Traceback" not in said, said
    desk.search()


@pytest.mark.parametrize(
    "line", ["GEMINI_API_KEY_1 KEY", "GEMINI_API_KEY_1='KEY", 'GEMINI_API_KEY_1="KEY\n"', "KEY", "export KEY=",
             "GEMINI_API_KEY_1=KEY KEY", "GEMINI_API_KEY_1=KEY\x07", "GEMINI_API_KEY_1=KEYé", "\udcffKEY"]
)  # fmt: skip
def test_a_bad_line_in_the_env_file_is_not_quoted(line: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path, [new_key("line")], "http://127.0.0.1:9")
    desk.lay_out(in_file=True)
    (tmp_path / ".env").write_text(line.replace("KEY", desk.secrets[0]) + "\n", "utf-8", errors="surrogateescape")
    for arguments in (["run", "--skip-filter"], ["status"]):
        code, said = desk.run(*arguments)
        assert code in (0, 2, 75), said
        assert "Traceback" not in said, said
    desk.search()


def test_the_traceback_of_a_fault_of_ours_is_shown_without_the_key_that_it_quotes(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [new_key("one"), new_key("two")], "")
    desk.lay_out(in_file=True)
    code, said = desk.run(
        "broken",
        code="from ghibli_prep import cli\n@cli.app.command()\ndef broken() -> None:\n"
        "    raise RuntimeError(open('.env').read())\ncli.main()",
    )
    assert code == 1
    assert "RuntimeError: GEMINI_API_KEY_1='[key 1]'" in said
    desk.search()


def test_what_holds_a_key_shows_it_neither_as_text_nor_in_a_traceback_with_locals(tmp_path: Path) -> None:
    keys = keys_of(CaptionSettings(), {"GEMINI_API_KEY_2": new_key("held")})
    (key,) = keys
    session = Session(Settings(), [key], tmp_path / "data", tmp_path, tmp_path)
    means = Means(Settings().caption, [key], lambda: None, session.console, session.stop)  # type: ignore[arg-type,return-value]
    held = [keys, key, Slot(key, "m"), session, means, session.console, session.settings, ValueError(key)]
    texts = [
        form(each) for each in held for form in (str, repr, lambda each: f"{each!r:>9}", lambda e: repr(vars_of(e)))
    ]
    try:
        raise ValueError(key, held)
    except ValueError as error:
        told = traceback.TracebackException.from_exception(error, capture_locals=True)
        texts += list(told.format())
    assert find_traces("\n".join(texts).encode(), [key.secret]) == []


def vars_of(thing: Any) -> Any:
    return getattr(thing, "__dict__", None)


def test_a_key_that_begins_like_another_leaves_no_rest_of_itself() -> None:
    short, long = new_key("a"), new_key("a") + new_key("b")
    shown = Console([Key(1, "A", short), Key(2, "B", long)]).redacted(f"{long} and {short}")
    assert shown == "[key 2] and [key 1]"


@pytest.mark.skipif(sys.platform == "win32", reason="a script cannot stand in for python there")
def test_pip_is_started_without_keys(tmp_path: Path) -> None:
    """A stand-in for python writes down how it was started; the keys are in the environment of a real parent."""
    seen, pip = tmp_path / "seen", tmp_path / "pip"
    pip.write_text(f'#!/bin/sh\n{{ echo "$@"; env; }} > {seen}\nexit 1\n', "utf-8")
    pip.chmod(0o755)
    desk = Desk(tmp_path, [new_key("pip")], "http://127.0.0.1:9")
    wheel = WheelMember("x==1", "x", "312", ("any",), 1, python=str(pip))
    code = (
        f"import pathlib\nfrom {Unavailable.__module__} import *\n{wheel!r}.fetch(pathlib.Path('m'), lambda *_: None)"
    )
    assert desk.run(code=code)[0] == 1
    assert "download" in seen.read_text("utf-8")
    assert find_traces(seen.read_bytes(), desk.secrets) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux shows how processes were started")
@pytest.mark.skipif(importlib.util.find_spec("mediapipe") is None, reason="mediapipe is not installed")
def test_the_detector_is_started_without_keys(tmp_path: Path) -> None:
    desk = Desk(tmp_path, [new_key("detector")], "http://127.0.0.1:9")
    desk.lay_out(in_file=False)
    (tmp_path / "no.model").write_bytes(b"no model")
    (tmp_path / "ghibli.toml").write_text(
        '[filter]\ndetector = "mediapipe"\n[filter.mediapipe]\nperson_model = "no.model"\nface_model = "off"\n', "utf-8"
    )
    command = [sys.executable, "-c", MAIN, "filter"]
    with (tmp_path / "said").open("wb") as said:
        parent = subprocess.Popen(
            [*command, "-w", "data"], cwd=tmp_path, env=desk.environment(), stdout=said, stderr=said
        )
    children: dict[str, bytes] = {}
    while parent.poll() is None:
        for child in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text("utf-8").split():
            with contextlib.suppress(OSError):  # it has just ended
                words = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"mediapipe_child" in words:
                    children[child] = words + Path(f"/proc/{child}/environ").read_bytes()
        time.sleep(0.005)
    assert children, (tmp_path / "said").read_text("utf-8")
    assert find_traces(b"".join(children.values()) + (tmp_path / "said").read_bytes(), desk.secrets) == []
