import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

from netsci.graph.ch.scores import CH_RULES, ch_scores
from netsci.topology import REGROWTH, REMOVAL, link_removal_score, magnitude, relative_importance
from netsci.topology.scores import needs_of
from netsci.topology.view import ArrayView
from tests.golden_files import golden, label
from tests.strategies import masks
from tests.views import SlopedView, sloped

WEIGHTS = sp.csr_array([[3.0, -1.0, 0.0], [0.0, 2.0, -2.0]])


def view(weights):
    links = sp.csr_array((np.ones(weights.nnz, bool), weights.indices, weights.indptr), weights.shape)
    return SlopedView("a", links, weights, 1, weights.toarray())


def at_links(score, weights):
    return sp.csr_array((score(weights), weights.indices, weights.indptr), shape=weights.shape).toarray()


def test_removal_scores_by_hand():
    """Row sums of |w| are 4 and 4, column sums 3, 3 and 2: rows and columns cannot be mistaken."""
    assert magnitude(WEIGHTS).tolist() == [3, 1, 2, 2]
    expected = [3 / 4 + 1, 1 / 4 + 1 / 3, 2 / 4 + 2 / 3, 2 / 4 + 1]
    np.testing.assert_allclose(relative_importance(WEIGHTS), expected, rtol=1e-14)
    expected = [3 / 5 + 3 / 4, 1 / 5 + 1 / 4, 2 / 5 + 2 / 4, 2 / 5 + 2 / 3]
    np.testing.assert_allclose(link_removal_score(WEIGHTS), expected, rtol=1e-14)
    assert REMOVAL["random"](view(WEIGHTS)).tolist() == [1, 1, 1, 1]


def test_the_importance_of_mest_by_hand():
    slope = np.array([[-100.0, 300.0, 7.0], [0.0, 50.0, 0.5]])
    layer = sloped(WEIGHTS.toarray(), WEIGHTS.toarray() != 0, slope)
    np.testing.assert_allclose(REMOVAL["mest"](layer), [3 + 1, 1 + 3, 2 + 0.5, 2 + 0.005])
    assert needs_of("mest") == {"gradient"}


@pytest.mark.parametrize(("key", "inside"), [("ri_score_eps_outside", False), ("ri_score_eps_inside", True)])
def test_golden_relative_importance(key, inside):
    for path in golden("ch", "*.npz", holding=["ri_weight", key]):
        values = np.load(path)
        weights = sp.csr_array(values["ri_weight"])
        score = at_links(lambda w: relative_importance(w, epsilon=1e-5, per_entry=inside), weights)
        np.testing.assert_allclose(score, values[key], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("path", golden("snn", "formulae_*.npz"), ids=label)
def test_golden_link_removal_score_and_its_powers(path):
    """The golden matrices are [out, in], and zeros are absent links."""
    values = np.load(path)
    weights = sp.csr_array(values["lrs_W"].T)
    np.testing.assert_allclose(at_links(link_removal_score, weights), values["lrs"].T, rtol=1e-12)
    for delta in (0.0, 0.25, 0.5, 0.75, 0.9):
        odds = at_links(lambda w, T=delta / (1 - delta): link_removal_score(w) ** T, weights)
        np.testing.assert_allclose(odds, values[f"lrs_delta_{delta}"].T, rtol=1e-12)


@pytest.mark.parametrize("name", REMOVAL)
def test_removal_scores_are_float64_aligned_with_the_links_and_transpose_with_them(name):
    weights = sp.csr_array(np.random.default_rng(1).normal(size=(5, 9)).astype(np.float32))
    weights.data[3] = 0.0  # a stored zero is a link
    score = REMOVAL[name](view(weights))
    assert score.dtype == np.float64
    assert score.shape == (45,)
    turned = at_links(lambda w: REMOVAL[name](view(w)), weights.T.tocsr()).T
    np.testing.assert_allclose(at_links(lambda w: REMOVAL[name](view(w)), weights), turned, rtol=1e-12)


@pytest.mark.parametrize("name", ["magnitude", "ri", "lrs"])
def test_zero_weights_score_zero_even_in_an_empty_row(name):
    weights = sp.csr_array(
        (np.array([0.0, 0.0, 1.0]), np.array([0, 1, 1]), np.array([0, 2, 3])), shape=(2, 2)
    )
    assert REMOVAL[name](view(weights))[:2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("epsilon", [-1.0, np.nan, np.inf])
def test_epsilon_is_checked(epsilon):
    with pytest.raises(ValueError, match="epsilon"):
        relative_importance(WEIGHTS, epsilon=epsilon)


def test_regrowth_rules_are_the_link_predictors():
    assert set(REGROWTH) == {"random", "gradient", "ch3_l3n_lattice", "ch3_l3n_channel", *CH_RULES}


def test_what_scores_ask_of_a_layer_is_known_before_they_are_called():
    assert needs_of("lrs", "ch3_l3") == needs_of("random", "random") == frozenset()
    assert needs_of("magnitude", "gradient") == {"gradient"}
    assert needs_of("magnitude", "a score of a user") == {"gradient", "activity"}


def test_weights_are_asked_for_by_name():
    with pytest.raises(ValueError, match="removal needs weights, and layer 'a' has none"):
        REMOVAL["magnitude"](ArrayView("a", sp.csr_array(np.eye(2, dtype=bool))))


@settings(deadline=None)  # the first call compiles
@given(masks())
def test_regrowth_scores_every_missing_link_and_no_other(mask):
    links = sp.csr_array(mask)
    for name in ("random", *CH_RULES):
        scores = REGROWTH[name](ArrayView("a", links))
        assert scores.shape == mask.shape
        assert scores.dtype == np.float64
        assert np.array_equal(np.isnan(scores), mask)
        if name == "random":
            assert (scores[~mask] == 1).all()
        else:
            np.testing.assert_array_equal(scores, ch_scores(mask, name))
