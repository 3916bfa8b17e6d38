"""A file of answers becomes captions: judged by the same rules as elsewhere, recorded the same way, at half the price.

Collecting the same file again changes nothing: every answer has one time, by which it is known that it is recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ghibli_prep.asking import OUTCOMES, Means
from ghibli_prep.captioning import Slot
from ghibli_prep.captioning.batches import BatchService, Line
from ghibli_prep.captioning.judging import Judge, Story
from ghibli_prep.captioning.prices import cost
from ghibli_prep.captioning.rules import Profile
from ghibli_prep.samples import Blocked, Captioned, Failed, Outcome, Resized
from ghibli_prep.workspace import Workspace, batches
from ghibli_prep.workspace.batches import Back, Job
from ghibli_prep.workspace.provenance import Provenance

PRICE = 0.5
"""A batch's share of the usual price."""


@dataclass(slots=True)
class Tally:
    """What came of a job. outcomes: by `captioned`, `blocked`, `failed` and `kept`; back: went back to the queue."""

    outcomes: Counter[str] = field(default_factory=Counter)
    back: dict[int, Back] = field(default_factory=dict)
    refused: bool = False
    reasons: Counter[str] = field(default_factory=Counter)


class Collecting:
    """One job's answers, over a held workspace."""

    def __init__(self, workspace: Workspace, means: Means, service: BatchService, job: Job, slot: Slot) -> None:
        settings = means.settings
        self._workspace, self._settings, self._service, self._console = workspace, settings, service, means.console
        self._job, self._slot = job, slot
        self._known = batches.backs(workspace.batches.values())
        known = {text: workspace.file(number) for number, text in workspace.captions.items()}
        self._judge = Judge(Profile.of(settings), settings.attempts_per_picture, known)
        self._made = workspace.provenance()
        self._time = datetime.fromtimestamp(job.fetched, UTC).isoformat(timespec="microseconds")

    def run(self) -> Tally:
        """Record every answer. Raises DiskError; what was recorded is, and the same again goes on."""
        left, tally = set(self._job.numbers), Tally()
        here = set(self._workspace.pictures())
        with self._workspace.batch_answers(self._job.name).open("rb") as file:
            for raw in file:
                line = self._service.answer(raw, self._slot)
                if line is None or line.number not in left:  # cut off, not ours, or answered twice
                    continue
                left.discard(line.number)
                if line.number in here:
                    self._take(line, tally)
        for number in sorted(left & here):
            if not self._is_settled(number):
                tally.back[number] = self._known.get(number, Back())
                tally.reasons["the batch brought no answer"] += 1
        self._workspace.settle_captions()
        return tally

    def _take(self, line: Line, tally: Tally) -> None:
        number = line.number
        made = self._made.get(number)
        if made is not None and made.time == self._time:  # collected before, and killed in between
            tally.outcomes[made.outcome] += 1
            return
        picture = Resized(number, self._workspace.file(number))
        before = self._known.get(number, Back())
        story = self._judge.stories[number]
        story.attempts, story.asks, story.useless, story.remark = 1, before.asks, before.useless, before.remark
        attempt = self._judge.read(picture, line.attempt)
        tally.refused |= line.thinking
        outcome = None if line.thinking else self._judge.outcome(picture, self._slot.model, attempt)
        if self._is_kept(number, outcome):
            tally.outcomes["kept"] += 1
        elif outcome is None:
            tally.back[number] = Back(story.asks, story.useless, story.remark)
            rules = ", ".join(story.asked_again)
            tally.reasons[f"breaks a rule: {rules}" if rules else getattr(attempt, "reason", "no answer")] += 1
        else:
            self._record(outcome, story, tally)

    def _is_settled(self, number: int) -> bool:
        return self._workspace.has_caption(number)

    def _is_kept(self, number: int, outcome: Outcome | None) -> bool:
        """Has the picture a caption by now, of the user's or another run's? This very one may lack its provenance."""
        if not self._is_settled(number):
            return False
        return not (isinstance(outcome, Captioned) and outcome.text == self._workspace.captions[number])

    def _record(self, outcome: Outcome, story: Story, tally: Tally) -> None:
        self._workspace.record(outcome, self._provenance(outcome, story))
        tally.outcomes[OUTCOMES[type(outcome)]] += 1
        match outcome:
            case Captioned(number, text):
                self._console.log(f"{number}.jpg by {self._slot} in {self._job.name}: {text}")
            case Blocked(number, reason):
                self._console.tell(f"{number}.jpg is blocked by the provider's safety filter ({reason})")
            case Failed(number, reason):
                self._console.tell(f"{number}.jpg gets no caption: {reason}")

    def _provenance(self, outcome: Outcome, story: Story) -> Provenance:
        full = cost(story.usage, self._settings.prices.get(self._slot.model))
        return Provenance(
            number=outcome.number,
            outcome=OUTCOMES[type(outcome)],
            text=outcome.text if isinstance(outcome, Captioned) else "",
            reason="" if isinstance(outcome, Captioned) else outcome.reason,
            source=self._workspace.facts.sources.get(outcome.number, ""),
            picture=self._workspace.hash_of(outcome.number),
            backend=self._settings.backend,
            model=self._slot.model,
            model_version=story.model_version,
            key=self._job.key,
            fingerprint=self._job.fingerprint,
            prompt=self._job.prompt,
            mended=story.mended,
            asked_again=story.asked_again,
            input_tokens=story.usage.input_tokens,
            output_tokens=story.usage.output_tokens,
            cost=None if full is None else full * PRICE,
            attempts=story.attempts,
            requests=1.0,
            seconds=round(max(0.0, self._job.fetched - self._job.asked), 3),
            time=self._time,
        )


def done(job: Job, tally: Tally) -> Job:
    """The job once its answers are recorded."""
    words = ", ".join(f"{count:,} {what}" for what, count in sorted(tally.outcomes.items())) or "no answers"
    if tally.back:
        reasons = "; ".join(reason for reason, _ in tally.reasons.most_common(2))
        words += f"; {len(tally.back):,} back in the queue ({reasons})"
    return replace(job, step="closed", why=words, back=tally.back, refused=tally.refused)


def thinking_step(jobs: Mapping[str, Job], model: str) -> int:
    """How often `model` refused what it was told of thinking: each refusal is of one step more."""
    return max((job.thinking + 1 for job in jobs.values() if job.model == model and job.refused), default=0)
