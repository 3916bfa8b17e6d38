from __future__ import annotations

from ghibli_prep.samples import Removed
from ghibli_prep.stages.cleanup import to_remove


def test_pictures_go_by_number_with_the_reason_that_counts_most() -> None:
    removals = to_remove(
        blocked={4: "PROHIBITED_CONTENT"}, failed={2: "no image", 4: "x"}, dropped={1, 2}, pending=[1, 3], purge=False
    )
    assert removals == [
        Removed(1, "moved to filtered_out by hand", False),
        Removed(2, "failed: no image", False),
        Removed(3, "not captioned", False),
        Removed(4, "blocked: PROHIBITED_CONTENT", False),
    ]


def test_nothing_to_remove_is_no_removal_and_purging_is_passed_on() -> None:
    assert to_remove(blocked={}, failed={}, dropped=(), pending=(), purge=True) == []
    assert to_remove(blocked={7: "why"}, failed={}, dropped=(), pending=(), purge=True) == [
        Removed(7, "blocked: why", True)
    ]
