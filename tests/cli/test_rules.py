"""The rules of captions as a user meets them: what is asked again, what fails and why, what is told, other styles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ghibli_prep.sandbox import Sandbox

MakeSandbox = Callable[..., Sandbox]


def ready(home: Any, sandbox: Sandbox, *, frames: int = 2, caption: str = "") -> None:
    home.frames(*range(frames))
    home.settings(f'strategy = "sequential"\n{caption}')
    home.keys(1, sandbox.url)


def test_a_refusal_and_a_short_answer_are_asked_again_and_nobody_need_know(home: Any, sandbox: MakeSandbox) -> None:
    faults = [
        {"kind": "text", "text": "I'm sorry, but I can't help with that.", "calls": [1]},
        {"kind": "text", "text": "Ghibli style a boy", "calls": [2]},
    ]
    server = sandbox(faults=faults)
    ready(home, server)
    said = home.run("run")
    assert said.code == 0
    assert len(home.captions) == 2
    assert len(server.calls) == 4  # each request counts
    slots = home.run("status", "--json").json["slots"]
    assert sum(slot["asked_today"] for slot in slots) == 4


def test_what_still_breaks_a_rule_fails_with_its_reason_and_is_kept_out(home: Any, sandbox: MakeSandbox) -> None:
    named = "Ghibli style Totoro stands in the heavy rain beside a girl with an umbrella, at a bus stop in a dark wood"
    server = sandbox(faults=[{"kind": "text", "text": named, "calls": [1, 2, 3]}])
    ready(home, server)
    said = home.run("run")
    assert said.code == 0
    assert "1.jpg gets no caption: the caption has a name that must not occur (totoro)" in said.err
    assert list(home.captions) == ["2.jpg"]
    assert home.run("status", "--json").json["failed"] == {"1": "the caption has a name that must not occur (totoro)"}
    assert home.run("run", "--retry-blocked").code == 0
    assert sorted(home.captions) == ["1.jpg", "2.jpg"]


def test_another_pictures_caption_is_not_taken_over(home: Any, sandbox: MakeSandbox) -> None:
    text = "a quiet street in the early morning, with small houses, green trees and a blue sky, soft light, calm mood"
    server = sandbox(faults=[{"kind": "text", "text": text, "calls": [1, 2]}])
    ready(home, server)
    assert home.run("run").code == 0
    assert home.captions["1.jpg"] == f"Ghibli style {text}"
    assert home.captions["2.jpg"] != home.captions["1.jpg"]
    assert len(server.calls) == 3


def test_long_captions_are_told_once_at_the_end(home: Any, sandbox: MakeSandbox) -> None:
    ready(home, sandbox(), frames=3, caption="[caption.rules]\nclip_tokens = 10")
    said = home.run("run")
    assert said.err.count("3 captions of this run have more than 10 CLIP tokens") == 1


def test_another_style_has_rules_of_its_own(home: Any, sandbox: MakeSandbox) -> None:
    (home.folder / "mine.txt").write_text("# people\n=Rose\n", encoding="utf-8")
    faults = [
        {"kind": "text", "text": "pixel art of Rose", "calls": [1]},
        {"kind": "text", "text": "a red rose, Totoro behind it.", "calls": [2]},
    ]
    ready(
        home,
        sandbox(faults=faults),
        frames=1,
        caption='trigger = "pixel art of"\n[caption.rules]\nmin_words = 3\nnames = "mine.txt"\ndisabled = ["cefr"]',
    )
    assert home.run("run").code == 0
    assert home.captions == {"1.jpg": "pixel art of a red rose, Totoro behind it"}


def test_a_list_of_names_that_is_not_there_is_named_before_anything_is_changed(home: Any) -> None:
    home.frames(0)
    home.settings('[caption.rules]\nnames = "nobody"')
    said = home.run("run")
    assert said.code == 2
    assert "caption.rules.names: no list is named 'nobody'; there is ghibli" in said.err


def test_a_rule_that_there_is_not_and_a_maximum_below_the_minimum_are_named(home: Any) -> None:
    home.settings('[caption.rules]\ndisabled = ["spelling"]\nmin_words = 9\nmax_words = 8')
    said = home.run("status")
    assert said.code == 2
    assert "caption.rules.disabled" in said.err
    assert "caption.rules.max_words: is below min_words" in said.err
