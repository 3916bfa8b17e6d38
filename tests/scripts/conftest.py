"""Scripts are no package: they are found in their folder, after all else, for one of them is called `test`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts"))
