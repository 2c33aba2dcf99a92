import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netsci.measure.sparsity import sparsity_index

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "iw.json").read_text())
VECTORS = GOLDEN["vectors"] + GOLDEN["matrices"]

magnitudes = st.floats(1e-3, 1e3) | st.just(0.0)
vectors = hnp.arrays(np.float64, st.integers(1, 30), elements=magnitudes)
orders = st.tuples(st.floats(0.1, 2.0), st.floats(0.1, 2.0)).map(lambda o: (min(o), max(o) + 0.1))


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case['name']}-{case['p']}-{case['q']}")
def test_golden(case):
    assert abs(sparsity_index(case["w"], p=case["p"], q=case["q"]) - float(case["value"])) <= 1e-12


def test_golden_of_matrix_rows_and_of_links_alone():
    for case in GOLDEN["matrices"]:
        rows = [sparsity_index(row, p=case["p"], q=case["q"]) for row in case["w"]]
        np.testing.assert_allclose(rows, case["per_row"], rtol=0, atol=1e-12)


def test_printed_examples():
    assert sparsity_index([10, 0, 0, 0]) == pytest.approx(0.75, abs=1e-15)
    assert sparsity_index([5, 5, 0, 0]) == pytest.approx(0.5, abs=1e-15)
    assert sparsity_index([1, 2, 3, 4]) == pytest.approx(0.0555858573695, abs=1e-12)


def test_rational_oracle():
    """For p = 1/2, q = 1 and squares of integers the index is rational."""
    roots = [0, 1, 2, 3, 5, 8]
    exact = 1 - Fraction(sum(roots) ** 2, len(roots) * sum(r * r for r in roots))
    assert sparsity_index([r * r for r in roots]) == pytest.approx(float(exact), abs=1e-15)


@given(vectors, orders)
def test_agrees_with_norms_where_these_are_safe(w, order):
    p, q = order
    if not w.any():
        assert sparsity_index(w, p=p, q=q) == 1.0
        return
    norm_p, norm_q = (math.fsum(w**r) ** (1 / r) for r in (p, q))
    naive = 1 - len(w) ** (1 / q - 1 / p) * norm_p / norm_q
    assert sparsity_index(w, p=p, q=q) == pytest.approx(naive, abs=1e-9)


@given(vectors, orders, st.sampled_from([-3.0, 1e-200, 1e200, 0.7]), st.integers(1, 4))
def test_scale_clone_and_permutation_invariant(w, order, scale, copies):
    p, q = order
    index = sparsity_index(w, p=p, q=q)
    assert sparsity_index(scale * w, p=p, q=q) == pytest.approx(index, abs=1e-9)
    assert sparsity_index(np.tile(w, copies), p=p, q=q) == pytest.approx(index, abs=1e-9)
    assert sparsity_index(w[::-1], p=p, q=q) == pytest.approx(index, abs=1e-9)


@given(vectors.filter(np.any), orders)
def test_bounds(w, order):
    p, q = order
    assert 0.0 <= sparsity_index(w, p=p, q=q) <= 1 - len(w) ** (1 / q - 1 / p) + 1e-12


@given(vectors.filter(np.any), st.integers(1, 20))
def test_appending_zeros_follows_the_closed_form(w, zeros):
    padded = sparsity_index(np.append(w, np.zeros(zeros)))
    d = len(w)
    assert padded == pytest.approx(1 - d / (d + zeros) * (1 - sparsity_index(w)), abs=1e-12)


def test_negative_control_dense_normal_weights_are_not_sparse():
    """I of Gaussian weights is 1 - (E sqrt|x|)^2 / E|x| = .153, however many there are."""
    w = np.random.default_rng(7).normal(size=(500, 400))
    expected = 1 - (2**0.25 * math.gamma(0.75) / math.sqrt(math.pi)) ** 2 / math.sqrt(2 / math.pi)
    assert sparsity_index(w) == pytest.approx(expected, abs=2e-3)


def test_sparse_input_counts_absent_entries():
    dense = np.array([[0.0, 1.0, 0.0], [-2.0, 0.0, 0.0]])
    for layout in (sp.csr_array, sp.csc_matrix, sp.coo_array):
        assert sparsity_index(layout(dense)) == sparsity_index(dense)
    twice = sp.coo_array(([1.0, 1.0, 3.0], ([0, 0, 1], [0, 0, 1])), shape=(2, 2))
    assert sparsity_index(twice) == sparsity_index(twice.toarray())
    assert sparsity_index(sp.csr_array((3, 3))) == 1.0


def test_integers_and_extreme_scales():
    assert sparsity_index(np.array([-128, 127], dtype=np.int8)) == sparsity_index([128.0, 127.0])
    assert sparsity_index([True, False]) == 0.5
    assert sparsity_index([5e-324, 0.0]) == 0.5
    assert sparsity_index([1e308, 1e308, 0.0, 0.0]) == 0.5


@pytest.mark.parametrize(
    "orders", [(0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, math.inf), (math.nan, 1.0)]
)
def test_refuses_orders(orders):
    with pytest.raises(ValueError, match="0 < p < q"):
        sparsity_index([1.0], p=orders[0], q=orders[1])


def test_refuses_bad_arrays():
    with pytest.raises(ValueError, match="empty"):
        sparsity_index([])
    with pytest.raises(ValueError, match="empty"):
        sparsity_index(sp.csr_array((0, 3)))
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="NaN or infinite"):
            sparsity_index([1.0, bad])
    with pytest.raises(TypeError, match="real numbers"):
        sparsity_index([1j])
