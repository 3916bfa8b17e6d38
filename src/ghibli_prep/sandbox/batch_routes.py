"""The addresses and headers of the Files and Batch APIs, as google-genai speaks them; everything else is not its own.

Uploads are resumable: a start that names an address, then pieces, the last of which finalizes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.message import Message

from ghibli_prep.sandbox import refusals
from ghibli_prep.sandbox.batches import Batches
from ghibli_prep.sandbox.refusals import Reply
from ghibli_prep.sandbox.settings import Fault, Place

_UPLOAD = re.compile(r"/upload/v1(?:beta)?/files")
_FILE = re.compile(r"/(?:download/)?v1(?:beta)?/(?P<name>files/[\w-]+)(?P<load>:download)?", re.ASCII)
_CREATE = re.compile(r"/v1(?:beta)?/models/(?P<model>[^/:]+):batchGenerateContent")
_BATCH = re.compile(r"/v1(?:beta)?/(?P<name>batches/[\w-]+)(?P<cancel>:cancel)?", re.ASCII)
_DONE = (("x-goog-upload-status", "final"),)
_GOING = (("x-goog-upload-status", "active"),)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request: path without query, unquoted; secret: the key, "" where none was sent."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes = field(repr=False)
    secret: str = field(repr=False)


def route(batches: Batches, asked: Wanted, url: str) -> Reply | None:
    """What is answered; None where the address is of another API. url: the sandbox's own."""
    if _UPLOAD.fullmatch(asked.path) and asked.method == "POST":
        return _upload(batches, asked, url)
    if (found := _CREATE.fullmatch(asked.path)) and asked.method == "POST":
        project, refused, fault = batches.gate("create", asked.secret, found["model"])
        return refused or _told(batches.create(project, asked.secret, found["model"], asked.body), fault)
    if asked.path in ("/v1/batches", "/v1beta/batches") and asked.method == "GET":
        project, refused, fault = batches.gate("list", asked.secret, "")
        size = asked.query.get("pageSize", "")
        pages = batches.list(project, int(size) if size.isdecimal() else 50, asked.query.get("pageToken", ""))
        return refused or _told(pages, fault)
    if found := _BATCH.fullmatch(asked.path):
        return _batch(batches, asked, found["name"], bool(found["cancel"]))
    if found := _FILE.fullmatch(asked.path):
        return _file(batches, asked, found["name"], "download" if found["load"] else "poll", url)
    return None


def _batch(batches: Batches, asked: Wanted, name: str, cancel: bool) -> Reply | None:
    project, refused, fault = batches.gate("poll", asked.secret, "")
    if refused:
        return refused
    match asked.method, cancel:
        case "GET", False:
            return _told(batches.look(project, name), fault)
        case "POST", True:
            return batches.cancel(project, name, delete=False)
        case "DELETE", False:
            return batches.cancel(project, name, delete=True)
    return None


def _file(batches: Batches, asked: Wanted, name: str, at: Place, url: str) -> Reply | None:
    project, refused, fault = batches.gate(at, asked.secret, "")
    if refused:
        return refused
    file = batches.files.get(project, name)
    if file is None:
        return refusals.no_file(name.removeprefix("files/"))
    if asked.method == "DELETE":
        batches.files.delete(name)
        return Reply(200, b"{}", "file_deleted")
    if asked.method != "GET":
        return None
    if at != "download":
        return _json(file.card(url), "file")
    if not file.made_here:
        return refusals.invalid("Only generated files can be downloaded.")
    return _told(Reply(200, bytes(file.content), "download", "application/octet-stream"), fault)


def _upload(batches: Batches, asked: Wanted, url: str) -> Reply:
    command = {word.strip() for word in asked.headers.get("X-Goog-Upload-Command", "").split(",")}
    if "start" in command:
        return _start(batches, asked, url)
    upload = asked.query.get("upload_id", "")
    if batches.files.project_of(upload) is None:
        return refusals.error(404, "NOT_FOUND", "Upload not found.", "no_upload")
    if "query" in command:
        size = str(batches.files.received(upload))
        return Reply(200, b"", "upload", headers=(*_GOING, ("x-goog-upload-size-received", size)))
    offset = asked.headers.get("X-Goog-Upload-Offset", "")
    last = "finalize" in command
    file = batches.files.add(upload, asked.body, int(offset) if offset.isdecimal() else -1, last)
    if file is None:
        return refusals.invalid("The piece does not begin where the one before ended.")
    if not last:
        return Reply(200, b"", "upload", headers=_GOING)
    return replace(_json({"file": file.card(url)}, "uploaded"), headers=_DONE)


def _start(batches: Batches, asked: Wanted, url: str) -> Reply:
    project, refused, fault = batches.gate("upload", asked.secret, "")
    if refused:
        return refused
    try:
        file = json.loads(asked.body or b"{}").get("file", {})
        name = str(file.get("displayName") or file.get("display_name") or "")  # either, as in any protobuf JSON
    except (ValueError, AttributeError):
        return refusals.invalid("Invalid JSON payload received.")
    kind = asked.headers.get("X-Goog-Upload-Header-Content-Type", "application/octet-stream")
    upload = batches.files.begin(project, name, kind, batches.clock())
    where = ("x-goog-upload-url", f"{url}{asked.path}?upload_id={upload}&upload_protocol=resumable")
    return _told(Reply(200, b"", "upload", headers=(*_GOING, where)), fault)


def _told(reply: Reply, fault: Fault | None) -> Reply:
    """The reply, unless its telling goes wrong: what was asked is done all the same."""
    match fault and fault.kind:
        case "lost":
            return Reply(0, b"", "lost")
        case "truncated":
            return replace(reply, body=reply.body[: len(reply.body) // 2], outcome="truncated")
        case "hang":
            return replace(reply, wait=fault.seconds if fault and fault.seconds is not None else 3600.0, outcome="hang")
    return reply


def _json(content: Mapping[str, object], outcome: str) -> Reply:
    return Reply(200, json.dumps(content, indent=2, ensure_ascii=False).encode(), outcome)
