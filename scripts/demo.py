"""The first of the README's two commands: makes `.venv`, installs ghibli-prep in it, and runs `ghibli-prep demo`.

Needs Python 3.11 and pip, and nothing else. Arguments go on to the demo: `python3 scripts/demo.py --workspace DIR`.
"""

from __future__ import annotations

import sys

import _venv

_venv.prepare(["mediapipe"])
_venv.run([_venv.command("ghibli-prep"), "demo", *sys.argv[1:]])
