import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
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


@settings(deadline=None)
@given(vectors, orders)
def test_agrees_with_norms_where_these_are_safe(w, order):
    p, q = order
    if not w.any():
        assert sparsity_index(w, p=p, q=q) == 1.0
        return
    norm_p, norm_q = (math.fsum(w**r) ** (1 / r) for r in (p, q))
    naive = 1 - len(w) ** (1 / q - 1 / p) * norm_p / norm_q
    assert sparsity_index(w, p=p, q=q) == pytest.approx(naive, abs=1e-9)


@settings(deadline=None)
@given(vectors, orders, st.sampled_from([-3.0, 1e-200, 1e200, 0.7]), st.integers(1, 4))
def test_scale_clone_and_permutation_invariant(w, order, scale, copies):
    p, q = order
    index = sparsity_index(w, p=p, q=q)
    assert sparsity_index(scale * w, p=p, q=q) == pytest.approx(index, abs=1e-9)
    assert sparsity_index(np.tile(w, copies), p=p, q=q) == pytest.approx(index, abs=1e-9)
    assert sparsity_index(w[::-1], p=p, q=q) == pytest.approx(index, abs=1e-9)


@settings(deadline=None)
@given(vectors.filter(np.any), orders)
def test_bounds(w, order):
    p, q = order
    assert 0.0 <= sparsity_index(w, p=p, q=q) <= 1 - len(w) ** (1 / q - 1 / p) + 1e-12


@settings(deadline=None)
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


MASKED = np.array([[True, True, False, True], [False] * 4, [True, False, True, False]])  # one alive zero


@pytest.mark.parametrize("case", GOLDEN["matrices"], ids=lambda case: f"{case['p']}-{case['q']}")
def test_golden_over_existing_links_only(case):
    w, orders = np.array(case["w"]), {"p": case["p"], "q": case["q"]}
    assert MASKED.sum() == 5
    layouts = [w, sp.csr_array(w), sp.coo_matrix(w)]
    for array in layouts:
        for mask in (MASKED, sp.csr_array(MASKED), MASKED.tolist()):
            assert sparsity_index(array, mask=mask, **orders) == pytest.approx(
                float(case["masked_d5"]), abs=1e-12
            )


def test_a_mask_counts_existing_zeros_and_ignores_what_is_dead():
    w = np.array([[1.0, 0.0, 9.0], [math.nan, 1.0, 0.0]])
    mask = np.array([[True, True, False], [False, True, True]])
    assert sparsity_index(w, mask=mask) == 0.5
    assert sparsity_index(sp.csr_array(w), mask=mask) == 0.5
    assert sparsity_index(w[mask]) == 0.5
    stored = sp.csr_array(([True, True, False], ([0, 0, 0], [0, 1, 2])), shape=(2, 3))
    assert sparsity_index(w, mask=stored) == 0.5  # a stored False is no link
    assert sparsity_index(np.zeros((2, 3)), mask=mask) == 1.0


def test_refuses_bad_masks():
    w = np.ones((2, 3))
    with pytest.raises(ValueError, match=r"mask must have the shape of w.*transposed"):
        sparsity_index(w, mask=np.ones((3, 2), bool))
    with pytest.raises(ValueError, match=r"\(2, 3\); it has \(2, 2\)$"):
        sparsity_index(sp.csr_array(w), mask=sp.csr_array(np.ones((2, 2), bool)))
    with pytest.raises(TypeError, match="mask != 0"):
        sparsity_index(w, mask=np.ones((2, 3)))
    with pytest.raises(ValueError, match="no entry that the mask keeps"):
        sparsity_index(w, mask=np.zeros((2, 3), bool))
    with pytest.raises(TypeError, match="masked array"):
        sparsity_index(np.ma.array([1.0, 2.0], mask=[True, False]))


def test_the_input_stays_as_it_was():
    twice = sp.coo_array(([1.0, 2.0], ([0, 0], [0, 0])), shape=(2, 2))
    mask = sp.coo_array(([True, False], ([0, 1], [0, 0])), shape=(2, 2))
    sparsity_index(twice, mask=mask)
    assert (twice.nnz, mask.nnz) == (2, 2)
