"""`filtered_temp/` and `filtered_out/<reason>/`: the filter's decisions as folders that people can look through.

Links where the disk allows, copies where not. Nothing is read back from here but what the user moved.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from ghibli_prep.samples import Kept, Rejected
from ghibli_prep.workspace.atomic import disk_errors_in_words, move

_NAME_TOO_LONG = {errno.ENAMETOOLONG, errno.ENOENT if os.name == "nt" else errno.ENAMETOOLONG}
"""Windows says of a path that is too long that it is not there."""
_LONGEST_SUFFIX = 16


def place(sample: Kept | Rejected, filtered: Path, rejected: Path, staging: Path) -> None:
    """Show a decision: the picture under its side and reason.

    A picture that the user moved to that side by hand stays where the user put it. staging: a folder for half copies.
    """
    if sample.file.is_relative_to(filtered if isinstance(sample, Kept) else rejected):
        return
    side = filtered if isinstance(sample, Kept) else rejected / sample.reason
    with disk_errors_in_words(side):
        try:
            _link(sample.file, side / sample.source, sample.identity, staging)
        except OSError as error:
            if error.errno not in _NAME_TOO_LONG:
                raise
            suffix = sample.file.suffix if len(os.fsencode(sample.file.suffix)) <= _LONGEST_SUFFIX else ""
            _link(sample.file, side / f"{sample.identity[:16]}{suffix}", sample.identity, staging)


def take_away(file: Path, side: Path) -> None:
    """Remove a copy from `side`, and the folders that it leaves empty."""
    with disk_errors_in_words(file):
        file.unlink(missing_ok=True)
    for folder in file.parents:
        if folder == side or not folder.is_relative_to(side):
            return
        try:
            folder.rmdir()
        except OSError:  # not empty
            return


def take_away_film(folder: str, filtered: Path, rejected: Path) -> None:
    """Remove what either side shows of a film. folder: of its frames, below `raw/`."""
    with disk_errors_in_words(rejected):
        shown = [side / folder for side in (filtered, *rejected.glob("*")) if (side / folder).is_dir()]
        for there in shown:
            shutil.rmtree(there)


def _link(file: Path, target: Path, identity: str, staging: Path) -> None:
    origin = file.resolve()
    if target.exists():
        if _same_content(target, origin):
            return
        target = target.with_name(f"{target.stem}~{identity[:8]}{target.suffix}")
        target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):  # another disk, or a disk without links: copied below
        os.link(origin, target)
        return
    half = staging / f"{identity}.copy"
    shutil.copy2(origin, half)
    move(half, target)


def _same_content(one: Path, other: Path) -> bool:
    if one.is_dir():
        return False
    return one.samefile(other) or (
        one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()
    )
