"""What may be chosen of frames and pictures: extract, filter, resize."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator

from ghibli_prep.settings.kinds import Part, PositiveInt, Seconds, Share, nearest


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


FilterName = Literal["black", "white", "flat", "blur", "fade", "duplicate", "people", "text"]


class Thresholds(Part):
    """Of a filter's value: below `drop` a frame goes, from there to below `review` it stays and is flagged."""

    drop: Share
    review: Share

    @property
    def in_order(self) -> tuple[float, float]:
        """drop and review; nothing is flagged where they are the wrong way round."""
        return self.drop, max(self.drop, self.review)


class LightSettings(Thresholds):
    """0 to 1: how bright, or how far from white, a frame is at least in one part of a hundred."""

    drop: Share = 0.08
    review: Share = 0.16


class FlatSettings(Thresholds):
    """0 to 1: how far apart its colours are."""

    drop: Share = 0.03
    review: Share = 0.06


class BlurSettings(Thresholds):
    """0 to 1: the sharpness, as a share of what is usual in the film."""

    drop: Share = 0.7
    review: Share = 0.8


class FadeSettings(Thresholds):
    """0 to 1: how much of what is seen is the frame's own picture."""

    drop: Share = 0.7
    review: Share = 0.85


class DuplicateSettings(Thresholds):
    """How much most of the frame differs from another that stays, as a share of its contrast."""

    drop: Share = 0.55
    review: Share = 0.7


class TextSettings(Thresholds):
    """1 without text, 0 where it takes a fifth of the picture. subtitles: what is done about them."""

    drop: Share = 0.6
    review: Share = 0.8
    subtitles: Literal["keep", "flag", "drop"] = "flag"


class PeopleSettings(Part):
    """review: a frame whose surest person is less sure than this, but counts, stays and is flagged. min_share: people
    who take less of the picture than this are part of the background, 0 to 1."""

    review: Share = 0.6
    min_share: Share = 0.0


class FilterSettings(Part):
    """use: the filters. min_score: the detector's confidence from which on a person counts, 0 to 1."""

    use: Literal["auto", "all"] | tuple[FilterName, ...] = "auto"
    detector: Literal["auto", "mediapipe", "yolo", "none"] = "auto"
    min_score: Share = 0.5
    black: LightSettings = LightSettings()
    white: LightSettings = LightSettings()
    flat: FlatSettings = FlatSettings()
    blur: BlurSettings = BlurSettings()
    fade: FadeSettings = FadeSettings()
    duplicate: DuplicateSettings = DuplicateSettings()
    people: PeopleSettings = PeopleSettings()
    text: TextSettings = TextSettings()
    mediapipe: MediapipeSettings = MediapipeSettings()
    yolo: YoloSettings = YoloSettings()

    @field_validator("use", mode="before")
    @classmethod
    def _use_is_known(cls, use: Any) -> Any:
        """The field's own words would name its types, one by one."""
        known = get_args(FilterName)
        names, words = ([use], ("auto", "all")) if isinstance(use, str) else (use, known)
        wrong = [name for name in names if name not in words] if isinstance(names, list | tuple) else []
        if wrong:
            meant = nearest(str(wrong[0]), (*words, *known))
            raise ValueError(
                f'no such filter: {wrong[0]!r}. Did you mean {meant!r}? Write "auto", "all" or a list of '
                f"{', '.join(known)}"
            )
        return use


class ResizeSettings(Part):
    """size: pixels a side; quality: JPEG; background: `#rrggbb`, behind transparency and padding;
    max_megapixels: larger files are refused as decompression bombs."""

    size: Annotated[int, Field(ge=16, le=8192)] = 512
    fit: Literal["crop", "people", "pad", "stretch"] = "crop"
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    background: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")] = "#ffffff"
    max_megapixels: PositiveInt = 200

    @property
    def background_rgb(self) -> tuple[int, int, int]:
        red, green, blue = bytes.fromhex(self.background[1:])
        return red, green, blue
