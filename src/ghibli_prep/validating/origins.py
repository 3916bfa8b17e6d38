"""Which picture each caption was written for, as `.ghibli-prep/captions.jsonl` says."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ghibli_prep.errors import GhibliPrepError
from ghibli_prep.validating.problems import Problem
from ghibli_prep.workspace import provenance

CHECK = "changed-picture"
REMEDY = (
    "If you changed it, delete its line to have it captioned anew; if not, delete the picture and run "
    "`ghibli-prep resize` to get it back."
)
NAME = ".ghibli-prep/captions.jsonl"


class Origins:
    """By number: what was asked for and what was answered, as far as it is known, in a few bytes each."""

    def __init__(self, root: Path | None) -> None:
        """root: of the workspace; None for a folder that belongs to none. `problem` says what cannot be read."""
        self._known: dict[int, tuple[bytes, bytes]] = {}
        self.problem: Problem | None = None
        if root is None:
            return
        try:
            for made in provenance.read(root / NAME):
                if made.outcome == "captioned":
                    self._known[made.number] = (_digest(made.text), bytes.fromhex(made.picture))
        except (GhibliPrepError, ValueError) as error:
            detail = str(error).removeprefix(str(root / NAME)).lstrip(":, ").partition(". ")[0].rstrip(".")
            remedy = "Mend the line, or delete it: where its caption came from is then no longer known."
            self.problem = Problem("provenance", NAME, None, detail, remedy)

    def picture_of(self, number: int, caption: str) -> bytes:
        """The SHA-256 of the picture that `caption` was written for; b"" where that is not known, as for texts of the
        user's own."""
        text, picture = self._known.get(number, (b"", b""))
        return picture if caption and text == _digest(caption) else b""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8]
