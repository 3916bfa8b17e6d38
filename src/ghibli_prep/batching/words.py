"""What a run of `--batch` ends in, in words for the user."""

from __future__ import annotations

from collections.abc import Collection

from ghibli_prep.asking import duration
from ghibli_prep.batching import Left, NobodyTakesIt, UnderWay, many
from ghibli_prep.errors import GhibliPrepError, MissingKey, Paused, UsageError
from ghibli_prep.workspace.checkpoint import local_time

_SAVED = "Everything is saved: run the same command again"


def paused(end: UnderWay | NobodyTakesIt | Left, left: str, now: float) -> GhibliPrepError:
    """The error that says why not all is done. left: how many pictures are still to caption, as a sentence."""
    match end:
        case UnderWay(jobs, reasons, stuck):
            since = min(job.opened for job in jobs)
            count = many([number for job in jobs for number in job.numbers])
            batches = "the batch is" if len(jobs) == 1 else f"{len(jobs):,} batches are"
            lines = [
                f"{batches} under way since {local_time(since)} (for {duration(now - since)}): {count} out. "
                f"{left} {_SAVED} later, or use --wait."
            ]
            lines += [
                f"{job.name}: {reasons[job.name]}"
                + (f". Or give it up: `ghibli-prep caption --forget-batch {job.name}`" if job.name in stuck else "")
                for job in jobs
                if reasons.get(job.name) not in (None, "the batch is under way")
            ]
            return Paused("Paused: " + "\n".join(lines))
        case NobodyTakesIt("keys"):
            return MissingKey(f"{left} No key is accepted: {_SAVED} with working keys in .env.")
        case NobodyTakesIt("quota"):
            return Paused(f"Paused: the quota for batches of every key and model is spent. {left} {_SAVED} later.")
        case NobodyTakesIt():
            return UsageError(
                f"{left} No model in caption.models takes a batch by any of the keys; what each said is above. Without "
                "--batch they may answer all the same."
            )
        case Left(numbers):
            return Paused(
                f"Paused: {many(numbers)} back in the queue. {left} {_SAVED} for another batch, or "
                "`ghibli-prep caption` to ask them one by one."
            )


def not_asked(numbers: Collection[int]) -> str:
    return (
        f"Paused: all else is done, and {many(numbers)} out in a batch: `ghibli-prep caption --batch` collects the "
        "captions, `ghibli-prep status` shows it."
    )
