"""What the Batch API is sent and what its answers mean, and that a line asks just what a single request asks."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import (
    AnswerUnusable,
    Described,
    Key,
    KeyDead,
    PictureBlocked,
    PictureUnreadable,
    Question,
    ServiceDown,
    Slot,
    SlotSpent,
)
from ghibli_prep.captioning.backends import gemini_batch, make
from ghibli_prep.captioning.backends.google_genai_batches import GoogleGenaiBatches
from ghibli_prep.captioning.batches import Fetched, Line, Missing, Standing, Taken, Uploaded
from ghibli_prep.sandbox import Sandbox, SandboxSettings

KEY = Key(2, "GEMINI_API_KEY_2", "AQ.very-secret_0123456789")
SLOT = Slot(KEY, "gemini-2.5-flash")
RESPONSE = {
    "candidates": [{"content": {"parts": [{"text": "Ghibli style a cat"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 300, "candidatesTokenCount": 20},
    "modelVersion": "gemini-2.5-flash-001",
}


def error(code: int, message: str, status: str = "") -> str:
    return json.dumps({"error": {"code": code, "message": message, "status": status}})


def line(**record: Any) -> Line | None:
    return gemini_batch.line(json.dumps(record).encode(), SLOT)


@pytest.mark.parametrize("model", ["gemini-2.5-flash", "gemini-2.0-flash", "gemini-3.5-flash-lite"])
def test_a_line_asks_what_a_single_request_asks(server: Any, picture: Path, question: Question, model: str) -> None:
    server.answers(RESPONSE)
    backend = make("google-genai", server.url)
    backend.ask([picture], Slot(KEY, model), question)
    backend.close()
    ((_, _, single),) = server.asked
    service = GoogleGenaiBatches(server.url, 5.0)
    record = json.loads(service.request(7, picture, model, question, 0))
    assert record["key"] == "7"
    assert plain(record["request"]) == plain(single)


def plain(value: Any) -> Any:
    """A request in one spelling: names in camelCase, bytes as such. The API takes either of both."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    named = {re.sub("_([a-z])", lambda found: found[1].upper(), name): each for name, each in value.items()}
    return {
        name: base64.b64decode(each.replace("-", "+").replace("_", "/")) if name == "data" else plain(each)
        for name, each in named.items()
    }


def test_a_model_that_refused_what_it_was_told_of_thinking_is_told_less(picture: Path, question: Question) -> None:
    service = GoogleGenaiBatches("http://127.0.0.1:9", 5.0)
    told = [
        json.loads(service.request(1, picture, "gemini-2.5-flash", question, step))["request"]["generationConfig"]
        for step in (0, 1, 9)
    ]
    assert told[0]["thinkingConfig"] == {"thinkingBudget": 0}
    assert "thinkingConfig" not in told[1]
    assert told[1] == told[2]


def test_a_line_of_the_answers_is_read_like_a_single_answer() -> None:
    found = line(key="12", response=RESPONSE)
    assert found is not None
    assert (found.number, found.thinking) == (12, False)
    assert isinstance(found.attempt, Described)
    assert found.attempt.text == "Ghibli style a cat"
    assert found.attempt.usage.input_tokens == 300
    blocked = line(key="1", response={"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})
    assert blocked is not None
    assert blocked.attempt == PictureBlocked("PROHIBITED_CONTENT")


@pytest.mark.parametrize("name", ["error", "status"])
@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        (503, "overloaded", ServiceDown),
        (14, "overloaded", ServiceDown),
        (13, "Internal error", ServiceDown),
        (400, "Unable to process input image.", PictureUnreadable),
        (3, "Unable to process input image.", PictureUnreadable),
        (3, "who knows", AnswerUnusable),
    ],
)
def test_a_line_with_a_status_says_whose_fault_it_is(name: str, code: int, message: str, kind: type) -> None:
    found = line(key="3", **{name: {"code": code, "message": message}})
    assert found is not None
    assert isinstance(found.attempt, kind)
    assert not found.thinking


def test_a_refusal_of_what_was_told_of_thinking_is_not_the_pictures_fault() -> None:
    found = line(
        key="3", error={"code": 400, "message": "Budget 0 is invalid. This model only works in thinking mode."}
    )
    assert found is not None
    assert found.thinking


@pytest.mark.parametrize(
    "raw", [b"", b"{", b'{"key": "1", "resp', b"[]", b'{"key": 1}', b'{"key": "x", "response": {}}', b"\xff", b"null"]
)
def test_a_line_that_is_cut_off_or_not_ours_is_none(raw: bytes) -> None:
    assert gemini_batch.line(raw, SLOT) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.dictionaries(st.sampled_from(
    ["key", "response", "error", "status", "code", "message", "name", "metadata", "state", "output", "responsesFile",
     "done", "operations", "file", "displayName"]), c) | st.lists(c), max_leaves=12))  # fmt: skip
def test_no_body_makes_anything_break(body: Any) -> None:
    text = json.dumps(body)
    gemini_batch.line(text.encode(), SLOT)
    for status in (200, 400, 404, 500):
        gemini_batch.uploaded(status, text, KEY)
        gemini_batch.created(status, text, KEY, "files/1")
        gemini_batch.page(status, text, KEY, "ours")
        gemini_batch.standing(status, text, KEY)


@pytest.mark.parametrize("word", ["BATCH_STATE_PENDING", "JOB_STATE_RUNNING", "BATCH_STATE_SOMETHING_NEW"])
def test_a_state_that_is_no_end_is_under_way(word: str) -> None:
    assert gemini_batch.standing(200, operation(word), KEY) == Standing("under way")


def operation(state: str, **more: Any) -> str:
    return json.dumps({"name": "batches/1", "metadata": {"state": state, **more.pop("metadata", {})}, **more})


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("SUCCEEDED", "succeeded"),
        ("PARTIALLY_SUCCEEDED", "partially succeeded"),
        ("FAILED", "failed"),
        ("CANCELLED", "cancelled"),
        ("EXPIRED", "expired"),
    ],
)
@pytest.mark.parametrize("prefix", ["BATCH_STATE_", "JOB_STATE_"])
def test_every_end_is_known_in_both_spellings(state: str, word: str, prefix: str) -> None:
    file = {"responsesFile": "files/batch-1"}
    said = gemini_batch.standing(200, operation(prefix + state, metadata={"output": file}), KEY)
    assert said == Standing(word, "files/batch-1")  # type: ignore[arg-type]  # one of the literals
    assert gemini_batch.standing(200, operation(prefix + state, done=True, response=file), KEY) == said


def test_a_job_that_is_done_in_a_way_that_is_not_known_is_judged_by_its_answers() -> None:
    file = {"responsesFile": "files/batch-1"}
    done = gemini_batch.standing(200, operation("BATCH_STATE_NEW", done=True, response=file), KEY)
    assert isinstance(done, Standing)
    assert (done.state, done.result) == ("succeeded", "files/batch-1")
    without = gemini_batch.standing(200, operation("BATCH_STATE_NEW", done=True, error={"message": "why"}), KEY)
    assert without == Standing("failed", "", "why")


def test_a_file_that_is_gone_is_told_from_a_key_that_may_nothing() -> None:
    words = "You do not have permission to access the File abc or it may not exist."
    said = gemini_batch.created(403, error(403, words, "PERMISSION_DENIED"), KEY, "files/abc")
    assert isinstance(said, Missing)
    other = gemini_batch.created(403, error(403, "Your project has been denied access."), KEY, "files/abc")
    assert isinstance(other, KeyDead)


def test_a_word_of_the_provider_never_holds_the_key() -> None:
    text = error(403, f"You do not have permission to access the File abc, {KEY.secret}.", "PERMISSION_DENIED")
    said = gemini_batch.created(403, text, KEY, "files/abc")
    assert isinstance(said, Missing)
    assert KEY.secret not in said.reason


@pytest.fixture
def service() -> Any:
    settings = SandboxSettings.model_validate(
        {
            "models": {"best": {}},
            "batch": {"polls": 0},
            "faults": [
                {"kind": "429_day", "at": "create", "calls": [2]},
                {"kind": "truncated", "at": "poll", "calls": [2]},
            ],
        }
    )
    with Sandbox(settings) as sandbox:
        made = GoogleGenaiBatches(sandbox.url, 5.0)
        yield made
        made.close()


def test_the_client_goes_all_the_way_against_the_sandbox(
    service: GoogleGenaiBatches, tmp_path: Path, picture: Path, question: Question
) -> None:
    slot = Slot(KEY, "best")
    file = tmp_path / "requests.jsonl"
    lines = [service.request(n, picture, "best", question, 0) for n in range(1, 60)]
    file.write_bytes(b"".join(lines) + b"\n" * (9 << 20))  # more than one piece of the client's
    up = service.upload(KEY, file, "ours")
    assert isinstance(up, Uploaded)
    assert isinstance(service.find(KEY, "ours"), Missing)
    taken = service.create(slot, up.file, "ours")
    assert isinstance(taken, Taken)
    assert service.find(KEY, "ours") == taken
    assert isinstance(service.create(slot, up.file, "other"), SlotSpent)
    stand = service.look(KEY, taken.job)
    assert isinstance(stand, Standing)
    assert stand.state == "succeeded"
    assert service.look(KEY, taken.job) == ServiceDown("the answer is not whole, or not the API's")
    paper = io.BytesIO()
    assert service.fetch(KEY, stand.result, paper) == Fetched()
    answers = [service.answer(raw, slot) for raw in paper.getvalue().splitlines()]
    assert [answer.number for answer in answers if answer] == list(range(1, 60))
    assert service.discard(KEY, up.file) is None
    assert isinstance(service.create(slot, up.file, "ours"), Missing)
    assert isinstance(service.fetch(KEY, "files/batch-none", io.BytesIO()), Missing)
    assert isinstance(service.look(KEY, "batches/none"), Missing)
    assert isinstance(service.look(Key(1, "A", "another"), taken.job), Missing), "a job is its project's alone"
    assert isinstance(service.cancel(KEY, "batches/none"), Missing)


def test_a_disk_that_is_full_is_not_taken_for_a_service_that_is_down(
    service: GoogleGenaiBatches, tmp_path: Path, picture: Path, question: Question
) -> None:
    class Full(io.BytesIO):
        def write(self, piece: Any) -> int:  # noqa: ARG002 - the name is the parent's
            raise OSError(28, "No space left on device")

    file = tmp_path / "requests.jsonl"
    file.write_bytes(service.request(1, picture, "best", question, 0))
    up = service.upload(KEY, file, "ours")
    assert isinstance(up, Uploaded)
    taken = service.create(Slot(KEY, "best"), up.file, "ours")
    assert isinstance(taken, Taken)
    stand = service.look(KEY, taken.job)
    assert isinstance(stand, Standing)
    with pytest.raises(OSError, match="No space left"):
        service.fetch(KEY, stand.result, Full())


def test_an_upload_that_is_never_confirmed_is_not_repeated_behind_our_back(
    server: Any, tmp_path: Path, picture: Path
) -> None:
    service = GoogleGenaiBatches(server.url, 5.0)
    for headers in ({}, {"x_goog_upload_status": "active"}, {"x_goog_upload_url": server.url}):
        server.asked.clear()
        server.answers({}, **headers)
        file = tmp_path / "1.jsonl"
        file.write_bytes(b"{}\n")
        assert isinstance(service.upload(KEY, file, "ours"), ServiceDown)
        assert len(server.asked) == 1
    service.close()


def test_jobs_are_looked_for_on_every_page_of_the_list(server: Any) -> None:
    def page(*names: str, token: str = "") -> dict[str, Any]:
        jobs = [{"name": f"batches/{n}", "metadata": {"displayName": n}} for n in names]
        return {"operations": jobs, "nextPageToken": token}

    server.pages = {"": page("a", "b", token="2"), "2": page("c", "ours", token="3"), "3": page("d")}
    service = GoogleGenaiBatches(server.url, 5.0)
    assert service.find(KEY, "ours") == Taken("batches/ours")
    assert len(server.asked) == 2
    assert isinstance(service.find(KEY, "none"), Missing)
    server.pages = {"": page("a", token="2"), "2": page("b", token="2")}
    assert isinstance(service.find(KEY, "ours"), ServiceDown), "a list without an end says nothing"
    service.close()
