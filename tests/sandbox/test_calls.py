"""The call log: in memory and as JSON lines, and never a key in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.errors import SettingsError
from ghibli_prep.sandbox import Call, Sandbox, SandboxSettings
from ghibli_prep.sandbox.calls import CallLog
from ghibli_prep.sandbox.settings import KeySettings, ModelSettings

CALL = Call(1.0, "0123abcd", "", "m", "", 200, "ok")


def test_what_was_asked_is_logged_with_time_key_model_picture_and_outcome(
    photo: Callable[[str], bytes], wire: Any, clock: Any, tmp_path: Path
) -> None:
    file = tmp_path / "calls.jsonl"
    keys = {"mine": KeySettings(text="AQ.secret-1"), "worn": KeySettings(text="AQ.secret-2", dead="leaked")}
    settings = SandboxSettings(log_file=str(file), keys=keys, models={"m": ModelSettings(rpm=1)})
    with Sandbox(settings, clock) as sandbox:
        connection = wire(sandbox)
        for key in ("AQ.secret-1", "AQ.secret-1", "AQ.secret-2", ""):
            connection.ask(photo("coffee"), key=key)
        connection.post({}, key="AQ.secret-3")
        connection.send("GET", "/v1beta/models", x_goog_api_key="AQ.secret-1")
        calls = sandbox.calls
    outcomes = [(call.key_name, call.status, call.outcome) for call in calls]
    assert outcomes == [
        ("mine", 200, "ok"), ("mine", 429, "429_minute"), ("worn", 403, "leaked"), ("", 403, "no_key"),
        ("", 400, "invalid_argument"),
    ]  # fmt: skip
    assert {call.time for call in calls} == {clock.now}
    assert len({call.key for call in calls}) == 4
    assert [len(call.picture) for call in calls] == [64, 64, 64, 64, 0]
    read = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    lines = [Call(**{**one, "pictures": tuple(one["pictures"])}) for one in read]
    assert lines == calls
    assert "AQ." not in file.read_text("utf-8") + repr(calls)


def test_many_threads_may_log_at_once(tmp_path: Path) -> None:
    log = CallLog(str(tmp_path / "log"))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(log.add, [CALL] * 400))
    assert len(log.calls) == 400
    log.close()
    log.close()
    log.add(CALL)
    assert (tmp_path / "log").read_text("utf-8").count("\n") == 400


def test_a_log_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"log_file: .*cannot be written"):
        Sandbox(SandboxSettings(log_file=str(tmp_path / "no" / "log")))
