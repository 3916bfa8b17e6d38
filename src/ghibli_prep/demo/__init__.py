"""`ghibli-prep demo`: the whole pipeline on real photographs, offline, against the sandbox with tiny quotas.

Everything but the provider is the real thing; the clock is moved to the next day once, so that quotas come back.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ghibli_prep.captioning import Key
from ghibli_prep.commands import keeping, making, showing
from ghibli_prep.demo.frames import shoot
from ghibli_prep.errors import ModelFileError, Paused, UsageError
from ghibli_prep.samples import BLOCKED_TEXT
from ghibli_prep.session import Session
from ghibli_prep.settings import CaptionSettings, FilterSettings, MediapipeSettings, Settings

A_DAY = 24 * 3600.0
DAYS = 7
"""The most days that the demo goes on for; it takes one with the filter, and three without."""
KEYS = (Key(1, "DEMO_KEY_1", "demo-key-one"), Key(2, "DEMO_KEY_2", "demo-key-two"))
MARK = ".made-by-ghibli-prep-demo"
LADDER = ("gemini-2.5-flash", "gemini-2.0-flash", "gemini-2.5-flash-lite")


def play(root: Path, cache: Path, say: Callable[[str], None]) -> None:
    """Make a dataset in `root`, anew each time, and say what is to be seen. cache: the folder for model files.

    Raises UsageError where `root` holds something that is not an earlier demo's.
    """
    _clear(root)
    say("# 1. Film frames: pans over five photographs, with one exact copy and one broken file among them")
    frames = shoot(root / "raw")
    say(f"{frames} files in {root / 'raw'}")
    with _provider() as (url, tomorrow):
        session = _session(root, cache, url, tomorrow.now)
        say("\n# 2. The first day: `ghibli-prep run`. Two keys, three models each, one of them retired, tiny quotas")
        _first_day(session, say)
        say("\n# 3. The next day, the same command: it goes on where it stopped")
        for _ in range(DAYS):
            tomorrow.comes()
            session = _session(root, cache, url, tomorrow.now, session.settings.filter)
            if _run(session, say):
                break
            say("\n# And the day after that: without the filter there are more pictures than two days' quota is for")
        say("\n# 4. `ghibli-prep cleanup` takes out what the safety filter blocked")
        keeping.cleanup(session, False, False, False, lambda _question: True)
        say("\n# 5. `ghibli-prep validate` checks every rule that the dataset must meet")
        showing.validate(session, as_json=False, fix=False)
        _show_result(session, say)


class _Tomorrow:
    """A clock that can be moved to the next day."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        return time.time() + self._ahead

    def comes(self) -> None:
        self._ahead += A_DAY


@contextmanager
def _provider() -> Iterator[tuple[str, _Tomorrow]]:
    """The sandbox with tiny quotas: its address, and the clock that it and the run share."""
    from ghibli_prep.sandbox import Sandbox, SandboxSettings
    from ghibli_prep.sandbox.settings import Fault, ModelSettings

    models = {
        "gemini-2.5-flash": ModelSettings(rpd=1),
        "gemini-2.0-flash": ModelSettings(gone="not_found", listed=False),
        "gemini-2.5-flash-lite": ModelSettings(rpd=1),
    }
    blocks = Fault(kind="blocked_prompt", calls=(2,), model="gemini-2.5-flash-lite", reason="PROHIBITED_CONTENT")
    overloaded = Fault(kind="503", calls=(1,), model="gemini-2.5-flash-lite")
    clock = _Tomorrow()
    with Sandbox(SandboxSettings(models=models, faults=(blocks, overloaded)), clock=clock.now) as sandbox:
        yield sandbox.url, clock


def _session(
    root: Path, cache: Path, url: str, clock: Callable[[], float], filter_settings: FilterSettings | None = None
) -> Session:
    chosen = filter_settings or FilterSettings(mediapipe=MediapipeSettings(person_model="off"))
    caption = CaptionSettings(models=LADDER, strategy="sequential", backoff_seconds=(0.5, 1, 2), base_url=url)
    return Session(Settings(filter=chosen, caption=caption), KEYS, root, root / "raw", cache, clock=clock)


def _first_day(session: Session, say: Callable[[str], None]) -> None:
    """A run; without the filter where its model file cannot be had."""
    try:
        _run(session, say)
    except ModelFileError as error:
        say(f"{error}\n\nThe demo goes on without the filter.")
        session.settings = session.settings.model_copy(update={"filter": FilterSettings(detector="none")})
        _run(session, say)


def _run(session: Session, say: Callable[[str], None]) -> bool:
    """Is nothing left to do?"""
    try:
        making.run(
            session, skip_filter=False, skip_resize=False, limit=None, wait=False, retry_blocked=False, cleanup=False
        )
    except Paused as pause:
        say(f"{pause}\n(exit code {pause.exit_code})")
        return False
    say("(exit code 0)")
    return True


def _show_result(session: Session, say: Callable[[str], None]) -> None:
    looked = session.look()
    captions = [(number, text) for number, text in sorted(looked.captions.items()) if text != BLOCKED_TEXT]
    say(f"\n# Done. The dataset lies in {looked.train}: {len(captions)} pictures with captions. Three of them:")
    for number, text in captions[:3]:
        say(f"{number}.jpg  {text}")
    say("(The sandbox only measures colours and light; with your keys, Gemini says what is in the picture.)")


def _clear(root: Path) -> None:
    """Remove an earlier demo's workspace, and nothing else."""
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        if not (root / MARK).is_file():
            raise UsageError(f"{root}: not empty, and not made by an earlier demo. Name another --workspace.")
        shutil.rmtree(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        (root / MARK).touch()
    except OSError as error:
        raise UsageError(f"{root}: cannot be written ({error.strerror}). Name another --workspace.") from None
