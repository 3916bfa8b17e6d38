"""`.ghibli-prep/batches.jsonl`: the batch jobs, each line a whole job as it was then; its last line counts.

A job is noted before the step that makes the note true where that step is paid for, and after it otherwise, so a kill
at any moment leaves enough to go on by. Knows no provider; which step comes next is `batching.steps`'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from ghibli_prep.errors import ForeignState
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes

VERSION = 1
Step = Literal["opened", "aimed", "uploaded", "creating", "created", "ended", "fetched", "closed"]


@dataclass(frozen=True, slots=True)
class Back:
    """What is known of a picture that went back to the queue.

    asks: captions of it that broke a rule; useless: answers with nothing in them; remark: what the next request adds.
    """

    asks: int = 0
    useless: int = 0
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Pictures that are asked together. Times are seconds since the epoch, 0 where not yet.

    name: our own, which the provider shows too, and unlike any other. numbers: its pictures.
    step: the last that is known to be done; "creating": the provider may or may not have been asked to.
    fingerprint, key, payer, model: the slot, the key also by its position and whose quota it uses.
    file: the requests, as the provider calls them.
    prompt: a hash of it. thinking: how often the model had refused what it was told of thinking.
    job: what the provider calls it. said, result: what it ended in, and the file of its answers, "" without.
    why: of a closed one. back: its pictures that went back to the queue. refused: what it was told of thinking was.
    """

    name: str
    numbers: tuple[int, ...]
    opened: float
    step: Step = "opened"
    fingerprint: str = ""
    key: int = 0
    payer: str = ""
    model: str = ""
    file: str = ""
    prompt: str = ""
    thinking: int = 0
    asked: float = 0.0
    job: str = ""
    said: str = ""
    result: str = ""
    fetched: float = 0.0
    why: str = ""
    back: Mapping[int, Back] = field(default_factory=dict)
    refused: bool = False

    @property
    def out(self) -> bool:
        """Are its pictures kept from being asked otherwise?"""
        return self.step != "closed"

    @property
    def paid(self) -> bool:
        """Was the provider asked, as far as anybody knows?"""
        return self.step in ("creating", "created", "ended", "fetched")


def load(path: Path) -> dict[str, Job]:
    """Every job by name, the oldest first. Raises ForeignState, naming the line."""
    jobs: dict[str, Job] = {}
    for at, raw in lines.numbered(lines.whole(lines.read(path))):
        record = lines.parse(raw)
        job = _decoded(record) if record else None
        if job is None:
            raise ForeignState(
                f"{path}, line {at}: not a line of this ghibli-prep (it knows version {VERSION}). Upgrade ghibli-prep. "
                "Delete that line only if no batch is out, or its answers may be paid for twice. Nothing was changed."
            )
        jobs[job.name] = job
    return jobs


def start(path: Path) -> None:
    """Cut off half a line at the end."""
    content = lines.read(path)
    whole = lines.whole(content)
    if whole != content:
        with disk_errors_in_words(path):
            replace_bytes(path, whole)


def append(path: Path, job: Job) -> None:
    """One line more, on the disk when this returns. Raises DiskError, the file then being as before."""
    with disk_errors_in_words(path):
        lines.append(path, [{"version": VERSION, **asdict(job)}], durable=True)


def out(jobs: Iterable[Job]) -> frozenset[int]:
    """The pictures that are out in any of `jobs`."""
    return frozenset(number for job in jobs if job.out for number in job.numbers)


def backs(jobs: Iterable[Job]) -> dict[int, Back]:
    """What is known of each picture that its last job gave back."""
    found: dict[int, Back] = {}
    for job in jobs:
        if job.step == "closed" and job.fetched:
            for number in job.numbers:
                found.pop(number, None)
            found.update(job.back)
    return found


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "numbers": list, "back": dict, "key": int, "thinking": int, "refused": bool,
    "opened": (int, float), "asked": (int, float), "fetched": (int, float),
}  # fmt: skip


def _decoded(record: dict[str, Any]) -> Job | None:
    names = {each.name for each in fields(Job)}
    if record.get("version") != VERSION or record.keys() != names | {"version"}:
        return None
    chosen = {name: record[name] for name in names}
    if not all(isinstance(value, _KINDS.get(name, str)) for name, value in chosen.items()):
        return None
    if chosen["step"] not in get_args(Step) or not all(isinstance(number, int) for number in chosen["numbers"]):
        return None
    try:
        chosen["back"] = {int(number): Back(**each) for number, each in chosen["back"].items()}
    except (TypeError, ValueError):
        return None
    return Job(**{**chosen, "numbers": tuple(chosen["numbers"])})
