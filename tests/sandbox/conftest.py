"""Real photographs as JPEGs, a clock that is set by hand, and a plain HTTP client without any SDK."""

from __future__ import annotations

import base64
import http.client
import importlib
import io
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.sandbox import Sandbox

PROMPT = 'Begin with the words "Ghibli style", followed by one space.'


@cache
def _photo(name: str) -> bytes:
    image = Image.fromarray(getattr(skimage.data, name)()).convert("RGB").resize((256, 256))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def photo() -> Callable[[str], bytes]:
    """The JPEG of a photograph whose file comes inside the wheel of scikit-image, by its name."""
    return _photo


@dataclass
class Clock:
    """Epoch seconds that stand still until they are set: 2026-07-01 at noon in California."""

    now: float = 1_782_932_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json["error"]

    @property
    def text(self) -> str:
        return str(self.json["candidates"][0]["content"]["parts"][0]["text"])

    def detail(self, kind: str) -> Any:
        """The error's detail of this kind, such as QuotaFailure."""
        return next(each for each in self.error["details"] if each["@type"].endswith("." + kind))


@dataclass
class Wire:
    """One keep-alive connection to a sandbox."""

    sandbox: Sandbox
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.sandbox.port, timeout=10)

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        self.connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = self.connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def ask(self, picture: bytes, model: str = "m", key: str = "k", **config: object) -> Reply:
        return self.post(body_of(picture, **config), model, key)

    def post(self, body: object, model: str = "m", key: str = "k", query: str = "") -> Reply:
        path = f"/v1beta/models/{model}:generateContent{query}"
        return self.send("POST", path, json.dumps(body).encode(), x_goog_api_key=key)


def body_of(picture: bytes, **config: object) -> dict[str, Any]:
    data = base64.b64encode(picture).decode()
    parts = [{"text": PROMPT}, {"inlineData": {"mimeType": "image/jpeg", "data": data}}]
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """The body of a request for one picture; named arguments go into its generationConfig."""
    return body_of


@pytest.fixture
def wire() -> Any:
    """Connects to sandboxes, and lets go of the connections at the end of the test."""
    wires: list[Wire] = []

    def connect(sandbox: Sandbox) -> Wire:
        wires.append(Wire(sandbox))
        return wires[-1]

    yield connect
    for each in wires:
        each.connection.close()


@pytest.fixture(scope="session")
def old_sdk() -> ModuleType:
    """google.generativeai, which says on import that its support has ended: that is known, and why it is tested."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        return importlib.import_module("google.generativeai")


@pytest.fixture
def stopwatch() -> Callable[[Callable[[], object]], float]:
    """Real seconds that a call takes."""

    def measure(call: Callable[[], object]) -> float:
        start = time.perf_counter()
        call()
        return time.perf_counter() - start

    return measure
