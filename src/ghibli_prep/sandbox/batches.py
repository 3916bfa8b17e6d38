"""The Batch API: jobs over uploaded files of requests, which end after so many looks or seconds. It knows no HTTP.

A job's lines are answered when it ends, as `generateContent` would, with the same blocks and faults and no quota.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ghibli_prep.sandbox import refusals
from ghibli_prep.sandbox.files import Files
from ghibli_prep.sandbox.refusals import Reply
from ghibli_prep.sandbox.settings import BatchSettings, Fault, Place

Gate = Callable[[Place, str, str], tuple[str, Reply | None, Fault | None]]
"""(what is asked, the key, the model or "") -> (the project, what refuses it, what is to go wrong otherwise)."""
Answer = Callable[[str, str, bytes], Reply]
"""(the key, the model, a request's body) -> the reply to one line."""


@dataclass(slots=True)
class Job:
    """name: `batches/...`. looks: how often it was looked at. results: the file of the answers, once there is one."""

    name: str
    project: str
    model: str
    display_name: str
    lines: list[bytes] = field(repr=False)
    secret: str = field(repr=False)
    created: float
    state: str = "PENDING"
    looks: int = 0
    failed: int = 0
    results: str = ""
    deleted: bool = False

    @property
    def over(self) -> bool:
        return self.state not in ("PENDING", "RUNNING")

    def card(self) -> dict[str, Any]:
        """The operation that stands for it."""
        since = datetime.fromtimestamp(self.created, UTC).isoformat().replace("+00:00", "Z")
        stats = {"requestCount": str(len(self.lines))}
        if self.results:
            stats |= {
                "successfulRequestCount": str(len(self.lines) - self.failed),
                "failedRequestCount": str(self.failed),
            }
        elif not self.over:
            stats |= {"pendingRequestCount": str(len(self.lines))}
        kind = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"
        metadata: dict[str, Any] = {
            "@type": kind,
            "model": f"models/{self.model}",
            "displayName": self.display_name,
            "createTime": since,
            "updateTime": since,
            "batchStats": stats,
            "state": f"BATCH_STATE_{self.state}",
            "name": self.name,
        }
        card: dict[str, Any] = {"name": self.name, "metadata": metadata}
        if self.results:
            output = {"responsesFile": self.results}
            metadata |= {"endTime": since, "output": output}
            card |= {"done": True, "response": {"@type": f"{kind}Output", **output}}
        elif self.over:
            card |= {"done": True, "error": {"code": 13, "message": f"The batch has ended: {self.state}."}}
        return card


class Batches:
    """Any thread may use it. clock: epoch seconds. files: the Files API, which the jobs read from and write to."""

    def __init__(self, settings: BatchSettings, gate: Gate, answer: Answer, clock: Callable[[], float]) -> None:
        self._settings, self.gate, self._answer, self.clock = settings, gate, answer, clock
        self.files = Files()
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    @property
    def jobs(self) -> list[Job]:
        with self._lock:
            return list(self._jobs.values())

    def create(self, project: str, secret: str, model: str, body: bytes) -> Reply:
        try:
            batch = json.loads(body)["batch"]
            source = str(batch["inputConfig"]["fileName"])
            name = str(batch.get("displayName") or batch["display_name"])
        except (ValueError, KeyError, TypeError):
            return refusals.invalid(
                "* BatchGenerateContentRequest.batch: displayName and inputConfig.fileName are needed"
            )
        file = self.files.get(project, source)
        if file is None:
            return refusals.no_file(source.removeprefix("files/"))
        lines = [line for line in bytes(file.content).split(b"\n") if line.strip()]
        job = Job(f"batches/{secrets.token_hex(12)}", project, model, name, lines, secret, self.clock())
        with self._lock:
            self._jobs[job.name] = job
        return _reply(job.card(), "batch_created")

    def look(self, project: str, name: str) -> Reply:
        """`batches.get`, which is what moves a job on."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None or job.project != project or job.deleted:
                return refusals.no_batch()
            job.looks += 1
            if not job.over:
                late = self.clock() >= job.created + self._settings.seconds
                if job.looks > self._settings.polls and late:
                    self._end(job)
                else:
                    job.state = "RUNNING"
            return _reply(job.card(), "batch")

    def list(self, project: str, size: int, token: str) -> Reply:
        """`batches.list`, the newest first. It moves no job on."""
        try:
            start = max(0, int(base64.urlsafe_b64decode(token))) if token else 0
        except (binascii.Error, ValueError):
            return refusals.invalid("page_token is invalid")
        own = [job for job in reversed(self.jobs) if job.project == project and not job.deleted]
        end = start + max(1, size)
        content: dict[str, Any] = {"operations": [job.card() for job in own[start:end]]}
        if end < len(own):
            content["nextPageToken"] = base64.urlsafe_b64encode(str(end).encode()).decode()
        return _reply(content, "batches")

    def cancel(self, project: str, name: str, *, delete: bool) -> Reply:
        """Stop a job that is not over; or, with `delete`, forget it."""
        with self._lock:
            job = self._jobs.get(name)
            if job is None or job.project != project or job.deleted:
                return refusals.no_batch()
            if delete:
                job.deleted = True
            elif not job.over:
                job.state = "CANCELLED"
        return _reply({}, "batch_deleted" if delete else "batch_cancelled")

    def _end(self, job: Job) -> None:
        job.state = self._settings.end
        if "SUCCEEDED" not in job.state:
            return
        results = b"".join(self._line(job, line) for line in job.lines)
        job.results = f"files/batch-{job.name.removeprefix('batches/')}"
        self.files.put(job.project, job.results, results, self.clock())

    def _line(self, job: Job, line: bytes) -> bytes:
        """The line of the results that answers `line`: a response, or an error as a status."""
        key: object = None
        try:
            asked = json.loads(line)
            key, body = asked["key"], json.dumps(asked["request"]).encode()
        except (ValueError, KeyError, TypeError):
            reply = refusals.invalid("The line is not a request with a key.")
        else:
            reply = self._answer(job.secret, job.model, body)
        try:
            content = json.loads(reply.body)
        except ValueError:
            content = {"error": {"code": 500, "message": "Internal error.", "status": "INTERNAL"}}
        if "error" in content:
            job.failed += 1
            answer = {"error": {name: content["error"][name] for name in ("code", "message")}}
        else:
            answer = {"response": content}
        return json.dumps({"key": key, **answer}, ensure_ascii=False).encode() + b"\n"


def _reply(content: dict[str, Any], outcome: str) -> Reply:
    return Reply(200, json.dumps(content, indent=2, ensure_ascii=False).encode(), outcome)
