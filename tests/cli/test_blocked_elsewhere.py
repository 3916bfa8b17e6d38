"""Pictures that one provider blocked, asked of another; and a backend from outside, entered through the same door."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ghibli_prep.captioning import Attempt, Described, Key, PictureBlocked, Question, Slot, Usage
from ghibli_prep.captioning.backends import BACKENDS, Entry

MARKER = "[BLOCKED_BY_SAFETY_FILTER]"
ECHOES = (
    "a quiet street with low houses and a row of green trees under a pale morning sky",
    "a wooden table beside an open window where warm light falls on a white cup",
    "a small harbour at dusk with three boats and long blue shadows on still water",
    "a narrow path through tall grass that leads toward a hill with one grey stone",
)


class Echo:
    """A complete backend: it has a phrase for each picture, by its number, and blocks none but those it is told to."""

    def __init__(self, base_url: str) -> None:
        self._blocked = base_url.endswith("/blocked")

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:  # noqa: ARG002 - as a backend is called
        if self._blocked:
            return PictureBlocked("not here either")
        assert all(picture.read_bytes() for picture in pictures)
        phrase = ECHOES[int(pictures[0].stem) % len(ECHOES)]
        return Described(f"Ghibli style {phrase}, seen from afar in soft colours", Usage(1, 2), slot.model)

    def models(self, key: Key) -> Sequence[str]:  # noqa: ARG002
        return ["loud"]

    def close(self) -> None:
        """It holds nothing."""


def enter(home: Any) -> None:
    """The one line of a new backend."""
    home.monkeypatch.setitem(sys.modules, "echo_for_tests", sys.modules[__name__])
    line = Entry("echo_for_tests", "Echo", "json", "ECHO_API_KEY", "ECHO_BASE_URL", keyless=True)
    home.monkeypatch.setitem(BACKENDS, "echo", line)


BLOCKED = '[caption.blocked]\nbackend = "echo"\nmodels = ["loud"]\nbase_url = "http://127.0.0.1:9{path}"'


def test_a_backend_is_one_class_and_one_line(home: Any) -> None:
    enter(home)
    home.monkeypatch.setenv("ECHO_API_KEY", "echo-key-0123456789")
    home.settings('backend = "echo"')
    home.frames(0, 1, 2)
    said = home.run("run")
    assert said.code == 0, said.err
    assert sorted(home.captions) == ["1.jpg", "2.jpg", "3.jpg"]
    assert all(text.startswith("Ghibli style a ") for text in home.captions.values())
    assert home.checkpoint["current_model"] == "best"
    assert "ECHO_API_KEY" in home.run("keys").out


def test_a_backend_that_there_is_not_changes_nothing(home: Any) -> None:
    home.settings('backend = "echo"')
    home.frames(0)
    before = home.everything()
    said = home.run("run")
    assert said.code == 2
    assert "caption.backend: there is no such backend" in said.err
    assert home.everything() == before


def test_what_was_blocked_is_asked_elsewhere_only_when_the_user_says_so(home: Any, sandbox: Any) -> None:
    enter(home)
    api = sandbox(faults=[{"kind": "blocked_prompt", "calls": (2,)}])
    home.keys(1, api.url)
    home.settings(f"max_in_flight = 1\n{BLOCKED.format(path='')}")
    home.frames(0, 1, 2)
    assert home.run("run").code == 0
    assert home.captions["2.jpg"] == MARKER
    assert home.run("run").code == 0
    assert home.captions["2.jpg"] == MARKER
    asked = len(api.calls)
    others = {name: text for name, text in home.captions.items() if name != "2.jpg"}
    said = home.run("run", "--retry-blocked")
    assert said.code == 0, said.err
    assert "asked of loud" in said.err
    assert home.captions["2.jpg"].startswith("Ghibli style a small harbour")
    assert {name: text for name, text in home.captions.items() if name != "2.jpg"} == others
    assert len(api.calls) == asked, "the first provider is not asked again"
    came = (home.workspace / ".ghibli-prep" / "captions.jsonl").read_text().splitlines()[-1]
    assert '"backend": "echo"' in came
    assert '"model": "loud"' in came


def test_the_marker_stays_where_the_other_blocks_it_too(home: Any, sandbox: Any) -> None:
    enter(home)
    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt"}]).url)
    home.settings(f"max_in_flight = 1\n{BLOCKED.format(path='/blocked')}")
    home.frames(0, 1)
    home.run("run")
    said = home.run("caption", "--retry-blocked")
    assert said.code == 0, said.err
    assert home.captions == {"1.jpg": MARKER, "2.jpg": MARKER}
    assert "(not here either)" in said.err


def test_without_the_section_the_ladder_itself_is_asked_again(home: Any, sandbox: Any) -> None:
    api = sandbox(faults=[{"kind": "blocked_prompt", "calls": (1,)}])
    home.keys(1, api.url)
    home.frames(0)
    home.run("run")
    assert home.captions == {"1.jpg": MARKER}
    assert home.run("run", "--retry-blocked").code == 0
    assert home.captions["1.jpg"].startswith("Ghibli style")
    assert len(api.calls) == 2


def test_a_limit_counts_for_both(home: Any, sandbox: Any) -> None:
    enter(home)
    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt", "calls": (1, 2)}]).url)
    home.settings(f"max_in_flight = 1\n{BLOCKED.format(path='')}")
    home.frames(0, 1, 2)
    home.run("run", "--limit", 2)
    home.run("run", "--retry-blocked", "--limit", 2)
    assert sorted(text == MARKER for text in home.captions.values()) == [False, False, True]


def test_keys_shows_those_for_blocked_pictures_too(home: Any, sandbox: Any) -> None:
    enter(home)
    home.keys(1, sandbox().url)
    home.settings(BLOCKED.format(path=""))
    said = home.run("keys")
    assert said.code == 0, said.err
    assert "For blocked pictures:" in said.out
    found = home.run("keys", "--json").json
    assert found["blocked"]["keys"][0]["models"] == {"loud": True}


def test_a_missing_key_of_the_other_is_said_before_anything_is_changed(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.settings('[caption.blocked]\nbackend = "openai"\nmodels = ["gpt-4.1-mini"]')
    home.monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    home.frames(0)
    before = home.everything()
    said = home.run("run", "--retry-blocked")
    assert said.code == 2
    assert "Put OPENAI_API_KEY_1=... into .env" in said.err
    assert home.everything() == before
    assert home.run("run").code == 0
