"""What the commands share: settings, keys, the held workspace, who is asked, and what must be there before they begin.

Raises the errors of `errors`, which carry the exit code. Reads no environment and parses no arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ghibli_prep import report
from ghibli_prep.asking import Means, stand
from ghibli_prep.captioning import Backend, Key
from ghibli_prep.captioning.batches import BatchService
from ghibli_prep.captioning.budget import Budget
from ghibli_prep.captioning.calls import Clock, Stop
from ghibli_prep.console import Console
from ghibli_prep.environment import SANDBOX_KEY, lacking
from ghibli_prep.errors import GhibliPrepError, MissingKey, NoInput, UsageError
from ghibli_prep.pipeline import Pipeline
from ghibli_prep.providers import make_backend, make_batches, need_backend, need_batches
from ghibli_prep.samples import Found, Removed
from ghibli_prep.settings import Settings
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.contents import is_other, place_of

if TYPE_CHECKING:
    pass


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
        self.backend = backend or (lambda: make_backend(settings.caption))
        self.batches = batches or (lambda: make_batches(settings.caption))

    def look(self) -> Workspace:
        """The workspace as it is now, not held."""
        return Workspace(self.root, hash_file)

    def need_workspace(self) -> Workspace:
        if self.root.is_dir() and not is_other(self.root):
            return self.look()
        what = "holds other things, and is no workspace" if self.root.is_dir() else "no such workspace"
        raise NoInput(f"{self.root}: {what}. Name yours with --workspace, or start with `ghibli-prep run`.")

    def page(self, looked: Workspace, out: Path | None, name: str) -> Path:
        """Where a page is to be written: `name` in the workspace where nothing else is said.

        Raises UsageError where no page may lie, before anything is done for it.
        """
        file = out or self.root / name
        there = next(parent for parent in file.absolute().parents if parent.exists())
        why = "it is a folder" if file.is_dir() else "" if there.is_dir() else f"{there} is not a folder"
        if why:
            raise UsageError(f"{file}: cannot be written: {why}. Name another file with --out.")
        if place := place_of(file, (*looked.derived, looked.raw, self.source)):
            raise UsageError(f"{file}: lies in {place}, where no page may be. Name another file with --out.")
        return file

    def need_batches(self) -> None:
        """Raises UsageError or MissingExtra before anything is changed: nobody takes batches."""
        need_batches(self.settings.caption)
        if self._budget.requests is not None or self._budget.usd is not None:
            raise UsageError("--max-requests and --max-cost do not count what a batch asks: use --limit N.")

    def need_keys(self, retry_blocked: bool = False, batch: bool = False) -> None:
        """Raises MissingKey or MissingExtra before anything is changed: somebody cannot be asked.

        retry_blocked: those of `[caption.blocked]` are needed too. batch: by the batch.
        """
        second = self.settings.caption.for_blocked if retry_blocked else None
        if batch:
            self.need_batches()
            if second is not None:
                raise UsageError("--batch does not ask [caption.blocked]: leave --batch or --retry-blocked out.")
        for settings, keys in ((self.settings.caption, self.keys), (second, self.blocked_keys)):
            if settings is None:
                continue
            if without := lacking(settings, keys):
                raise MissingKey(no_key(without))
            need_backend(settings)

    def need_pictures(self) -> None:
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
    def held(self) -> Iterator[Pipeline]:
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

    def means(self) -> Means:
        return Means(self.settings.caption, self.keys, self.backend, self.console, self.stop, self.clock, self._budget)

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

    def second_means(self) -> Means | None:
        """Who is asked for what was blocked; None where nobody else is named."""
        second = self.settings.caption.for_blocked
        if second is None:
            return None
        return Means(
            second, self.blocked_keys, partial(make_backend, second), self.console, self.stop, self.clock, self._budget
        )

    def take_out(self, pipeline: Pipeline, removals: list[Removed], purge: bool = False) -> None:
        also = pipeline.cleanup(removals, purge)
        where = "deleted for good" if purge else f"moved to {pipeline.workspace.removed}"
        self.console.show(f"{report.pictures(len(removals) + also)} {where}.")


def hash_file(file: Path) -> str:
    from ghibli_prep.stages.find import hash_file  # `status` hashes nothing, and need not wait for Pillow and NumPy

    return hash_file(file)


def no_key(without: Mapping[str, str]) -> str:
    """without: the variable to set, by the provider that lacks a key."""
    provider, variable = next(iter(without.items()))
    whose = f" for caption.providers.{provider}" if provider else ""
    example = variable if provider else f"{variable}_1"
    return (
        f"no API key is set{whose}. Put {example}=... into .env (`ghibli-prep init` makes one) or into the environment."
        ' To try without a key: `ghibli-prep demo`, or backend = "sandbox" in the settings.'
    )
