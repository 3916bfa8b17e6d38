"""`ghibli-prep recaption`: chosen captions anew, each kept until the new one is on the disk."""

from __future__ import annotations

import json
from typing import Any

import pytest

NEW = "Ghibli style " + " ".join(f"word{n}" for n in range(25))


def first_run(home: Any, sandbox: Any, frames: int = 3) -> dict[str, str]:
    home.frames(*range(frames))
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    return dict(home.captions)


def test_the_chosen_captions_are_asked_again_and_the_others_stay(home: Any, sandbox: Any) -> None:
    before = first_run(home, sandbox)
    api = sandbox(best={}, faults=[{"kind": "text", "text": NEW, "calls": [1]}])
    home.keys(1, api.url)
    said = home.run("recaption", "--numbers", "2")
    assert said.code == 0
    assert home.captions == {**before, "2.jpg": NEW}
    assert "1 picture asked again: new captions: 1, kept as they were: 0." in said.out
    assert len(api.calls) == 1
    lines = (home.train / "metadata.jsonl").read_text("utf-8").splitlines()
    assert sorted(json.loads(line)["file_name"] for line in lines) == ["1.jpg", "2.jpg", "3.jpg"]


def test_captions_are_chosen_by_where_they_came_from(home: Any, sandbox: Any) -> None:
    home.settings('strategy = "sequential"')
    home.frames(*range(4))
    home.keys(1, sandbox(best={"rpd": 3}, next={}).url)
    home.run("run")
    api = sandbox(best={}, next={})
    home.keys(1, api.url)
    shown = home.run("recaption", "--where", "model=next", "--dry-run")
    assert shown.out.startswith("1 picture would be asked again")
    assert not api.calls
    assert home.run("recaption", "--where", "model=next").code == 0
    assert len(api.calls) == 1
    assert home.run("recaption", "--where", "model=next").out.endswith("nothing is asked again.\n")


def test_a_blocked_or_failing_answer_leaves_the_old_caption_and_says_so(home: Any, sandbox: Any) -> None:
    before = first_run(home, sandbox)
    faults = [
        {"kind": "blocked_prompt", "calls": [1]},
        {"kind": "text", "text": "Ghibli style too short", "calls": [2, 3, 4]},
    ]
    home.settings('strategy = "sequential"')
    home.keys(1, sandbox(best={}, faults=faults).url)
    said = home.run("recaption", "--numbers", "1-2")
    assert said.code == 0
    assert home.captions == before
    assert "2 pictures asked again: new captions: 0, kept as they were: 2." in said.out
    assert "1.jpg keeps its caption: it is blocked" in said.err
    assert "2.jpg keeps its caption: the caption has 4 words" in said.err
    assert home.run("status", "--json").json["failed"] == {}


def test_paused_it_goes_on_with_what_is_left_by_the_same_command(home: Any, sandbox: Any) -> None:
    first_run(home, sandbox, 5)
    home.settings('strategy = "sequential"')
    home.keys(1, sandbox(best={"rpd": 2}, next={"rpd": 1}).url)
    paused = home.run("recaption", "--where", "words>1")
    assert paused.code == 75
    assert "Still to ask again: 2 of 5 pictures" in paused.err
    assert home.run("status", "--json").json["to_ask_again"] == 2
    (home.workspace / ".ghibli-prep" / "quota.json").unlink()
    api = sandbox()
    home.keys(1, api.url)
    said = home.run("recaption", "--where", "words > 1")
    assert said.code == 0
    assert "Going on with what is left of it: 2 pictures" in said.err
    assert len(api.calls) == 2


def test_a_limit_leaves_the_rest_for_the_same_command(home: Any, sandbox: Any) -> None:
    first_run(home, sandbox, 3)
    api = sandbox()
    home.keys(1, api.url)
    said = home.run("recaption", "--where", "words>1", "--limit", "2")
    assert said.code == 0
    assert "Still to ask again: 1 of 3 pictures. The same command goes on." in said.out
    assert len(api.calls) == 2
    assert home.run("recaption", "--where", "words>1").code == 0
    assert len(api.calls) == 3


def test_another_choice_gives_up_what_was_left(home: Any, sandbox: Any) -> None:
    first_run(home, sandbox, 3)
    home.keys(1, sandbox().url)
    home.run("recaption", "--where", "words>1", "--limit", "2")
    said = home.run("recaption", "--numbers", "1")
    assert "Given up: 1 picture of an earlier recaption" in said.err
    assert home.run("status", "--json").json["to_ask_again"] == 0


def test_a_text_edited_by_hand_is_chosen_by_that_and_edited_meanwhile_is_kept(home: Any, sandbox: Any) -> None:
    first_run(home, sandbox, 2)
    file = home.train / "metadata.jsonl"
    file.write_text(file.read_text("utf-8").replace(home.captions["2.jpg"], "Ghibli style by hand"), "utf-8")
    said = home.run("recaption", "--where", "edited=yes", "--dry-run")
    assert "  2.jpg  Ghibli style by hand" in said.out
    assert "1.jpg" not in said.out


def test_a_text_edited_by_hand_while_it_was_paused_is_left_alone(home: Any, sandbox: Any) -> None:
    first_run(home, sandbox, 3)
    api = sandbox()
    home.keys(1, api.url)
    assert home.run("recaption", "--where", "words>1", "--limit", "1").code == 0
    file = home.train / "metadata.jsonl"
    file.write_text(file.read_text("utf-8").replace(home.captions["2.jpg"], "Ghibli style by hand"), "utf-8")
    assert home.run("recaption", "--where", "words>1").code == 0
    assert home.captions["2.jpg"] == "Ghibli style by hand"
    assert len(api.calls) == 2


def test_a_picture_without_a_caption_is_left_out_and_named(home: Any, sandbox: Any) -> None:
    home.frames(0, 1)
    home.settings('strategy = "sequential"')
    home.keys(1, sandbox(best={}, faults=[{"kind": "blocked_prompt", "calls": [2]}]).url)
    home.run("run")
    api = sandbox()
    home.keys(1, api.url)
    said = home.run("recaption", "--numbers", "1-9")
    assert said.code == 0
    assert "1 picture without a caption left out (2.jpg)" in said.err
    assert len(api.calls) == 1


def test_a_caption_keeps_its_origin_when_it_was_asked_again_in_vain(home: Any, sandbox: Any) -> None:
    first_run(home, sandbox, 1)
    home.keys(1, sandbox(best={}, faults=[{"kind": "blocked_prompt", "calls": [1]}]).url)
    home.run("recaption", "--numbers", "1")
    assert home.run("recaption", "--where", "edited=yes", "--dry-run").out.endswith("nothing is asked again.\n")
    assert home.run("recaption", "--where", "model=best", "--dry-run").out.startswith("1 picture would")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "Say which captions"),
        (("--where", "colour=red"), "nothing is called colour"),
        (("--numbers", "x"), "not a number of a picture"),
    ],
)
def test_what_cannot_be_understood_changes_nothing(home: Any, sandbox: Any, arguments: Any, says: str) -> None:
    before = first_run(home, sandbox, 1)
    said = home.run("recaption", *arguments)
    assert said.code == 2
    assert says in said.err
    assert home.captions == before
