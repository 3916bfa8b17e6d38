"""What may be chosen of captions: who is asked, how, and by which rules."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from ghibli_prep import resources
from ghibli_prep.settings.kinds import Name, Part, PositiveFloat, PositiveInt, Share, nearest

DEFAULT_LADDER = (
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.0-flash",
    "gemini-2.0-flash-lite",
    "gemini-3.5-flash-lite",
    "gemini-3.1-flash-lite",
)


class Limits(Part):
    """What a slot may be asked: requests a minute, requests a day, input tokens a minute. None: not limited here."""

    rpm: PositiveInt | None = None
    rpd: PositiveInt | None = None
    tpm: PositiveInt | None = None


class Prices(Part):
    """What a model takes, in USD for a million tokens of the request and of the answer."""

    input: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    output: Annotated[float, Field(ge=0, allow_inf_nan=False)]


RuleName = Literal[
    "unicode", "markdown", "one-line", "preamble", "trigger", "quotes", "final-stop", "inner-stops",
    "refusal", "min-words", "max-words", "names", "language", "loop", "same-text",
    "clip-tokens", "cefr",
]  # fmt: skip
"""Every rule of captions; a test holds them and `captioning.rules` together."""


class RuleSettings(Part):
    """What a caption must obey. Words are counted over the whole caption, trigger words among them.

    disabled: rules that are not looked at. asks: how often a picture is asked again, at most, for a caption that
    obeys. names: a list in `configs/names/`, by name, or a path; "": none. language: of `captioning.rules.language`,
    "": any. clip_tokens: where the image model cuts. b1_share: of the words that have a CEFR level.
    """

    disabled: tuple[RuleName, ...] = ()
    asks: Annotated[int, Field(ge=0, le=10)] = 2
    min_words: Annotated[int, Field(ge=1)] = 20
    max_words: Annotated[int, Field(ge=1)] = 80
    names: str = "ghibli"
    language: Literal["", "en", "de", "es", "fr", "it", "nl", "pt", "ja", "ko", "ru", "zh"] = "en"
    clip_tokens: PositiveInt = 77
    b1_share: Share = 0.3

    @field_validator("max_words")
    @classmethod
    def _max_is_not_below_min(cls, most: int, info: ValidationInfo) -> int:
        if most < info.data.get("min_words", 1):
            raise ValueError("is below min_words")
        return most

    @property
    def banned_names(self) -> tuple[str, ...]:
        """The lines of the list. Raises OSError or ValueError as `resources.names` does."""
        return resources.names(self.names) if self.names else ()


class BatchSettings(Part):
    """How `--batch` asks. pictures_per_job: the most in one job. poll_seconds: how long `--wait` rests between looks,
    longer each time; the last is for all that follow."""

    pictures_per_job: Annotated[int, Field(ge=1, le=100_000)] = 1000
    poll_seconds: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = Field(
        (30, 60, 120, 300, 600), min_length=1
    )


def _is_backend(name: str, info: ValidationInfo) -> str:
    """Checked where it is known which there are: `load` is told."""
    known = (info.context or {}).get("backends")
    if name and known and name not in known:
        raise ValueError(f"there is no such backend. Did you mean {nearest(name, known)!r}?")
    return name


def _is_web_address(url: str) -> str:
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("needs an address that starts with http:// or https://")
    return url.rstrip("/")


def _is_variable(name: str) -> str:
    if name and not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        raise ValueError("needs the name of an environment variable, such as OPENROUTER_API_KEY; never a key itself")
    return name


BackendName = Annotated[str, AfterValidator(_is_backend)]
WebAddress = Annotated[str, AfterValidator(_is_web_address)]
VariableName = Annotated[str, AfterValidator(_is_variable)]
ProviderName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]


class ProviderSettings(Part):
    """Somebody to ask. base_url: "" for the backend's own. key_env: the variable of its keys, "": the backend's."""

    backend: Annotated[BackendName, Field(min_length=1)]
    base_url: WebAddress = ""
    key_env: VariableName = ""


class BlockedSettings(Part):
    """Who is asked, by `--retry-blocked`, for what was blocked. models: empty for nobody else. backend: "" for the one
    of `[caption]`; the rest as in `ProviderSettings`."""

    models: tuple[Name, ...] = ()
    backend: BackendName = ""
    base_url: WebAddress = ""
    key_env: VariableName = ""

    @model_validator(mode="after")
    def _is_whole(self) -> BlockedSettings:
        if self.backend and not self.models:
            raise ValueError("names a backend, but no models to ask it for")
        if not self.backend and (self.base_url or self.key_env):
            raise ValueError("needs the backend that base_url and key_env are for")
        return self


class CaptionSettings(Part):
    """See `configs/ghibli.toml` for what each means."""

    backend: Annotated[BackendName, Field(min_length=1)] = "google-genai"
    models: tuple[Name, ...] = Field(DEFAULT_LADDER, min_length=1)
    strategy: Literal["sequential", "parallel-keys", "parallel-all"] = "parallel-keys"
    backoff_seconds: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = Field(
        (5, 10, 20, 40, 80), min_length=1
    )
    request_timeout_seconds: PositiveFloat = 60
    max_in_flight: Annotated[int, Field(ge=1, le=1000)] = 64
    max_output_tokens: Annotated[int, Field(ge=64)] = 1024
    attempts_per_picture: Annotated[int, Field(ge=1, le=20)] = 3
    pictures_per_request: Annotated[int, Field(ge=1, le=32)] = 1
    trigger: str = "Ghibli style"
    prompt: str = "ghibli"
    base_url: WebAddress = ""
    key_env: VariableName = ""
    rules: RuleSettings = RuleSettings()
    batch: BatchSettings = BatchSettings()
    limits: dict[str, Limits] = Field({})
    prices: dict[str, Prices] = Field({})
    providers: dict[ProviderName, ProviderSettings] = Field({})
    blocked: BlockedSettings = BlockedSettings()

    @field_validator("models")
    @classmethod
    def _models_once(cls, models: tuple[str, ...]) -> tuple[str, ...]:
        plain = tuple(model.removeprefix("models/") for model in models)
        if len(set(plain)) < len(plain):
            raise ValueError("a model stands twice in the ladder")
        return plain

    @field_validator("trigger")
    @classmethod
    def _trigger_is_words(cls, trigger: str) -> str:
        if not trigger.strip() or not trigger.isprintable():
            raise ValueError("needs at least one word, on one line")
        return " ".join(unicodedata.normalize("NFC", trigger).split())

    def split(self, model: str) -> tuple[str, str]:
        """Whom a name in the ladder means, and what that provider calls the model.

        `local:qwen2.5vl:7b` is `qwen2.5vl:7b` of `[caption.providers.local]`; without such a section it is a model of
        the backend of `[caption]`, whose name is "".
        """
        provider, _, rest = model.partition(":")
        return (provider, rest) if rest and provider in self.providers else ("", model)

    def provider(self, name: str) -> ProviderSettings:
        own = ProviderSettings.model_construct(backend=self.backend, base_url=self.base_url, key_env=self.key_env)
        return self.providers[name] if name else own

    @property
    def asked(self) -> tuple[str, ...]:
        """The names of those whose models are in the ladder, in its order."""
        return tuple(dict.fromkeys(self.split(model)[0] for model in self.models))

    @property
    def for_blocked(self) -> CaptionSettings | None:
        """The settings to ask with for what was blocked; None where nobody else is named."""
        other = self.blocked
        if not other.models:
            return None
        who = {"backend": other.backend, "base_url": other.base_url, "key_env": other.key_env} if other.backend else {}
        return self.model_copy(update={"models": other.models, **who})

    @property
    def prompt_text(self) -> str:
        """The prompt's whole text: a path's content, or a prompt that travels with the package, by name."""
        return resources.prompt(self.prompt).replace("{trigger}", self.trigger)
