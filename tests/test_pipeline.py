"""The chain over a workspace: what is found, numbered in batches, and taken over from the user's hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ghibli_prep.captioning.calls import Stop
from ghibli_prep.console import Console
from ghibli_prep.errors import Stopped
from ghibli_prep.pipeline import BATCH, Pipeline
from ghibli_prep.samples import Kept, Rejected
from ghibli_prep.settings import Settings
from ghibli_prep.stages.find import hash_file
from ghibli_prep.workspace import Workspace

SMALL = Settings.model_validate({"resize": {"size": 16}})
CACHE = Path("no cache is needed")


@pytest.fixture
def pipeline(home: Any) -> Any:
    home.frames(0, 1, 2)
    with Workspace(home.workspace, hash_file) as workspace:
        yield Pipeline(workspace, home.raw, Console(), Stop())


def source_of(pipeline: Pipeline) -> dict[str, str]:
    return {found.source: identity for identity, found in pipeline.census().pictures.items()}


def test_more_pictures_than_a_batch_are_numbered_in_the_order_of_their_names(home: Any) -> None:
    home.frames(*range(BATCH + 3))
    with Workspace(home.workspace, hash_file) as workspace:
        Pipeline(workspace, home.raw, Console(), Stop()).resize(SMALL, CACHE, "all")
        assert workspace.pictures() == list(range(1, BATCH + 4))
        assert [workspace.facts.sources[n] for n in workspace.pictures()] == sorted(workspace.facts.sources.values())


def test_a_stop_keeps_what_was_resized_by_then(pipeline: Pipeline) -> None:
    pipeline.census()
    pipeline.stop.ask()
    with pytest.raises(Stopped):
        pipeline.resize(SMALL, CACHE, "all")
    assert pipeline.workspace.pictures() == [1]


def test_only_what_the_filter_kept_is_taken_or_all_that_it_did_not_drop(pipeline: Pipeline) -> None:
    ids = source_of(pipeline)
    for name, kind in (("film/0000.png", Kept), ("film/0001.png", Rejected)):
        sample = kind(ids[name], name, pipeline.source / name, "test", "reason", 0.5)
        pipeline.workspace.record(sample)
    pipeline.resize(SMALL, CACHE, "kept")
    assert list(pipeline.workspace.facts.sources.values()) == ["film/0000.png"]
    pipeline.resize(SMALL, CACHE, "not rejected")
    assert list(pipeline.workspace.facts.sources.values()) == ["film/0000.png", "film/0002.png"]
    pipeline.resize(SMALL, CACHE, "all")
    assert len(pipeline.workspace.pictures()) == 3


def test_a_dropped_picture_that_was_copied_back_is_kept_and_leaves_filtered_out(pipeline: Pipeline) -> None:
    name = "film/0001.png"
    file = pipeline.source / name
    pipeline.workspace.record(Rejected(source_of(pipeline)[name], name, file, "test", "dark", 0.1))
    shown = pipeline.workspace.rejected / "dark" / name
    assert shown.exists()
    pipeline.workspace.filtered.mkdir()
    (pipeline.workspace.filtered / "copy.png").write_bytes(shown.read_bytes())
    pipeline.overrule()
    assert not shown.exists()
    (verdict,) = pipeline.workspace.facts.verdicts.values()
    assert (verdict.kept, verdict.by, verdict.source) == (True, "user", name)


def test_a_folder_that_is_not_there_has_no_pictures(home: Any) -> None:
    with Workspace(home.workspace, hash_file) as workspace:
        assert Pipeline(workspace, Path("nowhere"), Console(), Stop()).census().pictures == {}
