"""The dispatcher: stops, faults of ours, order; and the threads that carry the calls, with tiny real times."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ghibli_prep.captioning import (
    AnswerUnusable,
    Attempt,
    Described,
    HostRefused,
    Key,
    KeyDead,
    PictureBlocked,
    PictureUnreadable,
    Question,
    ServiceDown,
    Slot,
    SlotTired,
    Usage,
)
from ghibli_prep.captioning.calls import Call, Calls, Clock, Heard, Stop, ThreadedCalls
from ghibli_prep.captioning.dispatch import Answer, Dispatcher, Done, Interrupted, Refused
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.posts import Exhausted, Wait
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.samples import Blocked, Captioned, Failed, Resized
from ghibli_prep.settings import CaptionSettings, RuleSettings

PROFILE = Profile.of(CaptionSettings(rules=RuleSettings(disabled=("clip-tokens", "cefr"))))  # they take time to load
GOOD = Described(
    "Ghibli stylea young boy with short brown hair, wearing a blue coat, standing in a wide green field, "
    "soft light of the evening, calm mood.",
    Usage(300, 40),
    "v1",
)
MENDED = (
    "Ghibli style a young boy with short brown hair, wearing a blue coat, standing in a wide green field, "
    "soft light of the evening, calm mood"
)
QUESTION = Question("describe", 100, 5.0)
Reply = Attempt | BaseException


def good(number: int) -> Described:
    """A good caption, another for each picture."""
    return replace(GOOD, text=f"{GOOD.text[:-1]}, the number {number} on a sign.")


class Telephone:
    """Calls in virtual time that are answered in order, a second each; `reply` gets the picture's number."""

    def __init__(self, reply: Callable[[int], Reply], after_each: Callable[[], None] = lambda: None) -> None:
        self._reply, self._after_each = reply, after_each
        self._under_way: deque[Call] = deque()
        self._now = 1_000_000.0
        self.asked: list[int] = []

    def now(self) -> float:
        return self._now

    def place(self, call: Call) -> None:
        self.asked.append(call.picture.number)
        self._under_way.append(call)

    def hear(self, until: float) -> Heard | None:
        if until == 0 or not self._under_way:
            self._now = max(self._now, until)
            return None
        self._now += 1
        call = self._under_way.popleft()
        self._after_each()
        reply = self._reply(call.picture.number)
        return Heard(call, good(call.picture.number) if reply is GOOD else reply)


class Desk:
    """A dispatcher with everything it says and hands on."""

    def __init__(
        self, calls: Calls, *, ceiling: int = 1, slots: int = 1, attempts: int = 3, stop: Stop | None = None
    ) -> None:
        key = Key(1, "K1", "s")
        self.rota = Rota([Slot(key, f"m{n}") for n in range(slots)], "parallel-all", [5, 10, 80], ceiling, {})
        self.told: list[str] = []
        self.waits: list[Wait] = []
        self.answers: list[Answer] = []
        self.dispatcher = Dispatcher(
            self.rota,
            calls,
            judge=Judge(PROFILE, attempts),
            stop=stop or Stop(),
            tell=self.told.append,
            waiting=self.waits.append,
        )

    def run(self, pictures: int | Sequence[Resized] = 3) -> list[int]:
        """The numbers of the pictures that were answered."""
        some = (
            [Resized(n, Path(f"train/{n}.jpg")) for n in range(1, pictures + 1)]
            if isinstance(pictures, int)
            else pictures
        )
        for answer in self.dispatcher.run(some):
            self.answers.append(answer)
        return [answer.outcome.number for answer in self.answers]


def test_an_answer_is_tidied_and_handed_on_with_what_it_cost() -> None:
    desk = Desk(Telephone(lambda _: GOOD))
    desk.run(1)
    slot = Slot(Key(1, "K1", "s"), "m0")
    assert desk.answers == [
        Answer(
            Captioned(1, f"{MENDED}, the number 1 on a sign"),
            slot,
            1.0,
            Usage(300, 40),
            "v1",
            mended=("trigger", "final-stop"),
        )
    ]
    assert desk.dispatcher.end == Done()


def test_a_broken_rule_is_asked_again_at_once_with_the_reason_of_another_model_and_costs_add_up() -> None:
    remarks: list[tuple[str, str]] = []

    class Listening(Telephone):
        def place(self, call: Call) -> None:
            remarks.append((call.slot.model, call.remark))
            super().place(call)

    short = replace(GOOD, text="a boy")
    phone = Listening(lambda _: short if len(phone.asked) in (1, 2) else GOOD)
    desk = Desk(phone, slots=2)
    desk.run(2)
    assert phone.asked == [1, 1, 1, 2]
    assert [model for model, _ in remarks] == ["m0", "m1", "m0", "m0"]
    assert [bool(remark) for _, remark in remarks] == [False, True, True, False]
    assert "has 4 words, at least 20 are needed" in remarks[1][1]
    first = desk.answers[0]
    assert (first.attempts, first.usage, first.asked_again) == (3, Usage(900, 120), ("min-words", "min-words"))
    assert [post.asked for post in desk.rota.posts.values()] == [3, 1]
    assert not any(post.out or post.unusable or post.strikes for post in desk.rota.posts.values())


def test_a_picture_whose_captions_all_break_a_rule_fails_with_the_reason_and_the_slot_is_not_to_blame() -> None:
    phone = Telephone(lambda n: replace(GOOD, text="I can't help with that") if n < 8 else GOOD)
    desk = Desk(phone)
    assert desk.run(8) == list(range(1, 9))
    assert Counter(phone.asked) == {**dict.fromkeys(range(1, 8), 3), 8: 1}
    assert [answer.outcome for answer in desk.answers[:1]] == [
        Failed(1, "the caption is a refusal and not a description; has 7 words, at least 20 are needed")
    ]
    assert isinstance(desk.answers[-1].outcome, Captioned) and desk.told == []


def test_nothing_to_ask_is_done_at_once() -> None:
    desk = Desk(Telephone(lambda _: GOOD))
    assert desk.run(0) == []
    assert desk.dispatcher.end == Done()


def test_blocked_and_unreadable_pictures_are_settled_by_one_request() -> None:
    phone = Telephone(lambda n: PictureBlocked("SAFETY") if n == 1 else PictureUnreadable("no picture"))
    desk = Desk(phone)
    desk.run(2)
    assert [answer.outcome for answer in desk.answers] == [Blocked(1, "SAFETY"), Failed(2, "no picture")]
    assert phone.asked == [1, 2]


@pytest.mark.parametrize("useless", [AnswerUnusable("empty"), Described("Ghibli style.", Usage(), "")])
@pytest.mark.parametrize("attempts", [1, 3, 9])
def test_a_useless_answer_is_asked_again_after_the_others_and_boundedly(useless: Attempt, attempts: int) -> None:
    phone = Telephone(lambda n: useless if n == 1 else GOOD)
    desk = Desk(phone, attempts=attempts)
    assert sorted(desk.run(3)) == [1, 2, 3]
    assert phone.asked == [1, 2, 3] + [1] * (attempts - 1)
    assert isinstance(desk.answers[0 if attempts == 1 else -1].outcome, Failed)
    assert desk.dispatcher.end == Done()
    assert desk.told == []  # one picture does not have the slot left out


def test_a_picture_whose_slot_failed_is_asked_next_and_the_order_is_kept() -> None:
    replies: list[Reply] = [GOOD, SlotTired(None, "t"), ServiceDown("d"), SlotTired(1, "t"), GOOD, GOOD, GOOD, GOOD]
    phone = Telephone(lambda _: replies.pop(0))
    assert Desk(phone, slots=2).run(4) == [1, 2, 3, 4]


def test_pictures_of_a_failed_burst_come_back_in_their_order() -> None:
    phone = Telephone(lambda _: SlotTired(None, "t") if len(phone.asked) <= 4 else GOOD)
    assert Desk(phone, ceiling=4).run(6) == [1, 2, 3, 4, 5, 6]
    assert phone.asked == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]


def test_a_notice_is_told_once_and_the_end_says_why() -> None:
    desk = Desk(Telephone(lambda _: KeyDead("expired")), ceiling=4, slots=2)
    assert desk.run(4) == []
    assert len(desk.told) == 1
    assert desk.dispatcher.end == Exhausted(None, "keys")


def test_rests_are_shown_with_their_reason() -> None:
    desk = Desk(Telephone(lambda _: SlotTired(None, "too many") if not desk.waits[1:] else GOOD))
    desk.run(1)
    assert Wait(1_000_006.0, "too many") in desk.waits


def test_a_machine_that_is_not_served_ends_the_run_after_the_answers_under_way() -> None:
    desk = Desk(Telephone(lambda n: HostRefused("location") if n == 1 else GOOD), ceiling=3)
    assert desk.run(9) == [2, 3]
    assert desk.dispatcher.end == Refused("location")


def test_a_dispatcher_can_be_run_again() -> None:
    desk = Desk(Telephone(lambda _: KeyDead("x")))
    ends = []
    for pictures in (1, 0):
        desk.run(pictures)
        ends.append(desk.dispatcher.end)
    assert ends == [Exhausted(None, "keys"), Done()]


# Faults of ours ---------------------------------------------------------------------------------------


def test_a_fault_of_a_backend_is_raised_after_the_other_answers_were_handed_on() -> None:
    phone = Telephone(lambda n: ZeroDivisionError("bug") if n in (1, 2) else GOOD)
    desk = Desk(phone, ceiling=4)
    with pytest.raises(ZeroDivisionError, match="bug"):
        desk.run(9)
    assert [answer.outcome.number for answer in desk.answers] == [3, 4]
    assert phone.asked == [1, 2, 3, 4]


def test_a_call_that_cannot_be_placed_is_raised_after_the_other_answers_were_handed_on() -> None:
    class Broken(Telephone):
        def place(self, call: Call) -> None:
            if call.picture.number == 3:
                raise RuntimeError("can't start new thread")
            super().place(call)

    desk = Desk(Broken(lambda _: GOOD), ceiling=4)
    with pytest.raises(RuntimeError, match="new thread"):
        desk.run(9)
    assert [answer.outcome.number for answer in desk.answers] == [1, 2]


def test_a_picture_that_cannot_be_read_is_left_alone_and_told() -> None:
    gone = FileNotFoundError(2, "No such file or directory")
    desk = Desk(Telephone(lambda n: gone if n == 1 else GOOD))
    assert desk.run(2) == [2]
    assert desk.told == ["train/1.jpg cannot be read (No such file or directory) and was left out"]
    assert desk.dispatcher.end == Done()


# Stops ------------------------------------------------------------------------------------------------


def test_the_first_stop_finishes_what_is_under_way() -> None:
    stop = Stop()
    phone = Telephone(lambda _: GOOD, after_each=lambda: None if stop.soon else stop.ask())
    desk = Desk(phone, ceiling=3, stop=stop)
    assert desk.run(9) == [1, 2, 3]
    assert phone.asked == [1, 2, 3]
    assert desk.dispatcher.end == Interrupted()


def test_a_stop_before_the_first_request_asks_nothing() -> None:
    stop = Stop()
    stop.ask()
    desk = Desk(Telephone(lambda _: GOOD), stop=stop)
    assert desk.run(9) == []
    assert desk.dispatcher.end == Interrupted()


# Threads ----------------------------------------------------------------------------------------------


class Provider:
    """A backend whose answer to a picture is `reply`, as long as that takes."""

    def __init__(self, reply: Callable[[int], Attempt]) -> None:
        self._reply = reply
        self.asked: list[int] = []
        self.prompts: list[str] = []

    def ask(self, pictures: Sequence[Path], slot: Slot, question: Question) -> Attempt:
        assert slot.model.startswith("m") and replace(question, prompt="describe") == QUESTION
        self.prompts.append(question.prompt)
        number = int(pictures[0].stem)
        self.asked.append(number)
        reply = self._reply(number)
        return good(number) if reply is GOOD else reply

    def models(self, key: Key) -> Sequence[str]:
        return [key.name]

    def close(self) -> None:
        pass


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opened at the test's end, for no thread to outlive it."""
    event = threading.Event()
    yield event
    event.set()


def asking() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("ask-")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    for thread in asking():
        thread.join(1)
    assert asking() == []


def ask_later(stop: Stop, *seconds: float) -> None:
    for each in seconds:
        threading.Timer(each, stop.ask).start()


def test_threads_answer_everything_at_most_ceiling_at_once_and_go_home() -> None:
    now, most = 0, 0
    lock = threading.Lock()

    def reply(_: int) -> Attempt:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.002)
        with lock:
            now -= 1
        return GOOD

    stop = Stop()
    calls = ThreadedCalls(Provider(reply), QUESTION, 4, stop)
    assert sorted(Desk(calls, ceiling=4).run(40)) == list(range(1, 41))
    assert most == 4 == len(asking())
    calls.close()
    assert asking() == []


def test_the_reason_is_added_to_the_prompt_of_that_picture_alone() -> None:
    short = replace(GOOD, text="a boy")
    provider = Provider(lambda _: short if provider.asked == [1] else GOOD)
    calls = ThreadedCalls(provider, QUESTION, 1, Stop())
    Desk(calls).run(2)
    calls.close()
    assert provider.asked == [1, 1, 2]
    assert [len(prompt.split("\n\n")) for prompt in provider.prompts] == [1, 2, 1]
    assert provider.prompts[1].startswith("describe\n\nYour last answer cannot be used: the caption has 4 words")


def test_no_more_threads_are_started_than_are_needed() -> None:
    calls = ThreadedCalls(Provider(lambda _: GOOD), QUESTION, 8, Stop())
    Desk(calls, ceiling=1).run(20)
    assert len(asking()) <= 2
    calls.close()


def test_a_first_stop_ends_a_long_rest_soon() -> None:
    stop = Stop()
    calls = ThreadedCalls(Provider(lambda _: SlotTired(80, "too many")), QUESTION, 1, stop)
    desk = Desk(calls, stop=stop)
    ask_later(stop, 0.03)
    began = time.monotonic()
    assert desk.run(3) == []
    assert time.monotonic() - began < 40, "the rest was slept through"
    assert desk.dispatcher.end == Interrupted()
    calls.close()


def test_a_first_stop_waits_for_the_answer_under_way_even_while_another_slot_rests(gate: threading.Event) -> None:
    stop = Stop()

    def reply(number: int) -> Attempt:
        if number == 1:
            return SlotTired(80, "too many")
        gate.wait(60)
        return GOOD

    calls = ThreadedCalls(Provider(reply), QUESTION, 2, stop)
    ask_later(stop, 0.02)
    threading.Timer(0.25, gate.set).start()
    desk = Desk(calls, ceiling=2, slots=2, stop=stop)
    assert desk.run(2) == [2]
    assert desk.dispatcher.end == Interrupted()
    calls.close()


def test_a_second_stop_ends_at_once_with_the_answers_that_have_arrived(gate: threading.Event) -> None:
    stop = Stop()
    arrived = threading.Barrier(3)

    def reply(number: int) -> Attempt:
        if number == 3:
            arrived.wait(30)
            gate.wait(60)
        elif number == 2:
            arrived.wait(30)
        return GOOD

    provider = Provider(reply)
    calls = ThreadedCalls(provider, QUESTION, 3, stop)
    desk = Desk(calls, ceiling=3, stop=stop)
    began = time.monotonic()
    numbers = []
    for answer in desk.dispatcher.run([Resized(n, Path(f"{n}.jpg")) for n in range(1, 9)]):
        numbers.append(answer.outcome.number)
        if not stop.soon:  # the first answer is being written down while the user stops twice and the second comes in
            stop.ask()
            stop.ask()
            arrived.wait(30)
            time.sleep(0.02)
    assert numbers == [1, 2]
    assert desk.dispatcher.end == Interrupted()
    assert sorted(provider.asked) == [1, 2, 3]
    calls.close()
    assert time.monotonic() - began < 30, "an answer was waited for"


def test_closing_does_not_begin_what_was_only_placed(gate: threading.Event) -> None:
    def reply(_: int) -> Attempt:
        gate.wait(60)
        return GOOD

    provider = Provider(reply)
    calls = ThreadedCalls(provider, QUESTION, 1, Stop())
    slot = Slot(Key(1, "K1", "s"), "m0")
    for number in (1, 2, 3):
        calls.place(Call((Resized(number, Path(f"{number}.jpg")),), slot, calls.now()))
    while not provider.asked:
        time.sleep(0.001)
    calls.close()
    gate.set()
    assert calls.hear(calls.now() + 1) is not None
    assert provider.asked == [1]


def test_a_thread_that_raises_hands_its_fault_on() -> None:
    def reply(_: int) -> Attempt:
        raise LookupError("bug")

    calls = ThreadedCalls(Provider(reply), QUESTION, 2, Stop())
    with pytest.raises(LookupError, match="bug"):
        Desk(calls, ceiling=2).run(5)
    calls.close()


@pytest.mark.parametrize("until", [0.0, -1.0, 100.0])
def test_listening_until_a_time_that_has_passed_returns_at_once(until: float) -> None:
    calls = ThreadedCalls(Provider(lambda _: GOOD), QUESTION, 1, Stop(), clock=lambda: 100.0)
    assert calls.hear(until) is None


def test_waiting_does_not_spin() -> None:
    looks = 0

    def clock() -> float:
        nonlocal looks
        looks += 1
        return time.time()

    calls = ThreadedCalls(Provider(lambda _: GOOD), QUESTION, 1, Stop(), clock)
    calls.hear(time.time() + 0.25)
    assert looks < 10


def test_the_clock_never_goes_back_and_follows_jumps_forward() -> None:
    wall, steady = [1000.0], [0.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    seen = []
    for seconds, reading in enumerate((1000.0, 1001.0, -2000.0, -1999.0, 5000.0)):
        wall[0], steady[0] = reading, float(seconds)
        seen.append(clock())
    assert seen == [1000, 1001, 1002, 1003, 5000]
