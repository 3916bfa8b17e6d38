"""Which step of a batch job is next, and what its answer means for the job. Pure: told what was said and the time.

    opened ─aim▶ aimed ─upload▶ uploaded ─noted▶ creating ─create, or find▶ created
                                                   created ─look▶ ended ─fetch▶ fetched ─collect▶ closed

Only "create" is paid for. Once a job is "creating" it is looked for by its name, which no other job has, before it is
created again; so it is paid for once, whatever was killed or lost on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ghibli_prep.captioning import HostRefused, KeyDead, ServiceDown, Slot, SlotTired
from ghibli_prep.captioning.batches import Fetched, Missing, Standing, Taken, Trouble, Uploaded
from ghibli_prep.workspace.batches import Job, Step

Next = Literal["aim", "upload", "create", "find", "look", "fetch", "collect", "nothing"]
NEXT: Mapping[Step, Next] = {
    "opened": "aim",
    "aimed": "upload",
    "uploaded": "create",
    "creating": "find",
    "created": "look",
    "ended": "fetch",
    "fetched": "collect",
    "closed": "nothing",
}
SETTLE = 20.0
"""Seconds in which a job that was just asked for may not be in the provider's list yet."""


@dataclass(frozen=True, slots=True)
class Onward:
    """Note the job as it is now, and take its next step."""

    job: Job


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Nothing was paid for, and this slot cannot be used: note the job, and aim it at another."""

    job: Job
    blame: Trouble


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing more can be done for this job now. until: when to look again; None: as often as one looks."""

    reason: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Stuck:
    """The job is out, and only the user can help."""

    reason: str


Turn = Onward | Elsewhere | Rest | Stuck


def intended(job: Job, now: float) -> Job:
    """What is noted before the job is created."""
    return replace(job, step="creating", asked=now)


def aimed(job: Job, slot: Slot) -> Job:
    key = slot.key
    at = replace(job, fingerprint=key.fingerprint, key=key.position, payer=key.payer, model=slot.model)
    return replace(at, step="aimed", file="", asked=0.0)


def closed(job: Job, why: str) -> Job:
    """Without answers: every picture is in the queue again."""
    return replace(job, step="closed", why=why)


def after_upload(job: Job, said: Uploaded | Trouble) -> Turn:
    if isinstance(said, Uploaded):
        return Onward(replace(job, step="uploaded", file=said.file))
    return _not_taken(job, said)


def after_create(job: Job, said: Taken | Missing | Trouble) -> Turn:
    """job: as `intended` made it."""
    match said:
        case Taken(name):
            return Onward(replace(job, step="created", job=name))
        case Missing():  # the file: uploads are kept for 48 hours
            return Onward(replace(job, step="aimed", file="", asked=0.0))
        case ServiceDown(reason):
            return Rest(f"it is not known whether the batch was taken ({reason})", job.asked + SETTLE)
    return _not_taken(replace(job, asked=0.0), said)


def after_find(job: Job, said: Taken | Missing | Trouble, now: float) -> Turn:
    match said:
        case Taken(name):
            return Onward(replace(job, step="created", job=name))
        case Missing():
            if job.asked <= now < job.asked + SETTLE:
                return Rest("it is not known yet whether the batch was taken", job.asked + SETTLE)
            return Onward(replace(job, step="uploaded", asked=0.0))
    return _out_already(said)


def after_look(job: Job, said: Standing | Missing | Trouble) -> Turn:
    match said:
        case Standing("under way"):
            return Rest("the batch is under way")
        case Standing(state, result, _) if result:
            return Onward(replace(job, step="ended", said=state, result=result))
        case Standing(state, _, reason):
            return Onward(closed(replace(job, said=state), f"{state}{f': {reason}' if reason else ''}"))
        case Missing(reason):
            return Onward(closed(job, reason))
    return _out_already(said)


def after_fetch(job: Job, said: Fetched | Missing | Trouble, now: float) -> Turn:
    match said:
        case Fetched():
            return Onward(replace(job, step="fetched", fetched=now))
        case Missing(reason):
            return Onward(closed(job, reason))
    return _out_already(said)


def _not_taken(job: Job, said: Trouble) -> Turn:
    """Nothing was paid for. Who is overloaded is asked again later; who refuses is left."""
    match said:
        case ServiceDown(reason) | HostRefused(reason):
            return Rest(reason)
        case _:
            return Elsewhere(replace(job, step="opened", file=""), said)


def _out_already(said: Trouble) -> Turn:
    match said:
        case KeyDead(reason):
            return Stuck(f"its key is not accepted: {reason}")
        case ServiceDown(reason) | HostRefused(reason) | SlotTired(_, reason):
            return Rest(reason)
        case _:
            return Rest(said.reason)


def shares(sizes: Mapping[int, int], most: int, room: int) -> list[tuple[int, ...]]:
    """The numbers in `sizes` (bytes of each JPEG) in order, cut into jobs of at most `most` pictures and `room` bytes.

    A picture that is too large by itself is a job by itself, for the provider to refuse.
    """
    jobs: list[tuple[int, ...]] = []
    now: list[int] = []
    filled = 0
    for number, size in sizes.items():
        line = size * 4 // 3 + 8192  # base64, and the prompt
        if now and (len(now) == most or filled + line > room):
            jobs.append(tuple(now))
            now, filled = [], 0
        now.append(number)
        filled += line
    return [*jobs, tuple(now)] if now else jobs
