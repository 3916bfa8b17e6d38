"""How many requests a picture takes with several pictures in each, beside one in each, with some pictures blocked.

The real dispatcher, rota and judge in virtual time: every picture of a request shares its fate where one is blocked.
It fails if a picture is not answered once, or another than a blocked one is marked as such. The bound stands beside it:
one request a group, and for each blocked picture two a halving.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from pathlib import Path

from ghibli_prep.captioning import Attempt, Described, Key, PictureBlocked, Slot, Usage, groups
from ghibli_prep.captioning.calls import Call, Stop
from ghibli_prep.captioning.dispatch import Dispatcher
from ghibli_prep.captioning.judging import Judge
from ghibli_prep.captioning.rota import Rota
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.captioning.simulation import Simulation
from ghibli_prep.samples import Blocked, Resized
from ghibli_prep.settings import CaptionSettings, RuleSettings

SHARES = (0.0, 0.01, 0.05)
IN_FLIGHT = 16
SECONDS = 4.0
PROFILE = Profile.of(CaptionSettings(rules=RuleSettings(disabled=("clip-tokens", "cefr"))))


def caption(number: int) -> str:
    return (
        "Ghibli style a young boy with short brown hair, wearing a blue coat, standing in a wide green field, "
        f"soft light of the evening, calm mood, the number {number} on a sign"
    )


def requests(pictures: int, together: int, share: float, seed: int) -> tuple[int, int]:
    """Requests for so many pictures of which a share is blocked, and how many were."""
    chance = random.Random(seed)
    numbers = range(1, pictures + 1)
    blocked = set(chance.sample(numbers, round(pictures * share)))

    def answer(call: Call) -> Attempt:
        here = [picture.number for picture in call.pictures]
        if blocked & set(here):
            return PictureBlocked("PROHIBITED_CONTENT")
        texts = [caption(number) for number in here]
        return Described(texts[0] if len(texts) == 1 else groups.written(texts), Usage(258 * len(here), 60), "")

    rota = Rota([Slot(Key(1, "K1", "secret"), "model")], "parallel-all", [5.0], IN_FLIGHT, {})
    dispatcher = Dispatcher(
        rota,
        Simulation(answer, lambda _: SECONDS, 1_782_932_400.0),
        judge=Judge(PROFILE, 3),
        stop=Stop(),
        tell=print,
        waiting=lambda _: None,
        together=together,
    )
    answers = list(dispatcher.run(Resized(number, Path(f"{number}.jpg")) for number in numbers))
    marked = {answer.outcome.number for answer in answers if isinstance(answer.outcome, Blocked)}
    if sorted(answer.outcome.number for answer in answers) != list(numbers) or marked != blocked:
        sys.exit(f"{together} a request, {share:.0%} blocked: not each picture was answered once and for itself")
    return sum(post.asked for post in rota.posts.values()), len(blocked)


def show(pictures: int, together: int, rounds: int) -> None:
    print(f"requests a picture: {pictures:,} pictures, the mean of {rounds} draws of the blocked ones")
    print(f"{'a request':<12}{'blocked':>9}{'requests':>11}{'a picture':>11}{'at most':>9}")
    for size in (1, together):
        for share in SHARES:
            found = [requests(pictures, size, share, seed) for seed in range(rounds)]
            mean, blocked = sum(count for count, _ in found) / rounds, found[0][1]
            most = math.ceil(pictures / size) + blocked * 2 * math.ceil(math.log2(size))
            print(f"{size:<12}{share:>9.0%}{mean:>11,.1f}{mean / pictures:>11.3f}{most / pictures:>9.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=4789)
    parser.add_argument("--together", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    show(chosen.pictures, chosen.together, chosen.rounds)
