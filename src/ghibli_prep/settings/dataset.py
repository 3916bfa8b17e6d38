"""What may be chosen of a dataset as a whole: validate, split, dedupe, and the projects of keys."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator

from ghibli_prep.settings.kinds import Name, Part


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


class DedupeSettings(Part):
    """Captions that say the same. at: the cosine of their vectors from which on they do. keep: the first of them by
    its number, or the longest. trigger: are the words that each caption begins with compared, too?"""

    at: Annotated[float, Field(gt=0, le=1)] = 0.75
    keep: Literal["first", "longest"] = "first"
    trigger: bool = True


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
