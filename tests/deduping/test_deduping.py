"""Which pictures go for what their captions say: the rules beyond what a user types in `tests/cli/test_dedupe.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ghibli_prep import meanings
from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.deduping import Deduping, Found, Gone, as_before
from ghibli_prep.deduping.embedding import after
from ghibli_prep.deduping.words import in_words, line
from ghibli_prep.errors import Stopped
from ghibli_prep.samples import KEPT_IN_DATASET, Captioned, Kept, Rendered
from ghibli_prep.settings import Settings
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.vectors import Vectors

pytestmark = pytest.mark.skipif(not meanings.installed(), reason="the text extra is not installed")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Workspace]:
    with Workspace(tmp_path / "w", hash_file) as workspace:
        yield workspace


def fill(workspace: Workspace, angles: Mapping[int, float], lengths: Mapping[int, int]) -> None:
    """Pictures whose captions' vectors lie on a circle, at these angles; the captions have these lengths."""
    made = []
    for number in angles:
        file = workspace.staging / f"{number}.jpg"
        file.write_bytes(b"%d" % number)
        made.append(Rendered(f"frame {number}", f"film/{number}.png", file))
    workspace.number(made)
    vectors = {}
    for number, angle in angles.items():
        text = f"{number} ".ljust(lengths[number], "x")
        workspace.record(Captioned(number, text))
        vectors[text] = np.zeros(meanings.WIDTH, np.float32)
        vectors[text][:2] = np.cos(angle), np.sin(angle)
    Vectors(workspace.state / "meanings.bin", meanings.MODEL, meanings.WIDTH, writable=True).note(vectors)


def look(workspace: Workspace, **chosen: object) -> Found:
    return Deduping(workspace, Settings.model_validate({"dedupe": chosen}), Console(), Stop()).among()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(10, 15)), max_size=14), st.sets(st.integers(1, 14)))
def test_what_goes_is_like_something_preferred_that_stays_and_no_two_that_stay_are_alike(
    tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, int]], named: set[int]
) -> None:
    angles = {number: angle / 20 for number, (angle, _) in enumerate(made, start=1)}
    lengths = {number: length for number, (_, length) in enumerate(made, start=1)}
    named &= angles.keys()
    with Workspace(tmp_path_factory.mktemp("w"), hash_file) as workspace:
        fill(workspace, angles, lengths)
        for number in named:
            file = workspace.file(number)
            workspace.record(Kept(f"frame {number}", f"film/{number}.png", file, "user", KEPT_IN_DATASET, 1.0))
        found = look(workspace, at=0.99, keep="longest")
        gone = {each.number: each for each in found.gone}
        assert not gone.keys() & named
        for each in gone.values():
            assert each.of_number is not None
            assert each.of_number not in gone
            assert each.cosine >= 0.99
            assert each.of_number in named or (-lengths[each.of_number], each.of_number) < (
                -lengths[each.number],
                each.number,
            )
        stay = [number for number in angles if number not in gone]
        for one in stay:
            for other in stay:
                if one < other and not {one, other} <= named:
                    assert np.cos(angles[one] - angles[other]) < 0.99
        workspace.take_out([each.removed for each in found.gone])
        assert workspace.pictures() == stay
        assert look(workspace, at=0.99, keep="longest").gone == []


def test_stopped_in_between_nothing_went_and_what_was_embedded_is_not_embedded_again(held: Workspace) -> None:
    fill(held, {}, {})
    made = []
    for number in range(1, 4):
        (held.staging / f"{number}.jpg").write_bytes(b"%d" % number)
        made.append(Rendered(f"frame {number}", "", held.staging / f"{number}.jpg"))
    held.number(made)
    for number in range(1, 4):
        held.record(Captioned(number, "a cat sleeps on a red cushion"))
    stop = Stop()
    stop.ask()
    with pytest.raises(Stopped, match="Nothing was taken out"):
        Deduping(held, Settings(), Console(), stop).among()
    assert held.pictures() == [1, 2, 3]
    assert [each.number for each in look(held).gone] == [2, 3]
    known = Vectors(held.state / "meanings.bin", meanings.MODEL, meanings.WIDTH, writable=False)
    assert known.known("a cat sleeps on a red cushion")
    stop = Stop()
    assert [each.number for each in Deduping(held, Settings(), Console(), stop).among().gone] == [2, 3]


def test_what_was_edited_meanwhile_stays_for_another_look() -> None:
    gone = [
        Gone(2, "1.jpg", 1, 0.9, "b", "a"),
        Gone(3, "1.jpg", 1, 0.9, "c", "a"),
        Gone(4, "other/1.jpg", None, 0.9, "d", "z"),
        Gone(5, "6.jpg", 6, 0.9, "e", "f"),
        Gone(7, "6.jpg", 6, 0.9, "g", "f"),
    ]
    now = {1: "a", 2: "b", 3: "written anew", 4: "d", 5: "e", 7: "g"}
    assert [each.number for each in as_before(gone, now)] == [2, 4]


def test_a_line_shows_how_alike_and_the_beginning_of_long_captions(held: Workspace) -> None:
    assert (
        line(Gone(12, "7.jpg", 7, 0.834, "a cat", "b" * 200))
        == f'12.jpg goes: 0.83 like 7.jpg: "a cat" / "{"b" * 97}..."'
    )
    words = in_words(Found(9, None, [], 0), held, 0.75, dry_run=False, left=2)
    assert words == "2 were edited meanwhile and stay: run the same command again to compare them anew."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ghibli style a cat", "a cat"),
        ("ghibli Style, a cat", "a cat"),
        ("A cat in Ghibli style", "A cat in Ghibli style"),
        ("Ghibli style", "Ghibli style"),
        ("", ""),
    ],
)
def test_without_the_trigger_what_follows_it_is_compared(text: str, said: str) -> None:
    assert after(text, "Ghibli style") == said
    assert after(text, "") == text
