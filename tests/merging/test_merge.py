"""`ghibli-prep merge`, as a user types it."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ghibli_prep import meanings
from ghibli_prep.dividing import moments
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.films import FilmFacts, Shot

ROOMY = """
[filter]
detector = "none"
[resize]
size = 32
[caption]
backend = "sandbox"
[caption.rules]
min_words = 2
[split]
bits = 8
run_bits = 8
[dedupe]
at = 1.0
"""


def looked(root: Path) -> Workspace:
    return Workspace(root, lambda file: file.name)


def dataset(home: Any, name: str, *films: tuple[str, list[int]]) -> Path:
    """A workspace of ours, of frames of films."""
    for film, numbers in films:
        folder = home.folder / name / "raw" / film
        folder.mkdir(parents=True, exist_ok=True)
        for number in numbers:
            (folder / f"{number}.png").write_bytes(home.picture(number, side=48, kind="PNG"))
    assert home.run("run", "-w", name).code == 0
    return Path(home.folder / name)


@pytest.fixture
def user(home: Any, picture: Any) -> Any:
    home.settings(text=ROOMY)
    home.picture = picture
    return home


@pytest.fixture
def three(user: Any, kohya: Any, picture: Any) -> tuple[Path, Path, Path]:
    """Two workspaces with a frame in common, and a folder of kohya with a copy of it saved anew, and a bad file."""
    one = dataset(user, "one", ("Totoro", [0, 1, 2]))
    two = dataset(user, "two", ("Totoro", [3, 4]), ("Ponyo", [1]))
    pictures = {
        "10_girl/a.png": (picture(5, side=64, kind="PNG"), "ghibli style, a coin"),
        "10_girl/b.jpg": (picture(2, side=40), "another caption"),
        "bad.webp": (b"none", "words"),
    }
    return one, two, kohya("kohya", pictures)


def test_several_datasets_become_one_and_the_sources_stay_as_they_are(
    user: Any, three: tuple[Path, Path, Path], everything: Any
) -> None:
    before = everything(*three)
    said = user.run("merge", *three, "--into", "all")
    assert said.code == 3
    assert everything(*three) == before
    assert said.out.splitlines() == [
        "one: 3 taken.",
        "two: 2 taken, 1 the same picture.",
        "kohya: 1 taken, 1 nearly the same picture, 1 left out.",
        "Resized to 32 x 32: 1.",
        f"{Path('all/train')}: 6 pictures.",
    ]
    assert "kohya/bad.webp: not a picture; left out" in said.err
    assert "two/train/1.jpg: the same picture as one/train/2.jpg; left out" in said.err
    assert "kohya/10_girl/b.jpg: nearly the same picture as one/train/3.jpg; left out" in said.err
    assert "1 line or picture of the sources left out" in said.err
    one, two = looked(three[0]).captions, looked(three[1]).captions
    merged = looked(user.folder / "all")
    assert merged.captions == {1: one[1], 2: one[2], 3: one[3], 4: two[2], 5: two[3], 6: "ghibli style, a coin"}
    for number, source in enumerate(["one/train/1", "one/train/2", "one/train/3", "two/train/2", "two/train/3"], 1):
        assert merged.file(number).read_bytes() == (user.folder / f"{source}.jpg").read_bytes()
        assert merged.file(number).stat().st_nlink == 1
    with Image.open(merged.file(6)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (32, 32))
    lines = (user.folder / "all" / "train" / "metadata.jsonl").read_text("utf-8").splitlines()
    assert [list(json.loads(line)) for line in lines] == [["file_name", "text"]] * 6


def test_each_origin_is_kept_with_who_made_its_caption(user: Any, three: tuple[Path, Path, Path]) -> None:
    user.run("merge", *three, "--into", "all")
    merged, two = looked(user.folder / "all"), looked(three[1])
    origins = merged.merged().origins
    assert [(origin.dataset, origin.file, origin.source) for origin in origins.values()] == [
        ("one", "train/1.jpg", "Totoro/0.png"),
        ("one", "train/2.jpg", "Totoro/1.png"),
        ("one", "train/3.jpg", "Totoro/2.png"),
        ("two", "train/2.jpg", "Totoro/3.png"),
        ("two", "train/3.jpg", "Totoro/4.png"),
        ("kohya", "10_girl/a.png", ""),
    ]
    assert merged.facts.sources[4] == "Totoro (two)/3.png"
    assert merged.facts.sources[6] == "kohya/10_girl/a.png"
    made, before = merged.provenance(), two.provenance()
    assert made.keys() == {1, 2, 3, 4, 5}
    assert (made[4].text, made[4].model, made[4].time) == (before[2].text, before[2].model, before[2].time)
    folders = [merged.merged().folders[name] for name in ("one", "two")]
    assert folders == ["../one", "../two"]


def test_pictures_are_chosen_by_the_dataset_they_came_from(user: Any, three: tuple[Path, Path, Path]) -> None:
    user.run("merge", *three, "--into", "all")
    said = user.run("recaption", "-w", "all", "--where", "dataset=two", "--where", "film=Totoro (two)", "--dry-run")
    assert re.findall(r"^  (\d+)\.jpg", said.out, re.MULTILINE) == ["4", "5"]
    said = user.run("recaption", "-w", "all", "--where", "dataset!=one", "--dry-run")
    assert re.findall(r"^  (\d+)\.jpg", said.out, re.MULTILINE) == ["4", "5", "6"]


def test_the_same_command_again_changes_nothing(user: Any, three: tuple[Path, Path, Path], everything: Any) -> None:
    user.run("merge", *three, "--into", "all")
    keep = ("checkpoint.json", "run.log")
    before = {name: held for name, held in everything(user.folder / "all").items() if not name.endswith(keep)}
    said = user.run("merge", *three, "--into", "all")
    assert said.code == 3
    assert "one: 0 taken, 3 here already." in said.out
    after = {name: held for name, held in everything(user.folder / "all").items() if not name.endswith(keep)}
    assert after == before


def test_what_is_new_in_a_source_comes_behind_and_no_number_changes(
    user: Any, three: tuple[Path, Path, Path], picture: Any
) -> None:
    user.run("merge", *three, "--into", "all")
    before = looked(user.folder / "all").captions
    (three[2] / "10_girl" / "0.jpg").write_bytes(picture(10))
    (three[2] / "10_girl" / "0.txt").write_text("something new")
    (three[0] / "raw" / "Totoro" / "11.png").write_bytes(picture(11, side=48, kind="PNG"))
    user.run("run", "-w", "one")
    user.run("merge", *three, "--into", "all")
    after = looked(user.folder / "all").captions
    assert after == {**before, 7: looked(three[0]).captions[4], 8: "something new"}


def test_a_workspace_that_is_there_keeps_its_own_pictures_first(user: Any, kohya: Any, picture: Any) -> None:
    here = dataset(user, "here", ("Totoro", [0, 1]))
    before = looked(here).captions
    copy = (here / "train" / "2.jpg").read_bytes()
    pictures = {"a.jpg": (copy, "a caption of its own"), "b.jpg": (picture(2), "new"), "c.jpg": (picture(3), before[1])}
    said = user.run("merge", kohya("k", pictures), "--into", here)
    assert said.code == 0
    assert looked(here).captions == {**before, 3: "new"}
    assert "k/a.jpg: the same picture as train/2.jpg; left out" in said.err
    assert "k/c.jpg: the same caption as train/1.jpg; left out" in said.err


def test_without_dedupe_only_the_same_picture_goes(user: Any, kohya: Any, picture: Any) -> None:
    pictures = {
        "a.jpg": (picture(0), "words"),
        "b.jpg": (picture(0), "others"),
        "c.jpg": (picture(0, side=40), "more"),
        "d.jpg": (picture(1), "Words."),
    }
    folder = kohya("k", pictures)
    user.run("merge", folder, "--into", "every", "--no-dedupe")
    assert list(looked(user.folder / "every").captions.values()) == ["words", "more", "Words."]
    user.run("merge", folder, "--into", "pictures", "--pictures-only")
    assert list(looked(user.folder / "pictures").captions.values()) == ["words", "Words."]
    user.run("merge", folder, "--into", "both")
    assert list(looked(user.folder / "both").captions.values()) == ["words"]


def test_a_copy_that_was_left_out_stays_out_until_the_settings_say_otherwise(
    user: Any, kohya: Any, picture: Any
) -> None:
    folder = kohya("k", {"a.jpg": (picture(0), "words"), "b.jpg": (picture(0, side=40), "others")})
    user.run("merge", folder, "--into", "all")
    assert [(left.file, left.of) for left in looked(user.folder / "all").merged().left.values()] == [
        ("b.jpg", "k/a.jpg")
    ]
    (user.folder / "all" / "train" / "1.jpg").unlink()
    (folder / "a.jpg").unlink()
    said = user.run("merge", folder, "--into", "all")
    assert "k/b.jpg: nearly the same picture as k/a.jpg; left out" in said.err
    user.settings(text=ROOMY.replace("[resize]", "[filter.duplicate]\ndrop = 0.001\n[resize]"))
    assert user.run("merge", folder, "--into", "all").code == 0
    assert looked(user.folder / "all").captions == {1: "words", 2: "others"}


MEANT = {
    "a.jpg": (0, "ghibli style, a young girl with short brown hair stands in a green meadow under a blue sky"),
    "b.jpg": (1, "ghibli style, a girl with short brown hair is standing in a green meadow, the sky is blue"),
    "c.jpg": (2, "ghibli style, an old steam train crosses a stone bridge at night, its windows lit"),
}


def test_captions_that_mean_the_same_go_where_the_model_is_installed(user: Any, kohya: Any, picture: Any) -> None:
    if not meanings.installed():
        pytest.skip("the extra text is not installed")
    user.settings(text=ROOMY.replace("at = 1.0", "at = 0.75"))
    folder = kohya("k", {at: (picture(number), text) for at, (number, text) in MEANT.items()})
    for _ in range(2):
        said = user.run("merge", folder, "--into", "all")
        assert said.code == 0
        assert re.search(r"k/b\.jpg: a like caption \(cosine 0\.[89]\d\) as k/a\.jpg; left out", said.err)
        assert "Left out for what their captions mean: 1 (cosine 0.75 or more)." in said.out
        assert looked(user.folder / "all").captions == {1: MEANT["a.jpg"][1], 2: MEANT["c.jpg"][1]}
    said = user.run("merge", folder, "--into", "all", "--exact-captions")
    assert looked(user.folder / "all").captions[3] == MEANT["b.jpg"][1]


def test_without_the_model_captions_are_compared_by_their_words_and_the_user_is_told(
    user: Any, kohya: Any, picture: Any
) -> None:
    if meanings.installed():
        pytest.skip("the extra text is installed")
    pictures = {at: (picture(number), text) for at, (number, text) in MEANT.items()}
    folder = kohya("k", {**pictures, "d.jpg": (picture(3), MEANT["a.jpg"][1].upper())})
    said = user.run("merge", folder, "--into", "all")
    assert "Captions are compared word for word" in said.err
    assert 'pip install "ghibli-prep[text]"' in said.err
    assert len(looked(user.folder / "all").captions) == 3
    assert "word for word" not in user.run("merge", folder, "--into", "all", "--exact-captions").err


def test_a_dry_run_says_what_would_be_done_and_makes_nothing(user: Any, three: tuple[Path, Path, Path]) -> None:
    said = user.run("merge", *three, "--into", "all", "--dry-run")
    assert said.code == 3
    assert "two: 2 to be taken, 1 the same picture." in said.out
    assert "Nothing was changed." in said.out
    assert not (user.folder / "all").exists()


def test_json_names_everything_that_was_left_out(user: Any, three: tuple[Path, Path, Path]) -> None:
    found = user.run("merge", *three, "--into", "all", "--json").json
    assert found["pictures"] == 6
    assert found["taken"] == {"one": 3, "two": 2, "kohya": 1}
    assert (found["resized"], found["enlarged"], found["dry_run"]) == (1, 0, False)
    assert found["left_out"] == [{"dataset": "kohya", "file": "bad.webp", "reason": "not a picture"}]
    assert [(copy["file"], copy["of"], copy["how"]) for copy in found["copies"]] == [
        ("train/1.jpg", "one/train/2.jpg", "the same picture"),
        ("10_girl/b.jpg", "one/train/3.jpg", "nearly the same picture"),
    ]
    assert 0 < found["copies"][1]["value"] < 0.55


def test_many_are_not_all_shown_but_all_are_in_the_log(user: Any, kohya: Any, picture: Any) -> None:
    pictures = {f"{at:02}.jpg": (b"none", "words") for at in range(25)}
    said = user.run("merge", kohya("k", {**pictures, "a.jpg": (picture(0), "words")}), "--into", "all")
    assert said.err.count("not a picture; left out") == 20
    assert "... and 5 more" in said.err
    assert (user.folder / "all" / ".ghibli-prep" / "run.log").read_text().count("not a picture; left out") == 25


def test_small_pictures_are_enlarged_and_counted(user: Any, kohya: Any, picture: Any) -> None:
    said = user.run("merge", kohya("k", {"a.png": (picture(0, side=20, kind="PNG"), "words")}), "--into", "all")
    assert "Resized to 32 x 32: 1, 1 of these enlarged." in said.out
    with Image.open(user.folder / "all" / "train" / "1.jpg") as image:
        assert image.size == (32, 32)


def test_a_deleted_line_stays_deleted_and_a_deleted_picture_comes_back(
    user: Any, three: tuple[Path, Path, Path]
) -> None:
    user.run("merge", *three, "--into", "all")
    train = user.folder / "all" / "train"
    content = (train / "2.jpg").read_bytes()
    lines = (train / "metadata.jsonl").read_text("utf-8").splitlines(keepends=True)
    (train / "metadata.jsonl").write_text("".join(line for line in lines if '"1.jpg"' not in line), "utf-8")
    (train / "2.jpg").unlink()
    said = user.run("merge", *three, "--into", "all")
    assert "one: 1 taken, 2 here already." in said.out
    assert (train / "2.jpg").read_bytes() == content
    assert looked(user.folder / "all").pending() == [1]


def test_the_merged_dataset_works_in_every_other_command(user: Any, three: tuple[Path, Path, Path]) -> None:
    user.run("merge", *three, "--into", "all")
    train = user.folder / "all" / "train"
    said = user.run("validate", "-w", "all", "--json").json
    assert {problem["check"] for problem in said["problems"]} == {"trigger"}
    assert {problem["line"] for problem in said["problems"]} == {6}
    assert user.run("split", "-w", "all", "--validation", "40%").code == 0
    assert user.run("report", "-w", "all").code == 0
    assert user.run("status", "-w", "all", "--json").json["captioned"] == 6
    assert user.run("stats", "-w", "all").code == 0
    assert user.run("drop", "-w", "all", train / "1.jpg", train / "6.jpg").code == 0
    assert user.run("keep", "-w", "all", train / "1.jpg").code == 0
    assert user.run("cleanup", "-w", "all", "--yes").code == 0
    assert not (train / "6.jpg").exists()
    assert "kohya: 0 taken, 1 here already" in user.run("merge", *three, "--into", "all").out
    assert not (train / "6.jpg").exists()
    lines = (train / "metadata.jsonl").read_text("utf-8").splitlines(keepends=True)
    (train / "metadata.jsonl").write_text("".join(lines[1:]), "utf-8")
    assert user.run("caption", "-w", "all").code == 0
    assert user.run("run", "-w", "all").code == 0
    assert looked(user.folder / "all").pictures() == [1, 2, 3, 4, 5]
    assert not looked(user.folder / "all").pending()


def test_a_merged_dataset_can_itself_be_merged(user: Any, three: tuple[Path, Path, Path], kohya: Any) -> None:
    user.run("merge", *three, "--into", "all")
    more = kohya("more", {"x.png": (user.picture(12, kind="PNG"), "more of it")})
    assert user.run("merge", "all", more, three[0], "--into", "again").code == 0
    first, second = looked(user.folder / "all"), looked(user.folder / "again")
    assert second.captions == {**first.captions, 7: "more of it"}
    assert second.facts.sources[4] == "Totoro (two)/3.png"
    assert second.merged().origins[4].frame == first.merged().origins[4].frame


def take_from_film(root: Path, film: str, folder: str, times: dict[str, float], cuts: tuple[float, ...]) -> None:
    """Say that frames in `raw/<folder>/` were extracted from a film."""
    with Workspace(root, lambda file: file.name) as held:
        films = held.films()
        films.begin(FilmFacts(film, f"{folder}.mkv", folder, {}))
        films.scenes(film, cuts)
        for name, time in times.items():
            films.shot(film, Shot(time, f"{folder}/{name}", time, 0, ""), None)


def test_scenes_of_one_film_stay_together_from_whatever_dataset_they_come(user: Any) -> None:
    one = dataset(user, "one", ("Totoro", [0, 1]))
    two = dataset(user, "two", ("Neighbour", [2, 3]), ("Totoro", [4, 5]))
    take_from_film(one, "sha of totoro", "Totoro", {"0.png": 10.0, "1.png": 50.0}, (30.0, 60.0))
    take_from_film(two, "sha of totoro", "Neighbour", {"2.png": 12.0, "3.png": 70.0}, (60.0,))
    take_from_film(two, "sha of another", "Totoro", {"4.png": 10.0, "5.png": 11.0}, (5.0,))
    assert user.run("merge", one, two, "--into", "all").code == 0
    merged = looked(user.folder / "all")
    assert list(merged.facts.sources.values()) == [
        "Totoro/0.png", "Totoro/1.png", "Totoro/2.png", "Totoro/3.png", "Totoro (two)/4.png", "Totoro (two)/5.png",
    ]  # fmt: skip
    assert [scene for _, scene in moments(merged, merged.facts.sources).values()] == [0, 1, 0, 2, 1, 1]
    for seed in range(8):
        said = user.run("split", "-w", "all", "--validation", "35%", "--json", "--seed", seed).json
        inside = set(said["validation_numbers"])
        assert len({1, 3} & inside) in (0, 2)
        assert len({5, 6} & inside) in (0, 2)
        assert said["groups"] == 4


def test_frames_of_a_film_that_the_workspace_has_are_counted_into_its_scenes(user: Any) -> None:
    here, other = dataset(user, "here", ("Totoro", [0, 1])), dataset(user, "other", ("Film", [2, 3]))
    take_from_film(here, "sha of totoro", "Totoro", {"0.png": 10.0, "1.png": 50.0}, (30.0,))
    take_from_film(other, "sha of totoro", "Film", {"2.png": 40.0, "3.png": 5.0}, ())
    assert user.run("merge", other, "--into", here).code == 0
    merged = looked(here)
    assert list(merged.facts.sources.values()) == ["Totoro/0.png", "Totoro/1.png", "Totoro/2.png", "Totoro/3.png"]
    shown = moments(merged, merged.facts.sources)
    assert list(shown.values()) == [(10.0, 0), (50.0, 1), (40.0, 1), (5.0, 0)]


PEOPLE = """
[filter]
detector = "mediapipe"
[filter.mediapipe]
person_model = "off"
[resize]
size = 100
fit = "people"
"""


def test_fit_people_cuts_where_they_are(user: Any, kohya: Any, photos: Path) -> None:
    pytest.importorskip("mediapipe", reason="the mediapipe extra is not installed")
    wide = Image.new("RGB", (1600, 512), (128, 128, 128))
    with Image.open(photos / "astronaut.png") as astronaut:
        wide.paste(astronaut.convert("RGB"), (1600 - 512, 0))
    file = io.BytesIO()
    wide.save(file, "PNG")
    user.settings(text=PEOPLE)
    folder = kohya("k", {"a.png": (file.getvalue(), "words")})
    said = user.run("merge", folder, "--into", "all", "--exact-captions")
    assert said.code == 0, said.err
    with Image.open(user.folder / "all" / "train" / "1.jpg") as made:
        plain = np.count_nonzero((abs(np.asarray(made).astype(int) - 128) < 10).all(axis=2))
    assert plain < 4000  # in the middle, all of its 10,000 pixels would be grey


def test_what_cannot_be_merged_changes_nothing(user: Any, kohya: Any, picture: Any, everything: Any) -> None:
    folder = kohya("k", {"a.jpg": (picture(0), "words")})
    (user.folder / "other").mkdir()
    (user.folder / "other" / "thesis.odt").write_text("mine")
    before = everything(user.folder, folder)
    for arguments, why in (
        (("nowhere", "--into", "all"), "no such folder"),
        (("other", "--into", "all"), "no dataset"),
        ((folder, "--into", folder), "no source may be changed"),
        ((folder, "--into", folder / "all"), "no source may be changed"),
        ((folder, "--into", folder.parent), "no source may be changed"),
        ((folder, "--into", "other"), "holds other things and is no workspace"),
        ((folder,), "--into"),
    ):
        said = user.run("merge", *arguments)
        assert said.code == 2
        assert why in said.err
    assert everything(user.folder, folder) == before


def test_a_dataset_folder_is_not_merged_into(user: Any, kohya: Any, imagefolder: Any, picture: Any) -> None:
    into = imagefolder("hf", {"1.jpg": picture(1)}, [{"file_name": "1.jpg", "text": "one"}])
    said = user.run("merge", kohya("k", {"a.jpg": (picture(0), "words")}), "--into", into)
    assert said.code == 2
    assert "has a metadata.jsonl of its own" in said.err


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Any]:
    """Makes folders read-only: by permissions, and, as root does not heed those, by a mount; skips without either."""
    mounted, changed = [], []

    def make(*folders: Path) -> None:
        for folder in folders:
            if os.geteuid() == 0:
                bound = subprocess.run(
                    ["mount", "--bind", str(folder), str(folder)], capture_output=True, check=False
                ).returncode
                mounted.extend([folder] if not bound else [])
                again = ["mount", "-o", "remount,ro,bind", str(folder)]
                if bound or subprocess.run(again, capture_output=True, check=False).returncode:
                    pytest.skip("nothing can be mounted here")
            else:
                changed.extend([folder, *folder.rglob("*")])
        for path in changed:
            path.chmod(0o555 if path.is_dir() else 0o444)

    yield make
    for folder in mounted:
        subprocess.run(["umount", str(folder)], check=True)
    for path in changed:
        path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.skipif(os.name == "nt", reason="other permissions on Windows")
def test_sources_that_may_only_be_read_are_read(user: Any, three: tuple[Path, Path, Path], read_only: Any) -> None:
    read_only(*three)
    with pytest.raises(OSError, match=r"Read-only|Permission"):
        (three[0] / "new").touch()
    assert user.run("merge", *three, "--into", "all").code == 3
    assert len(looked(user.folder / "all").captions) == 6


def test_a_source_named_twice_is_read_once(user: Any, kohya: Any, picture: Any) -> None:
    folder = kohya("k", {"a.jpg": (picture(0), "words")})
    said = user.run("merge", folder, f"{folder}/", folder / ".." / "k", "--into", "all")
    assert said.out.splitlines()[0] == "k: 1 taken."


def test_the_same_pixels_in_two_files_are_one_picture(user: Any, kohya: Any, picture: Any) -> None:
    image = Image.open(io.BytesIO(picture(0, side=64, kind="PNG"))).convert("RGB")
    other = io.BytesIO()
    image.save(other, "PNG", compress_level=1)
    pictures = {"a.png": (picture(0, side=64, kind="PNG"), "one"), "b.png": (other.getvalue(), "two")}
    user.run("merge", kohya("k", pictures), "--into", "all", "--no-dedupe")
    assert looked(user.folder / "all").captions == {1: "one"}


def test_a_picture_that_is_here_without_a_caption_gets_that_of_its_copy(user: Any, kohya: Any, picture: Any) -> None:
    into = user.folder / "all" / "train"
    into.mkdir(parents=True)
    for number in (1, 2, 3):
        (into / f"{number}.jpg").write_bytes(picture(number))
    lines = [{"file_name": "1.jpg", "text": "mine"}, {"file_name": "2.jpg", "text": "[BLOCKED_BY_SAFETY_FILTER]"}]
    (into / "metadata.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    folder = kohya("k", {f"{number}.jpg": (picture(number), f"caption {number}") for number in (1, 2, 3)})
    planned = user.run("merge", folder, "--into", "all", "--dry-run")
    assert "2 pictures of all had no caption and would get one." in planned.out
    assert dict(looked(user.folder / "all").captions) == {1: "mine", 2: "[BLOCKED_BY_SAFETY_FILTER]"}
    said = user.run("merge", folder, "--into", "all")
    assert said.code == 0
    assert "2 pictures of all had no caption and got one." in said.out
    assert dict(looked(user.folder / "all").captions) == {1: "mine", 2: "caption 2", 3: "caption 3"}
    assert "had no caption" not in user.run("merge", folder, "--into", "all").out


def test_a_dry_run_says_how_many_pictures_there_would_be(user: Any, kohya: Any, picture: Any) -> None:
    folder = kohya("k", {f"{number}.jpg": (picture(number), f"caption {number}") for number in (1, 2, 3)})
    said = user.run("merge", folder, "--into", "all", "--exact-captions", "--dry-run")
    assert said.out.endswith("it would be 3 pictures. Nothing was changed.\n")


def test_pictures_of_another_size_than_those_here_are_told_of(user: Any, kohya: Any, picture: Any) -> None:
    assert user.run("merge", kohya("k", {"1.jpg": (picture(1), "one")}), "--into", "all").code == 0
    user.settings(text=ROOMY.replace("size = 32", "size = 48"))
    said = user.run("merge", kohya("l", {"2.jpg": (picture(2), "two")}), "--into", "all", "--exact-captions")
    assert "pictures of 32 x 32" in said.err
    assert "[resize] size = 48" in said.err
