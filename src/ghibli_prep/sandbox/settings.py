"""What the sandbox may be told: keys, models and their quotas, what is blocked, how slow it is, and what goes wrong.

`configs/sandbox.toml` shows every setting at its default, and a test holds the two together. This module knows no
HTTP and no quota; it only holds data, so that a file can say everything a test can.
"""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError, model_validator

from ghibli_prep.errors import SettingsError
from ghibli_prep.settings import Name, Part, PositiveInt, Share

NotNegative = Annotated[int, Field(ge=0)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Word = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]

DeadKey = Literal["invalid", "expired", "suspended", "service_disabled", "leaked", "denied", "location"]
GoneModel = Literal["not_found", "new_users"]
FaultKind = Literal[
    "429_bare", "429_minute", "429_tokens", "429_day", "limit_zero",
    "500", "503", "504", "html", "reset", "hang", "truncated",
    "empty", "max_tokens", "safety", "blocked_prompt", "garbage_finish", "unreadable_image", "text", "lost",
    "json_cut", "json_count", "json_swapped",
    "invalid", "expired", "suspended", "service_disabled", "leaked", "denied", "location",
    "not_found", "new_users",
]  # fmt: skip
Place = Literal["answer", "upload", "create", "list", "poll", "download"]


class KeySettings(Part):
    """text: what a client sends. project: whose quota it uses, "" for one of its own. dead: why it is refused."""

    text: Annotated[SecretStr, Field(min_length=1)]
    project: str = ""
    dead: DeadKey | None = None


class ModelSettings(Part):
    """A model, and what each project may ask of it. None: no limit. 0: not on this tier (`limit: 0`).

    rpm, rpd, tpm: requests a minute, requests a day, input tokens a minute.
    gone: which of the two real 404s it answers with; None: it is there. listed: whether `models.list` names it.
    thoughts: tokens that it thinks, out of the answer's room, unless thinking is switched off.
    thinking_budget_zero: whether thinking may be switched off; False: 400 to who tries.
    """

    rpm: NotNegative | None = None
    rpd: NotNegative | None = None
    tpm: NotNegative | None = None
    gone: GoneModel | None = None
    listed: bool = True
    thoughts: NotNegative = 0
    thinking_budget_zero: bool = True


class BlockedSettings(Part):
    """pictures: SHA-256 of the bytes sent. share: of all pictures, 0 to 1, drawn by the seed and the bytes.

    by: "prompt": HTTP 200 with promptFeedback and no candidate; "finish": a candidate with `reason` and no text.
    """

    pictures: tuple[Sha256, ...] = ()
    share: Share = 0.0
    by: Literal["prompt", "finish"] = "prompt"
    reason: Word = "PROHIBITED_CONTENT"


class LatencySettings(Part):
    """Real seconds until an answer, drawn evenly between the two by the seed and the call's number."""

    min_seconds: Seconds = 0.0
    max_seconds: Seconds = 0.0

    @model_validator(mode="after")
    def _min_is_not_above_max(self) -> LatencySettings:
        if self.min_seconds > self.max_seconds:
            raise ValueError("min_seconds is above max_seconds")
        return self


class BatchSettings(Part):
    """How the batch jobs of the Batch API go. polls: how often a job is looked at before it has ended. seconds: of the
    sandbox's clock until then. end: what it ends in; the answers are there where it succeeds, in part or whole."""

    polls: NotNegative = 1
    seconds: Seconds = 0.0
    end: Literal["SUCCEEDED", "PARTIALLY_SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"] = "SUCCEEDED"


class Fault(Part):
    """Something that goes wrong, and when. The first rule that fires at a call decides it.

    at: which calls it looks at: those for a caption (the lines of a batch among them), or one of the Batch API's.
    "lost" does what was asked and breaks the connection off instead of saying so.
    model, key, picture: the calls it looks at; "" for all. key: a name in `keys`, or the fingerprint of any key.
    calls, every, share: of these calls (counted from 1, for this rule alone) those with these numbers, every n-th,
    and a share drawn by the seed. With none of the three, all of them.
    seconds: for the 429s the retryDelay; for "hang" how long; None: 37 for a 429, an hour for "hang".
    status: of "html". reason: the finishReason of "safety" and "garbage_finish", the blockReason of "blocked_prompt".
    text: what "text" answers in place of a caption. "json_...": of answers for several pictures alone.
    """

    kind: FaultKind
    at: Place = "answer"
    calls: tuple[PositiveInt, ...] = ()
    every: PositiveInt | None = None
    share: Share | None = None
    model: str = ""
    key: str = ""
    picture: Sha256 | Literal[""] = ""
    seconds: Seconds | None = None
    status: Literal[200, 502] = 502
    reason: Word | None = None
    text: str = ""


DEFAULT_MODELS = {
    "gemini-2.5-flash": ModelSettings(rpm=5, rpd=20, tpm=250_000, thoughts=400),
    "gemini-2.5-flash-lite": ModelSettings(rpm=10, rpd=20, tpm=250_000),
    "gemini-2.0-flash": ModelSettings(gone="not_found", listed=False),
    "gemini-2.0-flash-lite": ModelSettings(gone="new_users"),
    "gemini-3.5-flash-lite": ModelSettings(rpm=15, rpd=500, tpm=250_000),
    "gemini-3.1-flash-lite": ModelSettings(rpm=15, rpd=500, tpm=250_000),
}
"""The default ladder with the limits read off dashboards in mid-2026; the 2.0 models were shut down on 2026-06-01."""


class SandboxSettings(Part):
    """See `configs/sandbox.toml` for what each means."""

    accept_unknown_keys: bool = True
    tier: Literal["free", "paid"] = "free"
    seed: int = 0
    log_file: str = ""
    models: dict[Name, ModelSettings] = DEFAULT_MODELS
    blocked: BlockedSettings = BlockedSettings()
    latency: LatencySettings = LatencySettings()
    batch: BatchSettings = BatchSettings()
    keys: dict[Name, KeySettings] = Field({})
    faults: tuple[Fault, ...] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> SandboxSettings:
        texts = [key.text.get_secret_value() for key in self.keys.values()]
        if len(set(texts)) < len(texts):
            raise ValueError("keys: two keys have the same text")
        for number, fault in enumerate(self.faults, 1):
            if fault.model and fault.model not in self.models:
                raise ValueError(f"faults: rule {number}: no model is named {fault.model!r} in models")
            if fault.key and fault.key not in self.keys and not _is_fingerprint(fault.key):
                raise ValueError(f"faults: rule {number}: key {fault.key!r} is no name in keys and no fingerprint")
        return self


def _is_fingerprint(text: str) -> bool:
    return len(text) == 8 and all(digit in "0123456789abcdef" for digit in text)


def load(file: Path) -> SandboxSettings:
    """The sandbox settings in `file`. Raises SettingsError, which names the file, the setting and the remedy."""
    try:
        chosen = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        remedy = "Give the path of a sandbox settings file, or none for the defaults"
        raise SettingsError(f"{file}: cannot be read ({error.strerror}). {remedy}.") from None
    except ValueError as error:
        raise SettingsError(f"{file}: not a valid TOML file: {error}") from None
    try:
        return SandboxSettings.model_validate(chosen)
    except ValidationError as error:
        raise SettingsError("\n".join(f"{file}: {_in_words(problem)}" for problem in error.errors())) from None


def _in_words(problem: Any) -> str:
    """One problem, for the user. What stands under `keys` is never quoted: it may be a key."""
    path = [str(step) for step in problem["loc"]]
    name = ".".join(path)
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        nearest = difflib.get_close_matches(path[-1], _names(), n=1, cutoff=0.0)
        return f"{name}: no such setting. Did you mean {nearest[0]}?"
    if not path or path[0] == "keys" or problem["type"] in ("missing", "value_error"):
        return f"{name}: {message}" if name else message
    return f"{name}: {message} (it says {problem['input']!r})"


def _names() -> list[str]:
    parts: tuple[type[BaseModel], ...]
    parts = (SandboxSettings, KeySettings, ModelSettings, BlockedSettings, LatencySettings, BatchSettings, Fault)
    return sorted({name for part in parts for name in part.model_fields})
