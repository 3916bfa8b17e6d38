"""What `validate --fix` does: what can be mended without a choice that is the user's. The workspace writes it.

Nothing that says or shows something is ever deleted: lines and files that go out of `train/` are put aside in
`.ghibli-prep/set_aside/`. Copies of pictures are taken out by `thinning`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ghibli_prep.captioning import rules
from ghibli_prep.captioning.rules import Finding, Profile
from ghibli_prep.errors import ForeignState, UsageError
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.settings import Settings
from ghibli_prep.validating import folders, lines
from ghibli_prep.validating.folders import METADATA, Place
from ghibli_prep.validating.lines import Line
from ghibli_prep.validating.looking import caption_problem
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace import Workspace
from ghibli_prep.workspace.lines import encode
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

    shown: str
    profile: Profile | None
    aside: list[bytes] = field(default_factory=list)
    done: list[Problem] = field(default_factory=list)
    _kept: list[bytes] = field(default_factory=list)
    _firsts: dict[int, _First] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return b"".join(line + b"\n" for line in self._kept)

    def take(self, line: Line) -> None:
        """The next line of the file."""
        self.done += [problem for problem in lines.check(line, self.shown) if problem.fixable]
        body = (lines.without_bom(line.raw) if line.at == 1 else line.raw).strip(b"\0 \t\r\n")
        number = line.number or lines.plain_name(line)
        if lines.is_blank(line):
            return
        if lines.is_cut_off(line) or (number is not None and lines.empty_text(line)):
            self.aside.append(body)
        elif number is None or not line.text:
            self._kept.append(body)
        else:
            self._take_caption(line, number, body)

    def _take_caption(self, line: Line, number: int, body: bytes) -> None:
        text, findings = _mended_text(line.text, self.profile)
        self.done += [caption_problem(finding, self.shown, line.at, True) for finding in findings]
        plain = line.number is not None and not lines.keys(line)
        new = body if plain and text == line.text else encode(record_of(number, text)).rstrip(b"\n")
        if new != body:
            self.aside.append(body)
        if (first := self._firsts.get(number)) is None:
            self._firsts[number] = _First(line.at, len(self._kept), text)
            self._kept.append(new)
            return
        detail = f"{file_name(number)} has a line already: line {first.at:,}"
        self.done.append(Problem("duplicate-line", self.shown, line.at, detail, "", fixable=True))
        if first.text == BLOCKED_TEXT != text:  # a real caption counts for more
            first.text, self._kept[first.place] = text, new
        elif text not in (first.text, BLOCKED_TEXT):
            self.aside.append(new)


@dataclass(slots=True)
class _First:
    """The first line of a number. at: where it stood; place: among the lines that are kept; text: as it is now."""

    at: int
    place: int
    text: str


def mended(content: bytes, shown: str, profile: Profile | None) -> Mended:
    """`content` mended. profile: whose rules the captions are mended by; None: texts stay as they are."""
    after = Mended(shown, profile)
    for line in lines.read(io.BytesIO(content)):
        after.take(line)
    return after


def _mended_text(text: str, profile: Profile | None) -> tuple[str, list[Finding]]:
    if profile is None or text == BLOCKED_TEXT:
        return text, []
    now = rules.mend(text, profile).text
    if now in ("", text):
        return text, []
    return now, [finding for finding in rules.findings(text, profile) if finding.severity == "mend"]
