"""The forward pass of all-MiniLM-L6-v2, in NumPy: six layers of BERT over token numbers.

Captions of different lengths lie one after the other without padding: what each token goes through by itself is one
matrix product for all of them, and only attention looks at captions of one length at a time. Knows no text.
J. Devlin et al., BERT, 2018; W. Wang et al., MiniLM, 2020; N. Reimers and I. Gurevych, Sentence-BERT, 2019.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Tokens = NDArray[np.uint16]
"""The numbers of a caption's tokens, the marks of its start and end among them."""

WIDTH = 384
_HEADS = 12
_LAYERS = 6
_EPSILON = np.float32(1e-12)
_GELU = (0.7978281361, 0.0364687903, -0.0001248612, -0.0000305811, 0.0000011191)
"""x (1 + tanh(x p(x^2))) / 2 is at most 3e-6 off x (1 + erf(x / sqrt 2)) / 2; NumPy has no erf, and SciPy's takes 40
times as long as a tanh. p was fitted by least squares, the worst places weighed up."""
_GELU_TO = np.float32(36)
_ROWS = 64
"""Rows that GELU goes over at a time: they stay in the cache of a core."""


@dataclass(frozen=True, slots=True)
class _Dense:
    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        made: Floats = rows @ self.weight
        made += self.bias
        return made


@dataclass(frozen=True, slots=True)
class _Norm:
    weight: Floats
    bias: Floats

    def __call__(self, rows: Floats) -> Floats:
        """In place."""
        rows -= rows.mean(axis=1, keepdims=True)
        spread = np.einsum("ij,ij->i", rows, rows) / np.float32(rows.shape[1])
        rows /= np.sqrt(spread + _EPSILON)[:, None]
        rows *= self.weight
        rows += self.bias
        return rows


@dataclass(frozen=True, slots=True)
class _Layer:
    """asked: queries (scaled already), keys and values of all heads, side by side."""

    asked: _Dense
    heard: _Dense
    heard_norm: _Norm
    wide: _Dense
    narrow: _Dense
    norm: _Norm


class Model:
    """Raises OSError, ValueError or KeyError for a file that is not this model's."""

    def __init__(self, weights: Path) -> None:
        """weights: `model.safetensors` of all-MiniLM-L6-v2."""
        tensors = _tensors(weights)
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._places = tensors["embeddings.position_embeddings.weight"]
        self._places += tensors["embeddings.token_type_embeddings.weight"][0]
        self._norm = _norm(tensors, "embeddings")
        self._layers = [_layer(tensors, f"encoder.layer.{at}") for at in range(_LAYERS)]

    def __call__(self, captions: Sequence[Tokens]) -> Floats:
        """A unit vector of WIDTH a caption. Fastest where captions of one length follow each other."""
        lengths = [len(caption) for caption in captions]
        rows = self._words[np.concatenate(captions)]
        rows += self._places[np.concatenate([np.arange(length) for length in lengths])]
        rows = self._norm(rows)
        groups = [(length, len(list(group))) for length, group in groupby(lengths)]
        for layer in self._layers:
            rows += layer.heard(_attention(layer.asked(rows), groups))
            rows = layer.heard_norm(rows)
            rows += layer.narrow(_gelu(layer.wide(rows)))
            rows = layer.norm(rows)
        starts = np.cumsum([0, *lengths[:-1]])
        made = np.add.reduceat(rows, starts, axis=0)  # the mean but for its length
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        return np.asarray(made, np.float32)


def _attention(asked: Floats, groups: Sequence[tuple[int, int]]) -> Floats:
    """groups: the length and the count of captions of one length that follow each other."""
    heard = np.empty((len(asked), WIDTH), np.float32)
    start = 0
    for length, count in groups:
        end = start + length * count
        three = asked[start:end].reshape(count, length, 3, _HEADS, -1)
        queries, keys, values = (np.ascontiguousarray(part) for part in three.transpose(2, 0, 3, 1, 4))
        weights: Floats = queries @ np.ascontiguousarray(keys.swapaxes(2, 3))
        weights -= weights.max(axis=-1, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=-1, keepdims=True)
        heard[start:end] = (weights @ values).transpose(0, 2, 1, 3).reshape(-1, WIDTH)
        start = end
    return heard


def _gelu(rows: Floats) -> Floats:
    """In place."""
    powers = [np.float32(each) for each in reversed(_GELU)]
    for start in range(0, len(rows), _ROWS):
        part = rows[start : start + _ROWS]
        square = np.minimum(part * part, _GELU_TO)
        inner = square * powers[0]
        for power in powers[1:-1]:
            inner += power
            inner *= square
        inner += powers[-1]
        inner *= part
        np.tanh(inner, out=inner)
        inner += np.float32(1)
        part *= inner
        part *= np.float32(0.5)
    return rows


def _tensors(file: Path) -> dict[str, Floats]:
    """The float32 tensors of a safetensors file: 8 bytes of length, a header in JSON, and the bytes it speaks of."""
    content = np.fromfile(file, np.uint8)
    length = int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8 : 8 + length].tobytes())
    body = content[8 + length :]
    found = {}
    for name, tensor in header.items():
        if name != "__metadata__" and tensor["dtype"] == "F32":
            start, end = tensor["data_offsets"]
            found[name] = np.frombuffer(body[start:end].tobytes(), "<f4").reshape(tensor["shape"]).astype(np.float32)
    return found


def _norm(tensors: Mapping[str, Floats], name: str) -> _Norm:
    return _Norm(tensors[f"{name}.LayerNorm.weight"], tensors[f"{name}.LayerNorm.bias"])


def _dense(tensors: Mapping[str, Floats], *names: str) -> _Dense:
    """Several of them as one, side by side."""
    weight = np.concatenate([tensors[f"{name}.weight"] for name in names])
    return _Dense(np.ascontiguousarray(weight.T), np.concatenate([tensors[f"{name}.bias"] for name in names]))


def _layer(tensors: Mapping[str, Floats], name: str) -> _Layer:
    asked = _dense(tensors, *(f"{name}.attention.self.{part}" for part in ("query", "key", "value")))
    scale = np.float32((WIDTH // _HEADS) ** -0.5)
    asked.weight[:, :WIDTH] *= scale
    asked.bias[:WIDTH] *= scale
    return _Layer(
        asked,
        _dense(tensors, f"{name}.attention.output.dense"),
        _norm(tensors, f"{name}.attention.output"),
        _dense(tensors, f"{name}.intermediate.dense"),
        _dense(tensors, f"{name}.output.dense"),
        _norm(tensors, f"{name}.output"),
    )
