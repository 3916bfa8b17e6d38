"""What `validate --fix` does: what can be mended without a choice that is the user's. The workspace writes it.

Nothing that says or shows something is ever deleted: lines and files that go out of `train/` are put aside in
`.ghibli-prep/set_aside/`, and copies of pictures move to `removed/`, from where `cleanup --restore` brings them back.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Finding, Profile
from ghibli_prep.errors import ForeignState, UsageError
from ghibli_prep.samples import BLOCKED_TEXT, Removed
from ghibli_prep.settings import Settings
from ghibli_prep.validating import folders, lines
from ghibli_prep.validating.checking import Report
from ghibli_prep.validating.folders import METADATA, Place
from ghibli_prep.validating.lines import Line
from ghibli_prep.validating.looking import caption_problem
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.lines import BOM, encode
from ghibli_prep.workspace.mending import Mender, mending
from ghibli_prep.workspace.metadata import file_name
from ghibli_prep.workspace.metadata import line as record_of

HashFile = Callable[[Path], str]


def fix(place: Place, settings: Settings, hash_file: HashFile, tell: Callable[[str], None]) -> list[Problem]:
    """Mend lines and move strays; returns what was mended. tell: is told what is left alone, and why.

    Raises WorkspaceHeld, UsageError and DiskError.
    """
    if place.removed is None:
        raise UsageError(f"{place.root}: --fix mends workspaces: name the folder that holds the one with the pictures.")
    done: list[Problem] = []
    with mending(place.root) as mender:
        profile = _profile(place.train / METADATA, settings, tell)
        done += _fix_lines(mender, place.train / METADATA, place.shown + METADATA, profile)
        done += _fix_lines(mender, place.removed / METADATA, f"removed/{METADATA}", None)
        strays = [p for p in folders.strays(folders.listed(place.train).strays, place.shown) if p.fixable]
        for stray in strays:
            name = stray.file.removeprefix(place.shown)
            if folders.is_of_the_system(name):
                mender.put_aside(place.train / name)
                done.append(stray)
    waiting = [*folders.rescued(place.root), *(stray for stray in strays if stray not in done)]
    with suppress(ForeignState), Workspace(place.root, hash_file):  # ends what a kill cut short, as every run does
        done += waiting
    return done


def _profile(metadata: Path, settings: Settings, tell: Callable[[str], None]) -> Profile | None:
    """The rules to mend captions by; None where they are hardly those that the captions were written by."""
    trigger = settings.caption.trigger
    captions = fitting = 0
    if not folders.unreadable(metadata):
        with metadata.open("rb") as file:
            for line in lines.read(file):
                captions += bool(line.caption)
                fitting += line.caption.casefold().startswith(trigger.casefold())
    if fitting * 2 >= captions:
        return Profile.of(settings.caption)
    tell(
        f"{captions - fitting:,} of {captions:,} captions do not begin with {trigger!r}, so the texts are left alone. "
        "If these are not the settings of this dataset, name them with --config."
    )
    return None


def take_out_copies(report: Report, hash_file: HashFile, tell: Callable[[str], None]) -> list[Problem]:
    """Move exact copies to `removed/`, all but one of each, which is the first that has a caption.

    None where the workspace cannot be opened for what only the user can mend; tell: is told that.
    """
    copies = [problem for problem in report.found if problem.check == "exact-copy"]
    if not copies:
        return []
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for number, first in report.copies.items():
        groups[first].append(number)
    try:
        with Workspace(report.place.root, hash_file) as workspace:
            workspace.take_out(list(_removals(groups, workspace.captions)))
    except ForeignState as why:
        tell(f"The copies stay until this is mended by hand: {why}")
        return []
    return copies


def _removals(groups: Mapping[int, list[int]], captions: Mapping[int, str]) -> Iterator[Removed]:
    for first, others in groups.items():
        numbers = sorted([first, *others])
        keeper = next((n for n in numbers if captions.get(n, BLOCKED_TEXT) != BLOCKED_TEXT), numbers[0])
        for number in numbers:
            if number != keeper:
                yield Removed(number, f"an exact copy of {file_name(keeper)}", False)


def _fix_lines(mender: Mender, metadata: Path, shown: str, profile: Profile | None) -> list[Problem]:
    if folders.unreadable(metadata):
        return []
    before = metadata.read_bytes()
    after = mended(before, shown, profile)
    if after.content != before:
        mender.rewrite(metadata, before, after.content, after.aside)
    return after.done


@dataclass(slots=True)
class Mended:
    """A `metadata.jsonl` as it should be. aside: the lines that are no longer in it, or say something else now.
    done: what was mended."""

    content: bytes = b""
    aside: list[bytes] = field(default_factory=list)
    done: list[Problem] = field(default_factory=list)


def mended(content: bytes, shown: str, profile: Profile | None) -> Mended:
    """`content` mended. profile: whose rules the captions are mended by; None: texts stay as they are."""
    after = Mended()
    kept: list[bytes] = []
    firsts: dict[int, tuple[int, Line, str]] = {}  # by number: its place in `kept`, the line, and its text now
    for line in lines.read(io.BytesIO(content)):
        after.done += [problem for problem in lines.check(line, shown) if problem.fixable]
        body = (line.raw.removeprefix(BOM) if line.at == 1 else line.raw).strip(b"\0 \t\r\n")
        number = line.number or lines.plain_name(line)
        if lines.is_blank(line):
            continue
        if lines.is_cut_off(line) or (number is not None and lines.empty_text(line)):
            after.aside.append(body)
            continue
        if number is None or not line.text:
            kept.append(body)
            continue
        text, findings = _mended_text(line.text, profile)
        after.done += [caption_problem(finding, shown, line.at, True) for finding in findings]
        new = body if _is_plain(line) and text == line.text else encode(record_of(number, text)).rstrip(b"\n")
        if new != body:
            after.aside.append(body)
        if number not in firsts:
            firsts[number] = (len(kept), line, text)
            kept.append(new)
            continue
        at, first, said = firsts[number]
        detail = f"{file_name(number)} has a line already: line {first.at:,}"
        after.done.append(Problem("duplicate-line", shown, line.at, detail, "", fixable=True))
        if said == BLOCKED_TEXT != text:  # a real caption counts for more
            firsts[number] = (at, first, text)
            kept[at] = new
        elif text not in (said, BLOCKED_TEXT):
            after.aside.append(new)
    after.content = b"".join(line + b"\n" for line in kept)
    return after


def _mended_text(text: str, profile: Profile | None) -> tuple[str, list[Finding]]:
    if profile is None or text == BLOCKED_TEXT:
        return text, []
    mended = rules.mend(text, profile)
    if not mended.text or mended.text == text:
        return text, []
    return mended.text, [finding for finding in rules.findings(text, profile) if finding.severity == "mend"]


def _is_plain(line: Line) -> bool:
    return line.number is not None and not lines.keys(line)
