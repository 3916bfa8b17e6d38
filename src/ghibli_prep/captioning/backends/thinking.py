"""How each model is told not to think, which would eat the room of the answer. Sends nothing.

Google's documentation of thinking, and reports of what models refuse, read in 2026-11:
- 2.5 flash and flash-lite take a budget of 0; 2.5 pro cannot stop and takes 128 at least;
- flash-lite since 3 and flash from 3 to 3.6 take the level MINIMAL; flash since 3.7 refuses it with a 400, and like
  pro takes LOW at least. `gemini-flash-latest` is one of the latter;
- 1.x and 2.0 do not think, and models that draw, speak or listen have rules of their own: they are told nothing.
A wrong setting is a 400 for every picture, so each model has a ladder that ends in no setting at all, and a refusal
moves it one step down for the rest of the run.
"""

from __future__ import annotations

import re
import threading

from google.genai import types

Ladder = tuple[types.ThinkingConfig | None, ...]

_BUDGET_0 = types.ThinkingConfig(thinking_budget=0)
_BUDGET_128 = types.ThinkingConfig(thinking_budget=128)
_MINIMAL = types.ThinkingConfig(thinking_level=types.ThinkingLevel.MINIMAL)
_LOW = types.ThinkingConfig(thinking_level=types.ThinkingLevel.LOW)
_NAME = re.compile(r"gemini-(?:(\d+)(?:\.(\d+))?-)?(flash-lite|flash|pro)(?![a-z])(?!.*(?:image|tts|audio|live))")


def ladder(model: str) -> Ladder:
    """The settings to try for `model`, the least thinking first, none last."""
    name = _NAME.match(model)
    if name is None:
        return (None,)
    kind, latest = name[3], name[1] is None
    version = (int(name[1]), int(name[2] or 0)) if not latest else (99, 0)
    if version < (2, 5):
        return (None,)
    if version < (3, 0):
        return (_BUDGET_128, None) if kind == "pro" else (_BUDGET_0, None)
    if kind == "flash-lite" or (kind == "flash" and version < (3, 7)):
        return (_MINIMAL, _LOW, None)
    return (_LOW, None)


class Thinking:
    """What each model is told at the moment; many threads may ask and refuse at once."""

    def __init__(self) -> None:
        self._steps: dict[str, int] = {}
        self._lock = threading.Lock()

    def setting(self, model: str) -> types.ThinkingConfig | None:
        return ladder(model)[self._steps.get(model, 0)]

    def refuse(self, model: str, setting: types.ThinkingConfig | None) -> None:
        """`model` did not take `setting`. Others that were told the same at that moment change nothing more."""
        with self._lock:
            if setting is not None and setting is self.setting(model):
                self._steps[model] = self._steps.get(model, 0) + 1
