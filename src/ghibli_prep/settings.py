"""What a user may choose: frozen, validated, built once, handed down in parts.

`configs/ghibli.toml` shows every setting at its default, and a test holds the two together. This module reads
no environment and no flags; `cli` hands those in as overrides.
"""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from ghibli_prep import durations, resources
from ghibli_prep.errors import SettingsError

DEFAULT_LADDER = (
    "gemini-2.5-flash",
    "gemini-2.5-flash-lite",
    "gemini-2.0-flash",
    "gemini-2.0-flash-lite",
    "gemini-3.5-flash-lite",
    "gemini-3.1-flash-lite",
)

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
Seconds = Annotated[float, BeforeValidator(durations.seconds)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class ExtractSettings(Part):
    """Which frames are taken from films. Lengths are in seconds here, and written as `5s`, `500ms`, `1m`.

    scenes: by scenes, not by `every`. window: how far from a mark the sharpest frame is looked for, 0: not at all.
    max_frames: of each film, spread over it, 0: all. bars: cut off black bars.
    """

    every: Seconds = 5.0
    scenes: bool = False
    per_scene: PositiveInt = 1
    window: Seconds = 0.5
    skip_start: Seconds = 0.0
    skip_end: Seconds = 0.0
    max_frames: Annotated[int, Field(ge=0)] = 0
    bars: bool = True
    square: bool = False
    format: Literal["png", "jpg"] = "png"

    @field_validator("every")
    @classmethod
    def _every_is_some_time(cls, every: float) -> float:
        if every < 0.001:
            raise ValueError("must be 1ms or more")
        return every


class MediapipeSettings(Part):
    """Model files: "auto" fetches the official one into the cache folder, "off" leaves it out, else a path."""

    person_model: str = "auto"
    face_model: str = "auto"


class YoloSettings(Part):
    """weights: a name that ultralytics knows or a path; classes: the class names that count as people."""

    weights: str = "yolo11n.pt"
    classes: tuple[str, ...] = Field(("person",), min_length=1)


class FilterSettings(Part):
    """min_score: the detector's confidence from which on a person counts, 0 to 1."""

    detector: Literal["auto", "mediapipe", "yolo", "none"] = "auto"
    min_score: Share = 0.5
    mediapipe: MediapipeSettings = MediapipeSettings()
    yolo: YoloSettings = YoloSettings()


class ResizeSettings(Part):
    """size: pixels a side; quality: JPEG; background: `#rrggbb`, behind transparency and padding;
    max_megapixels: larger files are refused as decompression bombs."""

    size: Annotated[int, Field(ge=16, le=8192)] = 512
    fit: Literal["crop", "pad", "stretch"] = "crop"
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#ffffff"
    max_megapixels: PositiveInt = 200

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue


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
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise ValueError(f"there is no such backend. Did you mean {nearest!r}?")
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
    limits: dict[str, Limits] = {}
    prices: dict[str, Prices] = {}
    providers: dict[ProviderName, ProviderSettings] = {}
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


class ValidateSettings(Part):
    """near_duplicates: what pictures that are nearly the same are; "remove": a problem that `--fix` moves to removed/;
    "off": not looked for. near_bits: how many of the
    256 bits of their perceptual hashes may differ. near_levels: how far apart brightness and colour may be, 0 to 255,
    in any part of a grid of 16 x 16."""

    near_duplicates: Literal["problem", "remove", "warning", "off"] = "problem"
    near_bits: Annotated[int, Field(ge=0, le=16)] = 8
    near_levels: Annotated[int, Field(ge=0, le=255)] = 4


class SplitSettings(Part):
    """What must not be on both sides. bits: pictures whose perceptual hashes are no further apart, of 256. run_bits:
    the same for frames that follow each other in a film. words: captions that share so much of their words."""

    bits: Annotated[int, Field(ge=0, le=128)] = 48
    run_bits: Annotated[int, Field(ge=0, le=128)] = 90
    words: Annotated[float, Field(gt=0, le=1)] = 0.9


class KeyProject(Part):
    """env: the environment variable that has a key, such as `GEMINI_API_KEY_2`. project: whose quota that key uses."""

    env: str
    project: Name

    @field_validator("env")
    @classmethod
    def _is_no_key(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise ValueError("needs the name of an environment variable, such as GEMINI_API_KEY_2; never a key itself")
        return name


class Settings(Part):
    keys: tuple[KeyProject, ...] = ()
    extract: ExtractSettings = ExtractSettings()
    filter: FilterSettings = FilterSettings()
    resize: ResizeSettings = ResizeSettings()
    caption: CaptionSettings = CaptionSettings()
    split: SplitSettings = SplitSettings()
    validating: ValidateSettings = Field(ValidateSettings(), alias="validate")  # pydantic keeps the name for itself


def load(file: Path | None, overrides: Mapping[str, Mapping[str, Any]], backends: Collection[str] = ()) -> Settings:
    """The settings of `file` (None: the defaults), with `overrides` ({"caption": {"strategy": ...}}) over them.

    backends: the names of those that there are; empty: not checked.

    Raises SettingsError, which names the file, the setting and the remedy.
    """
    where = str(file) if file else "the defaults"
    chosen: dict[str, Any] = {}
    if file is not None:
        try:
            chosen = tomllib.loads(file.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            raise SettingsError(
                f"{file}: cannot be read ({error.strerror}). Run `ghibli-prep init` to get a settings file."
            ) from None
        except ValueError as error:
            raise SettingsError(f"{file}: not a valid TOML file: {error}") from None
    for section, values in overrides.items():
        part = chosen.setdefault(section, {})
        if isinstance(part, dict):
            part.update(values)
    try:
        settings = Settings.model_validate(chosen, context={"backends": tuple(backends)})
    except ValidationError as error:
        raise SettingsError("\n".join(f"{where}: {_in_words(problem)}" for problem in error.errors())) from None
    try:
        if not settings.caption.prompt_text.strip():
            raise SettingsError(f"{where}: caption.prompt: {settings.caption.prompt!r} is empty")
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where}: caption.prompt: {error}") from None
    try:
        _ = settings.caption.rules.banned_names
    except (OSError, ValueError) as error:
        raise SettingsError(f"{where}: caption.rules.names: {error}") from None
    return settings


def _in_words(problem: Any) -> str:
    path = [str(step) for step in problem["loc"]]
    name = ".".join(path)
    if path[0] == "keys" or path[-1] == "key_env":  # what stands there may be a key, and is not quoted
        return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
    if problem["type"] != "extra_forbidden":
        return f"{name}: {problem['msg'].removeprefix('Value error, ')} (it says {problem['input']!r})"
    known = sorted(_known_names(Settings))
    nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    by_last = difflib.get_close_matches(path[-1], [k.rsplit(".", 1)[-1] for k in known], n=1, cutoff=0.75)
    if by_last and not difflib.get_close_matches(name, known, n=1, cutoff=0.75):
        nearest = [k for k in known if k.rsplit(".", 1)[-1] == by_last[0]]
    return f"{name}: no such setting. Did you mean {nearest[0]}?"


_BY_NAME: dict[str, tuple[str, type[Part]]] = {
    "limits": ("MODEL", Limits),
    "prices": ("MODEL", Prices),
    "providers": ("NAME", ProviderSettings),
}


def _known_names(part: type[BaseModel], prefix: str = "") -> list[str]:
    """Every setting's dotted name, sections among them; some have a name in the middle."""
    names = [f"{prefix}keys.{one}" for one in KeyProject.model_fields] if part is Settings else []
    for attribute, field in part.model_fields.items():
        name = field.alias or attribute
        names.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            names += _known_names(field.annotation, f"{prefix}{name}.")
        elif name in _BY_NAME:
            middle, kind = _BY_NAME[name]
            names += [f"{prefix}{name}.{middle}.{one}" for one in kind.model_fields]
    return names
