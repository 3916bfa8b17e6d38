"""The Files API: files uploaded in pieces, kept in memory, each seen by its own project alone. It knows no HTTP."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

MOST = 2 * 1024**3
"""Bytes of a file, as with the real API."""
_KEPT = timedelta(hours=48)


@dataclass(slots=True)
class File:
    """name: `files/...`. open: it is still being uploaded."""

    name: str
    project: str
    display_name: str
    mime_type: str
    created: float
    content: bytearray = field(default_factory=bytearray, repr=False)
    open: bool = True
    made_here: bool = False

    def card(self, url: str) -> dict[str, Any]:
        """As `files.get` shows it."""
        since = datetime.fromtimestamp(self.created, UTC)
        card: dict[str, Any] = {
            "name": self.name,
            "displayName": self.display_name,
            "mimeType": self.mime_type,
            "sizeBytes": str(len(self.content)),
            "createTime": _time(since),
            "updateTime": _time(since),
            "expirationTime": _time(since + _KEPT),
            "sha256Hash": hashlib.sha256(self.content).hexdigest(),
            "uri": f"{url}/v1beta/{self.name}",
            "state": "ACTIVE",
            "source": "GENERATED" if self.made_here else "UPLOADED",
        }
        return card | ({"downloadUri": f"{url}/v1beta/{self.name}:download?alt=media"} if self.made_here else {})


class Files:
    """Any thread may use it."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._uploads: dict[str, File] = {}
        self._lock = threading.Lock()

    def begin(self, project: str, display_name: str, mime_type: str, now: float) -> str:
        """The id of a new upload."""
        upload = secrets.token_hex(12)
        with self._lock:
            self._uploads[upload] = File(f"files/{secrets.token_hex(6)}", project, display_name, mime_type, now)
        return upload

    def project_of(self, upload: str) -> str | None:
        """Whose upload it is; None where there is none of that id."""
        file = self._uploads.get(upload)
        return file.project if file else None

    def received(self, upload: str) -> int:
        """Bytes that came so far."""
        return len(self._uploads[upload].content)

    def add(self, upload: str, piece: bytes, offset: int, last: bool) -> File | None:
        """The file, whole where `last`; None where the piece does not go on where the one before ended."""
        with self._lock:
            file = self._uploads[upload]
            if offset != len(file.content) or not file.open or len(file.content) + len(piece) > MOST:
                return None
            file.content += piece
            if last:
                file.open = False
                self._files[file.name] = file
            return file

    def put(self, project: str, name: str, content: bytes, now: float) -> None:
        """A file of the service's own making."""
        file = File(
            name, project, name.removeprefix("files/"), "application/jsonl", now, bytearray(content), False, True
        )
        with self._lock:
            self._files[name] = file

    def get(self, project: str, name: str) -> File | None:
        file = self._files.get(name)
        return file if file and file.project == project else None

    def of(self, project: str) -> list[File]:
        with self._lock:
            return [file for file in self._files.values() if file.project == project]

    def delete(self, name: str) -> None:
        with self._lock:
            self._files.pop(name, None)


def _time(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")
