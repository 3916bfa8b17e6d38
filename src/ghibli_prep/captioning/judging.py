"""What becomes of a picture by what was answered: its outcome, or another request, told what was wrong.

Keeps what each picture's asking has come to. Knows no slots, no quotas and no time; those are `rota`'s.
"""

from __future__ import annotations

import filecmp
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ghibli_prep.captioning import AnswerUnusable, Attempt, Described, PictureBlocked, PictureUnreadable, Usage, rules
from ghibli_prep.captioning.rules import Finding, Profile
from ghibli_prep.samples import Blocked, Captioned, Failed, Outcome, Resized


@dataclass(slots=True)
class Story:
    """What the asking for one picture has come to.

    attempts: requests so far, those that were refused among them; requests: its shares of them, 1/K of one for K
    pictures. usage: of all its answers together. mended: the rules that mended the last answer. asked_again: the rules
    that earlier answers broke, in order. warned: what is told of the caption. useless: answers with nothing usable in
    them. remark: what the next request adds to the prompt. avoid: the model whose answer broke a rule.
    """

    attempts: int = 0
    requests: float = 0.0
    usage: Usage = field(default_factory=Usage)
    model_version: str = ""
    mended: tuple[str, ...] = ()
    asked_again: tuple[str, ...] = ()
    warned: tuple[Finding, ...] = ()
    useless: int = 0
    asks: int = 0
    remark: str = ""
    avoid: str = ""


@dataclass(slots=True)
class Judge:
    """Judges answers by a style's rules.

    attempts: the most useless answers of a picture. known: the captions that stand, each with a picture's file.
    """

    profile: Profile
    attempts: int
    known: Mapping[str, Path] = field(default_factory=dict)
    stories: defaultdict[int, Story] = field(default_factory=lambda: defaultdict(Story), init=False)
    _taken: dict[str, Path] = field(init=False)

    def __post_init__(self) -> None:
        self._taken = dict(self.known)

    def read(self, picture: Resized, attempt: Attempt) -> Attempt:
        """`attempt` with its caption mended; useless where it has none."""
        if not isinstance(attempt, Described):
            return attempt
        story = self.charge(picture, attempt.usage)
        story.model_version = attempt.model_version
        mended = rules.mend(attempt.text, self.profile)
        story.mended = mended.rules
        return replace(attempt, text=mended.text) if mended.text else AnswerUnusable("an answer without a caption")

    def charge(self, picture: Resized, usage: Usage) -> Story:
        """Count what an answer cost, of use or not."""
        story = self.stories[picture.number]
        story.usage = Usage(
            story.usage.input_tokens + usage.input_tokens, story.usage.output_tokens + usage.output_tokens
        )
        return story

    def outcome(self, picture: Resized, model: str, attempt: Attempt) -> Outcome | None:
        """The picture's outcome after what `read` made of an answer of `model`; None where it is to be asked again."""
        number, story = picture.number, self.stories[picture.number]
        match attempt:
            case Described(text):
                return self._by_the_rules(picture, story, model, text)
            case PictureBlocked(reason):
                return Blocked(number, reason)
            case PictureUnreadable(reason):
                return Failed(number, reason)
            case AnswerUnusable(reason):
                story.useless += 1
                return Failed(number, reason) if story.useless >= self.attempts else None
        return None

    def _by_the_rules(self, picture: Resized, story: Story, model: str, text: str) -> Outcome | None:
        found = rules.flaws(text, self.profile, {text} if self._is_anothers(text, picture) else ())
        broken = [finding for finding in found if finding.severity == "ask"]
        if not broken:
            story.warned = tuple(finding for finding in found if finding.severity == "warn")
            self._taken[text] = picture.file
            return Captioned(picture.number, text)
        if story.asks >= self.profile.rules.asks:
            return Failed(picture.number, rules.in_words(broken))
        story.asks += 1
        story.asked_again += tuple(finding.rule for finding in broken)
        story.remark, story.avoid = rules.remark(broken), model
        return None

    def _is_anothers(self, text: str, picture: Resized) -> bool:
        """Is `text` the caption of a picture that looks different? Copies of one picture may well share one."""
        other = self._taken.get(text)
        if other is None or other == picture.file:
            return False
        try:
            return not filecmp.cmp(picture.file, other, shallow=False)
        except OSError:
            return True
