"""A file of answers is judged like single answers are; what is odd in it costs nothing but another request."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skimage.data
from PIL import Image

from ghibli_prep.asking import Means
from ghibli_prep.batching import collecting
from ghibli_prep.batching.collecting import Collecting, Tally
from ghibli_prep.captioning import Key, Slot
from ghibli_prep.captioning.backends.google_genai_batches import GoogleGenaiBatches
from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.samples import BLOCKED_TEXT, Captioned, Failed
from ghibli_prep.settings import CaptionSettings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.batches import Back, Job
from ghibli_prep.workspace.metadata import file_name

KEY = Key(1, "GEMINI_API_KEY_1", "AQ.secret")
SLOT = Slot(KEY, "best")
WORDS = "a young girl with short brown hair stands at an open window and looks out over the quiet harbour at {} boats"


def response(text: str, finish: str = "STOP") -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}]}, "finishReason": finish}
    usage = {"promptTokenCount": 300, "candidatesTokenCount": 40}
    return {"response": {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "best-001"}}


def good(number: int) -> dict[str, Any]:
    return {"key": str(number), **response(f"Ghibli style {WORDS.format(number)}")}


@pytest.fixture
def held(tmp_path: Path) -> Any:
    """A workspace of five pictures that look different, held."""
    with Workspace(tmp_path / "ws", lambda file: file.name) as workspace:
        photo = Image.fromarray(skimage.data.astronaut())
        for number in range(1, 6):
            photo.crop((40 * number, 0, 40 * number + 32, 32)).save(workspace.train / file_name(number))
        yield workspace


@pytest.fixture
def collect(held: Workspace) -> Callable[..., Tally]:
    """Collects lines, given as records or bytes, as the answers to a job over all five pictures."""

    def run(*lines: Any, name: str = "ghibli-prep-1", close: bool = False, **settings: Any) -> Tally:
        raw = [line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines]
        held.batch_answers(name).write_bytes(b"".join(raw))
        job = Job(name, (1, 2, 3, 4, 5), 1.0, step="fetched", fetched=held_at[name], key=1, fingerprint=KEY.fingerprint)
        means = Means(CaptionSettings(**settings), [KEY], lambda: pytest.fail("nobody is asked"), Console(), Stop())
        service = GoogleGenaiBatches("http://127.0.0.1:9", 1.0)
        tally = Collecting(held, means, service, job, SLOT).run()
        if close:
            held.note_batch(collecting.done(job, tally))
        return tally

    held_at = {"ghibli-prep-1": 100.0, "ghibli-prep-2": 200.0, "ghibli-prep-3": 300.0, "ghibli-prep-4": 400.0}
    return run


def test_unknown_keys_second_answers_and_half_lines_change_nothing(
    held: Workspace, collect: Callable[..., Tally]
) -> None:
    twice = {**response("Ghibli style " + WORDS.format("other")), "key": "1"}
    tally = collect(good(1), twice, good(99), {"what": 1}, b"\n", b"\xff\xfe\n", good(2), b'{"key": "3", "respon')
    assert sorted(held.captions) == [1, 2]
    assert held.captions[1].endswith("at 1 boats")
    assert tally.outcomes == {"captioned": 2}
    assert sorted(tally.back) == [3, 4, 5]


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_the_answers_does_not_matter(held: Workspace, collect: Callable[..., Tally], seed: int) -> None:
    lines = [good(number) for number in range(1, 6)]
    random.Random(seed).shuffle(lines)
    collect(*lines)
    assert {number: text.split()[-2] for number, text in held.captions.items()} == {n: str(n) for n in range(1, 6)}


def test_collected_again_nothing_is_written_twice(held: Workspace, collect: Callable[..., Tally]) -> None:
    lines = [good(1), {"key": "2", "response": {"promptFeedback": {"blockReason": "SAFETY"}}}, good(3)]
    lines.append({"key": "4", "error": {"code": 400, "message": "Unable to process input image."}})
    first = collect(*lines)
    before = (held.train / "metadata.jsonl").read_bytes(), (held.state / "captions.jsonl").read_bytes()
    again = collect(*lines)
    assert ((held.train / "metadata.jsonl").read_bytes(), (held.state / "captions.jsonl").read_bytes()) == before
    assert again.outcomes == first.outcomes == {"captioned": 2, "blocked": 1, "failed": 1}
    assert held.captions[2] == BLOCKED_TEXT
    assert held.failed() == {4: "Unable to process input image"}


def test_a_caption_whose_provenance_a_kill_cut_off_gets_it(held: Workspace, collect: Callable[..., Tally]) -> None:
    collect(good(1))
    (held.state / "captions.jsonl").unlink()
    collect(good(1))
    assert list(held.provenance()) == [1]
    assert held.provenance()[1].model_version == "best-001"


def test_what_another_wrote_meanwhile_stays(held: Workspace, collect: Callable[..., Tally]) -> None:
    held.record(Captioned(1, "Ghibli style mine"))
    tally = collect(good(1), {"key": "2", "response": {"promptFeedback": {"blockReason": "SAFETY"}}})
    assert held.captions[1] == "Ghibli style mine"
    assert tally.outcomes == {"kept": 1, "blocked": 1}
    assert sorted(tally.back) == [3, 4, 5]


def test_a_picture_that_was_taken_out_meanwhile_is_left_out(held: Workspace, collect: Callable[..., Tally]) -> None:
    held.file(2).unlink()
    tally = collect(good(1), good(2))
    assert sorted(held.captions) == [1]
    assert 2 not in tally.back


def test_a_failed_picture_that_is_asked_again_gets_its_caption(held: Workspace, collect: Callable[..., Tally]) -> None:
    held.record(Failed(1, "why"))
    collect(good(1))
    assert held.failed() == {}
    assert 1 in held.captions


def test_answers_that_break_a_rule_are_counted_over_the_jobs_and_fail_in_the_end(
    held: Workspace, collect: Callable[..., Tally]
) -> None:
    short = {"key": "1", **response("Ghibli style a girl")}
    first = collect(short, name="ghibli-prep-1", close=True)
    assert first.back[1].asks == 1
    assert first.back[1].remark
    second = collect(short, name="ghibli-prep-2", close=True)
    assert second.back[1].asks == 2
    third = collect(short, name="ghibli-prep-3", close=True)
    assert 1 not in third.back
    assert "words" in held.failed()[1]


def test_answers_of_no_use_are_bounded_too_and_errors_of_the_service_are_not(
    held: Workspace, collect: Callable[..., Tally]
) -> None:
    empty, down = {"key": "1", **response("")}, {"key": "2", "error": {"code": 503, "message": "overloaded"}}
    for name in ("ghibli-prep-1", "ghibli-prep-2", "ghibli-prep-3"):
        tally = collect(empty, down, name=name, close=True)
    assert list(held.failed()) == [1]
    assert tally.back[2] == Back()


def test_a_text_that_another_picture_has_goes_back(held: Workspace, collect: Callable[..., Tally]) -> None:
    tally = collect(good(1), {**good(1), "key": "2"})
    assert sorted(held.captions) == [1]
    assert tally.back[2].asks == 1
    assert tally.reasons["breaks a rule: same-text"] == 1


def test_the_cost_is_half_of_the_usual(held: Workspace, collect: Callable[..., Tally]) -> None:
    collect(good(1), prices={"best": {"input": 1_000_000, "output": 10}})
    cost = held.provenance()[1].cost
    assert cost == pytest.approx((300 * 1_000_000 + 40 * 10) / 1_000_000 / 2)
