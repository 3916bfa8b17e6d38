"""`ghibli-prep dedupe`, as a user types it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep import meanings
from ghibli_prep.samples import BLOCKED_TEXT

pytestmark = pytest.mark.skipif(not meanings.installed(), reason="the text extra is not installed")

HILL = "Ghibli style a young girl with short brown hair stands on a grassy hill, soft clouds in a bright blue sky"
SAME_HILL = "Ghibli style a girl with brown hair is standing on a green hill under a bright blue sky with soft clouds"
KITCHEN = "Ghibli style an old woman in a blue apron stirs a pot of soup in a dark kitchen, warm light from the fire"
STREET = "Ghibli style two boys ride their bicycles along a narrow street full of shops at night"
TEXTS = {"1.jpg": HILL, "2.jpg": KITCHEN, "3.jpg": SAME_HILL, "4.jpg": BLOCKED_TEXT, "5.jpg": STREET, "6.jpg": KITCHEN}


def say(home: Any, texts: dict[str, str]) -> None:
    """Write the captions, as a user does."""
    lines = [json.dumps({"file_name": name, "text": text}) + "\n" for name, text in texts.items()]
    (home.train / "metadata.jsonl").write_text("".join(lines), "utf-8")


@pytest.fixture
def dataset(home: Any) -> Any:
    """Six pictures and captions: 3 says what 1 says, 6 what 2 says, and 4 is blocked."""
    home.frames(*range(6), film="Totoro")
    assert home.run("resize", "--skip-filter").code == 0
    say(home, TEXTS)
    return home


@pytest.fixture
def other(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    for name, text in (
        ("one", "An elderly woman stirs soup in a pot in her dark kitchen by the fire"),
        ("two", "a car"),
    ):
        (folder / f"{name}.png").write_bytes(b"")
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_of_captions_that_say_the_same_the_first_stays_and_a_second_run_finds_nothing(dataset: Any) -> None:
    said = dataset.run("dedupe")
    assert said.code == 0
    assert said.out.splitlines()[0].startswith("3.jpg goes: 0.9")
    assert f'like 1.jpg: "{SAME_HILL[:60]}' in said.out
    assert f'6.jpg goes: 1.00 like 2.jpg: "{KITCHEN[:60]}' in said.out
    assert "2 of 5 captions moved to" in said.out
    assert dataset.captions == {name: TEXTS[name] for name in ("1.jpg", "2.jpg", "4.jpg", "5.jpg")}
    assert dataset.pictures == ["1.jpg", "2.jpg", "4.jpg", "5.jpg"]
    removed = (dataset.workspace / "removed" / "metadata.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["text"] for line in removed] == [SAME_HILL, KITCHEN]
    before = dataset.captions
    again = dataset.run("dedupe")
    assert (again.code, again.out) == (
        0,
        f"{Path('data/ghibli/train')}: 3 captions, and none is 0.75 or more like another.\n",
    )
    assert dataset.captions == before
    assert dataset.run("validate").code == 3  # the blocked picture alone
    assert dataset.run("cleanup", "--restore").out.endswith("2 pictures.\n")
    assert dataset.captions == TEXTS


def test_the_longest_stays_where_that_is_asked_for_by_flag_or_settings(dataset: Any) -> None:
    longer = f"{KITCHEN}, dusty shelves"
    say(dataset, {**TEXTS, "6.jpg": longer})
    gone = [each["number"] for each in dataset.run("dedupe", "--dry-run", "--keep", "longest", "--json").json["gone"]]
    assert gone == [2, 3] if len(HILL) >= len(SAME_HILL) else [1, 2]
    (dataset.folder / "ghibli.toml").write_text('[dedupe]\nkeep = "longest"\nat = 0.99\n')
    found = dataset.run("dedupe", "--dry-run", "--json", "--at", "0.9").json
    assert (found["at"], found["keep"], len(found["gone"])) == (0.9, "longest", 2)
    assert dataset.run("dedupe", "--dry-run", "--json").json["gone"] == []


def test_a_look_changes_nothing_and_json_says_what_would_go(dataset: Any) -> None:
    before = dataset.everything()
    found = dataset.run("dedupe", "--dry-run", "--json")
    assert found.code == 0
    assert found.json["dry_run"] is True
    assert (found.json["compared"], found.json["others"], found.json["across"]) == (5, None, None)
    first = found.json["gone"][0]
    assert (first["file_name"], first["of"], first["text"], first["of_text"]) == ("3.jpg", "1.jpg", SAME_HILL, HILL)
    assert 0.9 < first["cosine"] < 1
    assert "would go" in dataset.run("dedupe", "--dry-run").out
    assert dataset.everything() == before


def test_across_takes_out_what_another_dataset_has_and_only_reads_that(dataset: Any, other: Path) -> None:
    before = {file.name: file.read_bytes() for file in other.iterdir()}
    found = dataset.run("dedupe", "--across", other, "--json").json
    assert [each["number"] for each in found["gone"]] == [2, 6]
    assert {each["of"] for each in found["gone"]} == {str(other / "one.png")}
    assert found["others"] == 2
    assert list(dataset.captions) == ["1.jpg", "3.jpg", "4.jpg", "5.jpg"]  # alike among themselves: not asked for
    assert {file.name: file.read_bytes() for file in other.iterdir()} == before
    assert "none is" in dataset.run("dedupe", "--across", other).out


def test_a_picture_that_was_brought_back_by_keep_stays_for_good(dataset: Any, other: Path) -> None:
    dataset.run("dedupe")
    said = dataset.run("keep", dataset.workspace / "removed" / "6.jpg")
    assert said.code == 0
    assert "6.jpg" in said.err
    assert dataset.captions["6.jpg"] == KITCHEN
    found = dataset.run("dedupe", "--json").json
    assert [(each["number"], each["of"]) for each in found["gone"]] == [(2, "6.jpg")]
    assert "6.jpg" in dataset.captions
    assert "stay, because you named them" in dataset.run("dedupe", "--across", other).out
    assert "6.jpg" in dataset.captions


def test_a_number_is_never_given_again_to_another_picture(dataset: Any) -> None:
    dataset.run("dedupe")
    dataset.frames(6, film="Totoro")
    dataset.run("resize", "--skip-filter")
    assert dataset.pictures == ["1.jpg", "2.jpg", "4.jpg", "5.jpg", "7.jpg"]


def test_killed_at_any_moment_the_same_command_goes_on(dataset: Any) -> None:
    for wait in (0.3, 0.6, 0.8, 1.0, 1.3):
        process = dataset.start("dedupe")
        time.sleep(wait)
        dataset.end(process, after=signal.SIGKILL)
    assert dataset.run("dedupe").code == 0
    assert dataset.captions == {name: TEXTS[name] for name in ("1.jpg", "2.jpg", "4.jpg", "5.jpg")}
    assert dataset.pictures == ["1.jpg", "2.jpg", "4.jpg", "5.jpg"]
    assert dataset.run("dedupe", "--json").json["gone"] == []


def test_without_the_trigger_words_less_is_alike(dataset: Any) -> None:
    say(dataset, {"1.jpg": "Ghibli style a white cat", "2.jpg": "Ghibli style a black cat on a wall"})
    (whole,) = dataset.run("dedupe", "--at", "0.3", "--dry-run", "--json").json["gone"]
    (rest,) = dataset.run("dedupe", "--at", "0.3", "--no-trigger", "--dry-run", "--json").json["gone"]
    assert rest["cosine"] < whole["cosine"]
    assert rest["text"] == whole["text"] == "Ghibli style a black cat on a wall"


def test_many_that_are_alike_are_pointed_out(dataset: Any) -> None:
    say(dataset, dict.fromkeys(TEXTS, HILL))
    assert "more than half" in dataset.run("dedupe", "--dry-run").out


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--across", "nowhere"], "no such folder"),
        (["--across", "data/ghibli/train"], "lies in this workspace"),
        (["--at", "1.5"], "--at"),
        (["--keep", "shortest"], "shortest"),
    ],
)
def test_what_cannot_be_is_a_usage_error_and_changes_nothing(dataset: Any, arguments: list[str], why: str) -> None:
    before = dataset.everything()
    said = dataset.run("dedupe", *arguments)
    assert said.code == 2
    assert why in said.err
    assert dataset.everything() == before


def test_without_a_workspace_or_captions_nothing_is_made(home: Any) -> None:
    assert home.run("dedupe").code == 2
    assert not home.workspace.exists()
    home.frames(1)
    home.run("resize", "--skip-filter")
    assert "0 captions" in home.run("dedupe").out
