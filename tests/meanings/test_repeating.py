"""Which rows are repeats: the same as one by one, however many there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ghibli_prep.meanings import Floats, Repeat, nearest, repeating, repeats


def vectors(count: int, seed: int, *, width: int = 8, repeated: float = 0.0) -> Floats:
    """Unit rows; about that share of them is near another."""
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(count, width))
    for at in range(1, count):
        if draw.random() < repeated:
            rows[at] = rows[draw.integers(at)] + draw.normal(size=width) * draw.choice([0, 0.1, 0.5])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def one_by_one(rows: Floats, at: float, order: Sequence[int], kept: Sequence[int] = ()) -> list[Repeat]:
    stay, found = list(kept), []
    cosines = rows.astype(np.float64) @ rows.astype(np.float64).T
    for row in order:
        best = max(stay, key=lambda other: cosines[row, other], default=None)
        if best is not None and cosines[row, best] >= at:
            found.append(Repeat(row, best, cosines[row, best]))
        else:
            stay.append(row)
    return found


def test_the_first_stays_and_what_is_like_it_goes() -> None:
    rows = np.array([[1, 0], [0, 1], [0.8, 0.6], [0.6, 0.8], [1, 0]], np.float32)
    assert [(r.index, r.of, round(r.cosine, 4)) for r in repeats(rows, 0.9, range(5))] == [(3, 2, 0.96), (4, 0, 1.0)]
    assert [(r.index, r.of) for r in repeats(rows, 0.9, [4, 3, 2, 1, 0])] == [(2, 3), (0, 4)]
    assert repeats(rows, 0.9, []) == []


def test_what_is_kept_in_any_case_comes_first_and_stays_though_it_is_alike() -> None:
    rows = np.array([[1, 0], [1, 0], [0, 1], [0.995, 0.0999]], np.float32)
    assert [(r.index, r.of) for r in repeats(rows, 0.9, [3, 2], kept=[1, 0])] == [(3, 1)]


def test_the_same_vector_is_a_repeat_at_a_threshold_of_one() -> None:
    rows = np.repeat(vectors(40, 1, width=384), 2, axis=0)
    assert [(r.index, r.of) for r in repeats(rows, 1.0, range(80))] == [(at + 1, at) for at in range(0, 80, 2)]


@given(st.data())
def test_blocks_give_what_one_by_one_gives(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 60))
    rows = vectors(count, data.draw(st.integers(0, 10_000)), repeated=data.draw(st.sampled_from([0.0, 0.3, 0.9])))
    at = data.draw(st.floats(0.3, 0.999))
    shuffled = data.draw(st.permutations(range(count)))
    kept = shuffled[: data.draw(st.integers(0, count))]
    order = shuffled[len(kept) :]
    cosines = (rows.astype(np.float64) @ rows.T)[np.tril_indices(count, -1)]
    assume(not np.any(np.abs(cosines - at) < 1e-5))
    assume(len(np.unique(np.round(cosines, 6))) == len(cosines) or at > 0.9)
    found, expected = repeats(rows, at, order, kept), one_by_one(rows, at, order, kept)
    assert [r.index for r in found] == [r.index for r in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.cosine == pytest.approx(other.cosine, abs=1e-5)


@given(st.integers(0, 10_000), st.floats(0.5, 0.99), st.sampled_from([0.2, 0.8]))
def test_no_two_that_stay_are_alike_and_all_that_go_are_like_one_that_stays(
    seed: int, at: float, repeated: float
) -> None:
    rows = vectors(200, seed, repeated=repeated)
    order = np.random.default_rng(seed).permutation(200).tolist()
    found = repeats(rows, at, order)
    gone = {repeat.index for repeat in found}
    stay = [row for row in order if row not in gone]
    cosines = rows @ rows.T
    assert cosines[np.ix_(stay, stay)][np.tril_indices(len(stay), -1)].max(initial=-1) < at
    for repeat in found:
        assert repeat.of not in gone
        assert order.index(repeat.of) < order.index(repeat.index)
        assert repeat.cosine == pytest.approx(float(cosines[repeat.index, repeat.of]), abs=1e-5)
        assert repeat.cosine >= at - 1e-5


def test_over_many_blocks_it_is_the_same_and_all_is_counted() -> None:
    rows = vectors(5000, 7, width=16, repeated=0.4)
    before, counts = rows.copy(), list[int]()
    found = repeats(rows, 0.93, range(4000), kept=range(4000, 5000), progress=counts.append)
    expected = one_by_one(rows, 0.93, range(4000), range(4000, 5000))
    assert len(found) > 500
    assert [r.index for r in found] == [r.index for r in expected]
    assert sum(counts) >= 4000
    np.testing.assert_array_equal(rows, before)


def test_the_nearest_of_others_is_found_wherever_it_is() -> None:
    rows, others = vectors(1500, 1, width=16), vectors(repeating._KEPT + 300, 2, width=16)
    counts: list[int] = []
    found = nearest(rows, others, counts.append)
    cosines = rows @ others.T
    np.testing.assert_array_equal(found.of, cosines.argmax(axis=1))
    np.testing.assert_allclose(found.cosine, cosines.max(axis=1), atol=1e-6)
    assert sum(counts) == 1500
    nobody = nearest(rows, others[:0])
    assert set(nobody.of.tolist()) == {-1}
    assert np.isneginf(nobody.cosine).all()
