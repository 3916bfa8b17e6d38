"""The commands that move what a dataset has: clean up, put back, split, merge, take out what is said twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghibli_prep import report
from ghibli_prep.errors import ProblemsFound, Stopped, UsageError
from ghibli_prep.pipeline import removable
from ghibli_prep.session import Session
from ghibli_prep.workspace import Workspace

if TYPE_CHECKING:
    from ghibli_prep.deduping import Found
    from ghibli_prep.merging import By, Outcome


def cleanup(session: Session, dry_run: bool, purge: bool, include_pending: bool, agreed: Callable[[str], bool]) -> None:
    """agreed: asks the user, once it was shown what would be done."""
    looked = session.need_workspace()
    removals = removable(looked, include_pending, purge)
    also = len(looked.pictures_removed()) if purge else 0
    if not removals and not also:
        session.console.show(f"{looked.train}: nothing to clean up.")
        return
    session.console.show(report.removals(looked, removals, purge, also))
    if dry_run:
        return
    if not agreed("Go on?"):
        raise Stopped("Nothing was changed.")
    with session.held() as pipeline:
        session.take_out(pipeline, removable(pipeline.workspace, include_pending, purge), purge)


def restore(session: Session, dry_run: bool) -> None:
    looked = session.need_workspace()
    if dry_run:
        session.console.show(f"{report.pictures(len(looked.pictures_removed()))} would go back to {looked.train}.")
        return
    with session.held() as pipeline:
        session.console.show(f"Back in {looked.train}: {report.pictures(len(pipeline.workspace.restore()))}.")


def split(session: Session, share: float, seed: int, out: Path | None, as_json: bool) -> None:
    """out: `split/` in the workspace where None. Raises ProblemsFound where the sides would not be apart."""
    from ghibli_prep import dividing

    session.need_workspace()
    out = out or session.root / "split"
    with session.held() as pipeline:
        drawn = dividing.divide(pipeline.workspace, session.settings, share, seed, out, session.source, session.console)
        count = sum(len(list((out / side).glob("*.jpg"))) for side in (dividing.TRAINING, dividing.VALIDATION))
    if as_json:
        session.console.show_json(dividing.as_json(drawn, count, out))
    else:
        session.console.show(dividing.in_words(drawn, count, out))


def merge(session: Session, sources: Sequence[Path], by: By, dry_run: bool, as_json: bool) -> None:
    """Bring the datasets in these folders into the workspace. Raises NoInput where one is none, and ProblemsFound, once
    all else is done, where something in them was left out."""
    from ghibli_prep.merging import Merging, here, naming
    from ghibli_prep.merging.bringing import to_resize
    from ghibli_prep.merging.sources import read, root_of

    folders = list(dict.fromkeys(map(root_of, sources)))
    here.check(session.root, folders)
    looked = session.look()
    names = naming.names_of(folders, here.folders(looked.merged(), session.root))
    datasets = [read(folder, name) for folder, name in zip(folders, names, strict=True)]
    if dry_run:
        run = Merging(looked, datasets, session.settings, session.console, session.stop)
        run.count(run.plan(by))
        _merged(session, looked, run.outcome, as_json)
        return
    with session.held() as pipeline:
        run = Merging(pipeline.workspace, datasets, session.settings, session.console, session.stop)
        takings = run.plan(by)
        with pipeline.people_in(to_resize(takings), session.settings, session.cache) as people:
            run.run(takings, people)
        _merged(session, pipeline.workspace, run.outcome, as_json)


def _merged(session: Session, workspace: Workspace, outcome: Outcome, as_json: bool) -> None:
    from ghibli_prep.merging import words

    words.tell(outcome, session.console)
    count = len(workspace.pictures())
    if as_json:
        session.console.show_json(words.as_json(outcome, session.root, count, not workspace.held))
    else:
        session.console.show(words.in_words(outcome, session.root, count, not workspace.held, session.settings))
    if outcome.left_out:
        raise ProblemsFound(words.last_words(outcome))


def dedupe(session: Session, chosen: Mapping[str, Any], across: Path | None, dry_run: bool, as_json: bool) -> None:
    """chosen: what of `[dedupe]` flags say. across: another dataset, what is like something there goes; None: of what
    is alike here all but one.

    Raises MissingExtra, NoInput and UsageError before anything is changed.
    """
    from ghibli_prep import meanings
    from ghibli_prep.deduping import Deduping, as_before, others, words

    meanings.need()
    settings = session.settings.model_copy(update={"dedupe": session.settings.dedupe.model_copy(update=chosen)})
    looked = session.need_workspace()
    if across is not None and across.resolve().is_relative_to(session.root.resolve()):
        raise UsageError(f"{across}: lies in this workspace. Name another dataset with --across.")
    there = None if across is None else others.captions(across, session.console.tell)

    def find(workspace: Workspace) -> Found:
        deduping = Deduping(workspace, settings, session.console, session.stop)
        return deduping.among() if there is None else deduping.against(there)

    left = 0
    if dry_run:
        found = find(looked)
    else:
        with session.held() as pipeline:
            found = find(pipeline.workspace)
            going = as_before(found.gone, session.look().captions)  # read anew: to compare takes a while
            pipeline.cleanup([gone.removed for gone in going])
            found, left = replace(found, gone=going), len(found.gone) - len(going)
    if as_json:
        session.console.show_json(words.as_json(found, settings.dedupe, across, dry_run))
        return
    for gone in found.gone:
        session.console.show(words.line(gone))
    session.console.show(words.in_words(found, looked, settings.dedupe.at, dry_run, left))
