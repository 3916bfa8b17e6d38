"""A finished dataset is loaded as its users do: by Hugging Face `datasets`, row by row what lies on the disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LOAD = """
import io, json, sys
from datasets import load_dataset
from PIL import Image

rows = load_dataset("imagefolder", data_dir=sys.argv[1], split="train")
said = []
for row in rows:
    image = row["image"]
    said.append([sorted(row), row["text"], image.mode, image.size, image.convert("RGB").tobytes().hex()[:4000]])
print(json.dumps(said))
"""


def test_hugging_face_loads_each_picture_with_its_caption(home: Any, sandbox: Any, tmp_path: Path) -> None:
    home.keys(1, sandbox(faults=[{"kind": "blocked_prompt", "calls": (2,)}]).url)
    home.frames(0, 1, 2, 3)
    assert home.run("run", "--cleanup").code == 0
    assert home.run("validate").code == 0
    # in a process of its own, whose home is empty: `datasets` reads where its caches are when it is imported
    process = subprocess.run(
        [sys.executable, "-c", LOAD, str(home.train)],
        env={
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path / "cache"),
            "HOME": str(tmp_path),
            "PATH": "",
            "SYSTEMROOT": "",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(process.stdout)
    from PIL import Image

    expected = {}
    for name, text in home.captions.items():
        with Image.open(home.train / name) as picture:
            pixels = picture.convert("RGB").tobytes().hex()[:4000]
            expected[text] = [["image", "text"], text, "RGB", [32, 32], pixels]
    assert {row[1]: row for row in rows} == expected
    assert len(rows) == len(home.captions) == 3
