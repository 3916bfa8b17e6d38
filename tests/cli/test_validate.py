"""`ghibli-prep validate`: what a user sees, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def finished(home: Any, sandbox: Any) -> Any:
    """Four captioned pictures."""
    home.keys(1, sandbox().url)
    home.frames(0, 1, 2, 3)
    assert home.run("run").code == 0
    return home


def lines(home: Any) -> list[str]:
    return list((home.train / "metadata.jsonl").read_text("utf-8").splitlines(keepends=True))


def write(home: Any, *content: str) -> None:
    (home.train / "metadata.jsonl").write_bytes("".join(content).encode())


def test_what_a_run_makes_is_valid(finished: Any) -> None:
    before = finished.everything()
    said = finished.run("validate")
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("train: 4 pictures, 4 lines: 0 problems, 0 warnings.\n")
    said = finished.run("validate", "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json["ok"] is True
    assert (said.json["pictures"], said.json["lines"], said.json["problems"], said.json["counts"]) == (4, 4, [], {})
    assert finished.everything() == before


def test_problems_are_named_with_file_line_and_remedy_and_end_with_3(finished: Any) -> None:
    first, second, *others = lines(finished)
    write(finished, first, second.replace('"text"', '"caption"'), *others)
    (finished.train / "3.jpg").write_bytes((finished.train / "3.jpg").read_bytes()[:-50])
    said = finished.run("validate")
    assert said.code == 3
    assert "Problem: keys (1)\n  train/metadata.jsonl, line 2: no key 'text'; keys that do not belong" in said.out
    assert "Problem: decodes (1)\n  train/3.jpg: is cut off: the file ends too early\n    -> Delete it" in said.out
    assert said.err == "2 problems found.\n"
    said = finished.run("validate", "--json")
    assert said.code == 3
    assert said.json["ok"] is False
    assert said.json["counts"] == {"decodes": 1, "keys": 1}
    (problem,) = [problem for problem in said.json["problems"] if problem["check"] == "keys"]
    assert (problem["file"], problem["line"], problem["fixable"]) == ("train/metadata.jsonl", 2, False)
    assert problem["remedy"]


def test_fix_mends_and_says_what_remains(finished: Any) -> None:
    good = lines(finished)
    write(finished, "\ufeff", *[line.replace("\n", "\r\n") for line in good], "\n", "not JSON\n")
    said = finished.run("validate")
    assert said.code == 3
    assert "`ghibli-prep validate --fix` mends 6 of them." in said.err
    said = finished.run("validate", "--fix")
    assert said.code == 3
    assert said.out.startswith("Mended: blank-line 1, bom 1, crlf 4.\n")
    assert said.err == "1 problem found.\n"
    assert lines(finished) == [*good, "not JSON\n"]
    write(finished, *good)
    said = finished.run("validate", "--fix", "--json")
    assert (said.code, said.json["fixed"], said.json["problems"]) == (0, {}, [])


def test_fix_moves_copies_to_removed_and_cleanup_brings_them_back(finished: Any) -> None:
    good = lines(finished)
    (finished.train / "4.jpg").write_bytes((finished.train / "2.jpg").read_bytes())
    assert "validate --fix` mends 1 of them" in finished.run("validate").err
    said = finished.run("validate", "--fix")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Mended: exact-copy 1.\n")
    assert said.out.endswith("3 pictures, 3 lines: 0 problems, 0 warnings.\n")
    assert finished.run("cleanup", "--restore").code == 0
    assert sorted(lines(finished)) == sorted(good)


def test_many_problems_of_one_kind_are_counted_in_words_and_all_in_json(finished: Any) -> None:
    write(finished, *lines(finished), *["\n"] * 25)
    said = finished.run("validate")
    assert said.out.count("a blank line") == 10
    assert "  ... and 15 more: --json names them all\n" in said.out
    assert len(finished.run("validate", "--json").json["problems"]) == 25


def test_warnings_are_told_and_end_with_0(finished: Any) -> None:
    finished.settings("[caption.rules]\nclip_tokens = 5")
    said = finished.run("validate")
    assert (said.code, said.err) == (0, "")
    assert "Warning: clip-tokens (4)\n" in said.out
    assert said.out.endswith("0 problems, 4 warnings.\n")
    now = finished.run("validate", "--json").json
    assert (now["ok"], len(now["warnings"]), now["counts"]) == (True, 4, {"clip-tokens": 4})


def test_any_folder_with_pictures_and_captions_can_be_named(finished: Any) -> None:
    assert finished.run("validate", finished.train).code == 0
    assert finished.run("validate", finished.workspace).code == 0
    assert finished.run("validate", "-w", finished.train, "--json").json["workspace"] == str(finished.train)
    said = finished.run("validate", finished.train, "--fix")
    assert said.code == 2
    assert "--fix mends workspaces" in said.err


def test_a_folder_without_a_dataset_is_a_mistake(home: Any) -> None:
    said = home.run("validate")
    assert (said.code, said.out) == (2, "")
    assert "no such folder" in said.err
    assert not home.workspace.exists()
    assert home.run("validate", home.folder).code == 2


def test_it_looks_while_a_run_holds_the_workspace_and_mends_only_after(finished: Any) -> None:
    from ghibli_prep.stages.find import hash_file
    from ghibli_prep.workspace import Workspace

    with Workspace(finished.workspace, hash_file):
        assert finished.run("validate").code == 0
        assert finished.run("validate", "--fix").code == 4


def test_the_demo_ends_in_a_valid_dataset(home: Any) -> None:
    assert home.run("demo", "-w", "shown").code == 0
    home.settings(text="")  # the demo's pictures are of the default size
    assert home.run("validate", "shown").code == 0


@pytest.fixture
def large(home: Any) -> Any:
    """More pictures than are looked at in one process, and not two alike."""
    from hashlib import shake_256

    from PIL import Image

    home.train.mkdir(parents=True)
    content = []
    for number in range(1, 401):
        tiny = Image.frombytes("RGB", (8, 8), shake_256(str(number).encode()).digest(192))
        tiny.resize((32, 32)).save(home.train / f"{number}.jpg")
        text = f"Ghibli style a girl with {number} red flowers and the long hair of a princess stands in a garden "
        text += f"near the old house number {number} under a bright sky"
        content.append(json.dumps({"file_name": f"{number}.jpg", "text": text}) + "\n")
    write(home, *content)
    return home


def test_many_pictures_are_looked_at_by_several_processes(large: Any) -> None:
    assert large.run("validate").code == 0
    (large.train / "399.jpg").write_bytes(b"x")
    (large.train / "400.jpg").write_bytes((large.train / "1.jpg").read_bytes())
    content = lines(large)
    write(large, *content[:4], content[4].replace("a girl", "Totoro"), *content[5:])
    found = large.run("validate", "--json").json["problems"]
    assert [(problem["check"], problem["file"], problem["line"]) for problem in found] == [
        ("names", "train/metadata.jsonl", 5),
        ("decodes", "train/399.jpg", None),
        ("exact-copy", "train/400.jpg", None),
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to signal")
@pytest.mark.parametrize("after", [0.2, 0.6, 1.2])
def test_ctrl_c_ends_it_and_all_its_processes_without_a_word_too_many(large: Any, after: float) -> None:
    process = large.start("validate", "--json")
    time.sleep(after)
    os.killpg(process.pid, signal.SIGINT)
    said = large.end(process)  # waits for the last one that could still write
    assert said.code in (-signal.SIGINT, 0, 1, 130)  # it was before its beginning, or after its end
    assert "spawn" not in said.err
    assert "ghibli_prep/validating" not in said.err


@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
def test_its_processes_end_when_it_is_killed(large: Any) -> None:
    process = large.start("validate", "--json")
    time.sleep(1)
    process.kill()
    large.end(process)  # waits for the last one that could still write


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="finds its processes in /proc")
def test_a_worker_that_is_ended_from_outside_is_told_in_words(large: Any) -> None:
    process = large.start("validate")
    while process.poll() is None:
        for pid in (folder.name for folder in Path("/proc").iterdir() if folder.name.isdecimal()):
            with contextlib.suppress(OSError):  # it is gone already
                of = Path("/proc", pid)
                if (
                    f"PPid:\t{process.pid}\n" in (of / "status").read_text()
                    and b"spawn_main" in (of / "cmdline").read_bytes()
                ):
                    os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)
    said = large.end(process)
    assert said.code == 2
    assert "memory may have run out" in said.err
    assert "Traceback" not in said.err
