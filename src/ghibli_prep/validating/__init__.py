"""`ghibli-prep validate`: every rule that a dataset must meet, each one small function with a name.

Reads the files as they are, and never through what opening a workspace would mend; writes nothing but in `fixing`.
"""

from __future__ import annotations

from pathlib import Path

from ghibli_prep.console import Console
from ghibli_prep.settings import Settings
from ghibli_prep.validating.checking import Report, validate
from ghibli_prep.validating.fixing import HashFile, fix
from ghibli_prep.validating.folders import Place
from ghibli_prep.validating.thinning import take_out_copies
from ghibli_prep.validating.words import as_json, in_words, last_words

__all__ = ["Report", "as_json", "in_words", "last_words", "run"]


def run(root: Path, settings: Settings, console: Console, hash_file: HashFile, mend: bool) -> Report:
    """Check the dataset at `root`, after mending it where `mend`. hash_file: as for `Workspace`.

    Raises UsageError where there is none; with `mend` also WorkspaceHeld and DiskError.
    """
    place = Place.at(root)
    fixed = fix(place, settings, hash_file, console.tell) if mend else []

    def look() -> Report:
        return validate(place, settings, lambda looked, total: console.counting("validate", looked, total))

    report = look()
    while mend and (moved := take_out_copies(report, hash_file, console.tell)):
        fixed += moved
        report = look()
    report.fixed = fixed
    return report
