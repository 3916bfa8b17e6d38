"""The commands that show how a dataset stands, and change nothing of it but by `validate --fix`."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghibli_prep import report
from ghibli_prep.asking import Means, slots_of
from ghibli_prep.environment import lacking
from ghibli_prep.errors import MissingKey, Paused, ProblemsFound
from ghibli_prep.pipeline import Pipeline
from ghibli_prep.selecting import Selection
from ghibli_prep.session import Session, hash_file, no_key
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.checkpoint import local_time

if TYPE_CHECKING:
    from ghibli_prep.overview import Overview


def status(session: Session, as_json: bool) -> None:
    looked = session.need_workspace()
    now = report.figures(looked, session.keys, session.settings.caption, session.clock())
    if as_json:
        session.console.show_json(now)
    else:
        session.console.show(report.in_words(now))


def stats(session: Session, as_json: bool) -> None:
    from ghibli_prep import figures

    now = _overview(session, session.need_workspace()).figures()
    if as_json:
        session.console.show_json(now)
    else:
        session.console.show(figures.in_words(now))


def write_report(session: Session, file: Path | None) -> None:
    """file: `report.html` in the workspace where None."""
    looked = session.need_workspace()
    file = session.page(looked, file, "report.html")
    _overview(session, looked).report(file, local_time(session.clock()))
    session.console.show(f"{file} is written: {file.stat().st_size / 1e6:.1f} MB. Open it by double click.")


def write_sample(session: Session, count: int, seed: int, selection: Selection, file: Path | None) -> None:
    """file: `sample.html` in the workspace where None. Raises NoInput where nothing fits."""
    looked = session.need_workspace()
    file = session.page(looked, file, "sample.html")
    drawn = _overview(session, looked).sample(file, count, seed, selection, local_time(session.clock()))
    if not drawn:
        session.console.tell("No picture fits that: the page is empty.")
    session.console.show(f"{file} is written: {report.pictures(drawn)}. Open it by double click.")


def _overview(session: Session, looked: Workspace) -> Overview:
    from ghibli_prep.overview import Overview  # Pillow, and rules with long lists of names, for these alone

    return Overview(looked, session.settings, session.console)


def validate(session: Session, as_json: bool, fix: bool) -> None:
    """Raises ProblemsFound for what is not as it must be, once it was shown."""
    from ghibli_prep import validating

    found = validating.run(session.root, session.settings, session.console, hash_file, fix)
    if as_json:
        session.console.show_json(validating.as_json(found))
    else:
        session.console.show(validating.in_words(found))
    if found.problems:
        raise ProblemsFound(validating.last_words(found))


def plan(session: Session, as_json: bool, keys: int | None) -> None:
    """Say what a run would cost. Asks nobody, writes nothing. keys: plan with so many, those that are set first."""
    from ghibli_prep import planning
    from ghibli_prep.planning import words

    session.need_pictures()
    looked, caption = session.look(), session.settings.caption
    if not session.keys:
        session.console.tell(f"No key is set: this is a plan for {keys or 1}, each with a project of its own.")
    chosen = planning.keys_for(caption, session.keys, keys)
    experience = planning.Experience.of(list(looked.provenance().values()), caption)
    plan = planning.Plan(chosen, caption, looked.quota, experience, session.clock())
    left = Pipeline(looked, session.source, session.console, session.stop).left_to_caption()
    forecasts = [plan.forecast(strategy, sum(left)) for strategy in planning.STRATEGIES]
    if as_json:
        session.console.show_json(words.figures(plan, *left, forecasts))
    else:
        session.console.show(words.in_words(plan, *left, forecasts))


def show_keys(session: Session, as_json: bool) -> None:
    """Raises MissingKey where no key is accepted, Paused where the service cannot be reached."""
    session.need_keys()
    means, second = session.means(), session.second_means()
    rows = _key_rows(means)
    shown: dict[str, Any] = {"models": means.settings.models, "keys": rows}
    words = report.keys_in_words(rows, means.settings.models)
    if second is not None:
        session.need_keys(retry_blocked=True)
        others = _key_rows(second)
        shown["blocked"] = {"models": second.settings.models, "keys": others}
        words += f"\n\nFor blocked pictures:\n{report.keys_in_words(others, second.settings.models)}"
    if as_json:
        session.console.show_json(shown)
    else:
        session.console.show(words)
    if not any(row["ok"] for row in rows):
        if all(row["dead"] for row in rows):
            raise MissingKey("No key is accepted. Make new ones at the provider and put them into .env.")
        raise Paused("No key could be checked: see the table for why, and try again later.")


def _key_rows(means: Means) -> list[dict[str, Any]]:
    with closing(means.make_backend()) as backend:
        return [
            report.key_row(key, backend.models(key), [slot.model for slot in slots_of([key], means.settings)])
            for key in means.keys
        ]


def dry_run(session: Session, skip_filter: bool, skip_resize: bool, limit: int | None, retry_blocked: bool) -> None:
    """Say what a run would do. Writes nothing, loads no detector, asks nobody."""
    session.need_pictures()
    looked = session.look()
    if without := lacking(session.settings.caption, session.keys):
        session.console.tell(f"A run would stop here: {no_key(without)}")
    session.console.show(
        report.dry_run(Pipeline(looked, session.source, session.console, session.stop), skip_filter, skip_resize)
    )
    numbers = looked.pending() + (looked.blocked() + list(looked.failed()) if retry_blocked else [])
    slots = len(slots_of(session.keys, session.settings.caption))
    session.console.show(
        f"caption: {len(list(islice(numbers, limit))):,} pictures of train/ now, and what resize adds"
        f"{f', {limit:,} at the most' if limit else ''}; keys: {len(session.keys)}, "
        f"models: {len(session.settings.caption.models)}, so slots: {slots} ({session.settings.caption.strategy})"
    )
