"""`--batch` as a user runs it, over real HTTP against the sandbox."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.sandbox import Sandbox, SandboxSettings

BATCH = '[caption.batch]\npictures_per_job = {most}\npoll_seconds = [0.01]\n[caption.rules]\ndisabled = ["same-text"]\n'


@pytest.fixture
def shop() -> Any:
    """Makes sandboxes with a batch API: settings as keywords."""
    made: list[Sandbox] = []

    def make(**settings: Any) -> Sandbox:
        settings.setdefault("models", {"best": {}, "next": {}})
        made.append(Sandbox(SandboxSettings.model_validate(settings)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ready(home: Any, server: Sandbox, pictures: int = 4, keys: int = 1, most: int = 1000) -> None:
    """Pictures in train/, none asked yet."""
    home.settings("\n" + BATCH.format(most=most))
    home.frames(*range(pictures))
    home.keys(keys, server.url)
    assert home.run("resize", "--skip-filter").code == 0


def paid(server: Sandbox) -> Counter[str]:
    """How often each picture was answered for, in batches and singly."""
    return Counter(call.picture for call in server.calls if call.outcome in ("ok", "batch_ok", "batch_blocked"))


def provenance(home: Any) -> list[dict[str, Any]]:
    file = home.workspace / ".ghibli-prep" / "captions.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def leftovers(home: Any) -> list[str]:
    state = home.workspace / ".ghibli-prep"
    return [file.name for file in state.rglob("*") if "answers" in file.name or file.suffix == ".half"]


def test_the_same_command_sends_waits_and_collects(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 2})
    ready(home, server)
    first = home.run("caption", "--batch")
    assert first.code == 75
    assert "under way since" in first.err
    assert home.captions == {}
    second = home.run("caption", "--batch")
    assert second.code == 75
    third = home.run("caption", "--batch")
    assert (third.code, third.err.count("4 captioned")) == (0, 1), third
    assert sorted(home.captions) == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert len(server.jobs) == 1
    assert set(paid(server).values()) == {1}
    assert leftovers(home) == []
    assert home.run("caption", "--batch").code == 0
    assert len(server.jobs) == 1


def test_the_captions_are_those_that_single_requests_bring(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 0})
    ready(home, server)
    assert home.run("caption", "--batch").code == 0
    by_batch = home.captions
    (home.train / "metadata.jsonl").unlink()
    assert home.run("caption").code == 0
    assert home.captions == by_batch


def test_the_price_is_half_and_provenance_says_who_answered(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 0})
    ready(home, server, pictures=1)
    prices = '\n[caption.prices."best"]\ninput = 1000000\noutput = 0\n'
    home.settings("\n" + BATCH.format(most=9) + prices)
    assert home.run("caption", "--batch").code == 0
    (made,) = provenance(home)
    assert made["cost"] == made["input_tokens"] / 2 > 0
    assert (made["model"], made["key"], made["outcome"], made["attempts"]) == ("best", 1, "captioned", 1)
    assert made["text"] == home.captions["1.jpg"]
    assert made["picture"] == hashlib.sha256((home.train / "1.jpg").read_bytes()).hexdigest()


def test_wait_polls_until_all_is_done(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 3})
    ready(home, server, pictures=5, most=2)
    said = home.run("caption", "--batch", "--wait")
    assert said.code == 0, said
    assert len(home.captions) == 5
    assert [len(job.lines) for job in server.jobs] == [2, 2, 1]


def test_run_takes_the_batch_too_and_cleans_up(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 1}, blocked={"share": 1.0})
    home.settings("\n" + BATCH.format(most=9))
    home.frames(1, 2)
    home.keys(1, server.url)
    assert home.run("run", "--batch", "--cleanup").code == 75
    assert home.run("run", "--batch", "--cleanup").code == 0
    assert home.pictures == []


def test_a_blocked_picture_is_marked_as_elsewhere_and_not_sent_again(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 0})
    ready(home, server, pictures=3)
    blocked = hashlib.sha256((home.train / "2.jpg").read_bytes()).hexdigest()
    server.close()
    server = shop(batch={"polls": 0}, blocked={"pictures": [blocked]})
    home.keys(1, server.url)
    said = home.run("caption", "--batch")
    assert said.code == 0
    assert "2.jpg is blocked" in said.err
    assert home.captions["2.jpg"] == BLOCKED_TEXT
    assert home.run("caption", "--batch", "--retry-blocked").code == 0
    assert [len(job.lines) for job in server.jobs] == [3, 1]


def test_plain_caption_leaves_out_what_is_in_a_batch_and_says_so(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 9})
    ready(home, server, pictures=2)
    assert home.run("caption", "--batch").code == 75
    home.frames(3)
    home.run("resize", "--skip-filter")
    said = home.run("caption")
    assert said.code == 75
    assert "2 pictures are out in a batch" in said.err
    assert list(home.captions) == ["3.jpg"]


def test_cleanup_of_pending_pictures_leaves_those_in_a_batch(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 9})
    ready(home, server, pictures=2)
    home.run("caption", "--batch")
    assert "nothing to clean up" in home.run("cleanup", "--include-pending", "--yes").out


def test_status_shows_the_batch(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 9})
    ready(home, server)
    home.run("caption", "--batch")
    (batch,) = home.run("status", "--json").json["batches"]
    assert (batch["step"], batch["pictures"], batch["model"], batch["key"]) == ("created", 4, "best", 1)
    assert batch["name"] == server.jobs[0].display_name
    assert f"{batch['name']}: 4 pictures with best by key 1, created" in home.run("status").out


def test_limit_is_of_what_is_out_and_not_of_each_look(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 1})
    ready(home, server)
    assert home.run("caption", "--batch", "--limit", 2).code == 75
    home.run("caption", "--batch", "--limit", 2)
    assert [len(job.lines) for job in server.jobs] == [2]
    assert len(home.captions) == 2


def test_quota_on_creation_goes_to_the_next_key_and_then_to_the_next_model(
    home: Any, shop: Callable[..., Sandbox]
) -> None:
    faults = [{"kind": "429_day", "at": "create", "model": "best"}]
    server = shop(batch={"polls": 0}, faults=faults)
    ready(home, server, keys=2)
    said = home.run("caption", "--batch")
    assert said.code == 0
    assert "key 1, best: takes no batch" in said.err
    assert "key 2, best: takes no batch" in said.err
    assert [job.model for job in server.jobs] == ["next"]


def test_where_no_slot_takes_it_the_pictures_are_free_again(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 0}, faults=[{"kind": "429_day", "at": "create"}])
    ready(home, server)
    said = home.run("caption", "--batch")
    assert said.code == 75
    assert "quota for batches" in said.err
    assert server.jobs == []
    assert home.run("caption").code == 0


@pytest.mark.parametrize(("dead", "code"), [("invalid", 2), ("location", 75)])
def test_a_key_that_is_refused_ends_with_the_remedy(
    home: Any, shop: Callable[..., Sandbox], dead: str, code: int
) -> None:
    server = shop(faults=[{"kind": dead, "at": "upload"}])
    ready(home, server)
    assert home.run("caption", "--batch").code == code
    assert server.jobs == []


@pytest.mark.parametrize("end", ["FAILED", "CANCELLED", "EXPIRED"])
def test_a_job_without_answers_gives_its_pictures_back(home: Any, shop: Callable[..., Sandbox], end: str) -> None:
    server = shop(batch={"polls": 1, "end": end})
    ready(home, server)
    home.run("caption", "--batch")
    said = home.run("caption", "--batch", "--limit", 4)
    assert end.lower() in said.err
    assert len(server.jobs) == 2, "its pictures go into another"
    assert home.run("caption", "--forget-batch", "all").code == 0
    assert home.run("caption").code == 0
    assert len(home.captions) == 4


def test_wait_gives_up_on_pictures_that_no_job_brings(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 0, "end": "FAILED"})
    ready(home, server)
    said = home.run("caption", "--batch", "--wait")
    assert said.code == 75
    assert "4 pictures are back in the queue" in said.err
    assert len(server.jobs) == 3


def test_partial_success_takes_what_is_there_and_asks_for_the_rest_again(
    home: Any, shop: Callable[..., Sandbox]
) -> None:
    server = shop(batch={"polls": 0, "end": "PARTIALLY_SUCCEEDED"}, faults=[{"kind": "503", "calls": [2, 3]}])
    ready(home, server)
    said = home.run("caption", "--batch", "--wait")
    assert said.code == 0, said
    assert "2 back in the queue (HTTP 503" in said.err
    assert len(home.captions) == 4
    assert [len(job.lines) for job in server.jobs] == [4, 2]


def test_a_file_of_answers_that_is_cut_off_gives_the_rest_back(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 0}, faults=[{"kind": "truncated", "at": "download", "calls": [1]}])
    ready(home, server)
    assert home.run("caption", "--batch", "--wait").code == 0
    assert len(home.captions) == 4
    assert len(server.jobs) == 2


def test_captions_that_break_a_rule_are_sent_again_with_the_reason_and_fail_in_the_end(
    home: Any, shop: Callable[..., Sandbox]
) -> None:
    server = shop(batch={"polls": 0}, faults=[{"kind": "text", "text": "I'm sorry, I can't help with that."}])
    ready(home, server, pictures=1)
    said = home.run("caption", "--batch", "--wait")
    assert said.code == 0, said
    assert "1.jpg gets no caption" in said.err
    assert len(server.jobs) == 3
    prompts = [json.loads(job.lines[0])["request"]["contents"][0]["parts"][1]["text"] for job in server.jobs]
    assert prompts[0] != prompts[1]
    assert prompts[1].startswith(prompts[0])


def test_a_caption_written_by_hand_meanwhile_is_kept(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 1})
    ready(home, server, pictures=2)
    home.run("caption", "--batch")
    mine = '{"file_name": "1.jpg", "text": "Ghibli style my own words"}\n'
    (home.train / "metadata.jsonl").write_text(mine, "utf-8")
    said = home.run("caption", "--batch")
    assert said.code == 0
    assert home.captions["1.jpg"] == "Ghibli style my own words"
    assert "1 captioned, 1 kept" in said.err


def test_a_lost_answer_to_the_creation_is_looked_up_and_not_paid_for_twice(
    home: Any, shop: Callable[..., Sandbox]
) -> None:
    server = shop(batch={"polls": 0}, faults=[{"kind": "lost", "at": "create"}])
    ready(home, server)
    first = home.run("caption", "--batch")
    assert first.code == 75
    assert "not known whether the batch was taken" in first.err
    assert home.run("caption", "--batch").code == 0
    assert len(server.jobs) == 1


@pytest.mark.parametrize("at", ["upload", "create", "poll", "download"])
@pytest.mark.parametrize("kind", ["503", "reset", "html"])
def test_a_service_that_is_down_costs_nothing_twice(
    home: Any, shop: Callable[..., Sandbox], at: str, kind: str
) -> None:
    server = shop(batch={"polls": 0}, faults=[{"kind": kind, "at": at, "calls": [1]}])
    ready(home, server)
    first = home.run("caption", "--batch")
    assert first.code == 75
    if at == "create":  # whether it was taken is known once it must be in the list: until then it is not asked again
        assert home.run("caption", "--batch").code == 75
        assert server.jobs == []
        return
    assert home.run("caption", "--batch").code == 0
    assert len(server.jobs) == 1


def test_a_job_of_a_key_that_is_no_longer_there_stays_out_until_it_is_given_up(
    home: Any, shop: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = shop(batch={"polls": 1})
    ready(home, server)
    home.run("caption", "--batch")
    monkeypatch.setenv("GEMINI_API_KEY_1", "another-key-0123456789")
    said = home.run("caption", "--batch", "--wait")
    assert said.code == 75
    assert "is not among yours" in said.err
    assert "--forget-batch ghibli-prep-" in said.err
    name = server.jobs[0].display_name
    assert "may still be charged" in home.run("caption", "--forget-batch", name).out
    assert home.run("caption").code == 0


def test_a_job_that_is_given_up_is_cancelled(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 9})
    ready(home, server)
    home.run("caption", "--batch")
    assert "cancelled at the provider" in home.run("caption", "--forget-batch", "all").out
    assert server.jobs[0].state == "CANCELLED"
    assert home.run("caption", "--forget-batch", "all").code == 2


@pytest.mark.parametrize("backend", ["google-generativeai", "sandbox"])
@pytest.mark.parametrize("command", ["caption", "run"])
def test_other_backends_are_refused_before_anything_is_changed(home: Any, backend: str, command: str) -> None:
    home.settings(f'backend = "{backend}"')
    home.frames(1)
    home.keys(1)
    before = home.everything()
    said = home.run(command, "--batch")
    assert said.code == 2
    assert "takes no batches" in said.err
    assert home.everything() == before


def test_ctrl_c_while_waiting_loses_nothing(home: Any, shop: Callable[..., Sandbox]) -> None:
    server = shop(batch={"polls": 1, "seconds": 3600})
    ready(home, server)
    process = home.start("caption", "--batch", "--wait")
    deadline = time.monotonic() + 60
    while not (server.jobs and server.jobs[0].looks > 2) and time.monotonic() < deadline:
        time.sleep(0.02)
    said = home.end(process, after=signal.SIGINT)
    assert said.code == 130, said
    assert "Stopped" in said.err
    assert home.run("status", "--json").json["batches"][0]["step"] == "created"


def test_a_full_disk_while_the_answers_come_keeps_the_job(
    home: Any, shop: Callable[..., Sandbox], tmp_path: Path
) -> None:
    resource = pytest.importorskip("resource")
    server = shop(batch={"polls": 0}, faults=[{"kind": "503", "at": "download", "calls": [1]}])
    ready(home, server, pictures=12)
    assert home.run("caption", "--batch").code == 75
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, hard))
        said = home.run("caption", "--batch")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert said.code == 75, said
    assert "the disk is full" in said.err
    assert leftovers(home) == []
    assert home.run("caption", "--batch").code == 0
    assert len(home.captions) == 12
    assert len(server.jobs) == 1


def test_a_budget_is_refused_as_a_batch_does_not_count_in_it(home: Any) -> None:
    home.frames(1)
    home.keys(1)
    said = home.run("caption", "--batch", "--max-requests", 3)
    assert said.code == 2
    assert "--limit N" in said.err


def test_a_model_that_refuses_not_to_think_is_told_less_in_the_next_job(
    home: Any, shop: Callable[..., Sandbox]
) -> None:
    server = shop(batch={"polls": 0}, models={"gemini-2.5-flash": {"thinking_budget_zero": False}})
    ready(home, server, pictures=2)
    home.settings(
        BATCH.format(most=9), (home.folder / "ghibli.toml").read_text().replace('"best", "next"', '"gemini-2.5-flash"')
    )
    said = home.run("caption", "--batch", "--wait")
    assert said.code == 0, said
    assert len(home.captions) == 2
    configs = [json.loads(job.lines[0])["request"]["generationConfig"] for job in server.jobs]
    assert ["thinkingConfig" in config for config in configs] == [True, False]


@pytest.mark.parametrize("at", ["upload", "create", "list", "poll", "download"])
@pytest.mark.parametrize("kind", ["suspended", "leaked"])
def test_a_refusal_that_quotes_the_key_brings_it_into_no_file(
    home: Any, shop: Callable[..., Sandbox], at: str, kind: str
) -> None:
    lost = [{"kind": "lost", "at": "create"}] if at == "list" else []
    server = shop(batch={"polls": 0}, faults=[{"kind": kind, "at": at}, *lost])
    ready(home, server, pictures=1)
    for _ in range(2):  # what is said is looked through by `run`
        assert home.run("caption", "--batch").code in (2, 75)
    home.run("status")
    key = os.environ["GEMINI_API_KEY_1"].encode()
    assert not [name for name, content in home.everything().items() if key in content]
