"""Which pictures leave `train/`, and why. Decides; moves nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ghibli_prep.samples import Removed


def to_remove(
    *,
    blocked: Mapping[int, str],
    failed: Mapping[int, str],
    dropped: Iterable[int],
    pending: Collection[int],
    purge: bool,
) -> list[Removed]:
    """The pictures without a usable caption, by number: blocked and failed ones with the provider's reason, those that
    the user moved to `filtered_out/`, and those in `pending` (hand in none to keep the ones not asked yet)."""
    reasons = dict.fromkeys(pending, "not captioned")
    reasons |= dict.fromkeys(dropped, "moved to filtered_out by hand")
    reasons |= {number: f"failed: {why}" for number, why in failed.items()}
    reasons |= {number: f"blocked: {why}" for number, why in blocked.items()}
    return [Removed(number, why, purge) for number, why in sorted(reasons.items())]
