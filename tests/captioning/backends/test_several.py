"""Several pictures in one request, by both of Google's clients: what is sent, and what the sandbox answers."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Backend,
    Described,
    PictureBlocked,
    PictureUnreadable,
    Question,
    Slot,
    groups,
)
from ghibli_prep.demo.frames import PHOTOS
from ghibli_prep.sandbox.describe import describe
from ghibli_prep.sandbox.measure import measure

from .conftest import Canned

Make = Callable[[str], Backend]


@pytest.fixture
def pictures() -> list[Path]:
    return sorted(PHOTOS.glob("*.jpg"))[:3]


def asked(backend: Backend, pictures: Sequence[Path], slot: Slot, room: int = 4096) -> Attempt:
    return backend.ask(pictures, slot, Question("Describe." + groups.addition(len(pictures)), room, 20.0))


def words_of(pictures: Sequence[Path]) -> list[str]:
    return [describe(measure(picture.read_bytes()), "Ghibli style") for picture in pictures]


def sha256(picture: Path) -> str:
    return hashlib.sha256(picture.read_bytes()).hexdigest()


def test_each_picture_stands_after_its_label_and_a_list_is_asked_for(
    make: Make, server: Canned, slot: Slot, question: Question, pictures: list[Path]
) -> None:
    make(server.url).ask(pictures, slot, question)
    ((_, _, body),) = server.asked
    parts = body["contents"][0]["parts"]
    assert [part["text"] for part in parts[0:6:2]] == ["Picture 1:", "Picture 2:", "Picture 3:"]
    sent = [base64.urlsafe_b64decode(part["inlineData"]["data"].translate({43: 45, 47: 95})) for part in parts[1:6:2]]
    assert sent == [picture.read_bytes() for picture in pictures]
    assert parts[6]["text"] == question.prompt and len(parts) == 7
    config = body["generationConfig"]
    assert config["responseMimeType"] == "application/json"
    schema = config["responseSchema"]
    assert schema["type"] in ("ARRAY", 5) and set(schema["items"]["properties"]) == {"picture", "caption"}
    plain = {name.replace("_", "").lower(): value for name, value in schema.items()}  # the API takes either spelling
    assert (int(plain["minitems"]), int(plain["maxitems"])) == (3, 3)


def test_one_picture_is_sent_without_label_or_list(
    make: Make, server: Canned, slot: Slot, question: Question, picture: Path
) -> None:
    make(server.url).ask([picture], slot, question)
    ((_, _, body),) = server.asked
    assert len(body["contents"][0]["parts"]) == 2
    assert not {"responseMimeType", "responseSchema"} & set(body["generationConfig"])


def test_the_sandbox_answers_for_each_picture_under_its_label(
    make: Make, sandbox: Any, slot: Slot, pictures: list[Path]
) -> None:
    running = sandbox(**{slot.model: {}})
    attempt = asked(make(running.url), pictures, slot)
    assert isinstance(attempt, Described)
    assert groups.captions(attempt.text, 3) == words_of(pictures)
    assert attempt.usage.input_tokens > 3 * 258
    assert running.calls[0].pictures == tuple(map(sha256, pictures))


@pytest.mark.parametrize("kind", ["json_cut", "json_count", "json_swapped"])
def test_what_the_sandbox_garbles_is_never_taken_for_captions(
    make: Make, sandbox: Any, slot: Slot, pictures: list[Path], kind: str
) -> None:
    running = sandbox(faults=[{"kind": kind}], **{slot.model: {}})
    backend = make(running.url)
    attempt = asked(backend, pictures, slot)
    assert isinstance(attempt, Described) and isinstance(groups.captions(attempt.text, 3), str)
    alone = asked(backend, pictures[:1], slot)
    assert isinstance(alone, Described) and [alone.text] == words_of(pictures[:1])
    assert [call.outcome for call in running.calls] == [kind, "ok"]


def test_a_blocked_picture_anywhere_blocks_the_request_and_one_alone_only_itself(
    make: Make, sandbox: Any, slot: Slot, pictures: list[Path]
) -> None:
    faults = [{"kind": "blocked_prompt", "picture": sha256(pictures[2])}]
    backend = make(sandbox(faults=faults, **{slot.model: {}}).url)
    assert isinstance(asked(backend, pictures, slot), PictureBlocked)
    assert isinstance(asked(backend, pictures[:2], slot), Described)


def test_an_unreadable_picture_and_too_little_room_are_of_the_whole_request(
    make: Make, sandbox: Any, slot: Slot, pictures: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    backend = make(sandbox(**{slot.model: {}}).url)
    assert isinstance(asked(backend, [*pictures, broken], slot), PictureUnreadable)
    assert isinstance(asked(backend, pictures, slot, room=20), AnswerUnusable)
