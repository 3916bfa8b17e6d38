"""The sandbox's HTTP, on loopback alone: addresses, headers, keys in and out of them, waiting, and broken connections.

It decides nothing about captions or quotas; `api` does. The body of a request is bounded, the log is quiet.
"""

from __future__ import annotations

import re
import socket
import socketserver
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from ghibli_prep.sandbox import openai_shape, refusals
from ghibli_prep.sandbox.api import Api, Ask
from ghibli_prep.sandbox.batch_routes import Wanted, route
from ghibli_prep.sandbox.refusals import Reply

HOST = "127.0.0.1"
MAX_BODY = 20 * 1024 * 1024
"""Bytes of a request's body, as with the real API."""
_PATH = re.compile(r"/(?P<version>v1beta|v1)/models(?:/(?P<model>[^/:]+)(?P<ask>:generateContent)?)?")
_LINGER_NOT = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, api: Api) -> None:
        self.api = api
        self.closing = threading.Event()
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """As HTTPServer does, without asking the name service for this machine's name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def opened(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.add(connection)
            if self.closing.is_set():
                _shut(connection)

    def closed(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def hang_up(self, patience: float) -> None:
        """Wake all who wait, cut all connections, and give their threads `patience` seconds to end."""
        self.closing.set()
        with self._changed:
            for connection in self._open:
                _shut(connection)
            self._changed.wait_for(lambda: not self._open, patience)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.opened(self.connection)

    def finish(self) -> None:
        self.server.closed(self.connection)
        super().finish()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # the client is gone: nobody is left to tell

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what was asked is in the call log, and an address may hold a key."""

    def version_string(self) -> str:
        return "ghibli-prep-sandbox"

    def do_GET(self) -> None:
        self._answer(b"")

    def do_DELETE(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not re.fullmatch(r"[0-9]{1,18}", length):
            self._refuse(refusals.error(411, "FAILED_PRECONDITION", "Content-Length is needed.", "no_length"))
        elif int(length) > MAX_BODY:
            message = f"Request payload size exceeds the limit: {MAX_BODY} bytes."
            self._refuse(refusals.invalid(message))
        else:
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                self.close_connection = True  # the client went away in the middle of its request
            else:
                self._answer(body)

    def _refuse(self, reply: Reply) -> None:
        """Refuse before the body was read; the connection cannot be used again."""
        self.close_connection = True
        self._send(reply)

    def _answer(self, body: bytes) -> None:
        reply = self._reply(body)
        if reply.status == 0 or (reply.wait > 0 and self.server.closing.wait(reply.wait)):
            self._reset()
        else:
            self._send(reply)

    def _reply(self, body: bytes) -> Reply:
        address = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        secret = self.headers.get("x-goog-api-key") or query.get("key", "")
        asked = Wanted(self.command, unquote(address.path), query, self.headers, body, secret)
        if (reply := route(self.server.api.batches, asked, f"http://{HOST}:{self.server.server_port}")) is not None:
            return reply
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if (self.command, asked.path) == ("POST", "/v1/chat/completions"):
            return openai_shape.chat(self.server.api, bearer, body)
        if (self.command, asked.path) == ("GET", "/v1/models") and bearer and not secret:
            return openai_shape.models(self.server.api, bearer)
        found = _PATH.fullmatch(asked.path)
        if found is None or self.command != ("POST" if found["ask"] else "GET"):
            return refusals.error(404, "NOT_FOUND", "The requested address was not found on this server.", "no_address")
        api, model, version = self.server.api, found["model"], found["version"]
        if found["ask"]:
            numbers = "enum-encoding=int" in query.get("$alt", query.get("alt", ""))
            return api.generate(Ask(secret, model, version, body, numbers))
        if model:
            return api.model(secret, model, version)
        size = query.get("pageSize", "") or "0"
        if not re.fullmatch(r"[0-9]{1,9}", size):
            return refusals.invalid(f"Invalid value at 'page_size' (TYPE_INT32), \"{size}\"")
        return api.models(secret, int(size) or 50, query.get("pageToken", ""))

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        # with the body in the same write, no packet waits for another's receipt
        self._headers_buffer.append(b"\r\n" + reply.body)  # type: ignore[attr-defined]  # typeshed leaves it out
        self.flush_headers()

    def _reset(self) -> None:
        """Close so that the client gets a reset instead of an end."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.server.closed(self.connection)
        self.rfile.close()
        self.connection.close()


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster
