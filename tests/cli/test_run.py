"""`ghibli-prep run`, `filter`, `resize` and `caption`, as a user types them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.samples import BLOCKED_TEXT

FIELDS = {"last_processed", "total_images", "current_key_index", "current_model_index", "current_model", "timestamp"}


def test_a_run_makes_a_dataset_of_frames(home: Any, sandbox: Any) -> None:
    home.frames(0, 1, 2)
    home.keys(1, sandbox().url)
    said = home.run("run")
    assert said.code == 0
    assert home.pictures == ["1.jpg", "2.jpg", "3.jpg"]
    assert sorted(home.captions) == home.pictures
    assert all(text.startswith("Ghibli style ") for text in home.captions.values())
    assert f"{Path('data/ghibli/train')}: 3 captioned, 0 blocked, 0 failed, 0 still to caption" in said.out


def test_the_checkpoint_says_where_the_run_stands(home: Any, sandbox: Any) -> None:
    home.frames(0, 1, 2)
    home.keys(2, sandbox(best={"rpd": 1}, next={"rpd": 9}).url)
    home.settings('strategy = "sequential"')
    assert home.run("run").code == 0
    stands = home.checkpoint
    assert stands.keys() >= FIELDS | {"version"}
    assert (stands["last_processed"], stands["total_images"]) == (3, 3)
    assert (stands["current_key_index"], stands["current_model_index"], stands["current_model"]) == (0, 1, "next")


def test_a_run_with_nothing_to_do_asks_nobody_and_the_checkpoint_stands(home: Any, sandbox: Any) -> None:
    home.frames(0, 1)
    api = sandbox(best={"rpd": 1}, next={})
    home.keys(1, api.url)
    home.settings('strategy = "sequential"')
    home.run("run")
    before, asked = home.checkpoint, len(api.calls)
    assert home.run("run").code == 0
    assert len(api.calls) == asked
    assert {**home.checkpoint, "timestamp": ""} == {**before, "timestamp": ""}
    assert home.run("caption").code == 0


def test_new_frames_go_on_with_the_next_numbers(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(3, 4)
    home.run("run")
    before = home.captions
    home.frames(0, 5)
    assert home.run("run").code == 0
    assert home.pictures == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert before.items() <= home.captions.items()
    assert home.checkpoint["total_images"] == 4


def test_renamed_copied_and_deleted_frames_change_nothing(
    home: Any, sandbox: Any, frame: Callable[[int], bytes]
) -> None:
    api = sandbox()
    home.keys(1, api.url)
    home.frames(0, 1, 2)
    home.run("run")
    before, asked = home.captions, len(api.calls)
    (home.raw / "film" / "0000.png").rename(home.raw / "film" / "zz.png")
    (home.raw / "another film").mkdir()
    (home.raw / "another film" / "copy.jpg").write_bytes(frame(1))  # an ending that lies
    (home.raw / "film" / "0002.png").unlink()
    said = home.run("run")
    assert said.code == 0
    assert "1 exact copy of other pictures left out" in said.err
    assert (home.captions, len(api.calls)) == (before, asked)
    shutil.rmtree(home.raw)
    assert home.run("run").code == 0
    assert home.captions == before


def test_a_deleted_line_is_captioned_again_and_an_edited_one_is_kept(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0, 1, 2)
    home.run("run")
    file = home.train / "metadata.jsonl"
    first, second, _ = file.read_text(encoding="utf-8").splitlines()
    mine = '{"file_name": "2.jpg", "text": "Ghibli style a girl, naïve, 少女"}'
    name = second.partition('", ')[0].rpartition('"')[2]
    file.write_text(f"{first}\n{mine.replace('2.jpg', name)}\n", encoding="utf-8")
    assert home.run("run").code == 0
    assert home.captions[name] == "Ghibli style a girl, naïve, 少女"
    assert len(home.captions) == 3


def test_a_line_that_is_none_is_named_and_nothing_is_changed(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0)
    home.run("run")
    with (home.train / "metadata.jsonl").open("a", encoding="utf-8") as file:
        file.write("not a line\n")
    before = home.everything()
    said = home.run("run")
    assert said.code == 2
    assert 'metadata.jsonl, line 2: not {"file_name": "1.jpg", "text": "..."}' in said.err
    assert home.everything() == before


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(home: Any, photos: Path) -> None:
    home.keys(2)
    before = home.everything()
    said = home.run("run", "--dry-run", "-i", photos)
    assert said.code == 0
    assert "find: 5 pictures" in said.out
    assert "filter: 5 pictures to look at" in said.out
    assert "resize: 5 pictures at the most" in said.out
    assert "keys: 2, models: 2, so slots: 4 (parallel-keys)" in said.out
    assert home.everything() == before


def test_a_dry_run_over_a_workspace_changes_no_byte_of_it(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt", "calls": (1,)}]).url)
    home.frames(0, 1)
    home.run("run")
    home.frames(2)
    before = home.everything()
    said = home.run("run", "--dry-run", "--skip-filter", "--skip-resize", "--retry-blocked", "--limit", 5)
    assert said.code == 0
    assert "filter: skipped" in said.out
    assert "resize: skipped" in said.out
    assert "caption: 1 pictures of train/ now, and what resize adds, 5 at the most" in said.out
    assert home.everything() == before


def test_a_dry_run_without_a_key_says_that_a_run_would_stop(home: Any) -> None:
    home.frames(0)
    said = home.run("run", "--dry-run")
    assert said.code == 0
    assert "no API key is set" in said.err


@pytest.mark.parametrize("command", ["run", "caption", "keys"])
def test_without_a_key_nothing_is_changed(home: Any, command: str) -> None:
    home.frames(0)
    before = home.everything()
    said = home.run(command)
    assert said.code == 2
    assert said.out == ""
    assert "no API key is set" in said.err
    assert "`ghibli-prep init`" in said.err
    assert home.everything() == before


@pytest.mark.parametrize("command", ["run", "filter", "resize"])
def test_without_pictures_nothing_is_changed(home: Any, command: str) -> None:
    home.keys()
    (home.folder / "empty").mkdir()
    (home.folder / "empty" / "notes.txt").write_text("no picture")
    before = home.everything()
    assert "no such folder" in home.run(command).err
    assert "no such folder" in home.run(command, "-i", "nowhere").err
    said = home.run(command, "-i", "empty")
    assert said.code == 2
    assert "empty: no pictures found" in said.err
    assert home.everything() == before


def test_only_broken_pictures_are_named(home: Any) -> None:
    home.keys()
    (home.raw / "film").mkdir(parents=True)
    (home.raw / "film" / "a.png").write_bytes(b"")
    (home.raw / "film" / "b.jpg").write_text("words")
    said = home.run("run")
    assert said.code == 2
    assert "film/a.png: empty file" in said.err
    assert "film/b.jpg: not a picture" in said.err


def test_a_mistyped_input_is_an_error_in_a_workspace_with_pictures_too(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0)
    home.run("run")
    said = home.run("run", "-i", "franes")
    assert said.code == 2
    assert "franes: no such folder" in said.err


def test_broken_pictures_are_named_and_stop_nothing(home: Any, sandbox: Any, frame: Callable[[int], bytes]) -> None:
    home.keys(1, sandbox().url)
    home.frames(1, 2)
    (home.raw / "film" / "0000.png").write_bytes(frame(0)[:900])
    (home.raw / "film" / "empty.png").touch()
    said = home.run("run")
    assert said.code == 0
    assert home.pictures == ["1.jpg", "2.jpg"]
    assert "film/0000.png: cut off" in said.err
    assert "film/empty.png: empty file" in said.err
    assert set(home.run("status", "--json").json["unreadable"]) == {"film/0000.png", "film/empty.png"}


def test_names_in_any_script_are_fine(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    for number, film in enumerate(["となりのトトロ", "Принцесса Мононоке", "فيلم", "a b'c\"d", "🎬" * 20]):
        home.frames(number, film=film)
    assert home.run("run", "--skip-filter").code == 0
    assert len(home.captions) == 5


def test_the_workspace_may_lie_inside_the_input(home: Any, sandbox: Any, frame: Callable[[int], bytes]) -> None:
    home.keys(1, sandbox().url)
    (home.folder / "one.png").write_bytes(frame(1))
    for _ in range(2):
        assert home.run("run", "-i", ".", "-w", "sets/here").code == 0
        assert sorted(file.name for file in (home.folder / "sets" / "here" / "train").iterdir()) == [
            "1.jpg",
            "metadata.jsonl",
        ]


def test_each_stage_alone_makes_the_same_dataset(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0, 1)
    assert home.run("filter").code == 0
    said = home.run("resize")
    assert said.code == 2
    assert "`ghibli-prep resize --skip-filter`" in said.err
    said = home.run("caption")
    assert said.code == 2
    assert "no pictures to caption. Run `ghibli-prep resize` first." in said.err
    said = home.run("resize", "--skip-filter")
    assert (said.code, said.out) == (0, f"{Path('data/ghibli/train')}: 2 pictures.\n")
    assert home.checkpoint.keys() >= FIELDS
    assert (home.checkpoint["last_processed"], home.checkpoint["total_images"]) == (0, 2)
    assert home.run("caption").code == 0
    assert len(home.captions) == 2


def test_stages_can_be_left_out_of_a_run(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox().url)
    home.frames(0)
    assert home.run("run", "--skip-filter").code == 0
    home.frames(1)
    assert home.run("run", "--skip-resize").code == 0
    assert home.pictures == ["1.jpg"]


def test_a_limit_captions_so_many_and_no_more(home: Any, sandbox: Any) -> None:
    api = sandbox()
    home.keys(1, api.url)
    home.frames(0, 1, 2)
    said = home.run("run", "--limit", 2, "--cleanup")
    assert said.code == 0
    assert "2 captioned, 0 blocked, 0 failed, 1 still to caption" in said.out
    assert len(api.calls) == 2
    assert home.run("run", "--limit", 0).code == 2


def test_a_blocked_picture_is_marked_and_never_asked_again_unless_the_user_says_so(home: Any, sandbox: Any) -> None:
    api = sandbox(faults=[{"kind": "blocked_prompt", "calls": (1,)}])
    home.keys(1, api.url)
    home.settings("max_in_flight = 1")
    home.frames(0, 1)
    said = home.run("run")
    assert said.code == 0
    assert "1.jpg is blocked by the provider's safety filter (PROHIBITED_CONTENT)" in said.err
    assert home.captions["1.jpg"] == BLOCKED_TEXT
    home.run("run")
    assert len(api.calls) == 2
    home.run("run", "--retry-blocked")
    assert len(api.calls) == 3
    assert home.captions["1.jpg"].startswith("Ghibli style ")


def test_a_picture_that_cannot_be_read_there_fails_and_is_asked_again_only_on_demand(home: Any, sandbox: Any) -> None:
    api = sandbox(faults=[{"kind": "unreadable_image", "calls": (1,)}])
    home.keys(1, api.url)
    home.settings("max_in_flight = 1")
    home.frames(0, 1)
    assert home.run("run").code == 0
    assert home.run("run").code == 0
    assert len(api.calls) == 2
    assert list(home.run("status", "--json").json["failed"]) == ["1"]
    home.run("caption", "--retry-blocked")
    assert len(home.captions) == 2


def test_a_failed_picture_that_got_its_caption_is_as_any_other(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(faults=[{"kind": "unreadable_image", "calls": (1,)}]).url)
    home.frames(0)
    home.run("run")
    home.run("run", "--retry-blocked")
    (home.train / "metadata.jsonl").write_text("")
    home.run("run")
    assert len(home.captions) == 1


def test_run_chains_cleanup_once_nothing_is_pending(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt", "calls": (2,)}]).url)
    home.settings("max_in_flight = 1")
    home.frames(0, 1, 2)
    assert home.run("run", "--cleanup").code == 0
    assert home.pictures == ["1.jpg", "3.jpg"]
    assert sorted(home.captions) == home.pictures
    assert home.checkpoint["total_images"] == 2


def test_waiting_sleeps_through_a_service_that_is_down(home: Any, sandbox: Any) -> None:
    home.keys(1, sandbox(best={}, faults=[{"kind": "503", "calls": (1, 2, 3)}]).url)
    home.settings()
    home.frames(0)
    (home.folder / "ghibli.toml").write_text(
        (home.folder / "ghibli.toml").read_text().replace('["best", "next"]', '["best"]')
    )
    said = home.run("run", "--wait")
    assert said.code == 0
    assert "the service is down: waiting until" in said.err
    assert len(home.captions) == 1
