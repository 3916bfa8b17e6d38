"""Where each caption of a run came from."""

from __future__ import annotations

import hashlib
import json
from typing import Any

PRICED = '[caption.prices."best"]\ninput = 1.0\noutput = 2.0\n'


def answers(home: Any) -> list[dict[str, Any]]:
    file = home.workspace / ".ghibli-prep" / "captions.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_each_caption_says_where_it_came_from(home: Any, sandbox: Any) -> None:
    home.frames(0, 1, film="Totoro")
    home.settings(PRICED)
    home.keys(1, sandbox(best={}).url)
    assert home.run("run").code == 0
    first, second = sorted(answers(home), key=lambda made: made["number"])
    assert (first["number"], first["outcome"], first["source"]) == (1, "captioned", "Totoro/0000.png")
    assert (second["number"], second["source"]) == (2, "Totoro/0001.png")
    for made in (first, second):
        name = f"{made['number']}.jpg"
        assert made["text"] == home.captions[name]
        assert made["picture"] == hashlib.sha256((home.train / name).read_bytes()).hexdigest()
        assert (made["backend"], made["model"], made["model_version"]) == ("google-genai", "best", "best")
        assert (made["key"], made["attempts"], made["requests"], made["reason"]) == (1, 1, 1.0, "")
        assert made["cost"] == (made["input_tokens"] * 1.0 + made["output_tokens"] * 2.0) / 1e6 > 0
        assert made["time"].endswith("+00:00")


def test_what_was_mended_and_asked_again_and_failed_is_said(home: Any, sandbox: Any) -> None:
    home.frames(0)
    home.keys(1, sandbox(best={}, next={}, faults=[{"kind": "text", "text": "Ghibli style a boy.", "share": 1}]).url)
    home.run("run")
    (made,) = answers(home)
    assert (made["outcome"], made["text"], made["mended"]) == ("failed", "", ["final-stop"])
    assert made["asked_again"] == ["min-words", "min-words"]
    assert made["attempts"] == 3
    assert "4 words" in made["reason"]
    assert made["cost"] is None
