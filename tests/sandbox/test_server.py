"""The HTTP itself: keep-alive, addresses, bounds, and ending at once whatever is under way."""

from __future__ import annotations

import _thread
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ghibli_prep.errors import UsageError
from ghibli_prep.sandbox import Sandbox, SandboxSettings, serve
from ghibli_prep.sandbox.server import MAX_BODY
from ghibli_prep.sandbox.settings import Fault, ModelSettings

PLAIN = SandboxSettings(models={"m": ModelSettings()})


def raw(sandbox: Sandbox, request: bytes) -> bytes:
    """Send bytes as they are, and all that comes back until the server hangs up."""
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_one_connection_serves_many_requests(photo: Any, wire: Any) -> None:
    with Sandbox(PLAIN) as sandbox:
        connection = wire(sandbox)
        connection.ask(photo("coffee"))
        first = connection.connection.sock
        for _ in range(20):
            connection.ask(photo("coffee"))
        assert connection.connection.sock is first


def test_the_other_version_of_the_api_answers_too(photo: Any, wire: Any, body: Any) -> None:
    with Sandbox(PLAIN) as sandbox:
        connection = wire(sandbox)
        assert connection.send("GET", "/v1/models?key=k").status == 200
        missing = connection.send("POST", "/v1/models/x:generateContent?key=k", b"{}")
    assert "API version v1," in missing.error["message"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v2/models"),
        ("GET", "/v1beta/models/m:generateContent"),
        ("POST", "/v1beta/models/m"),
        ("POST", "/v1beta/models/m:streamGenerateContent"),
    ],
)
def test_what_the_sandbox_does_not_have_answers_404(method: str, path: str, wire: Any) -> None:
    with Sandbox(PLAIN) as sandbox:
        assert wire(sandbox).send(method, path, b"{}", x_goog_api_key="k").status == 404


@pytest.mark.parametrize(
    ("header", "status"),
    [(b"", b"411"), (b"Content-Length: -5\r\n", b"411"), (b"Content-Length: %d\r\n" % (MAX_BODY + 1), b"400")],
)
def test_a_body_without_a_length_or_too_long_is_refused_unread(header: bytes, status: bytes) -> None:
    with Sandbox(PLAIN) as sandbox:
        answer = raw(sandbox, b"POST /v1beta/models/m:generateContent HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"Connection: close" in answer
    assert sandbox.calls == []


def test_a_body_that_ends_too_early_is_not_answered() -> None:
    with Sandbox(PLAIN) as sandbox:
        assert raw(sandbox, b"POST /v1/models/m:generateContent HTTP/1.1\r\nContent-Length: 9\r\n\r\n{}") == b""
    assert sandbox.calls == []


def test_only_this_machine_is_served() -> None:
    with Sandbox(PLAIN) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{sandbox.port}"


def test_nothing_is_printed(photo: Any, wire: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox(PLAIN) as sandbox:
        wire(sandbox).ask(photo("coffee"), key="AQ.secret")
        wire(sandbox).send("GET", "/nowhere?key=AQ.secret")
    assert capfd.readouterr() == ("", "")


def test_requests_that_hang_do_not_hold_up_closing(photo: Any, wire: Any, stopwatch: Any) -> None:
    sandbox = Sandbox(PLAIN.model_copy(update={"faults": (Fault(kind="hang"),)}))
    broken: list[OSError] = []

    def ask() -> None:
        try:
            wire(sandbox).ask(photo("coffee"))
        except OSError as error:
            broken.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(sandbox.calls) == 3)
    assert stopwatch(sandbox.close) < 30, "it waited for requests that hang for an hour"
    for thread in threads:
        thread.join(30)
    assert len(broken) == 3
    sandbox.close()


def test_idle_connections_do_not_hold_up_closing(photo: Any, wire: Any, stopwatch: Any) -> None:
    sandbox = Sandbox(PLAIN)
    for _ in range(3):
        wire(sandbox).ask(photo("coffee"))
    assert stopwatch(sandbox.close) < 30


def test_a_port_that_is_taken_is_said() -> None:
    with Sandbox(PLAIN) as sandbox, pytest.raises(UsageError, match=f"Port {sandbox.port} of 127.0.0.1 cannot be used"):
        Sandbox(PLAIN, port=sandbox.port)


def test_a_port_that_cannot_be_is_said() -> None:
    with pytest.raises(UsageError, match="Port 70000"):
        Sandbox(PLAIN, port=70_000)


def test_the_sandbox_alone_serves_until_it_is_interrupted(wire: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def interrupt() -> None:
        wait_until(lambda: answers(port))
        time.sleep(0.1)  # the port answers a moment before the main thread begins to wait
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    serve(PLAIN, port)
    thread.join()
    assert not answers(port)


def test_waiting_ends_when_the_sandbox_is_closed() -> None:
    sandbox = Sandbox(PLAIN)
    thread = threading.Thread(target=sandbox.wait)
    thread.start()
    thread.join(0.6)
    assert thread.is_alive()
    sandbox.close()
    thread.join(30)
    assert not thread.is_alive()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
