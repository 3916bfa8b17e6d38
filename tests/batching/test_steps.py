"""The steps of a job, pure: whatever is killed, lost or refused on the way, it is paid for once and comes to an end."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.batching import steps
from ghibli_prep.batching.ladder import Ladder
from ghibli_prep.batching.steps import NEXT, SETTLE, Elsewhere, Onward, Rest, Stuck, shares
from ghibli_prep.captioning import (
    AnswerUnusable,
    HostRefused,
    Key,
    KeyDead,
    ModelGone,
    ServiceDown,
    Slot,
    SlotSpent,
    SlotTired,
)
from ghibli_prep.captioning.batches import Fetched, Missing, Standing, Taken, Trouble, Uploaded
from ghibli_prep.workspace.batches import Job

JOB = Job("ghibli-prep-1", (1, 2, 3), 1000.0, key=1, fingerprint="f", model="best")
SLOT = Slot(Key(1, "A", "one"), "best")
DOWN = ServiceDown("down")
TROUBLES: list[Trouble] = [
    DOWN,
    SlotTired(None, "tired"),
    SlotSpent("spent"),
    ModelGone("gone"),
    KeyDead("dead"),
    HostRefused("elsewhere"),
    AnswerUnusable("what?"),
]
FATES = ("fine", "lost", "down", "killed before", "killed after", "file gone")


@dataclass
class Provider:
    """One that does what it is asked, or does it and says nothing. Its list is late by as much as `SETTLE` allows."""

    now: float = 0.0
    jobs: list[tuple[str, float]] = field(default_factory=list)
    paid: int = 0

    def create(self, name: str) -> Taken:
        self.paid += 1
        self.jobs.append((name, self.now))
        return Taken(f"batches/{len(self.jobs)}")

    def find(self, name: str) -> Taken | Missing:
        seen = [at for each, at in self.jobs if each == name and self.now >= at + SETTLE]
        return Taken("batches/1") if seen else Missing("no job of that name")


def told(provider: Provider, job: Job, fate: str) -> Job:
    """What is noted once the next step was taken under that fate, as `errands` takes it."""
    if fate == "killed before":
        return job
    step = NEXT[job.step]
    if step == "create":
        job = steps.intended(job, provider.now)
        if fate == "down":
            turn = steps.after_create(job, DOWN)
        elif fate == "file gone":
            turn = steps.after_create(job, Missing("the file"))
        else:
            said = provider.create(job.name)
            turn = steps.after_create(job, DOWN if fate == "lost" else said)
    elif step == "aim":
        turn = Onward(steps.aimed(job, SLOT))
    elif step == "upload":
        turn = steps.after_upload(job, Uploaded("files/1") if fate == "fine" else DOWN)
    elif step == "find":
        turn = steps.after_find(job, provider.find(job.name) if fate == "fine" else DOWN, provider.now)
    elif step == "look":
        turn = steps.after_look(job, Standing("succeeded", "files/2") if fate == "fine" else DOWN)
    elif step == "fetch":
        turn = steps.after_fetch(job, Fetched() if fate == "fine" else DOWN, provider.now)
    else:
        return job
    return turn.job if isinstance(turn, Onward | Elsewhere) and fate != "killed after" else job


@given(st.lists(st.tuples(st.sampled_from(FATES), st.floats(0, 60))))
def test_whatever_happens_a_job_is_paid_for_once_and_its_answers_come(
    fates: list[tuple[str, float]],
) -> None:
    provider, job = Provider(1000.0), JOB
    for fate, seconds in fates:
        job = told(provider, job, fate)
        provider.now += seconds
        assert provider.paid <= 1
    for _ in range(12):
        provider.now += SETTLE
        job = told(provider, job, "fine")
    assert job.step == "fetched"
    assert provider.paid == 1


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_before_it_is_paid_for_only_the_overloaded_and_the_place_are_waited_for(trouble: Trouble) -> None:
    uploading = steps.aimed(JOB, SLOT)
    creating = steps.intended(uploading, 5.0)
    waited = isinstance(trouble, ServiceDown | HostRefused)
    assert isinstance(steps.after_upload(uploading, trouble), Rest if waited else Elsewhere)
    turn = steps.after_create(creating, trouble)
    assert isinstance(turn, Rest if waited else Elsewhere)
    if isinstance(turn, Elsewhere):
        assert NEXT[turn.job.step] == "aim"
        assert turn.blame == trouble


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: type(trouble).__name__)
def test_once_it_may_be_paid_for_no_trouble_changes_the_job(trouble: Trouble) -> None:
    turns = [
        steps.after_find(steps.intended(JOB, 5.0), trouble, 900.0),
        steps.after_look(JOB, trouble),
        steps.after_fetch(JOB, trouble, 7.0),
    ]
    for turn in turns:
        assert isinstance(turn, Stuck if isinstance(trouble, KeyDead) else Rest)


def test_a_lost_answer_rests_until_the_job_must_be_in_the_list() -> None:
    creating = steps.intended(JOB, 5.0)
    assert steps.after_create(creating, DOWN) == Rest(
        "it is not known whether the batch was taken (down)", 5.0 + SETTLE
    )
    assert isinstance(steps.after_find(creating, Missing("none"), 6.0), Rest)
    again = steps.after_find(creating, Missing("none"), 5.0 + SETTLE)
    assert isinstance(again, Onward)
    assert NEXT[again.job.step] == "create"


def test_a_clock_that_was_set_back_does_not_hold_a_job_for_ever() -> None:
    assert isinstance(steps.after_find(steps.intended(JOB, 5000.0), Missing("none"), 10.0), Onward)


@pytest.mark.parametrize("state", ["succeeded", "partially succeeded", "failed", "cancelled", "expired"])
def test_answers_are_fetched_whatever_a_job_ended_in_and_without_any_its_pictures_are_free(state: str) -> None:
    with_answers = steps.after_look(JOB, Standing(state, "files/2"))  # type: ignore[arg-type]  # each of the literals
    assert isinstance(with_answers, Onward)
    assert (with_answers.job.step, with_answers.job.result, with_answers.job.out) == ("ended", "files/2", True)
    without = steps.after_look(JOB, Standing(state, "", "why"))  # type: ignore[arg-type]  # as above
    assert isinstance(without, Onward)
    assert (without.job.step, without.job.why, without.job.out) == ("closed", f"{state}: why", False)


def test_a_job_or_a_file_that_the_provider_has_no_more_frees_its_pictures() -> None:
    for turn in (steps.after_look(JOB, Missing("gone")), steps.after_fetch(JOB, Missing("gone"), 1.0)):
        assert isinstance(turn, Onward)
        assert (turn.job.step, turn.job.why) == ("closed", "gone")


@given(
    st.dictionaries(st.integers(1, 500), st.integers(1, 3_000_000)),
    st.integers(1, 20),
    st.integers(100_000, 9_000_000),
)
def test_every_picture_is_in_one_share_and_no_share_is_too_large(sizes: dict[int, int], most: int, room: int) -> None:
    jobs = shares(sizes, most, room)
    assert [number for job in jobs for number in job] == list(sizes)
    for job in jobs:
        assert 1 <= len(job) <= most
        assert len(job) == 1 or sum(sizes[number] * 4 // 3 + 8192 for number in job) <= room


def test_the_ladder_tries_the_best_model_with_every_key_before_the_next_model() -> None:
    keys = [Key(1, "A", "one"), Key(2, "B", "two")]
    ladder = Ladder(keys, ["best", "next"])
    tried = []
    while slot := ladder.first():
        tried.append((slot.key.position, slot.model))
        ladder.leave(slot, SlotSpent("spent") if slot.model == "best" else ModelGone("gone"))
    assert tried == [(1, "best"), (2, "best"), (1, "next"), (2, "next")]
    assert ladder.why == "quota"


def test_a_dead_key_takes_all_its_models_with_it_and_only_keys_are_to_blame_where_all_are_dead() -> None:
    one, two = Key(1, "A", "one"), Key(2, "B", "two")
    ladder = Ladder([one, two], ["best", "next"])
    ladder.leave(Slot(one, "best"), KeyDead("dead"))
    assert ladder.first() == Slot(two, "best")
    assert ladder.slot(one.fingerprint, "next") is None
    assert ladder.key(one.fingerprint) == one
    ladder.leave(Slot(two, "best"), KeyDead("dead"))
    assert (ladder.first(), ladder.why) == (None, "keys")
    assert Ladder([one], ["best"]).why == "keys"


def test_a_quota_is_of_the_whole_project_and_so_are_its_jobs() -> None:
    keys = [Key(1, "A", "one", "mine"), Key(2, "B", "two", "mine"), Key(3, "C", "three")]
    ladder = Ladder(keys, ["best"])
    ladder.leave(Slot(keys[0], "best"), SlotTired(None, "tired"))
    assert ladder.first() == Slot(keys[2], "best")
    gone = steps.aimed(JOB, Slot(Key(1, "A", "replaced", "mine"), "best"))
    assert ladder.key(gone.fingerprint, gone.payer) == keys[0]
    assert ladder.key(gone.fingerprint, "project other") is None
