"""The commands that make a dataset: frames from films, filter, resize, caption, caption again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ghibli_prep import detectors, report
from ghibli_prep.asking import duration, in_words
from ghibli_prep.batching import Batching, Left, NobodyTakesIt, UnderWay
from ghibli_prep.batching import End as BatchEnd
from ghibli_prep.batching import words as batch_words
from ghibli_prep.captioning.dispatch import Done, End, Interrupted, OverBudget, Refused
from ghibli_prep.captioning.posts import Exhausted
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.errors import MissingKey, NoInput, Paused, Stopped, UsageError
from ghibli_prep.pipeline import Pipeline, Take, removable
from ghibli_prep.rows import rows
from ghibli_prep.selecting import Selection
from ghibli_prep.session import Session
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.checkpoint import local_time


def run(
    session: Session,
    skip_filter: bool,
    skip_resize: bool,
    limit: int | None,
    wait: bool,
    retry_blocked: bool,
    cleanup: bool,
    batch: bool = False,
) -> None:
    session.need_keys(retry_blocked, batch)
    session.need_pictures()
    with session.held() as pipeline:
        workspace = pipeline.workspace
        take: Take = "all" if skip_filter else _filter(session, pipeline)
        if not skip_resize:
            pipeline.resize(session.settings, session.cache, take)
        end = _captions(session, pipeline, limit, retry_blocked, wait, batch)
        if cleanup and isinstance(end, Done) and not workspace.pending():
            session.take_out(pipeline, removable(workspace, include_pending=False, purge=False))
        _last_words(session, workspace, end)


def filter_frames(session: Session, redo: bool, review: bool, out: Path | None) -> None:
    """review: also write a page of the decisions, to `out`, or to `review.html` in the workspace."""
    session.need_pictures()
    page = session.page(session.look(), out, "review.html") if review else None
    with session.held() as pipeline:
        if _filter(session, pipeline, redo) != "kept" and (left := pipeline.undecided()):
            session.console.show(
                f"{report.pictures(left)} not decided, as nothing is asked of them by [filter]. `ghibli-prep run` and "
                "`ghibli-prep resize --skip-filter` take them."
            )
        if page is not None:
            _review(session, pipeline, page)


def _review(session: Session, pipeline: Pipeline, file: Path) -> None:
    from ghibli_prep import reviewing

    flagged = reviewing.write(file, pipeline, session.settings, session.cache, local_time(session.clock()))
    size = file.stat().st_size / 1e6
    session.console.show(f"{file} is written: {flagged:,} flagged, {size:.1f} MB. Open it by double click.")


def decide(session: Session, files: Sequence[Path], keep: bool) -> None:
    """Overrule the filter for these files."""
    session.need_workspace()
    with session.held() as pipeline:
        decided = pipeline.decide(files, keep)
        session.console.show(f"{report.pictures(decided)} {'kept' if keep else 'dropped'} by your word, for good.")
        if out := report.still_there(pipeline.workspace):
            session.console.show(out)


def resize(session: Session, skip_filter: bool) -> None:
    session.need_pictures()
    with session.held() as pipeline:
        workspace = pipeline.workspace
        if not skip_filter and not workspace.facts.verdicts and not workspace.filtered.is_dir():
            raise NoInput(
                f"{workspace.filtered}: the filter has kept nothing yet. Run `ghibli-prep filter` first, "
                "or take every picture found with `ghibli-prep resize --skip-filter`."
            )
        pipeline.resize(session.settings, session.cache, "all" if skip_filter else "kept")
        session.console.show(f"{workspace.train}: {report.pictures(len(workspace.pictures()))}.")


def caption(session: Session, limit: int | None, wait: bool, retry_blocked: bool, batch: bool = False) -> None:
    session.need_keys(retry_blocked, batch)
    if not session.look().pictures():
        raise NoInput(f"{session.look().train}: no pictures to caption. Run `ghibli-prep resize` first.")
    with session.held() as pipeline:
        end = _captions(session, pipeline, limit, retry_blocked, wait, batch)
        _last_words(session, pipeline.workspace, end)


def forget_batch(session: Session, name: str) -> None:
    """Give a batch up, its pictures in the queue again. name: of one that is out, or "all"."""
    out = [job for job in session.need_workspace().batches.values() if job.out]
    if not any(name in (job.name, "all") for job in out):
        there = ", ".join(job.name for job in out) or "none"
        raise UsageError(f"no batch {name!r} is out (out: {there}). Nothing was changed.")
    session.need_batches()
    with session.held() as pipeline:
        run = Batching(pipeline.workspace, session.means(), session.batches)
        for job in list(pipeline.workspace.batches.values()):
            if job.out and name in (job.name, "all"):
                session.console.show(f"{job.name} is given up: {run.forget(job)}.")


def _captions(
    session: Session, pipeline: Pipeline, limit: int | None, retry_blocked: bool, wait: bool, batch: bool
) -> End | BatchEnd:
    if not batch:
        return pipeline.caption(session.means(), limit, retry_blocked, wait, session.second_means())
    return Batching(pipeline.workspace, session.means(), session.batches).run(retry_blocked, limit, wait)


def recaption(session: Session, selection: Selection, limit: int | None, wait: bool, dry_run: bool) -> None:
    """Ask again for the captioned pictures of `selection`; where that was begun and paused, for those left."""
    if not selection:
        raise UsageError('Say which captions: --where "words<20", --or "model=...", --numbers 5,9-12.')
    looked = session.need_workspace()
    begun = looked.facts.selection == str(selection) and bool(looked.to_ask_again())
    chosen = looked.to_ask_again() if begun else _chosen(session, looked, selection)
    if dry_run or not chosen:
        session.console.show(report.to_ask_again(looked, chosen))
        return
    session.need_keys()
    with session.held() as pipeline:
        workspace = pipeline.workspace
        if begun:
            session.console.tell(f"Going on with what is left of it: {report.pictures(len(chosen))}.")
        else:
            if left := workspace.to_ask_again():
                session.console.tell(f"Given up: {report.pictures(len(left))} of an earlier recaption.")
            workspace.reopen(chosen, str(selection))
        before = {number: workspace.captions[number] for number in workspace.to_ask_again()}
        end = pipeline.recaption(session.means(), limit, wait)
        session.console.show(report.asked_again(workspace, before))
        _last_words(session, workspace, end, again=True)


def _chosen(session: Session, looked: Workspace, selection: Selection) -> list[int]:
    found = rows(looked)
    captioned = [row for row in found if row.state == "captioned"]
    without = [row.number for row in found if row.state != "captioned" and row.number in selection.numbers]
    if without:
        session.console.tell(report.without_caption(without))
    return [row.number for row in selection.of_rows(captioned, Profile.of(session.settings.caption))]


def extract(session: Session, films: Sequence[Path], redo: bool) -> None:
    from ghibli_prep import extracting

    extracting.need_packages()
    sources = extracting.look_through(films, session.console)
    with session.held() as pipeline:
        extracting.Extracting(pipeline.workspace, session.settings.extract, session.console, session.stop).run(
            sources, redo
        )


def _filter(session: Session, pipeline: Pipeline, redo: bool = False) -> Take:
    """Run the filter and say what resize is to take."""
    decided = pipeline.filter(session.settings, session.cache, redo)
    if decided or pipeline.workspace.facts.verdicts:
        session.console.show(report.filtered(pipeline.workspace))
    if decided:
        return "kept"
    if session.settings.filter.detector != "none" and detectors.name_of(session.settings.filter) is None:
        session.console.tell(
            "No detector is installed, so nobody looks for people: a picture that nothing else is against stays. "
            f"To filter: {detectors.INSTALL_COMMAND}"
        )
    return "not rejected"


def _last_words(session: Session, workspace: Workspace, end: End | BatchEnd, again: bool = False) -> None:
    """Sum up; raise what stands between this and done. again: after a recaption."""
    session.console.show(report.summary(workspace))
    todo, what = (workspace.to_ask_again(), "ask again") if again else (workspace.pending(), "caption")
    left = f"Still to {what}: {len(todo):,} of {report.pictures(len(workspace.pictures()))}."
    saved = "Everything is saved: run the same command again"
    match end:
        case Exhausted(until, "quota" | "service" as why) if until is not None:
            back = f"{local_time(until)} your time (in {duration(until - session.clock())})"
            raise Paused(
                f"Paused: {in_words(end)}. {left} "
                + (
                    f"The next quota is back at {back}. {saved} then, or use --wait."
                    if why == "quota"
                    else f"{saved} later, or use --wait."
                )
            )
        case Exhausted(_, "keys"):
            raise MissingKey(f"{left} No key is accepted: {saved} with working keys in .env.")
        case Exhausted():
            raise UsageError(
                f"{left} No key may use any of the models in caption.models: `ghibli-prep keys` shows which it may."
            )
        case Refused(reason):
            raise Paused(f"Paused: the provider does not serve this machine: {reason}. {left} {saved} from elsewhere.")
        case OverBudget(why):
            raise Paused(f"Paused: {why}. {left} {saved} to go on.")
        case Interrupted():
            raise Stopped(f"Stopped. {left} {saved} to go on.")
        case Done() if again and todo:
            session.console.show(f"{left} The same command goes on.")
        case UnderWay() | NobodyTakesIt() | Left():
            raise batch_words.paused(end, left, session.clock())
        case Done():
            if out := workspace.out_in_batches().intersection(todo):
                raise Paused(batch_words.not_asked(out))
