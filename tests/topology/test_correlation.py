import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from netsci.topology import CORRELATION, pearson, phi, phi_as_printed

FOLDER = Path(__file__).parents[1] / "golden" / "snn"
GOLDEN = {name: np.load(FOLDER / f"phi_{name}.npz") for name in "ab"}


def rng(seed=7):
    return np.random.default_rng(seed)


@st.composite
def samples(draw, binary=False):
    """A few samples of a few features, some of them constant."""
    shape = draw(st.integers(1, 30)), draw(st.integers(1, 6))
    generator = rng(draw(st.integers(0, 2**32 - 1)))
    x = generator.random(shape) < generator.choice([0.0, 0.2, 0.5, 1.0], shape[1])
    return x if binary else x * generator.normal(size=shape) + generator.choice([0.0, 0.0, 50.1], shape[1])


def contingency(x):
    """Phi of every two features by counting, in whole numbers as far as it goes."""
    n_features = x.shape[1]
    table = np.zeros((n_features, n_features))
    for i in range(n_features):
        for j in range(n_features):
            pairs = [(int(a), int(b)) for a, b in zip(x[:, i], x[:, j], strict=True)]
            n11, n00, n10, n01 = (pairs.count(cell) for cell in ((1, 1), (0, 0), (1, 0), (0, 1)))
            margins = (n11 + n10) * (n01 + n00) * (n11 + n01) * (n10 + n00)
            table[i, j] = (n11 * n00 - n10 * n01) / margins**0.5 if margins else 0.0
    return table


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32, np.int64])
def test_golden_phi(name, dtype):
    x = GOLDEN[name]["X"].astype(dtype)
    for key in ("phi", "phi_sklearn"):
        np.testing.assert_allclose(pearson(x), GOLDEN[name][key], rtol=0, atol=1e-12)
    assert np.array_equal(phi(x), pearson(x))


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_eq_2_as_printed_and_its_closed_form(name):
    golden = GOLDEN[name]
    printed = phi_as_printed(golden["X"])
    np.testing.assert_allclose(printed, golden["eq2_as_printed"], rtol=0, atol=1e-12)
    p = golden["X"].mean(axis=0)
    alive = np.outer(p > 0, p > 0)
    assert np.array_equal(np.isnan(printed), ~alive)
    closed = np.sqrt(1 - (p[:, None] + p) / 2)
    np.testing.assert_allclose(printed[alive], closed[alive], rtol=0, atol=1e-12)
    np.testing.assert_allclose(closed, golden["eq2_closed_form"], rtol=0, atol=1e-12)


def test_phi_by_hand():
    """Counts n11 = 2, n00 = 1, n10 = 0, n01 = 1: (2 1 - 0) / sqrt(2 2 3 1)."""
    x = np.array([[1, 1], [1, 1], [0, 1], [0, 0]])
    expected = 2 / np.sqrt(12)
    np.testing.assert_allclose(phi(x), [[1, expected], [expected, 1]], rtol=1e-15)
    np.testing.assert_allclose(phi(np.column_stack([x[:, 0], 1 - x[:, 1]]))[0, 1], -expected, rtol=1e-15)


def test_pearson_by_hand():
    """Deviations (-1, 0, 1), (-2, 1, 1) and none: 3 / sqrt(2 6)."""
    x = [[1.0, 5.0, 0.3], [2.0, 8.0, 0.3], [3.0, 8.0, 0.3]]
    r = pearson(x)
    np.testing.assert_allclose(r[0, 1], 3 / np.sqrt(12), rtol=1e-15)
    assert (
        r[2].tolist() == r[:, 2].tolist() == [0, 0, 0]
    )  # .3 has no exact mean, and is constant all the same
    assert np.diagonal(r).tolist() == [1, 1, 0]


def test_as_printed_by_hand_on_real_values():
    """Means 2 and 1, sums of squares 8 and 2: sqrt((8/2 + 2/1) / (2 2)); spikes would give 1 - p."""
    r = phi_as_printed([[0.0, 0.0], [4.0, 2.0]])
    np.testing.assert_allclose(r, np.sqrt([[2.0, 1.5], [1.5, 1.0]]), rtol=1e-15)


@given(samples(binary=True))
def test_phi_agrees_with_counting(x):
    np.testing.assert_allclose(phi(x), contingency(x), rtol=0, atol=1e-14)


@given(samples())
def test_pearson_agrees_with_numpy_where_features_vary(x):
    r = pearson(x)
    assert r.shape == (x.shape[1],) * 2
    assert r.dtype == np.float64
    assert np.array_equal(r, r.T)
    assert np.abs(r).max() <= 1
    varies = np.ptp(x, axis=0) > 0
    assert np.array_equal(np.diagonal(r), varies)
    assert (r[~varies] == 0).all()
    if varies.any():
        expected = np.atleast_2d(np.corrcoef(x[:, varies].T))
        np.testing.assert_allclose(r[np.ix_(varies, varies)], expected, rtol=0, atol=1e-11)


@given(samples(binary=True), st.integers(2, 5))
def test_a_repeated_input_has_the_correlations_of_one(x, times):
    """Direct encoding: every time step sees the same image."""
    repeated = np.tile(x, (times, 1))
    np.testing.assert_allclose(pearson(repeated), pearson(x), rtol=0, atol=1e-14)
    np.testing.assert_allclose(phi_as_printed(repeated), phi_as_printed(x), rtol=0, atol=1e-14)


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_blocks_of_rows_change_nothing(monkeypatch, rows):
    real, spikes = rng().normal(3.0, 1.0, (37, 5)), rng().random((37, 5)) < 0.3
    whole = [pearson(real), pearson(spikes), phi_as_printed(spikes), phi_as_printed(abs(real))]
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 5 * rows)
    assert np.array_equal(pearson(spikes), whole[1])  # counts are whole numbers
    parts = [pearson(real), pearson(spikes), phi_as_printed(spikes), phi_as_printed(abs(real))]
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-14)


class OnRequest:
    """Samples that are made when asked for, never more than `most` at once; `asked` counts the rows."""

    def __init__(self, x, most):
        self.x, self.most, self.asked = x, most, np.zeros(len(x), int)
        self.shape, self.dtype = x.shape, x.dtype

    def __getitem__(self, rows):
        assert isinstance(rows, slice)
        made = self.x[rows]
        assert len(made) <= self.most
        self.asked[rows] += 1
        return made


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8, bool])
@pytest.mark.parametrize("high", [2, 9])
def test_samples_on_request_give_the_same_numbers_and_are_made_twice(monkeypatch, dtype, high):
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 5 * 10)
    x = rng().integers(0, high, (37, 5)).astype(dtype)
    if dtype in (np.float32, np.float64) and high > 2:
        x *= dtype(1 / 3)
    for coefficient in (pearson, phi_as_printed, *([phi] if x.max() == 1 else [])):
        samples = OnRequest(x, 10)
        assert np.array_equal(coefficient(samples), coefficient(x))
        assert (samples.asked == 2).all()


def test_samples_on_request_are_checked(monkeypatch):
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 5 * 10)
    x = rng().random((37, 5))
    x[30, 2] = np.nan
    for error, message, bad in (
        (ValueError, "NaN or infinite", x),
        (ValueError, "at least one of each", x[:0]),
        (ValueError, "samples, x.reshape", x[None]),
        (TypeError, "dtype is complex128", x.astype(complex)),
    ):
        with pytest.raises(error, match=message):
            pearson(OnRequest(bad, 10))


def test_no_block_speaks_for_the_others(monkeypatch):
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 2 * 10)
    x = (rng().random((40, 2)) < 0.5).astype(float)
    x[:10] = rng().random((10, 2))  # 0 and 1 in all blocks but one
    for order in (x, x[::-1]):
        np.testing.assert_allclose(pearson(order), np.corrcoef(x.T), rtol=0, atol=1e-14)
    x[:10], x[10:] = rng().random((10, 2)), 0.5  # constant in all blocks but one
    for order in (x, x[::-1], 1 - x, 1 - x[::-1]):
        np.testing.assert_allclose(pearson(order), np.corrcoef(x.T), rtol=0, atol=1e-14)
    x[5] = -1
    for order in (x, x[::-1]):
        with pytest.raises(ValueError, match=r"at least 0: .* got -1"):
            phi_as_printed(order)


def test_what_becomes_an_array_is_taken_as_one():
    class Stored:
        """As h5py's data sets are: they can be cut like arrays, and are none."""

        shape, dtype = (30, 3), np.dtype(float)

        def __array__(self, dtype=None, copy=None):
            return rng().random((30, 3))

    assert np.array_equal(pearson(Stored()), pearson(rng().random((30, 3))))


def test_counts_are_exact_where_half_precision_would_not_be():
    x = np.ones((20_000, 2), bool)
    x[:3, 0] = x[2:7, 1] = False  # n00 = 1, n10 = 4, n01 = 2
    expected = (19_993 * 1 - 4 * 2) / np.sqrt(19_997 * 3 * 19_995 * 5)
    assert phi(x)[0, 1] == pytest.approx(expected, abs=1e-15)


def test_a_mean_far_from_zero_and_huge_or_tiny_values_lose_nothing():
    x = rng().normal(size=(200, 4)) @ rng(1).normal(size=(4, 4))
    expected = np.corrcoef(x.T)
    moved = np.round(x * 2**20) / 2**20  # so that adding 2^30 rounds nothing
    np.testing.assert_allclose(pearson(moved + 2.0**30), np.corrcoef(moved.T), rtol=0, atol=1e-12)
    signs = [1, 1, -1, 1]
    scaled = pearson(x * [1e300, 1e-300, -1.0, 1.0])
    np.testing.assert_allclose(scaled, expected * np.outer(signs, signs), rtol=0, atol=1e-12)


def test_whole_numbers_beyond_0_and_1_are_real_inputs():
    x = rng().integers(0, 255, (50, 3)).astype(np.uint8)
    np.testing.assert_allclose(pearson(x), np.corrcoef(x.T), rtol=0, atol=1e-13)
    assert not np.allclose(pearson(x), pearson(x > 127), atol=1e-2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_the_input_stays_as_it_is_and_is_not_copied_whole(monkeypatch, dtype):
    x = (rng().random((40_000, 10)) * 3).astype(dtype)
    before = x.copy()
    monkeypatch.setattr("netsci.topology.correlation._BLOCK_CELLS", 10_000)
    for coefficient in (pearson, phi_as_printed):
        tracemalloc.start()
        coefficient(x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < x.size * 8 / 4
    assert np.array_equal(x, before)


@pytest.mark.parametrize("coefficient", [pearson, phi, phi_as_printed])
@pytest.mark.parametrize(
    ("error", "message", "x"),
    [
        (ValueError, "NaN or infinite", [[0.0, np.nan], [1.0, 0.0]]),
        (ValueError, "NaN or infinite", [[0.0, np.inf], [1.0, 0.0]]),
        (ValueError, r"at least one of each; its shape is \(0, 3\)", np.zeros((0, 3))),
        (ValueError, "samples, x.reshape", np.zeros((2, 3, 4))),
        (TypeError, "dtype is complex128", np.zeros((2, 3), complex)),
        (TypeError, "dtype is <U1", [["a", "b"]]),
        (TypeError, "plain dense array", sp.csr_array(np.eye(3))),
        (TypeError, "plain dense array", np.ma.masked_equal(np.eye(3), 0)),
    ],
)
def test_bad_inputs_are_refused(coefficient, error, message, x):
    with pytest.raises(error, match=message):
        coefficient(x)


def test_each_coefficient_refuses_what_it_is_not_defined_for():
    with pytest.raises(ValueError, match="use pearson for real inputs"):
        phi([[0.0, 0.5], [1.0, 1.0]])
    with pytest.raises(ValueError, match="use pearson"):
        phi([[0, 2], [1, 1]])
    with pytest.raises(ValueError, match=r"at least 0: .* got -1"):
        phi_as_printed([[0, -1], [1, 1]])
    assert pearson([[-1.5e308, 0.0], [1.5e308, 1.0]]).tolist() == [[1, 1], [1, 1]]  # just about fits
    with pytest.raises(ValueError, match="larger range than float64"):
        pearson([[-1.7e308]] * 9 + [[1.7e308]])
    assert set(CORRELATION) == {"phi", "as_printed"}
