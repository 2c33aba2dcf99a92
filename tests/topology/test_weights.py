from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from netsci.topology import WEIGHTS, initial_weights, kaiming_variance, sswi_variance, swi_variance

FOLDER = Path(__file__).parents[1] / "golden" / "snn"
ROWS = np.concatenate([np.load(FOLDER / f"formulae_{name}.npz")["sswi"] for name in "ab"])


def rng(seed=7):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("row", ROWS.tolist())
def test_golden_sswi(row):
    """S_t is the share of zeros, so the rate is 1 - S_t."""
    n, sparsity, zeros, threshold, first, middle, last = row
    arguments = {"rate": 1 - zeros, "threshold": threshold}
    values = [
        sswi_variance(int(n), sparsity, layer=layer, **arguments) for layer in ("first", "hidden", "last")
    ]
    np.testing.assert_allclose(values, [first, middle, last], rtol=1e-12)


def test_by_hand():
    assert sswi_variance(50, 0.5, rate=0.25, threshold=1.0, layer="first") == pytest.approx(0.75 / 25)
    assert sswi_variance(50, 0.5, rate=0.25, threshold=9.0, layer="first") == pytest.approx(0.75 / 25)
    assert sswi_variance(50, 0.5, threshold=4.0, layer="hidden") == pytest.approx(16 * 2.0663656 / 25)
    assert sswi_variance(50, 0.5, threshold=4.0, layer="last") == pytest.approx(16 * 2.0663656 / 50)
    assert swi_variance(50, 0.5) == pytest.approx(2 / 25)
    assert kaiming_variance(50) == pytest.approx(2 / 50)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_first_layer_keeps_the_variance_of_its_input(rate):
    """What eq. 3 is derived from: Var[sum of c w x] = Var[x] for Bernoulli x. The other reading does not."""
    n, sparsity, columns, samples = 200, 0.5, 4000, 200
    generator = rng()
    mask = sp.csr_array(generator.random((n, columns)) < 1 - sparsity)
    variance = sswi_variance(n, sparsity, rate=rate, threshold=1.0, layer="first")
    weights = sp.csr_array(
        (initial_weights(mask, variance, rng=generator), mask.indices, mask.indptr), shape=mask.shape
    )
    x = generator.random((samples, n)) < rate
    current = x @ weights.toarray()
    assert current.var() == pytest.approx(rate * (1 - rate), rel=0.1)
    assert current.var() * rate / (1 - rate) != pytest.approx(rate * (1 - rate), rel=0.1) or rate == 0.5


def test_rules_by_name_share_their_arguments():
    arguments = {"rate": 0.2, "threshold": 2.0, "layer": "hidden"}
    assert WEIGHTS["sswi"](40, 0.9, **arguments) == sswi_variance(40, 0.9, **arguments)
    assert WEIGHTS["swi"](40, 0.9, **arguments) == swi_variance(40, 0.9)
    assert WEIGHTS["kaiming"](40, 0.9, **arguments) == kaiming_variance(40)
    assert len({rule(40, 0.9, **arguments) for rule in WEIGHTS.values()}) == len(WEIGHTS) == 3


def test_weights_are_normal_one_a_link():
    mask = sp.csr_array(rng().random((150, 220)) < 0.3)
    weights = initial_weights(mask, 0.04, rng=rng(1))
    assert weights.shape == (mask.nnz,)
    assert weights.dtype == np.float32
    assert stats.kstest(weights, stats.norm(0, 0.2).cdf).pvalue > 0.01
    double = initial_weights(mask, 0.04, rng=rng(1), dtype=np.float64)
    assert double.dtype == np.float64
    assert np.array_equal(double.astype(np.float32), weights)  # the same draws
    assert not np.array_equal(initial_weights(mask, 0.04, rng=rng(2)), weights)


def test_no_links_no_weights_and_no_variance_zeros():
    assert initial_weights(sp.csr_array((3, 4), dtype=bool), 1.0, rng=rng()).shape == (0,)
    assert initial_weights(sp.csr_array(np.eye(3)), 0.0, rng=rng()).tolist() == [0, 0, 0]
    assert sswi_variance(5, 0.0, rate=1.0, threshold=1.0, layer="first") == 0.0


@pytest.mark.parametrize(
    ("error", "message", "change"),
    [
        (ValueError, "layer must be one of first, hidden, last", {"layer": "middle"}),
        (ValueError, "rate is missing", {"rate": None}),
        (ValueError, "rate must lie in", {"rate": 1.1}),
        (ValueError, "rate must lie in", {"rate": np.nan}),
        (ValueError, "threshold must be positive", {"threshold": 0.0}),
        (ValueError, "threshold must be positive", {"threshold": np.inf}),
        (TypeError, "threshold must be a number", {"threshold": "1"}),
        (ValueError, r"lie below 1; the layer with 4 inputs has no links", {"structural_sparsity": 1.0}),
        (ValueError, "structural_sparsity must lie in", {"structural_sparsity": -0.1}),
        (ValueError, "n, the inputs", {"n": 0}),
        (TypeError, "n must be a whole number", {"n": 2.0}),
    ],
)
def test_sswi_arguments_are_checked(error, message, change):
    good = {"n": 4, "structural_sparsity": 0.5, "rate": 0.1, "threshold": 1.0, "layer": "first"}
    with pytest.raises(error, match=message):
        sswi_variance(**(good | change))


@pytest.mark.parametrize(
    ("error", "message", "change"),
    [
        (TypeError, "links must be a scipy CSR", {"links": np.eye(3)}),
        (TypeError, "links must be a scipy CSR", {"links": sp.csc_array(np.eye(3))}),
        (ValueError, "variance must be finite", {"variance": -1.0}),
        (ValueError, "variance must be finite", {"variance": np.nan}),
        (TypeError, "variance must be a number", {"variance": "1"}),
        (TypeError, "dtype must be", {"dtype": np.int64}),
        (TypeError, "dtype must be", {"dtype": np.float16}),
        (TypeError, "rng", {"rng": 7}),
    ],
)
def test_weights_arguments_are_checked(error, message, change):
    good = {"links": sp.csr_array(np.eye(3)), "variance": 1.0, "rng": rng()}
    with pytest.raises(error, match=message):
        initial_weights(**(good | change))
    with pytest.raises((TypeError, ValueError)):
        swi_variance(3, 1.0)
    with pytest.raises((TypeError, ValueError)):
        kaiming_variance(-3)
