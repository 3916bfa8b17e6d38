"""What came back over HTTP, taken off a client before the client reads it.

Google's clients fail on bodies that they do not expect (AttributeError, RecursionError, warnings on the terminal), drop
values newer than they are, and one of them asks three times when a key is refused. So a hook on their connection
raises `Heard` with the body as it came, and this project reads it. This module knows no client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ghibli_prep.captioning import Attempt, HostRefused, Key, KeyDead, ModelGone, ServiceDown, Slot
from ghibli_prep.captioning.backends.gemini import NOT_THE_API, answered, listed, parsed
from ghibli_prep.captioning.backends.gemini_errors import refused
from ghibli_prep.captioning.backends.redact import in_short

PAGES = 20
"""Pages of models that are read at most, should a server never end its list."""


class Heard(Exception):
    """A response of any status. retry_after: that header, or ""."""

    def __init__(self, status: int, text: str, retry_after: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status, self.text, self.retry_after = status, text, retry_after


@dataclass(frozen=True, slots=True)
class Lost:
    """The exceptions by which a client says that nothing came back; the late are among the lost."""

    lost: tuple[type[Exception], ...]
    late: tuple[type[Exception], ...]


def hear(call: Callable[[], object], lost: Lost, key: Key) -> Heard | ServiceDown | ModelGone | KeyDead:
    """What came back of `call`, which sends one request through a client whose hook raises `Heard`."""
    if not (key.secret.isascii() and key.secret.isprintable()) or key.secret.split() != [key.secret]:
        return KeyDead("it has characters that no key has")  # a client would quote it, or take another one
    try:
        call()
    except Heard as heard:
        return heard
    except lost.late:
        return ServiceDown("no answer in time")
    except lost.lost as error:
        return ServiceDown(f"cannot be reached ({in_short(str(error), key) or type(error).__name__})")
    except ValueError as error:  # a client's own check of what it is to send: nothing was sent
        return ModelGone(f"the client does not ask this model ({in_short(str(error), key)})")
    return ServiceDown(NOT_THE_API)


def meaning(heard: Heard, slot: Slot) -> Attempt:
    """The attempt in a response to `generateContent`."""
    if heard.status == 200:
        return answered(parsed(heard.text), slot)
    return refused(heard.status, heard.text, slot.key, heard.retry_after)


def all_pages(
    page: Callable[[str], object], lost: Lost, key: Key
) -> Sequence[str] | KeyDead | ServiceDown | HostRefused:
    """The models of every page. page: asks for the page of a token ("" is the first), as `hear` wants it."""
    names: list[str] = []
    token = ""
    for _ in range(PAGES):
        heard = hear(lambda token=token: page(token), lost, key)  # type: ignore[misc]  # bound now
        if not isinstance(heard, Heard):
            return ServiceDown(heard.reason) if isinstance(heard, ModelGone) else heard
        if heard.status != 200:
            attempt = refused(heard.status, heard.text, key, heard.retry_after)
            return attempt if isinstance(attempt, KeyDead | HostRefused | ServiceDown) else _as_down(attempt)
        read = listed(parsed(heard.text))
        if read is None:
            return ServiceDown(NOT_THE_API)
        more, token = read
        names += more
        if not token:
            break
    return list(dict.fromkeys(names))


def _as_down(attempt: Attempt) -> ServiceDown:
    return ServiceDown(str(getattr(attempt, "reason", attempt)), getattr(attempt, "seconds", None))
