"""Where a workspace stands, as figures and in words. Reads; writes and prints nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ghibli_prep.asking import slots_of
from ghibli_prep.captioning import HostRefused, Key, KeyDead, ServiceDown, Slot
from ghibli_prep.captioning.days import pacific_day
from ghibli_prep.detectors import NO_PEOPLE
from ghibli_prep.ledger import name_of
from ghibli_prep.pipeline import Pipeline
from ghibli_prep.samples import Removed
from ghibli_prep.settings import CaptionSettings, Limits
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.batches import Job
from ghibli_prep.workspace.checkpoint import local_time
from ghibli_prep.workspace.quota import Spent


def pictures(count: int) -> str:
    """`1 picture`, `4,789 pictures`."""
    return f"{count:,} picture{'' if count == 1 else 's'}"


def figures(workspace: Workspace, keys: Sequence[Key], settings: CaptionSettings, now: float) -> dict[str, Any]:
    """What `status --json` prints. Counts are pictures; times are local, `YYYY-MM-DD HH:MM:SS`, or null."""
    facts = workspace.facts
    dropped = Counter(verdict.reason for verdict in facts.verdicts.values() if not verdict.kept)
    blocked, failed = workspace.blocked(), workspace.failed()
    return {
        "workspace": str(workspace.root),
        "kept": sum(verdict.kept for verdict in facts.verdicts.values()),
        "dropped": dict(sorted(dropped.items())),
        "unreadable": {bad.source: bad.reason for bad in facts.unreadable.values()},
        "total_images": len(workspace.pictures()),
        "captioned": len(workspace.captions) - len(blocked),
        "blocked": len(blocked),
        "failed": {str(number): why for number, why in failed.items()},
        "pending": len(workspace.pending()),
        "removed": len(workspace.pictures_removed()),
        "to_ask_again": len(workspace.to_ask_again()),
        "batches": [_batch(job) for job in workspace.batches.values() if job.out],
        "slots": [_slot(workspace, slot, settings, now) for slot in slots_of(keys, settings)],
    }


def _batch(job: Job) -> dict[str, Any]:
    """step: the last that is done, as in `batches.jsonl`; since: when its pictures were set aside."""
    return {
        "name": job.name,
        "step": job.step,
        "pictures": len(job.numbers),
        "model": job.model or None,
        "key": job.key or None,
        "fingerprint": job.fingerprint or None,
        "since": local_time(job.opened),
    }


def _slot(workspace: Workspace, slot: Slot, settings: CaptionSettings, now: float) -> dict[str, Any]:
    """A slot as the quota file has it: a project's slots share their figures. `left_out`, `dead`: by the last run."""
    spent = workspace.quota.get(name_of(slot), Spent())
    asked = spent.asked if spent.day == pacific_day(now) else 0
    known = settings.limits.get(slot.model, Limits()).rpd or spent.rpd
    until = spent.until if spent.until > now else 0.0
    resting = spent.resting if spent.resting > now else 0.0
    return {
        "key": slot.key.position,
        "fingerprint": slot.key.fingerprint,
        "project": slot.key.project or None,
        "model": slot.model,
        "asked_today": asked,
        "left_today": None if known is None and not until else 0 if until else max(0, (known or 0) - asked),
        "spent_until": local_time(until) if until else None,
        "resting_until": local_time(resting) if resting else None,
        "why": spent.why if until or resting else None,
        "left_out": spent.out or None,
        "dead": workspace.quota.get(slot.key.fingerprint, Spent()).out or None,
    }


def in_words(now: Mapping[str, Any]) -> str:
    """`figures`, for people."""
    rows = [
        ("workspace", now["workspace"]),
        ("kept by the filter", f"{now['kept']:,}"),
        *((f"dropped: {reason}", f"{count:,}") for reason, count in now["dropped"].items()),
        ("unreadable files", f"{len(now['unreadable']):,}"),
        ("pictures in train/", f"{now['total_images']:,}"),
        ("captioned", f"{now['captioned']:,}"),
        ("blocked", f"{now['blocked']:,}"),
        ("failed", f"{len(now['failed']):,}"),
        ("still to caption", f"{now['pending']:,}"),
        ("in removed/", f"{now['removed']:,}"),
        *([("to ask again", f"{now['to_ask_again']:,}")] if now["to_ask_again"] else []),
    ]
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    lines += [f"  {source}: {reason}" for source, reason in now["unreadable"].items()]
    lines += [f"  {number}.jpg: {why}" for number, why in now["failed"].items()]
    lines += [_batch_in_words(batch) for batch in now["batches"]]
    lines += _slots_in_words(now["slots"])
    if now["captioned"] and not now["pending"]:
        lines.append("`ghibli-prep validate` checks every rule that the dataset must meet.")
    return "\n".join(lines)


def _batch_in_words(batch: Mapping[str, Any]) -> str:
    where = f"with {batch['model']} by key {batch['key']}" if batch["model"] else "not sent yet"
    return f"{batch['name']}: {pictures(batch['pictures'])} {where}, {batch['step']}, since {batch['since']}"


def _slots_in_words(slots: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each quota that there is something to say of, then one for each dead key."""
    quotas: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for slot in slots:
        quotas.setdefault((slot["project"] or slot["fingerprint"], slot["model"]), []).append(slot)
    for (project, model), shared in quotas.items():
        keys = ", ".join(str(slot["key"]) for slot in shared)
        who = f"keys {keys} (project {project})" if len(shared) > 1 else f"key {keys}"
        slot, said = shared[0], []
        if slot["spent_until"]:
            said.append(f"spent until {slot['spent_until']} ({slot['why']})")
        elif slot["left_today"] is not None:
            said.append(f"{slot['left_today']:,} left")
        if slot["resting_until"]:
            said.append(f"resting until {slot['resting_until']} ({slot['why']})")
        if slot["left_out"] and not slot["dead"]:
            said.append(f"in the last run left out: {slot['left_out']}")
        if slot["asked_today"] or said:
            yield ", ".join([f"{who}, {model}: {slot['asked_today']:,} requests today", *said])
    dead = {(slot["key"], slot["fingerprint"]): slot["dead"] for slot in slots if slot["dead"]}
    for (position, mark), why in dead.items():
        yield f"key {position} ({mark}): dead, as the last run found: {why}"


def summary(workspace: Workspace) -> str:
    """The last words of a run."""
    blocked, failed, pending = len(workspace.blocked()), len(workspace.failed()), len(workspace.pending())
    captioned = len(workspace.captions) - blocked
    lines = [
        f"{workspace.train}: {captioned:,} captioned, {blocked:,} blocked, {failed:,} failed, "
        f"{pending:,} still to caption, of {pictures(len(workspace.pictures()))}."
    ]
    if blocked or failed:
        lines.append("`ghibli-prep cleanup` takes out the pictures without a caption.")
    if out := still_there(workspace):
        lines.append(out)
    elif not (blocked or failed or pending) and captioned:
        lines.append(
            f"The dataset is complete: point your trainer at {workspace.train} (`ghibli-prep validate` checks it)"
        )
    return "\n".join(lines)


def still_there(workspace: Workspace) -> str:
    """Of pictures that the user dropped and that lie in `train/`; "" where there are none."""
    count = len(workspace.dropped_by_hand().intersection(workspace.pictures()))
    if not count:
        return ""
    return f"Still in {workspace.train}: {pictures(count)} that you dropped. `ghibli-prep cleanup` takes them out."


def to_ask_again(workspace: Workspace, numbers: Sequence[int]) -> str:
    """What a recaption would ask."""
    if not numbers:
        return f"{workspace.train}: no caption fits that, so nothing is asked again."
    lines = [f"{pictures(len(numbers))} would be asked again; each keeps its caption until the new one is on the disk:"]
    return "\n".join([*lines, *(f"  {number}.jpg  {workspace.captions[number]}" for number in numbers)])


def asked_again(workspace: Workspace, before: Mapping[int, str]) -> str:
    """What a recaption has come to. before: the captions that were to be asked again."""
    asked = before.keys() - set(workspace.to_ask_again())
    new = sum(workspace.captions.get(number) != before[number] for number in asked)
    return f"{pictures(len(asked))} asked again: new captions: {new:,}, kept as they were: {len(asked) - new:,}."


def without_caption(numbers: Sequence[int]) -> str:
    """Of pictures that were named to be asked again."""
    named = ", ".join(f"{number}.jpg" for number in numbers[:5]) + (", ..." if len(numbers) > 5 else "")
    return (
        f"{pictures(len(numbers))} without a caption left out ({named}): `ghibli-prep caption` asks for what has none, "
        "with --retry-blocked also for what was blocked or failed."
    )


def filtered(workspace: Workspace) -> str:
    """What the filter decided, so far."""
    verdicts = workspace.facts.verdicts.values()
    dropped = Counter(verdict.reason for verdict in verdicts if not verdict.kept)
    kept = sum(verdict.kept for verdict in verdicts)
    lines = [f"{pictures(kept)} kept: {workspace.filtered}"]
    lines += [f"{count:,} dropped: {workspace.rejected / reason}" for reason, count in sorted(dropped.items())]
    if dropped:
        lines.append("Move a picture from one folder to the other to overrule the filter.")
    if dropped[NO_PEOPLE] and not kept:
        lines.append(
            "Nothing was kept. Detectors are trained on photographs: for drawn people give yolo weights that know them "
            "(filter.yolo.weights), lower filter.min_score and run `ghibli-prep filter --redo`, or use --skip-filter."
        )
    return "\n".join(lines)


def removals(workspace: Workspace, removals: Sequence[Removed], purge: bool, also: int) -> str:
    """What a cleanup would do. also: how many pictures already in `removed/` would be deleted with them."""
    to = "deleted for good" if purge else f"moved to {workspace.removed}"
    lines = [f"{pictures(len(removals))} without a usable caption would be {to}:"] if removals else []
    lines += [f"  {removal.number}.jpg  {removal.reason}" for removal in removals]
    if also:
        lines.append(f"{pictures(also)} in {workspace.removed} would be deleted for good.")
    return "\n".join(lines)


def dry_run(pipeline: Pipeline, skip_filter: bool, skip_resize: bool) -> str:
    """What the filter and resize of a run would do."""
    found, facts = pipeline.census().pictures, pipeline.workspace.facts
    undecided = sum(identity not in facts.verdicts for identity in found)
    dropped = {identity for identity, verdict in facts.verdicts.items() if not verdict.kept and not skip_filter}
    todo = sum(identity not in dropped and not pipeline.workspace.is_resized(identity) for identity in found)
    return "\n".join(
        [
            f"find: {len(found):,} pictures in {pipeline.source}",
            "filter: skipped" if skip_filter else f"filter: {undecided:,} pictures to look at",
            "resize: skipped" if skip_resize else f"resize: {todo:,} pictures at the most",
        ]
    )


def key_row(
    key: Key, answer: Sequence[str] | KeyDead | ServiceDown | HostRefused, models: Sequence[str]
) -> dict[str, Any]:
    """One key in `keys --json`. models: those of the ladder that it is for."""
    known = isinstance(answer, KeyDead | ServiceDown | HostRefused)
    return {
        "position": key.position,
        "name": key.name,
        "provider": key.provider,
        "fingerprint": key.fingerprint,
        "ok": not known,
        "dead": isinstance(answer, KeyDead),
        "problem": answer.reason if isinstance(answer, KeyDead | ServiceDown | HostRefused) else None,
        "models": {} if isinstance(answer, KeyDead | ServiceDown | HostRefused) else {m: m in answer for m in models},
    }


def keys_in_words(rows: Sequence[Mapping[str, Any]], models: Sequence[str]) -> str:
    """One table: a row for each key, a column for each model of the ladder."""
    names = [f"{row['position']}  {row['name']} ({row['fingerprint']})" for row in rows]
    width = max(map(len, [*names, "key"]))
    lines = ["  ".join([f"{'key':<{width}}", *models])]
    for name, row in zip(names, rows, strict=True):
        words = {True: "yes", False: "no", None: "-"}
        cells = [f"{words[row['models'].get(model)]:<{len(model)}}" for model in models]
        lines.append("  ".join([f"{name:<{width}}", *([row["problem"]] if row["problem"] else cells)]).rstrip())
    gone = [model for model in models if not any(row["models"].get(model) for row in rows)]
    if gone and any(not row["problem"] for row in rows):
        lines.append(
            f"Offered to none of your keys (retired, perhaps): {', '.join(gone)}. A run leaves them out by itself."
        )
    return "\n".join(lines)
