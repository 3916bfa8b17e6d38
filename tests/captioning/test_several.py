"""Several pictures a request, in virtual time: each answered once, the blocked found exactly, requests bounded."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    HostRefused,
    Key,
    KeyDead,
    PictureBlocked,
    PictureUnreadable,
    ServiceDown,
    Slot,
    SlotSpent,
    SlotTired,
    Usage,
    groups,
)
from ghibli_prep.captioning.calls import Call, Heard, Stop
from ghibli_prep.captioning.dispatch import Answer, Dispatcher, Done, Interrupted
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.samples import Blocked, Captioned, Failed, Resized
from ghibli_prep.settings import CaptionSettings, RuleSettings

PROFILE = Profile.of(CaptionSettings(rules=RuleSettings(disabled=("clip-tokens", "cefr", "loop"))))
Reply = Attempt | BaseException


def caption(number: int) -> str:
    return (
        "Ghibli style a young boy with short brown hair, wearing a blue coat, standing in a wide green field, "
        f"soft light of the evening, calm mood, the number {number} on a sign"
    )


def described(numbers: Sequence[int], say: Callable[[int], str] = caption) -> Described:
    texts = [say(number) for number in numbers]
    text = texts[0] if len(texts) == 1 else groups.written(texts)
    return Described(text, Usage(100 + 258 * len(texts), 41 * len(texts)), "v1")


def good(numbers: Sequence[int], _: Call) -> Reply:
    return described(numbers)


@dataclass
class Telephone:
    """Calls in virtual time, a second each, answered in order; `reply` gets the numbers of the pictures."""

    reply: Callable[[Sequence[int], Call], Reply]
    asked: list[list[int]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    under_way: deque[Call] = field(default_factory=deque)
    time: float = 1_000_000.0

    def now(self) -> float:
        return self.time

    def place(self, call: Call) -> None:
        self.calls.append(call)
        self.asked.append([picture.number for picture in call.pictures])
        self.under_way.append(call)

    def hear(self, until: float) -> Heard | None:
        if until == 0 or not self.under_way:
            self.time = max(self.time, until)
            return None
        self.time += 1
        call = self.under_way.popleft()
        return Heard(call, self.reply([picture.number for picture in call.pictures], call))


@dataclass
class Desk:
    phone: Telephone
    together: int = 8
    ceiling: int = 1
    models: int = 1
    attempts: int = 3
    alone: frozenset[int] = frozenset()
    told: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    stop: Stop = field(default_factory=Stop)

    def __post_init__(self) -> None:
        slots = [Slot(Key(1, "K1", "s"), f"m{n}") for n in range(self.models)]
        self.rota = Rota(slots, "parallel-all", [5, 10, 80], self.ceiling, {})
        self.judge = Judge(PROFILE, self.attempts)
        self.dispatcher = Dispatcher(
            self.rota,
            self.phone,
            judge=self.judge,
            stop=self.stop,
            tell=self.told.append,
            waiting=lambda _: None,
            together=self.together,
            alone=self.alone,
        )

    def run(self, count: int) -> dict[int, Answer]:
        """The answers by their pictures' numbers."""
        for answer in self.dispatcher.run([Resized(n, Path(f"train/{n}.jpg")) for n in range(1, count + 1)]):
            self.answers.append(answer)
        assert len({answer.outcome.number for answer in self.answers}) == len(self.answers), "answered twice"
        return {answer.outcome.number: answer for answer in self.answers}


def blocking(bad: set[int], attempt: Attempt) -> Callable[[Sequence[int], Call], Reply]:
    return lambda numbers, _: attempt if bad & set(numbers) else described(numbers)


def bound(count: int, together: int, bad: int) -> int:
    return math.ceil(count / together) + bad * 2 * math.ceil(math.log2(together))


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 20])
def test_each_picture_gets_its_own_caption_at_its_share_of_the_request(count: int) -> None:
    desk = Desk(Telephone(good))
    found = desk.run(count)
    assert {n: a.outcome for n, a in found.items()} == {n: Captioned(n, caption(n)) for n in range(1, count + 1)}
    assert len(desk.phone.asked) == math.ceil(count / 8)
    assert sum(a.requests for a in desk.answers) == pytest.approx(len(desk.phone.asked))
    assert sum(a.usage.output_tokens for a in desk.answers) == 41 * count
    assert sum(a.usage.input_tokens for a in desk.answers) == 100 * len(desk.phone.asked) + 258 * count
    assert all(a.attempts == 1 and a.model_version == "v1" for a in desk.answers)
    assert sum(post.asked for post in desk.rota.posts.values()) == len(desk.phone.asked)
    assert desk.dispatcher.end == Done() and desk.told == []


@given(st.integers(1, 32), st.integers(0, 90), st.sets(st.integers(1, 90)), st.integers(1, 7), st.sampled_from("BU"))
def test_exactly_the_pictures_to_blame_are_found_in_a_bounded_number_of_requests(
    together: int, count: int, bad: set[int], ceiling: int, kind: str
) -> None:
    bad &= set(range(1, count + 1))
    attempt = PictureBlocked("SAFETY") if kind == "B" else PictureUnreadable("no picture")
    desk = Desk(Telephone(blocking(bad, attempt)), together, ceiling)
    found = desk.run(count)
    marked = {n for n, answer in found.items() if not isinstance(answer.outcome, Captioned)}
    assert set(found) == set(range(1, count + 1)) and marked == bad
    assert all(isinstance(found[n].outcome, Blocked if kind == "B" else Failed) for n in bad)
    assert len(desk.phone.asked) <= bound(count, together, len(bad))
    assert all([n] in desk.phone.asked for n in bad), "marked without having stood alone"
    assert sum(a.requests for a in desk.answers) == pytest.approx(len(desk.phone.asked))
    assert desk.told == []


FAULTS: list[Reply] = [
    SlotTired(None, "minute"),
    ServiceDown("down"),
    AnswerUnusable("cut off"),
    PictureBlocked("OTHER"),
    Described("no list", Usage(7, 3), "v1"),
    Described('[{"picture": 1, "caption": "x"}, {"picture"', Usage(7, 3), "v1"),
    Described(groups.written(["a", "a", "a"]), Usage(7, 3), "v1"),
]


@given(
    st.integers(2, 16),
    st.integers(1, 50),
    st.integers(1, 5),
    st.lists(st.one_of(st.none(), st.sampled_from(FAULTS)), max_size=25),
)
def test_whatever_comes_in_between_every_picture_is_answered_once_and_with_its_own_caption(
    together: int, count: int, ceiling: int, weather: list[Reply | None]
) -> None:
    left = list(weather)

    def reply(numbers: Sequence[int], _: Call) -> Reply:
        bad = left.pop(0) if left else None
        return described(numbers) if bad is None or len(numbers) == 1 else bad

    desk = Desk(Telephone(reply), together, ceiling, models=3)
    found = desk.run(count)
    assert {n: a.outcome for n, a in found.items()} == {n: Captioned(n, caption(n)) for n in range(1, count + 1)}
    assert not any(post.out for post in desk.rota.posts.values())


@pytest.mark.parametrize("attempt", [SlotTired(None, "t"), ServiceDown("d"), SlotSpent("day")])
def test_a_group_whose_slot_failed_goes_back_whole_to_its_place(attempt: Attempt) -> None:
    phone = Telephone(lambda numbers, _: attempt if len(phone.asked) == 1 else described(numbers))
    Desk(phone, together=4, models=2).run(8)
    assert phone.asked == [[1, 2, 3, 4], [1, 2, 3, 4], [5, 6, 7, 8]]


@pytest.mark.parametrize("attempt", [KeyDead("expired"), HostRefused("location")])
def test_a_group_that_nobody_can_answer_is_left_for_another_run(attempt: Attempt) -> None:
    desk = Desk(Telephone(lambda *_: attempt))
    assert desk.run(9) == {} and desk.phone.asked == [list(range(1, 9))]


def test_a_caption_that_breaks_a_rule_is_asked_for_alone_with_its_reason_of_another_model() -> None:
    def say(number: int) -> str:
        return "a boy" if number == 2 else caption(number)

    phone = Telephone(lambda numbers, _: described(numbers, say if len(numbers) > 1 else caption))
    desk = Desk(phone, together=4, models=2)
    found = desk.run(8)
    assert phone.asked == [[1, 2, 3, 4], [2], [5, 6, 7, 8]]
    again = phone.calls[1]
    assert "has 4 words" in again.remark and again.slot.model != phone.calls[0].slot.model
    assert not phone.calls[2].remark
    assert (found[2].attempts, found[2].requests, found[2].asked_again) == (2, 1.25, ("min-words",))
    assert found[2].outcome == Captioned(2, caption(2))


def test_two_pictures_with_one_text_have_one_of_them_asked_again() -> None:
    phone = Telephone(lambda numbers, _: described(numbers, caption if len(numbers) == 1 else lambda _: caption(1)))
    found = Desk(phone, together=2).run(2)
    assert phone.asked == [[1, 2], [2]]
    assert [found[n].outcome for n in (1, 2)] == [Captioned(1, caption(1)), Captioned(2, caption(2))]


def test_an_answer_that_cannot_be_used_is_paid_for_by_all_its_pictures() -> None:
    phone = Telephone(lambda numbers, _: Described("?", Usage(9, 5), "") if len(numbers) == 4 else described(numbers))
    found = Desk(phone, together=4).run(4)
    assert phone.asked == [[1, 2, 3, 4], [1, 2], [3, 4]]
    assert sum(answer.usage.output_tokens for answer in found.values()) == 5 + 41 * 4


def test_a_model_that_can_only_do_one_at_a_time_keeps_its_slot_and_is_soon_asked_so() -> None:
    phone = Telephone(lambda numbers, _: described(numbers) if len(numbers) == 1 else AnswerUnusable("cut off"))
    desk = Desk(phone, together=4)
    found = desk.run(60)
    assert all(isinstance(answer.outcome, Captioned) for answer in found.values())
    assert not any(post.out for post in desk.rota.posts.values())
    assert len(phone.asked) <= 60 + 2 * groups.MISSES * 2
    assert "one picture at once" in desk.told[-1]


def test_a_slot_without_any_usable_answer_is_still_left_out() -> None:
    desk = Desk(Telephone(lambda *_: AnswerUnusable("empty")), together=4)
    found = desk.run(40)
    assert [post.out for post in desk.rota.posts.values()] == ["model"]
    assert len(found) < 40


def test_pictures_that_were_refused_before_are_asked_for_alone() -> None:
    phone = Telephone(good)
    Desk(phone, together=4, alone=frozenset({2, 3})).run(7)
    assert phone.asked == [[1, 4, 5, 6], [2], [3], [7]]


def test_a_file_that_vanished_is_left_out_and_the_others_are_asked_together() -> None:
    gone = FileNotFoundError(2, "No such file or directory", "train/2.jpg")
    phone = Telephone(lambda numbers, _: gone if 2 in numbers else described(numbers))
    desk = Desk(phone, together=4)
    assert sorted(desk.run(4)) == [1, 3, 4]
    assert phone.asked == [[1, 2, 3, 4], [1, 3, 4]]
    assert desk.told == ["train/2.jpg cannot be read (No such file or directory) and was left out"]


def test_a_fault_that_names_no_file_is_found_by_halves() -> None:
    phone = Telephone(lambda numbers, _: OSError(5, "Input/output error") if 3 in numbers else described(numbers))
    desk = Desk(phone, together=4)
    assert sorted(desk.run(4)) == [1, 2, 4]
    assert len(desk.told) == 1 and "train/3.jpg" in desk.told[0]


def test_a_stop_records_the_group_under_way_and_asks_for_no_halves() -> None:
    def reply(numbers: Sequence[int], _: Call) -> Reply:
        desk.stop.ask()
        return described(numbers) if 1 in numbers else PictureBlocked("SAFETY")

    desk = Desk(Telephone(reply), together=4, ceiling=2)
    assert sorted(desk.run(12)) == [1, 2, 3, 4]
    assert len(desk.phone.asked) == 2 and desk.dispatcher.end == Interrupted()
