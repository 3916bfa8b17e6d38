"""The kinds of values that settings have."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ghibli_prep import durations

PositiveInt = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, pattern=r"^\S+$")]
Seconds = Annotated[float, BeforeValidator(durations.seconds)]


def nearest(name: str, known: Iterable[str]) -> str:
    """That of the known names that is spelled most like `name`."""
    return difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)
