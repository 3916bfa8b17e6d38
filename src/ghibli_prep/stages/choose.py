"""Which picture a user means by a file, and what is decided of it by hand. Decides; moves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ghibli_prep.errors import UsageError
from ghibli_prep.samples import BY_USER, KEPT_IN_DATASET, Found, Kept, Rejected


def chosen(
    file: Path,
    keep: bool,
    there: Mapping[str, Found],
    sources: Mapping[str, str],
    of_dataset: Callable[[Path], str | None],
    hash_file: Callable[[Path], str],
) -> Kept | Rejected:
    """What is decided by naming `file`. Raises UsageError for one that is none of these pictures.

    there: every frame that can be read now, by identity. sources: where those decided before came from, by identity.
    of_dataset: the identity of a picture in `train/` or `removed/`, "" where it is not known; None for a file that lies
    elsewhere.
    """
    if file.is_dir():
        raise UsageError(f"{file}: a folder. Name the pictures in it. Nothing was changed.")
    try:
        in_dataset = of_dataset(file)
        identity = hash_file(file) if in_dataset is None else in_dataset
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror}). Nothing was changed.") from None
    if not identity and not file.exists():
        raise UsageError(f"{file}: no such file. Nothing was changed.")
    if identity not in there:
        raise UsageError(
            f"{file}: its frame lies neither in the input nor in filtered_temp/ or filtered_out/. "
            "Put the frame back into raw/, or name another folder with --input. Nothing was changed."
        )
    frame = there[identity]
    source = sources.get(identity, frame.source)
    if keep:
        reason = "kept by hand" if in_dataset is None else KEPT_IN_DATASET
        return Kept(identity, source, frame.file, BY_USER, reason, 1.0)
    return Rejected(identity, source, frame.file, BY_USER, "by_hand", 1.0)
