"""`.ghibli-prep/merged.jsonl`: which pictures came from other datasets, and from where in them.

A line stands on its own: a dataset, by the name it has here; where the scenes of a film begin; a picture that was left
out as a copy; one that comes, written down before it is put into its place; those whose captions came after them. So
what a kill cut short is seen, and a line of `metadata.jsonl` that was deleted by hand is not taken for such. Knows
nothing of how datasets are read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ghibli_prep.errors import ForeignState
from ghibli_prep.samples import Rendered
from ghibli_prep.workspace import lines
from ghibli_prep.workspace.atomic import disk_errors_in_words, replace_bytes
from ghibli_prep.workspace.provenance import Provenance

VERSION = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a picture came from. dataset: its name here; file: below its folder, with `/`; content: the file's SHA-256.

    frame: the identity of the frame that it was made from there, source: that frame's path; "" where not known.
    film: the SHA-256 of the film that the frame was taken from, time: when it is shown, in seconds.
    """

    dataset: str
    file: str
    content: str
    frame: str = ""
    source: str = ""
    film: str = ""
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A picture that was left out as a copy. dataset, file, content: as of an `Origin`. text: its caption.

    of: what of, in words. how: of which kind. value: how near it comes, None where it is the same.
    """

    dataset: str
    file: str
    content: str
    text: str
    of: str
    how: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A picture that is to come in, with its caption. made: where that came from, as far as it is known."""

    rendered: Rendered
    origin: Origin
    text: str
    made: Provenance | None


class Merged:
    """What the file says. origins: by number. settled: numbers whose captions have come. folders: of the datasets, by
    name; a path relative to the workspace with `/`, or a whole one. cuts: of films by their SHA-256, in seconds. left:
    the last word about each picture that was left out, by its content.

    writable: False where the workspace is not held. Raises ForeignState on reading, DiskError or UsageError on writing.
    """

    def __init__(self, path: Path, writable: bool) -> None:
        self._path = path
        self.origins: dict[int, Origin] = {}
        self.settled: set[int] = set()
        self.folders: dict[str, str] = {}
        self.cuts: dict[str, tuple[float, ...]] = {}
        self.left: dict[str, Left] = {}
        content = lines.read(path)
        whole = lines.whole(content)
        for at, raw in lines.numbered(whole):
            try:
                self._apply(lines.parse(raw) or {})
            except (KeyError, TypeError, ValueError, AttributeError):
                raise ForeignState(
                    f"{path}, line {at}: not a line of this ghibli-prep (it knows version {VERSION}). Upgrade it, or "
                    "delete that line: no picture is lost by that, only where it came from. Nothing was changed."
                ) from None
        if writable and whole != content:  # a kill cut its last line
            with disk_errors_in_words(path):
                replace_bytes(path, whole)

    def _apply(self, record: Mapping[str, Any]) -> None:
        fields = dict(record)
        if fields.pop("version") != VERSION:
            raise ValueError
        match fields.pop("kind"):
            case "dataset":
                self.folders[str(fields["dataset"])] = str(fields["folder"])
            case "film":
                self.cuts[str(fields["film"])] = tuple(float(cut) for cut in fields["cuts"])
            case "picture":
                number, time = int(fields.pop("number")), fields.pop("time")
                texts = {name: str(value) for name, value in fields.items()}
                self.origins[number] = Origin(**texts, time=None if time is None else float(time))
            case "copy":
                value = fields.pop("value")
                texts = {name: str(text) for name, text in fields.items()}
                left = Left(**texts, value=None if value is None else float(value))
                self.left[left.content] = left
            case "settled":
                self.settled.update(map(int, fields["numbers"]))
            case _:
                raise ValueError

    def note_dataset(self, name: str, folder: str) -> None:
        if self.folders.get(name) != folder:
            self._note([{"kind": "dataset", "dataset": name, "folder": folder}], durable=False)

    def note_cuts(self, film: str, cuts: Sequence[float]) -> None:
        """The first that are known stay: all frames of a film are then counted into the same scenes."""
        if film not in self.cuts:
            self._note([{"kind": "film", "film": film, "cuts": list(cuts)}], durable=False)

    def note(self, origins: Mapping[int, Origin]) -> None:
        """On the disk when this returns."""
        new = [(number, origin) for number, origin in origins.items() if self.origins.get(number) != origin]
        self._note([{"kind": "picture", "number": number, **asdict(origin)} for number, origin in new], durable=True)

    def note_left(self, left: Collection[Left]) -> None:
        new = [each for each in left if self.left.get(each.content) != each]
        self._note([{"kind": "copy", **asdict(each)} for each in new], durable=False)

    def note_settled(self, numbers: Collection[int]) -> None:
        if numbers:
            self._note([{"kind": "settled", "numbers": sorted(numbers)}], durable=False)

    def _note(self, records: Sequence[Mapping[str, Any]], durable: bool) -> None:
        written = [{"version": VERSION, **record} for record in records]
        with disk_errors_in_words(self._path):
            lines.append(self._path, written, durable=durable)
        for record in written:
            self._apply(record)
