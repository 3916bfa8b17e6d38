"""A server on loopback that answers each request with what a test wants, and keeps what was asked."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ghibli_prep.captioning import Backend, Key, Question, Slot, backends
from ghibli_prep.demo.frames import PHOTOS


@dataclass
class Canned:
    """status 0 breaks the connection off; body: sent as it is; wait: seconds before the answer."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    """(path, key, body) of every request."""
    url: str = ""
    pages: dict[str, object] = field(default_factory=dict)
    """Where given: what is answered for each page token, "" for the first page."""
    over: threading.Event = field(default_factory=threading.Event)

    def answers(self, body: object, status: int = 200, **headers: str) -> None:
        self.status, self.headers = status, headers
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()


@pytest.fixture
def server() -> Iterator[Canned]:
    canned = Canned()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: else each answer waits 40 ms for an acknowledgement

        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            key = self.headers.get("x-goog-api-key") or self.headers.get("Authorization", "").removeprefix("Bearer ")
            canned.asked.append((self.path, key, json.loads(content or b"{}")))
            canned.over.wait(canned.wait)
            if canned.pages:
                token = parse_qs(urlsplit(self.path).query).get("pageToken", [""])[0]
                canned.answers(canned.pages[token])
            if canned.status == 0:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.close_connection = True
                return
            self.send_response(canned.status)
            for name, value in {"Content-Type": "application/json", **canned.headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(canned.body)))
            self.end_headers()
            self.wfile.write(canned.body)

        do_GET = answer  # noqa: N815 - the names are http.server's
        do_POST = answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that went away is what some tests are about."""

    with Quiet(("127.0.0.1", 0), Handler) as running:
        canned.url = f"http://127.0.0.1:{running.server_address[1]}"
        threading.Thread(target=running.serve_forever, daemon=True, kwargs={"poll_interval": 0.002}).start()
        yield canned
        canned.over.set()
        running.shutdown()


@pytest.fixture(params=["google-genai", "google-generativeai"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Backend]]:
    """Makes a backend of each of Google's kinds, for an address."""
    made: list[Backend] = []

    def at(url: str) -> Backend:
        made.append(backends.make(request.param, url))
        return made[-1]

    yield at
    for backend in made:
        backend.close()


@pytest.fixture
def slot() -> Slot:
    return Slot(Key(2, "GEMINI_API_KEY_2", "AQ.very-secret_0123456789"), "gemini-2.5-flash")


@pytest.fixture
def question() -> Question:
    return Question("Describe it.", 777, 20.0)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "1.jpg"
    file.write_bytes((PHOTOS / "chelsea.jpg").read_bytes())
    return file
