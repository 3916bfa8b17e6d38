"""A backend is imported when it is asked for, and says how to get what it lacks."""

from __future__ import annotations

import subprocess
import sys

LACKING = """
import sys
sys.modules["google.ai"] = None  # as Python marks what is not there
from ghibli_prep.captioning import backends
from ghibli_prep.errors import MissingExtra
try:
    backends.make("google-generativeai", "")
except MissingExtra as error:
    print(error)
"""
LIGHT = """
import sys
from ghibli_prep.captioning import backends
print([name for name in ("google.genai", "google.ai", "requests", "httpx2", "pydantic") if name in sys.modules])
"""
BOTH = """
from ghibli_prep.captioning import backends
for name in backends.BACKENDS:
    backends.make(name, "").close()
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_package_that_is_not_installed_is_named_with_its_command() -> None:
    assert run(LACKING).endswith('Install it: pip install "ghibli-prep[google-generativeai]"')


def test_nothing_heavy_is_imported_before_a_backend_is_made() -> None:
    assert run(LIGHT) == "[]"


def test_making_both_clients_says_nothing() -> None:
    made = (
        "from ghibli_prep.captioning import backends; [backends.make(name, '').close() for name in backends.BACKENDS]"
    )
    assert run(made) == ""


def test_a_missing_package_is_noticed_without_importing_anything() -> None:
    needed = LACKING.replace('backends.make("google-generativeai", "")', 'backends.need("google-generativeai")')
    assert "is not installed" in run(needed)
    assert run("from ghibli_prep.captioning import backends; backends.need('google-genai')") == ""
