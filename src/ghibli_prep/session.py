"""What each command does, from settings and folders to the last word: the steps of the pipeline, and what is said.

Raises the errors of `errors`, which carry the exit code. Reads no environment and parses no arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ghibli_prep import detectors, report
from ghibli_prep.asking import Means, duration, in_words, slots_of, stand
from ghibli_prep.batching import Batching, Left, NobodyTakesIt, UnderWay
from ghibli_prep.batching import End as BatchEnd
from ghibli_prep.batching import words as batch_words
from ghibli_prep.captioning import Backend, Key
from ghibli_prep.captioning.batches import BatchService
from ghibli_prep.captioning.budget import Budget
from ghibli_prep.captioning.calls import Clock, Stop
from ghibli_prep.captioning.dispatch import Done, End, Interrupted, OverBudget, Refused
from ghibli_prep.captioning.posts import Exhausted
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.console import Console
from ghibli_prep.environment import SANDBOX_KEY, lacking
from ghibli_prep.errors import GhibliPrepError, MissingKey, NoInput, Paused, ProblemsFound, Stopped, UsageError
from ghibli_prep.pipeline import Pipeline, Take, removable
from ghibli_prep.providers import make_backend, make_batches, need_backend, need_batches
from ghibli_prep.rows import rows
from ghibli_prep.samples import Found, Removed
from ghibli_prep.selecting import Selection
from ghibli_prep.settings import Settings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.checkpoint import local_time

if TYPE_CHECKING:
    from ghibli_prep.overview import Overview


class Session:
    """One command over one workspace.

    backend: called once there is something to ask, None for what the settings say. clock: seconds since the epoch; this
    machine's where None. batches: as backend, for what is asked by the batch. blocked_keys: of `[caption.blocked]`.
    """

    def __init__(
        self,
        settings: Settings,
        keys: Sequence[Key],
        root: Path,
        source: Path,
        cache: Path,
        backend: Callable[[], Backend] | None = None,
        clock: Callable[[], float] | None = None,
        batches: Callable[[], BatchService] | None = None,
        blocked_keys: Sequence[Key] = (),
    ) -> None:
        self.settings, self.root, self.source, self.cache = settings, root, source, cache
        self.clock = clock or Clock()
        self.keys = keys or ((SANDBOX_KEY,) if settings.caption.backend == "sandbox" else ())
        self.blocked_keys = blocked_keys
        self.console = Console((*self.keys, *blocked_keys))
        self.stop = Stop()
        self._budget = Budget()
        self._backend = backend or (lambda: make_backend(settings.caption))
        self._batches = batches or (lambda: make_batches(settings.caption))

    # The commands ------------------------------------------------------------------------------------

    def run(
        self,
        skip_filter: bool,
        skip_resize: bool,
        limit: int | None,
        wait: bool,
        retry_blocked: bool,
        cleanup: bool,
        batch: bool = False,
    ) -> None:
        self._need_keys(retry_blocked, batch)
        self._need_pictures()
        with self._held() as pipeline:
            workspace = pipeline.workspace
            take: Take = "all" if skip_filter else self._filter(pipeline)
            if not skip_resize:
                pipeline.resize(self.settings.resize, take)
            end = self._captions(pipeline, limit, retry_blocked, wait, batch)
            if cleanup and isinstance(end, Done) and not workspace.pending():
                self._take_out(pipeline, removable(workspace, include_pending=False, purge=False))
            self._last_words(workspace, end)

    def filter(self, redo: bool) -> None:
        self._need_pictures()
        with self._held() as pipeline:
            self._filter(pipeline, redo)

    def resize(self, skip_filter: bool) -> None:
        self._need_pictures()
        with self._held() as pipeline:
            workspace = pipeline.workspace
            if not skip_filter and not workspace.facts.verdicts and not workspace.filtered.is_dir():
                raise NoInput(
                    f"{workspace.filtered}: the filter has kept nothing yet. Run `ghibli-prep filter` first, "
                    "or take every picture found with `ghibli-prep resize --skip-filter`."
                )
            pipeline.resize(self.settings.resize, "all" if skip_filter else "kept")
            self.console.show(f"{workspace.train}: {report.pictures(len(workspace.pictures()))}.")

    def caption(self, limit: int | None, wait: bool, retry_blocked: bool, batch: bool = False) -> None:
        self._need_keys(retry_blocked, batch)
        if not self.look().pictures():
            raise NoInput(f"{self.look().train}: no pictures to caption. Run `ghibli-prep resize` first.")
        with self._held() as pipeline:
            end = self._captions(pipeline, limit, retry_blocked, wait, batch)
            self._last_words(pipeline.workspace, end)

    def forget_batch(self, name: str) -> None:
        """Give a batch up, its pictures in the queue again. name: of one that is out, or "all"."""
        out = [job for job in self._need_workspace().batches.values() if job.out]
        if not any(name in (job.name, "all") for job in out):
            there = ", ".join(job.name for job in out) or "none"
            raise UsageError(f"no batch {name!r} is out (out: {there}). Nothing was changed.")
        self._need_batches()
        with self._held() as pipeline:
            run = Batching(pipeline.workspace, self._means(), self._batches)
            for job in list(pipeline.workspace.batches.values()):
                if job.out and name in (job.name, "all"):
                    self.console.show(f"{job.name} is given up: {run.forget(job)}.")

    def _captions(
        self, pipeline: Pipeline, limit: int | None, retry_blocked: bool, wait: bool, batch: bool
    ) -> End | BatchEnd:
        if not batch:
            return pipeline.caption(self._means(), limit, retry_blocked, wait, self._second_means())
        return Batching(pipeline.workspace, self._means(), self._batches).run(retry_blocked, limit, wait)

    def recaption(self, selection: Selection, limit: int | None, wait: bool, dry_run: bool) -> None:
        """Ask again for the captioned pictures of `selection`; where that was begun and paused, for those left."""
        if not selection:
            raise UsageError('Say which captions: --where "words<20", --or "model=...", --numbers 5,9-12.')
        looked = self._need_workspace()
        begun = looked.facts.selection == str(selection) and bool(looked.to_ask_again())
        chosen = looked.to_ask_again() if begun else self._chosen(looked, selection)
        if dry_run or not chosen:
            self.console.show(report.to_ask_again(looked, chosen))
            return
        self._need_keys()
        with self._held() as pipeline:
            workspace = pipeline.workspace
            if begun:
                self.console.tell(f"Going on with what is left of it: {report.pictures(len(chosen))}.")
            else:
                if left := workspace.to_ask_again():
                    self.console.tell(f"Given up: {report.pictures(len(left))} of an earlier recaption.")
                workspace.reopen(chosen, str(selection))
            before = {number: workspace.captions[number] for number in workspace.to_ask_again()}
            end = pipeline.recaption(self._means(), limit, wait)
            self.console.show(report.asked_again(workspace, before))
            self._last_words(workspace, end, again=True)

    def _chosen(self, looked: Workspace, selection: Selection) -> list[int]:
        found = rows(looked)
        captioned = [row for row in found if row.state == "captioned"]
        without = [row.number for row in found if row.state != "captioned" and row.number in selection.numbers]
        if without:
            self.console.tell(report.without_caption(without))
        return [row.number for row in selection.of_rows(captioned, Profile.of(self.settings.caption))]

    def split(self, share: float, seed: int, out: Path | None, as_json: bool) -> None:
        """out: `split/` in the workspace where None. Raises ProblemsFound where the sides would not be apart."""
        from ghibli_prep import dividing

        self._need_workspace()
        out = out or self.root / "split"
        with self._held() as pipeline:
            drawn = dividing.divide(pipeline.workspace, self.settings, share, seed, out, self.console)
            count = sum(len(list((out / side).glob("*.jpg"))) for side in (dividing.TRAINING, dividing.VALIDATION))
        if as_json:
            self.console.show_json(dividing.as_json(drawn, count, out))
        else:
            self.console.show(dividing.in_words(drawn, count, out))

    def cleanup(self, dry_run: bool, purge: bool, include_pending: bool, agreed: Callable[[str], bool]) -> None:
        """agreed: asks the user, once it was shown what would be done."""
        looked = self._need_workspace()
        removals = removable(looked, include_pending, purge)
        also = len(looked.pictures_removed()) if purge else 0
        if not removals and not also:
            self.console.show(f"{looked.train}: nothing to clean up.")
            return
        self.console.show(report.removals(looked, removals, purge, also))
        if dry_run:
            return
        if not agreed("Go on?"):
            raise Stopped("Nothing was changed.")
        with self._held() as pipeline:
            self._take_out(pipeline, removable(pipeline.workspace, include_pending, purge), purge)

    def restore(self, dry_run: bool) -> None:
        looked = self._need_workspace()
        if dry_run:
            self.console.show(f"{report.pictures(len(looked.pictures_removed()))} would go back to {looked.train}.")
            return
        with self._held() as pipeline:
            self.console.show(f"Back in {looked.train}: {report.pictures(len(pipeline.workspace.restore()))}.")

    def status(self, as_json: bool) -> None:
        looked = self._need_workspace()
        now = report.figures(looked, self.keys, self.settings.caption, self.clock())
        if as_json:
            self.console.show_json(now)
        else:
            self.console.show(report.in_words(now))

    def stats(self, as_json: bool) -> None:
        from ghibli_prep import figures

        now = self._overview().figures()
        if as_json:
            self.console.show_json(now)
        else:
            self.console.show(figures.in_words(now))

    def report(self, file: Path | None) -> None:
        """file: `report.html` in the workspace where None."""
        file = file or self.root / "report.html"
        self._overview().report(file, local_time(self.clock()))
        self.console.show(f"{file} is written: {file.stat().st_size / 1e6:.1f} MB. Open it by double click.")

    def sample(self, count: int, seed: int, selection: Selection, file: Path | None) -> None:
        """file: `sample.html` in the workspace where None. Raises NoInput where nothing fits."""
        file = file or self.root / "sample.html"
        overview = self._overview()
        drawn = overview.sample(file, count, seed, selection, local_time(self.clock()))
        if not drawn:
            self.console.tell("No picture fits that: the page is empty.")
        self.console.show(f"{file} is written: {report.pictures(drawn)}. Open it by double click.")

    def _overview(self) -> Overview:
        from ghibli_prep.overview import Overview  # Pillow, and rules with long lists of names, for these alone

        return Overview(self._need_workspace(), self.settings, self.console)

    def validate(self, as_json: bool, fix: bool) -> None:
        """Raises ProblemsFound for what is not as it must be, once it was shown."""
        from ghibli_prep import validating

        report = validating.run(self.root, self.settings, self.console, _hash_file, fix)
        if as_json:
            self.console.show_json(validating.as_json(report))
        else:
            self.console.show(validating.in_words(report))
        if report.problems:
            raise ProblemsFound(validating.last_words(report))

    def plan(self, as_json: bool, keys: int | None) -> None:
        """Say what a run would cost. Asks nobody, writes nothing. keys: plan with so many, those that are set first."""
        from ghibli_prep import planning
        from ghibli_prep.planning import words

        self._need_pictures()
        looked, caption = self.look(), self.settings.caption
        if not self.keys:
            self.console.tell(f"No key is set: this is a plan for {keys or 1}, each with a project of its own.")
        chosen = planning.keys_for(caption, self.keys, keys)
        experience = planning.Experience.of(list(looked.provenance().values()), caption)
        plan = planning.Plan(chosen, caption, looked.quota, experience, self.clock())
        left = Pipeline(looked, self.source, self.console, self.stop).left_to_caption()
        forecasts = [plan.forecast(strategy, sum(left)) for strategy in planning.STRATEGIES]
        if as_json:
            self.console.show_json(words.figures(plan, *left, forecasts))
        else:
            self.console.show(words.in_words(plan, *left, forecasts))

    def extract(self, films: Sequence[Path], redo: bool) -> None:
        from ghibli_prep import extracting

        extracting.need_packages()
        sources = extracting.look_through(films, self.console)
        with self._held() as pipeline:
            extracting.Extracting(pipeline.workspace, self.settings.extract, self.console, self.stop).run(sources, redo)

    def show_keys(self, as_json: bool) -> None:
        """Raises MissingKey where no key is accepted, Paused where the service cannot be reached."""
        self._need_keys()
        means, second = self._means(), self._second_means()
        rows = self._key_rows(means)
        shown: dict[str, Any] = {"models": means.settings.models, "keys": rows}
        words = report.keys_in_words(rows, means.settings.models)
        if second is not None:
            self._need_keys(retry_blocked=True)
            others = self._key_rows(second)
            shown["blocked"] = {"models": second.settings.models, "keys": others}
            words += f"\n\nFor blocked pictures:\n{report.keys_in_words(others, second.settings.models)}"
        if as_json:
            self.console.show_json(shown)
        else:
            self.console.show(words)
        if not any(row["ok"] for row in rows):
            if all(row["dead"] for row in rows):
                raise MissingKey("No key is accepted. Make new ones at the provider and put them into .env.")
            raise Paused("No key could be checked: see the table for why, and try again later.")

    def _key_rows(self, means: Means) -> list[dict[str, Any]]:
        with closing(means.make_backend()) as backend:
            return [
                report.key_row(key, backend.models(key), [slot.model for slot in slots_of([key], means.settings)])
                for key in means.keys
            ]

    def dry_run(self, skip_filter: bool, skip_resize: bool, limit: int | None, retry_blocked: bool) -> None:
        """Say what a run would do. Writes nothing, loads no detector, asks nobody."""
        self._need_pictures()
        looked = self.look()
        if without := lacking(self.settings.caption, self.keys):
            self.console.tell(f"A run would stop here: {_no_key(without)}")
        self.console.show(
            report.dry_run(Pipeline(looked, self.source, self.console, self.stop), skip_filter, skip_resize)
        )
        numbers = looked.pending() + (looked.blocked() + list(looked.failed()) if retry_blocked else [])
        slots = len(slots_of(self.keys, self.settings.caption))
        self.console.show(
            f"caption: {len(list(islice(numbers, limit))):,} pictures of train/ now, and what resize adds"
            f"{f', {limit:,} at the most' if limit else ''}; keys: {len(self.keys)}, "
            f"models: {len(self.settings.caption.models)}, so slots: {slots} ({self.settings.caption.strategy})"
        )

    # What they share ---------------------------------------------------------------------------------

    def look(self) -> Workspace:
        """The workspace as it is now, not held."""
        return Workspace(self.root, _hash_file)

    def _need_workspace(self) -> Workspace:
        if not self.root.is_dir():
            raise NoInput(
                f"{self.root}: no such workspace. Name yours with --workspace, or start with `ghibli-prep run`."
            )
        return self.look()

    def _need_batches(self) -> None:
        """Raises UsageError or MissingExtra before anything is changed: nobody takes batches."""
        need_batches(self.settings.caption)
        if self._budget.requests is not None or self._budget.usd is not None:
            raise UsageError("--max-requests and --max-cost do not count what a batch asks: use --limit N.")

    def _need_keys(self, retry_blocked: bool = False, batch: bool = False) -> None:
        """Raises MissingKey or MissingExtra before anything is changed: somebody cannot be asked.

        retry_blocked: those of `[caption.blocked]` are needed too. batch: by the batch.
        """
        second = self.settings.caption.for_blocked if retry_blocked else None
        if batch:
            self._need_batches()
            if second is not None:
                raise UsageError("--batch does not ask [caption.blocked]: leave --batch or --retry-blocked out.")
        for settings, keys in ((self.settings.caption, self.keys), (second, self.blocked_keys)):
            if settings is None:
                continue
            if without := lacking(settings, keys):
                raise MissingKey(_no_key(without))
            need_backend(settings)

    def _need_pictures(self) -> None:
        """Raises NoInput before anything is changed: no pictures in the input, and none further down the line."""
        looked = self.look()
        there, the_users_choice = self.source.is_dir(), self.source != looked.raw
        if (there or not the_users_choice) and (looked.pictures() or looked.facts.numbers or looked.facts.verdicts):
            return
        if not there:
            raise NoInput(
                f"{self.source}: no such folder. Put your frames there (a folder a film), "
                "or name the folder that has them with --input."
            )
        from ghibli_prep.stages.find import find

        bad = []
        for sample in find(self.source, looked.identity_of, looked.derived):
            if isinstance(sample, Found):
                return
            bad.append(f"\n  {sample.source}: {sample.reason}")
        raise NoInput(
            f"{self.source}: no pictures found (png, jpg, webp, bmp, gif, tiff, avif, at any depth).{''.join(bad[:20])}"
        )

    @contextmanager
    def _held(self) -> Iterator[Pipeline]:
        """The workspace, held and logged to, until the command ends."""
        with self.look() as workspace, closing(self.console):
            self.console.log_to(workspace.log)
            if workspace.mended:
                self.console.tell(
                    f"{workspace.train / 'metadata.jsonl'} was cut off or edited; its lines are whole again"
                )
            try:
                yield Pipeline(workspace, self.source, self.console, self.stop)
            except BaseException:
                with suppress(GhibliPrepError):  # what stopped the command counts for more
                    self._stand(workspace)
                raise
            self._stand(workspace)

    def _stand(self, workspace: Workspace) -> None:
        stand(workspace, self.settings.caption, self.keys, self.clock())

    def _means(self) -> Means:
        return Means(self.settings.caption, self.keys, self._backend, self.console, self.stop, self.clock, self._budget)

    def spend_at_most(self, requests: int | None, usd: float | None, batch: bool = False) -> None:
        """Limit what this session asks and spends. Raises UsageError where a model's price is not known, and for a
        batch, which goes out whole."""
        caption = self.settings.caption
        if batch and not (requests is usd is None):
            raise UsageError(
                "--batch sends all pictures at once, so --max-requests and --max-cost cannot stop it in between. "
                "Use --limit N to send fewer."
            )
        models = (*caption.models, *caption.blocked.models)
        if usd is not None and (missing := [model for model in models if model not in caption.prices]):
            raise UsageError(
                f"--max-cost: no price is set of {', '.join(missing)}. Set each in the settings: "
                f'[caption.prices."{missing[0]}"] with input and output, in USD for a million tokens.'
            )
        self._budget = Budget(requests, usd, caption.prices, caption.max_output_tokens)

    def _second_means(self) -> Means | None:
        """Who is asked for what was blocked; None where nobody else is named."""
        second = self.settings.caption.for_blocked
        if second is None:
            return None
        return Means(
            second, self.blocked_keys, partial(make_backend, second), self.console, self.stop, self.clock, self._budget
        )

    def _filter(self, pipeline: Pipeline, redo: bool = False) -> Take:
        """Run the filter and say what resize is to take."""
        if pipeline.filter(self.settings, self.cache, redo):
            self.console.show(report.filtered(pipeline.workspace))
            return "kept"
        if self.settings.filter.detector != "none":
            self.console.tell(
                "No detector is installed, so the filter is skipped and every picture stays. "
                f"To filter: {detectors.INSTALL_COMMAND}"
            )
        return "not rejected"

    def _take_out(self, pipeline: Pipeline, removals: list[Removed], purge: bool = False) -> None:
        also = pipeline.cleanup(removals, purge)
        where = "deleted for good" if purge else f"moved to {pipeline.workspace.removed}"
        self.console.show(f"{report.pictures(len(removals) + also)} {where}.")

    def _last_words(self, workspace: Workspace, end: End | BatchEnd, again: bool = False) -> None:
        """Sum up; raise what stands between this and done. again: after a recaption."""
        self.console.show(report.summary(workspace))
        todo, what = (workspace.to_ask_again(), "ask again") if again else (workspace.pending(), "caption")
        left = f"Still to {what}: {len(todo):,} of {report.pictures(len(workspace.pictures()))}."
        saved = "Everything is saved: run the same command again"
        match end:
            case Exhausted(until, "quota" | "service" as why) if until is not None:
                back = f"{local_time(until)} your time (in {duration(until - self.clock())})"
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
                raise Paused(
                    f"Paused: the provider does not serve this machine: {reason}. {left} {saved} from elsewhere."
                )
            case OverBudget(why):
                raise Paused(f"Paused: {why}. {left} {saved} to go on.")
            case Interrupted():
                raise Stopped(f"Stopped. {left} {saved} to go on.")
            case Done() if again and todo:
                self.console.show(f"{left} The same command goes on.")
            case UnderWay() | NobodyTakesIt() | Left():
                raise batch_words.paused(end, left, self.clock())
            case Done():
                if out := workspace.out_in_batches().intersection(todo):
                    raise Paused(batch_words.not_asked(out))


def _hash_file(file: Path) -> str:
    from ghibli_prep.stages.find import hash_file  # `status` hashes nothing, and need not wait for Pillow and NumPy

    return hash_file(file)


def _no_key(without: Mapping[str, str]) -> str:
    """without: the variable to set, by the provider that lacks a key."""
    provider, variable = next(iter(without.items()))
    whose = f" for caption.providers.{provider}" if provider else ""
    example = variable if provider else f"{variable}_1"
    return (
        f"no API key is set{whose}. Put {example}=... into .env (`ghibli-prep init` makes one) or into the environment."
        ' To try without a key: `ghibli-prep demo`, or backend = "sandbox" in the settings.'
    )
