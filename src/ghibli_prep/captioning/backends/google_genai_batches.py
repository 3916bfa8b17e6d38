"""Gemini's Batch and Files APIs through google-genai. Bodies are read by `gemini_batch`, as they came.

The client's own waits never come: an upload that is not confirmed is taken off it before it would ask again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from google import genai
from google.genai import types

from ghibli_prep.captioning import HostRefused, Key, KeyDead, ModelGone, Question, ServiceDown, Slot
from ghibli_prep.captioning.backends import gemini_batch, heard
from ghibli_prep.captioning.backends.google_genai import client_for, lost, within
from ghibli_prep.captioning.backends.thinking import ladder
from ghibli_prep.captioning.batches import Fetched, Line, Missing, Standing, Taken, Trouble, Uploaded

TRANSFER_SECONDS = 300.0
"""How long each piece of a file may take."""
PAGES = 100
"""Pages of jobs that are looked through at most."""
_PAGE = 100


class GoogleGenaiBatches:
    """A `BatchService`. base_url: "" for Google's own address. timeout: seconds of a request that carries no file."""

    def __init__(self, base_url: str, timeout: float) -> None:
        self._base_url, self._timeout = base_url, timeout
        self._clients: dict[Key, genai.Client] = {}
        self._lock = threading.Lock()
        self._lost = lost()

    def request(self, number: int, picture: Path, model: str, question: Question, step: int) -> bytes:
        steps = ladder(model)
        told = steps[min(step, len(steps) - 1)]
        thinking = told.model_dump(mode="json", by_alias=True, exclude_none=True) if told else None
        jpeg = picture.read_bytes()
        return gemini_batch.request_line(number, jpeg, question.prompt, question.max_output_tokens, thinking)

    def upload(self, key: Key, file: Path, name: str) -> Uploaded | Trouble:
        options = within(TRANSFER_SECONDS)
        config = types.UploadFileConfig(display_name=name, mime_type="application/jsonl", http_options=options)
        came = self._heard(key, lambda client: client.files.upload(file=file, config=config))
        return gemini_batch.uploaded(came.status, came.text, key) if isinstance(came, heard.Heard) else came

    def create(self, slot: Slot, file: str, name: str) -> Taken | Missing | Trouble:
        config = types.CreateBatchJobConfig(display_name=name, http_options=within(self._timeout))
        came = self._heard(slot.key, lambda client: client.batches.create(model=slot.model, src=file, config=config))
        return gemini_batch.created(came.status, came.text, slot.key, file) if isinstance(came, heard.Heard) else came

    def find(self, key: Key, name: str) -> Taken | Missing | Trouble:
        token = ""

        def page(client: genai.Client) -> object:
            options = within(self._timeout)
            config = types.ListBatchJobsConfig(page_size=_PAGE, page_token=token or None, http_options=options)
            return client.batches.list(config=config)

        for _ in range(PAGES):
            came = self._heard(key, page)
            if not isinstance(came, heard.Heard):
                return came
            found = gemini_batch.page(came.status, came.text, key, name)
            if not isinstance(found, str):
                return found
            if not found:
                return Missing("no job of that name")
            token = found
        return ServiceDown("the list of jobs does not end")

    def look(self, key: Key, job: str) -> Standing | Missing | Trouble:
        config = types.GetBatchJobConfig(http_options=within(self._timeout))
        came = self._heard(key, lambda client: client.batches.get(name=job, config=config))
        return gemini_batch.standing(came.status, came.text, key) if isinstance(came, heard.Heard) else came

    def fetch(self, key: Key, result: str, into: BinaryIO) -> Fetched | Missing | Trouble:
        config = types.DownloadFileConfig(http_options=within(TRANSFER_SECONDS))
        paper = _Paper(into)
        try:
            came = self._heard(
                key,
                lambda client: client.files.download(file=result, destination=paper, config=config),  # type: ignore[call-overload]  # anything with `write` will do
            )
        except _Full as full:
            raise full.error from None
        if not isinstance(came, heard.Heard):
            return came
        if came.status == 200:
            return Fetched()
        if came.status == 404 or (came.status == 403 and result.removeprefix("files/") in came.text):
            return Missing("the provider has the file of the answers no more")
        return gemini_batch.trouble(came.status, came.text, key)

    def cancel(self, key: Key, job: str) -> Missing | Trouble | None:
        config = types.CancelBatchJobConfig(http_options=within(self._timeout))
        return self._done(key, lambda client: client.batches.cancel(name=job, config=config))

    def discard(self, key: Key, file: str) -> Missing | Trouble | None:
        config = types.DeleteFileConfig(http_options=within(self._timeout))
        return self._done(key, lambda client: client.files.delete(name=file, config=config))

    def answer(self, line: bytes, slot: Slot) -> Line | None:
        return gemini_batch.line(line, slot)

    def close(self) -> None:
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()

    def _done(self, key: Key, ask: Callable[[genai.Client], object]) -> Missing | Trouble | None:
        came = self._heard(key, ask)
        if not isinstance(came, heard.Heard):
            return came
        if came.status == 404:
            return Missing("gone already")
        return None if came.status == 200 else gemini_batch.trouble(came.status, came.text, key)

    def _heard(
        self, key: Key, ask: Callable[[genai.Client], object]
    ) -> heard.Heard | ServiceDown | ModelGone | KeyDead | HostRefused:
        def send() -> None:
            ask(self._client(key))
            raise heard.Heard(200, "", "")  # a download, the one thing that a client is left to end by itself

        return heard.hear(send, self._lost, key)

    def _client(self, key: Key) -> genai.Client:
        with self._lock:
            if key not in self._clients:
                self._clients[key] = client_for(key, self._base_url, _take_off)
            return self._clients[key]


def _take_off(response: Any) -> None:
    """Raise what came, but for what is only a part of an upload, and a file that is to be read as it comes."""
    headers, asked = response.headers, response.request
    if response.status_code == 200 and headers.get("x-goog-upload-status") == "active":
        command = asked.headers.get("x-goog-upload-command", "")
        if headers.get("x-goog-upload-url") if command == "start" else "finalize" not in command:
            return
    if response.status_code == 200 and asked.url.path.endswith(":download"):
        return
    response.read()
    raise heard.Heard(response.status_code, response.text, headers.get("retry-after", ""))


class _Full(Exception):
    """Carries an error of the disk past the client, among whose errors of the net it would be lost."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class _Paper:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, piece: bytes) -> int:
        try:
            return self._file.write(piece)
        except OSError as error:
            raise _Full(error) from error
