"""The few reasons a run cannot go on. A known failure of one picture is a sample, never an exception.

GhibliPrepError                    exit code
├── UsageError                     2    settings, key or input are not right: nothing was changed
│   ├── SettingsError                   a settings file or flag says something that cannot be
│   ├── MissingKey                      no API key, or none that the provider accepts
│   ├── NoInput                         nothing to work on
│   ├── MissingExtra                    a package that is not installed; the text names the command
│   ├── ModelFileError                  a detector's model file cannot be had
│   └── ForeignState                    files of another tool or a newer version: left untouched
├── ProblemsFound                  3    something is not as it must be: all that could be done is done
├── WorkspaceHeld                  4    another run holds this workspace
├── Paused                         75   quota spent or service down: run the same command again later
├── DiskError                      75   the disk is full or cannot be written: make room, run it again
└── Stopped                        130  the user said stop
"""

from __future__ import annotations

from typing import ClassVar


class GhibliPrepError(Exception):
    """Its text is for the user: what is wrong, where, and what to do about it."""

    exit_code: ClassVar[int] = 1


class UsageError(GhibliPrepError):
    exit_code = 2


class SettingsError(UsageError):
    pass


class MissingKey(UsageError):
    pass


class NoInput(UsageError):
    pass


class MissingExtra(UsageError):
    pass


class ModelFileError(UsageError):
    pass


class ForeignState(UsageError):
    pass


class ProblemsFound(GhibliPrepError):
    exit_code = 3


class WorkspaceHeld(GhibliPrepError):
    exit_code = 4


class Paused(GhibliPrepError):
    exit_code = 75


class DiskError(GhibliPrepError):
    exit_code = 75


class Stopped(GhibliPrepError):
    exit_code = 130
