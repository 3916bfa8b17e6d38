"""What is read of datasets, ours and others', and what is left out with which reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.errors import NoInput
from ghibli_prep.merging.sources import read, root_of


def said(folder: Path) -> dict[str, str]:
    return {item.at: item.text for item in read(folder, "it").items}


def test_a_folder_of_kohya_is_read_at_any_depth_with_either_ending(kohya: Any, picture: Any) -> None:
    folder = kohya("k", {"10_girl/a.png": (picture(0, kind="PNG"), " a girl\n"), "b.webp": (picture(1), None)})
    (folder / "b.caption").write_bytes(b"\xef\xbb\xbfa boat")
    assert said(folder) == {"10_girl/a.png": "a girl", "b.webp": "a boat"}


def test_what_a_folder_of_kohya_lacks_is_named(kohya: Any, picture: Any) -> None:
    folder = kohya(
        "k", {"a.jpg": (picture(0), "fine"), "b.jpg": (picture(1), None), "c.jpg": (picture(2), "  \n"),
              "d.jpg": (b"no picture", "words"), "e.jpg": (picture(3), "")}
    )  # fmt: skip
    (folder / "e.txt").write_bytes(b"caf\xe9")
    read_ = read(folder, "it")
    assert [item.at for item in read_.items] == ["a.jpg"]
    assert read_.left_out == {
        "b.jpg": "has no .txt beside it",
        "c.jpg": "c.txt is empty",
        "d.jpg": "not a picture",
        "e.jpg": "e.txt is not UTF-8",
    }


@pytest.mark.parametrize("key", ["text", "prompt", "caption"])
def test_an_image_folder_is_read_by_any_of_its_keys_in_the_order_of_its_lines(
    imagefolder: Any, picture: Any, key: str
) -> None:
    lines = [{"file_name": "sub/9.png", key: "nine", "width": 5}, {"file_name": "./1.jpg", key: "one"}]
    folder = imagefolder("hf", {"1.jpg": picture(0), "sub/9.png": picture(1, kind="PNG")}, lines)
    assert list(said(folder).items()) == [("sub/9.png", "nine"), ("1.jpg", "one")]


def test_each_part_of_an_image_folder_is_read(imagefolder: Any, picture: Any, tmp_path: Path) -> None:
    imagefolder("hf/train", {"1.jpg": picture(0)}, [{"file_name": "1.jpg", "text": "one"}])
    imagefolder("hf/test", {"1.jpg": picture(1)}, [{"file_name": "1.jpg", "text": "other"}])
    assert said(tmp_path / "hf") == {"test/1.jpg": "other", "train/1.jpg": "one"}


def test_what_is_wrong_with_a_line_is_named_and_the_rest_goes_on(imagefolder: Any, picture: Any) -> None:
    lines: list[Any] = [
        {"file_name": "1.jpg", "text": "one"},
        '{"file_name": "2.jpg", "te',
        "",
        {"file_name": "3.jpg", "text": " "},
        {"file_name": "gone.jpg", "text": "gone"},
        {"file_name": "../k/1.jpg", "text": "outside"},
        {"file_name": "C:\\1.jpg", "text": "outside"},
        {"file_name": "4.jpg", "text": 5},
        {"file_name": "5.jpg"},
        {"text": "of what?"},
        {"file_name": "1.jpg", "text": "again"},
    ]
    folder = imagefolder("hf", {f"{n}.jpg": picture(n) for n in range(1, 7)}, lines)
    read_ = read(folder, "it")
    assert [item.text for item in read_.items] == ["one"]
    assert read_.left_out == {
        "metadata.jsonl, line 2": "broken JSON: invalid control character at at column 27",
        "metadata.jsonl, line 4": "3.jpg: the caption is empty",
        "gone.jpg": "there is no such picture",
        "metadata.jsonl, line 6": "../k/1.jpg lies outside of its folder",
        "metadata.jsonl, line 7": "C:\\1.jpg lies outside of its folder",
        "metadata.jsonl, line 8": "4.jpg: 'text' is no text",
        "metadata.jsonl, line 9": "5.jpg: no caption: no key text, prompt, caption",
        "metadata.jsonl, line 10": "no file_name in it",
        "metadata.jsonl, line 11": "1.jpg has a line before",
        "2.jpg": "has no line in metadata.jsonl",
        "6.jpg": "has no line in metadata.jsonl",
    }


def test_a_folder_without_captions_is_no_dataset(kohya: Any, picture: Any, tmp_path: Path) -> None:
    with pytest.raises(NoInput, match="no dataset"):
        read(kohya("k", {"a.jpg": (picture(0), None)}), "it")
    with pytest.raises(NoInput, match="no such folder"):
        read(tmp_path / "nowhere", "it")


@pytest.fixture
def workspace(home: Any, sandbox: Any) -> Any:
    home.frames(3, 4, film="Totoro")
    home.frames(0, film="Ponyo")
    home.keys(1, sandbox().url)
    assert home.run("run").code == 0
    return home


def test_of_a_workspace_of_ours_frames_and_answers_are_known(workspace: Any) -> None:
    items = read(workspace.workspace, "it").items
    assert [item.at for item in items] == ["train/1.jpg", "train/2.jpg", "train/3.jpg"]
    assert [item.source for item in items] == ["Ponyo/0000.png", "Totoro/0003.png", "Totoro/0004.png"]
    assert {item.at: item.text for item in items} == {f"train/{at}": text for at, text in workspace.captions.items()}
    assert all(item.made is not None and item.made.model == "best" and item.made.text == item.text for item in items)
    assert len({item.frame for item in items}) == 3


def test_the_train_folder_of_a_workspace_means_the_workspace(workspace: Any, tmp_path: Path) -> None:
    assert root_of(workspace.train) == root_of(workspace.workspace)
    assert root_of(tmp_path) == tmp_path.resolve()


def test_what_was_blocked_failed_or_dropped_is_left_out_with_the_reason(home: Any, sandbox: Any) -> None:
    home.frames(*range(4))
    faults = [{"kind": "blocked_prompt", "calls": (1,)}]
    home.keys(1, sandbox(faults=faults).url)
    home.settings('strategy = "sequential"')
    home.run("run", "--limit", "3")
    assert home.run("drop", home.train / "2.jpg").code == 0
    assert read(home.workspace, "it").left_out == {
        "train/1.jpg": "is blocked by its provider",
        "train/2.jpg": "was dropped by hand there",
        "train/4.jpg": "has no line in metadata.jsonl",
    }


def test_state_that_cannot_be_read_is_named_and_the_captions_still_count(workspace: Any) -> None:
    (workspace.workspace / ".ghibli-prep" / "journal.jsonl").write_text("of another tool\n")
    read_ = read(workspace.workspace, "it")
    assert len(read_.items) == 3
    assert [item.source for item in read_.items] == [""] * 3
    assert list(read_.left_out) == [".ghibli-prep/journal.jsonl"]
    assert "not a journal of ghibli-prep" in read_.left_out[".ghibli-prep/journal.jsonl"]


def test_a_caption_that_waits_for_its_place_counts(workspace: Any) -> None:
    before = workspace.captions
    waiting = [
        {"file_name": "2.jpg", "text": "Ghibli style anew", "instead_of": before["2.jpg"]},
        {"file_name": "3.jpg", "text": "not in its place", "instead_of": "what was edited since"},
    ]
    rescued = workspace.workspace / ".ghibli-prep" / "rescued.jsonl"
    rescued.write_text("".join(json.dumps(record) + "\n" for record in waiting))
    texts = said(workspace.workspace)
    assert texts["train/2.jpg"] == "Ghibli style anew"
    assert texts["train/3.jpg"] == before["3.jpg"]


def test_what_is_blocked_by_its_provider_has_no_caption_beside_it_either(kohya: Any, picture: Any) -> None:
    folder = kohya("k", {"a.jpg": (picture(0), "[BLOCKED_BY_SAFETY_FILTER]\n"), "b.jpg": (picture(1), "a boat")})
    read_ = read(folder, "it")
    assert [item.at for item in read_.items] == ["b.jpg"]
    assert read_.left_out == {"a.jpg": "is blocked by its provider"}


def test_captions_beside_pictures_count_also_where_other_folders_have_lines(
    imagefolder: Any, kohya: Any, picture: Any
) -> None:
    imagefolder("mix/train", {"1.jpg": picture(0)}, [{"file_name": "1.jpg", "text": "one"}])
    folder = kohya("mix", {"10_b/a.png": (picture(1, kind="PNG"), "two"), "top.jpg": (picture(2), None)})
    read_ = read(folder, "it")
    assert {item.at: item.text for item in read_.items} == {"train/1.jpg": "one", "10_b/a.png": "two"}
    assert read_.left_out == {"top.jpg": "has no .txt beside it"}


def test_pictures_of_which_none_has_a_caption_are_nothing_beside_folders_with_lines(
    imagefolder: Any, kohya: Any, picture: Any
) -> None:
    imagefolder("mix/train", {"1.jpg": picture(0)}, [{"file_name": "1.jpg", "text": "one"}])
    read_ = read(kohya("mix", {"assets/logo.jpg": (picture(1), None)}), "it")
    assert [item.at for item in read_.items] == ["train/1.jpg"]
    assert read_.left_out == {}


def test_a_dataset_that_has_only_the_folder_of_our_state_is_still_read(imagefolder: Any, picture: Any) -> None:
    folder = imagefolder("hf", {"1.jpg": picture(0)}, [{"file_name": "1.jpg", "text": "one"}])
    (folder / ".ghibli-prep").mkdir()
    (folder / "train").mkdir()
    assert said(folder) == {"1.jpg": "one"}
