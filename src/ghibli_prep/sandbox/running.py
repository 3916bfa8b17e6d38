"""Starting and stopping the sandbox. It knows neither HTTP nor quotas."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ghibli_prep.errors import UsageError
from ghibli_prep.sandbox.api import Api
from ghibli_prep.sandbox.batches import Job
from ghibli_prep.sandbox.calls import Call
from ghibli_prep.sandbox.server import HOST, Server
from ghibli_prep.sandbox.settings import SandboxSettings


class Sandbox:
    """The Gemini API on loopback, from the moment it is made until `close`. Any thread may use it.

    clock: epoch seconds, for quotas and the log (not for latencies, which are real); port: 0 takes a free one.
    Raises UsageError when the port is taken, SettingsError when the log file cannot be written.
    """

    def __init__(self, settings: SandboxSettings, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        self._api = Api(settings, clock)
        try:
            self._server = Server(port, self._api)
        except (OSError, OverflowError) as error:
            self._api.log.close()
            raise UsageError(f"Port {port} of {HOST} cannot be used ({error}). Choose another, or 0 for any.") from None
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="sandbox", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        """What a client is given as its base address: no path, no slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def calls(self) -> list[Call]:
        """Every call for a caption so far, oldest first: a copy."""
        return self._api.log.calls

    @property
    def jobs(self) -> list[Job]:
        """Every batch job that was ever made, oldest first: a copy."""
        return self._api.batches.jobs

    def wait(self) -> None:
        """Block until another thread closes the sandbox, or KeyboardInterrupt."""
        while not self._server.closing.wait(0.5):
            pass

    def close(self) -> None:
        """Stop at once: requests that still wait get a reset. Closing twice is once."""
        if self._server.closing.is_set():
            return
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up(patience=2.0)
        self._server.server_close()
        self._api.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def serve(settings: SandboxSettings, port: int) -> None:
    """Run the sandbox on `port` until KeyboardInterrupt. To know its address first, use `Sandbox` and `wait`."""
    try:
        with Sandbox(settings, port=port) as sandbox:
            sandbox.wait()
    except KeyboardInterrupt:
        return
