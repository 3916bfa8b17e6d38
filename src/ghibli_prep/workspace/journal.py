"""`.ghibli-prep/journal.jsonl`: what happened to each picture, but for the captions, which have a home of their own.

It only grows. What is true now is what the lines say one after the other: `Facts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from ghibli_prep.errors import ForeignState
from ghibli_prep.samples import Blocked, Failed, Kept, Rejected, Removed, Unreadable
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes

VERSION = 1
_HEADER = {"journal": "ghibli-prep", "version": VERSION}


@dataclass(frozen=True, slots=True)
class Numbered:
    """A picture was given its number, for ever."""

    number: int
    identity: str
    source: str


@dataclass(frozen=True, slots=True)
class Restored:
    """A picture that had been removed is back in `train/`."""

    number: int


@dataclass(frozen=True, slots=True)
class Reopened:
    """These pictures are to be asked again, in place of any noted before. selection: what the user asked for.

    texts: a mark of the caption that each has. One that has another now was asked, or written by hand, since.
    """

    numbers: tuple[int, ...]
    texts: tuple[str, ...]
    selection: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A picture that was to be asked again was."""

    number: int


@dataclass(frozen=True, slots=True)
class Settled:
    """Every removal and restoring noted so far is done: pictures and lines lie where they belong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the filter, or the user over it, decided: see `samples.Kept`."""

    kept: bool
    source: str
    by: str
    reason: str
    score: float


Event = Unreadable | Kept | Rejected | Numbered | Blocked | Failed | Removed | Restored | Settled | Reopened | Closed
_KINDS: dict[str, type[Event]] = {kind.__name__.lower(): kind for kind in get_args(Event)}
_TYPES: dict[str, type | tuple[type, ...]] = {
    "number": int,
    "score": (int, float),
    "purged": bool,
    "file": Path,
    "numbers": list,
    "texts": list,
}


@dataclass(slots=True)
class Facts:
    """What the journal says is true now. Keys are identities or numbers, as the names of the types say.

    moving: what was begun and is not settled: a kill came between, and the next opening ends it.
    reopened: the pictures still to be asked again, chosen by `selection`, with the marks of their captions.
    """

    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    sources: dict[int, str] = field(default_factory=dict)
    blocked: dict[int, str] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    removed: dict[int, Removed] = field(default_factory=dict)
    moving: dict[int, Removed | Restored] = field(default_factory=dict)
    reopened: dict[int, str] = field(default_factory=dict)
    selection: str = ""

    def apply(self, event: Event) -> None:
        match event:
            case Unreadable(identity=identity):
                self.unreadable[identity] = event
            case Kept(identity, source, _, by, reason, score):
                self.verdicts[identity] = Verdict(True, source, by, reason, score)
            case Rejected(identity, source, _, by, reason, score):
                self.verdicts[identity] = Verdict(False, source, by, reason, score)
            case Numbered(number, identity, source):
                self.numbers[identity] = number
                self.sources[number] = source
            case Blocked(number, reason):
                self.blocked[number] = reason
            case Failed(number, ""):
                self.failed.pop(number, None)
            case Failed(number, reason):
                self.failed[number] = reason
            case Removed(number=number):
                self.removed[number] = self.moving[number] = event
            case Restored(number=number):
                self.removed.pop(number, None)
                self.moving[number] = event
            case Settled():
                self.moving.clear()
            case Reopened(numbers, texts, selection):
                self.reopened, self.selection = dict(zip(numbers, texts, strict=True)), selection
            case Closed(number=number):
                self.reopened.pop(number, None)


def load(path: Path) -> Facts:
    """The facts in `path`, without what a cut left of its last line. Raises ForeignState for a file not ours."""
    facts = Facts()
    content = lines.read(path)
    whole = lines.whole(content)
    if not whole and not lines.encode(_HEADER).startswith(content.strip(b"\0")):
        _check_header(path, None)
    for at, raw in lines.numbered(whole):
        record = lines.parse(raw)
        if at == 1:
            _check_header(path, record)
            continue
        event = _decoded(record) if record else None
        if event is None:
            raise ForeignState(
                f"{path}, line {at}: not a line of ghibli-prep. Delete that line if the file was edited; "
                "what it said will be found out again. Nothing was changed."
            )
        facts.apply(event)
    return facts


def start(path: Path) -> None:
    """Create `path`, or cut off half a line at its end."""
    content = lines.read(path)
    whole = lines.whole(content)
    with disk_errors_in_words(path):
        if whole != content or not whole:
            replace_bytes(path, whole or lines.encode(_HEADER))


def append(path: Path, events: Iterable[Event], *, durable: bool) -> None:
    with disk_errors_in_words(path):
        lines.append(path, [_encoded(event) for event in events], durable=durable)


def _check_header(path: Path, header: dict[str, Any] | None) -> None:
    if header is None or header.get("journal") != _HEADER["journal"] or type(header.get("version")) is not int:
        raise ForeignState(f"{path}: not a journal of ghibli-prep. It is left untouched: choose another --workspace.")
    if header["version"] != VERSION:
        raise ForeignState(
            f"{path}: written by another ghibli-prep (version {header['version']}; this one knows {VERSION}). "
            "It is left untouched: upgrade ghibli-prep, or choose another --workspace."
        )


def _encoded(event: Event) -> dict[str, Any]:
    fields = asdict(event)
    fields.pop("file", None)  # where a picture can be read now is found anew each time
    return {"event": type(event).__name__.lower(), **fields}


def _decoded(record: dict[str, Any]) -> Event | None:
    fields = dict(record)
    kind = _KINDS.get(str(fields.pop("event", "")))
    if kind is None:
        return None
    if kind in (Kept, Rejected):
        fields["file"] = Path()
    if not all(isinstance(value, _TYPES.get(name, str)) for name, value in fields.items()):
        return None
    if kind is Reopened and not _lists_fit(fields):
        return None
    try:
        return kind(**fields)
    except TypeError:  # a field is missing or unknown
        return None


def _lists_fit(fields: dict[str, Any]) -> bool:
    """Make tuples of the lists of a `Reopened`; False where they are not what they should be."""
    numbers, texts = fields.get("numbers", []), fields.get("texts", [])
    fields |= {"numbers": tuple(numbers), "texts": tuple(texts)}
    whole = all(isinstance(number, int) for number in numbers) and all(isinstance(text, str) for text in texts)
    return whole and len(numbers) == len(texts)
