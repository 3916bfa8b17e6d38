"""`pictures_per_request` as a user meets it: fewer requests, to each picture its caption, only the blocked marked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.sandbox import Sandbox
from ghibli_prep.sandbox.describe import describe
from ghibli_prep.sandbox.measure import measure

MakeSandbox = Callable[..., Sandbox]


def ready(home: Any, sandbox: Sandbox, frames: int, together: int = 4) -> None:
    home.frames(*range(frames))
    home.settings(f'strategy = "sequential"\npictures_per_request = {together}')
    home.keys(1, sandbox.url)


def own_words(home: Any, name: str) -> str:
    return describe(measure((home.train / name).read_bytes()), "Ghibli style")


def provenance(home: Any) -> list[Any]:
    file = home.workspace / ".ghibli-prep" / "captions.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_ten_pictures_take_three_requests_and_each_has_its_own_caption(home: Any, sandbox: MakeSandbox) -> None:
    server = sandbox()
    ready(home, server, 10)
    assert home.run("run").code == 0
    assert home.captions == {f"{n}.jpg": own_words(home, f"{n}.jpg") for n in range(1, 11)}
    assert [len(call.pictures) for call in server.calls] == [4, 4, 2]
    made = provenance(home)
    assert [one["requests"] for one in made] == [0.25] * 8 + [0.5] * 2
    slots = home.run("status", "--json").json["slots"]
    assert sum(slot["asked_today"] for slot in slots) == 3


def test_a_limit_is_of_pictures_and_the_next_run_goes_on(home: Any, sandbox: MakeSandbox) -> None:
    server = sandbox()
    ready(home, server, 7)
    home.run("run", "--limit", 5)
    assert len(home.captions) == 5 and len(server.calls) == 2
    assert home.run("run").code == 0
    assert len(home.captions) == 7 and len(server.calls) == 3


def test_a_days_quota_of_requests_goes_further(home: Any, sandbox: MakeSandbox) -> None:
    server = sandbox(best={"rpd": 2}, next={"rpd": 1})
    ready(home, server, 12)
    assert home.run("run").code == 0
    assert len(home.captions) == 12


def test_only_the_blocked_picture_is_marked_and_asked_for_alone_ever_after(home: Any, sandbox: MakeSandbox) -> None:
    plain = sandbox()
    ready(home, plain, 8)
    home.run("resize", "--skip-filter")
    third = hashlib.sha256((home.train / "3.jpg").read_bytes()).hexdigest()
    server = sandbox(faults=[{"kind": "blocked_prompt", "picture": third}])
    home.keys(1, server.url)
    assert home.run("caption").code == 0
    assert [name for name, text in home.captions.items() if text == BLOCKED_TEXT] == ["3.jpg"]
    assert len(home.captions) == 8 and len(server.calls) == 2 + 2 * 2
    home.keys(1, plain.url)
    assert home.run("caption", "--retry-blocked").code == 0
    assert home.captions["3.jpg"] == own_words(home, "3.jpg") and len(plain.calls) == 1


@pytest.mark.parametrize("kind", ["json_cut", "json_count", "json_swapped", "max_tokens", "empty", "truncated", "503"])
def test_an_answer_that_is_not_whole_costs_requests_and_no_caption(home: Any, sandbox: MakeSandbox, kind: str) -> None:
    server = sandbox(faults=[{"kind": kind, "calls": [1]}])
    ready(home, server, 4)
    assert home.run("run").code == 0
    assert home.captions == {f"{n}.jpg": own_words(home, f"{n}.jpg") for n in range(1, 5)}
    assert len(server.calls) == (2 if kind in ("truncated", "503") else 3)


@pytest.mark.parametrize("count", [0, 33])
def test_a_number_that_cannot_be_is_refused(home: Any, sandbox: MakeSandbox, count: int) -> None:
    ready(home, sandbox(), 1, count)
    said = home.run("run")
    assert said.code == 2 and "caption.pictures_per_request" in said.err
