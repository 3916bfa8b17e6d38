"""One step of one batch job, taken: what `steps` decides is asked of the provider, or of the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ghibli_prep.asking import Means, prompt_hash
from ghibli_prep.batching import collecting, steps
from ghibli_prep.batching.ladder import Ladder
from ghibli_prep.batching.steps import NEXT, Onward, Stuck, Turn
from ghibli_prep.captioning import AnswerUnusable, Key, Question, Slot
from ghibli_prep.captioning.batches import BatchService, Fetched, Missing, Taken, Trouble
from ghibli_prep.workspace import Workspace, batches
from ghibli_prep.workspace.atomic import disk_errors_in_words
from ghibli_prep.workspace.batches import Job


class Errands:
    """settled: grows by the pictures of collected jobs that did not go back to the queue."""

    def __init__(self, workspace: Workspace, means: Means, service: BatchService, ladder: Ladder) -> None:
        self._workspace, self._means, self._service, self._ladder = workspace, means, service, ladder
        self._lost_files: dict[str, int] = {}
        self.settled: set[int] = set()

    def step(self, job: Job) -> Turn:
        match NEXT[job.step]:
            case "aim":
                return self._aim(job)
            case "upload" | "create" as step:
                slot = self._ladder.slot(job.fingerprint, job.model)
                if slot is None:
                    return Onward(replace(job, step="opened", file=""))
                return self._upload(job, slot) if step == "upload" else self._create(job, slot)
            case step:
                key = self._ladder.key(job.fingerprint, job.payer)
                if key is None and step != "collect":
                    return Stuck(f"its key ({job.fingerprint}) is not among yours: put it back into .env")
        now = self._means.clock()
        slot = Slot(key, job.model) if key else _slot_without_key(job)
        match step:
            case "find":
                return steps.after_find(job, self._service.find(slot.key, job.name), now)
            case "look":
                return steps.after_look(job, self._service.look(slot.key, job.job))
            case "fetch":
                return steps.after_fetch(job, self._fetch(job, slot), self._means.clock())
        return self._collect(job, slot)

    def _aim(self, job: Job) -> Turn:
        slot = self._ladder.first()
        if slot is None:
            return Onward(steps.closed(job, "nobody takes it"))
        return Onward(steps.aimed(job, slot))

    def _upload(self, job: Job, slot: Slot) -> Turn:
        """Write the requests beside everything else that a kill may leave, send them, and take the file away again."""
        settings, workspace = self._means.settings, self._workspace
        prompt = settings.prompt_text
        backs = batches.backs(workspace.batches.values())
        thinking = collecting.thinking_step(workspace.batches, slot.model)
        file = workspace.staging / f"{job.name}.jsonl"
        written = 0
        with disk_errors_in_words(file):
            try:
                with file.open("wb") as paper:
                    for number in job.numbers:
                        remark = backs[number].remark if number in backs else ""
                        question = Question(prompt + remark, settings.max_output_tokens, 0.0)
                        if not workspace.has_caption(number) and workspace.file(number).exists():
                            picture = workspace.file(number)
                            paper.write(self._service.request(number, picture, slot.model, question, thinking))
                            written += 1
                if not written:
                    return Onward(steps.closed(job, "none of its pictures wants a caption any more"))
                self._means.console.log(f"{job.name}: sending {written:,} pictures by {slot}")
                turn = steps.after_upload(job, self._service.upload(slot.key, file, job.name))
            finally:
                file.unlink(missing_ok=True)
        if isinstance(turn, Onward):
            return Onward(replace(turn.job, prompt=prompt_hash(settings), thinking=thinking))
        return turn

    def _create(self, job: Job, slot: Slot) -> Turn:
        intended = steps.intended(job, self._means.clock())
        self._workspace.note_batch(intended)  # before it is paid for: after a kill it is looked for by its name
        said = self._service.create(slot, job.file, job.name)
        if isinstance(said, Missing):
            self._lost_files[job.name] = self._lost_files.get(job.name, 0) + 1
            if self._lost_files[job.name] > 1:
                said = AnswerUnusable(f"it does not find the file that was uploaded ({said.reason})")
        return steps.after_create(intended, said)

    def _fetch(self, job: Job, slot: Slot) -> Fetched | Missing | Trouble:
        said: list[Fetched | Missing | Trouble] = []

        def write(file: BinaryIO) -> bool:
            said.append(self._service.fetch(slot.key, job.result, file))
            return isinstance(said[0], Fetched)

        self._workspace.receive(job.name, write)
        return said[0]

    def _collect(self, job: Job, slot: Slot) -> Turn:
        if not self._workspace.batch_answers(job.name).is_file():
            return Onward(replace(job, step="created", result="", said="", fetched=0.0))  # someone took it away
        run = collecting.Collecting(self._workspace, self._means, self._service, job, slot)
        tally = run.run()
        done = collecting.done(job, tally)
        self.settled |= set(job.numbers) - tally.back.keys()
        if slot.key.secret and job.file:
            self._discard(job, slot)
        return Onward(done)

    def _discard(self, job: Job, slot: Slot) -> None:
        """Free the room of the requests at the provider, who else does it after two days."""
        said = self._service.discard(slot.key, job.file)
        if said is not None:
            self._means.console.log(f"{job.file} stays at the provider until it expires: {said.reason}")

    def forget(self, job: Job) -> str:
        """Give a job up: cancel it where it can be had, and put its pictures into the queue. Says what was done."""
        key = self._ladder.key(job.fingerprint, job.payer)
        words = "it was not sent yet"
        if job.paid:
            words = "it could not be cancelled, so it may still be charged"
            if key is not None:
                found = Taken(job.job) if job.job else self._service.find(key, job.name)
                if isinstance(found, Taken) and self._service.cancel(key, found.job) is None:
                    words = "it is cancelled at the provider"
                elif isinstance(found, Missing):
                    words = "the provider does not know it"
        self._workspace.note_batch(steps.closed(job, "forgotten"))
        return words


def _slot_without_key(job: Job) -> Slot:
    """To collect what lies on the disk already no key is needed; only its position and fingerprint are kept."""
    return Slot(Key(job.key, "", ""), job.model)
