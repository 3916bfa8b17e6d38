"""The sandbox's Files and Batch APIs, spoken to as google-genai does: with the client itself, hooks or none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google import genai
from google.genai import errors, types

from ghibli_prep.sandbox import Sandbox

MakeSandbox = Callable[..., Sandbox]
REQUEST = {"contents": [{"parts": [{"text": "Say what you see."}]}]}


def client(sandbox: Sandbox, key: str = "a-key") -> genai.Client:
    return genai.Client(
        api_key=key, vertexai=False, http_options=types.HttpOptions(base_url=sandbox.url, timeout=20_000)
    )


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    file = tmp_path / "requests.jsonl"
    file.write_text("".join(json.dumps({"key": str(n), "request": REQUEST}) + "\n" for n in range(1, 4)), "utf-8")
    return file


def started(asking: genai.Client, requests: Path) -> types.BatchJob:
    config = types.UploadFileConfig(display_name="ours", mime_type="application/jsonl")
    file = asking.files.upload(file=requests, config=config)
    assert file.name is not None
    assert (file.display_name, file.size_bytes, file.state) == ("ours", requests.stat().st_size, types.FileState.ACTIVE)
    return asking.batches.create(model="best", src=file.name, config=types.CreateBatchJobConfig(display_name="ours"))


def test_a_job_goes_from_pending_over_running_to_its_answers(sandbox: MakeSandbox, requests: Path) -> None:
    server = sandbox(best={"rpd": 1})
    asking = client(server)
    job = started(asking, requests)
    assert (job.state, job.display_name, job.model) == (types.JobState.JOB_STATE_PENDING, "ours", "models/best")
    assert asking.batches.get(name=str(job.name)).state == types.JobState.JOB_STATE_RUNNING
    done = asking.batches.get(name=str(job.name))
    assert done.state == types.JobState.JOB_STATE_SUCCEEDED
    assert done.dest is not None
    assert done.dest.file_name is not None
    answers = asking.files.download(file=done.dest.file_name).decode().splitlines()
    assert [json.loads(answer)["key"] for answer in answers] == ["1", "2", "3"]
    assert all("candidates" in json.loads(answer)["response"] for answer in answers)
    assert [call.outcome for call in server.calls] == ["batch_ok"] * 3, "a batch counts in no quota of requests"
    assert [each.name for each in asking.batches.list()] == [job.name]
    asking.close()


def test_what_goes_wrong_with_a_line_stands_in_its_answer(sandbox: MakeSandbox, requests: Path) -> None:
    server = sandbox(faults=[{"kind": "503", "calls": [2]}, {"kind": "truncated", "calls": [3]}])
    requests.write_text(requests.read_text("utf-8") + "not a request\n", "utf-8")
    asking = client(server)
    job = started(asking, requests)
    for _ in range(2):
        job = asking.batches.get(name=str(job.name))
    assert job.dest is not None
    assert job.dest.file_name is not None
    answers = [json.loads(line) for line in asking.files.download(file=job.dest.file_name).splitlines()]
    assert ["response" in answer for answer in answers] == [True, False, False, False]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, 503, 500, 400]
    asking.close()


def test_a_job_can_be_cancelled_and_deleted(sandbox: MakeSandbox, requests: Path) -> None:
    server = sandbox()
    asking = client(server)
    job = started(asking, requests)
    asking.batches.cancel(name=str(job.name))
    cancelled = asking.batches.get(name=str(job.name))
    assert (cancelled.state, cancelled.dest) == (types.JobState.JOB_STATE_CANCELLED, None)
    asking.batches.delete(name=str(job.name))
    assert list(asking.batches.list()) == []
    with pytest.raises(errors.ClientError) as refused:
        asking.batches.get(name=str(job.name))
    assert refused.value.code == 404
    asking.close()


def test_files_and_jobs_are_seen_by_their_own_project_alone(sandbox: MakeSandbox, requests: Path) -> None:
    keys = {n: {"text": n, "project": p} for n, p in (("a", "one"), ("b", "one"), ("c", "two"))}
    server = sandbox(keys=keys)
    ann, ben, cat = (client(server, key) for key in keys)
    job = started(ann, requests)
    assert ben.batches.get(name=str(job.name)).name == job.name
    with pytest.raises(errors.ClientError):
        cat.batches.get(name=str(job.name))
    file = ann.files.upload(file=requests, config=types.UploadFileConfig(mime_type="application/jsonl"))
    with pytest.raises(errors.ClientError) as refused:
        cat.batches.create(model="best", src=str(file.name), config=types.CreateBatchJobConfig(display_name="theirs"))
    assert refused.value.code == 403
    assert ann.files.get(name=str(file.name)).name == file.name
    with pytest.raises(errors.ClientError):
        ann.files.download(file=str(file.name))
    ann.files.delete(name=str(file.name))
    with pytest.raises(errors.ClientError):
        ann.files.get(name=str(file.name))
    for each in (ann, ben, cat):
        each.close()


def test_a_job_takes_as_long_as_the_settings_say_by_the_sandboxs_clock(requests: Path) -> None:
    from ghibli_prep.sandbox import SandboxSettings

    now = [1000.0]
    chosen: dict[str, Any] = {"models": {"best": {}}, "batch": {"polls": 0, "seconds": 3600}}
    with Sandbox(SandboxSettings.model_validate(chosen), clock=lambda: now[0]) as server:
        asking = client(server)
        job = started(asking, requests)
        assert asking.batches.get(name=str(job.name)).state == types.JobState.JOB_STATE_RUNNING
        now[0] += 3600
        assert asking.batches.get(name=str(job.name)).state == types.JobState.JOB_STATE_SUCCEEDED
        asking.close()


def test_jobs_are_listed_by_pages_the_newest_first(sandbox: MakeSandbox, requests: Path) -> None:
    server = sandbox()
    asking = client(server)
    names = [started(asking, requests).name for _ in range(5)]
    listed = [job.name for job in asking.batches.list(config=types.ListBatchJobsConfig(page_size=2))]
    assert listed == names[::-1]
    asking.close()


def test_an_upload_goes_on_where_it_ended_and_nowhere_else(sandbox: MakeSandbox) -> None:
    import http.client

    server = sandbox()

    def post(path: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
        line = http.client.HTTPConnection("127.0.0.1", server.port)
        named = {f"X-Goog-Upload-{name}": value for name, value in headers.items()}
        line.request("POST", path, body, {"x-goog-api-key": "a", **named})
        answer = line.getresponse()
        answer.read()
        line.close()
        return answer

    begun = post("/upload/v1beta/files", b"{}", Command="start", Protocol="resumable")
    where = str(begun.headers["x-goog-upload-url"]).removeprefix(server.url)
    assert post(where, b"12", Command="upload", Offset="0").headers["x-goog-upload-status"] == "active"
    assert post(where, b"", Command="query").headers["x-goog-upload-size-received"] == "2"
    assert post(where, b"34", Command="upload", Offset="9").status == 400
    assert post(where, b"34", Command="upload, finalize", Offset="2").headers["x-goog-upload-status"] == "final"
    assert post(where, b"56", Command="upload", Offset="4").status == 400
    assert post("/upload/v1beta/files?upload_id=none", b"", Command="upload").status == 404
    assert post("/upload/v1beta/files", b"[]", Command="start").status == 400
