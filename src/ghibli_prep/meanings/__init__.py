"""Which captions say the same: what they mean as vectors, by all-MiniLM-L6-v2, and which of them are repeats.

Knows texts and vectors, and nothing of pictures, files of users or settings. NumPy does the work; the extra `text`
brings the model and its tokenizer.
"""

from __future__ import annotations

from ghibli_prep.meanings.embedding import INSTALL_COMMAND, MODEL, embed, installed, need
from ghibli_prep.meanings.model import WIDTH, Floats
from ghibli_prep.meanings.repeating import Nearest, Repeat, least, nearest, repeats

__all__ = [
    "INSTALL_COMMAND", "MODEL", "WIDTH", "Floats", "Nearest", "Repeat",
    "embed", "installed", "least", "nearest", "need", "repeats",
]  # fmt: skip
