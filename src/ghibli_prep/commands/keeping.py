"""The commands that move what a dataset has: clean up, put back, split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ghibli_prep import report
from ghibli_prep.errors import Stopped
from ghibli_prep.pipeline import removable
from ghibli_prep.session import Session


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
        drawn = dividing.divide(pipeline.workspace, session.settings, share, seed, out, session.console)
        count = sum(len(list((out / side).glob("*.jpg"))) for side in (dividing.TRAINING, dividing.VALIDATION))
    if as_json:
        session.console.show_json(dividing.as_json(drawn, count, out))
    else:
        session.console.show(dividing.in_words(drawn, count, out))
