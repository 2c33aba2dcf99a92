"""Path-based scores of dense layers by products: the same as by walking, chosen only where they pay."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from netsci.graph import CH_RULES, ch_scores, iter_scores
from netsci.graph.ch import _products as products
from netsci.graph.ch.scores import _Layer

PATH_RULES = [rule for rule in CH_RULES if not rule.endswith("n")]


def layer(shape, density, seed):
    return np.random.default_rng(seed).random(shape) < density


def multiplied(monkeypatch, *arguments, **options):
    """Scores by products, whatever the layer; the walk must not be called."""
    with monkeypatch.context() as patch:
        patch.setattr(products, "pays", lambda links, paths: True)
        patch.setattr("netsci.graph.ch._walks.add_paths", None)
        return ch_scores(*arguments, **options)


def test_by_hand(monkeypatch):
    # u = 0, v = 2: one path over z1 = 1 and z2 = 1, of which neither has a link outside.
    found = multiplied(monkeypatch, [[1, 1, 0], [0, 1, 1]])
    np.testing.assert_array_equal(found, [[np.nan, np.nan, 1], [1, np.nan, np.nan]])


@given(
    rule=st.sampled_from(PATH_RULES),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    density=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_products_and_walks_agree(rule, shape, density, seed):
    links = layer(shape, density, seed)
    with pytest.MonkeyPatch.context() as patch:
        found = multiplied(patch, links, rule)
    np.testing.assert_allclose(found, ch_scores(links, rule), rtol=1e-10, atol=0)


def test_products_and_walks_agree_on_many_rows_and_an_empty_one(monkeypatch):
    links = layer((600, 90), 0.3, 4)
    links[[0, 64, 599]] = False
    found = multiplied(monkeypatch, links)
    np.testing.assert_allclose(found, ch_scores(links), rtol=1e-10, atol=0)
    assert (found[64] == 0).all()


def test_rows_blocks_and_threads_do_not_change_a_digit(monkeypatch):
    links = layer((300, 50), 0.4, 5)  # five products of up to 64 rows
    whole = multiplied(monkeypatch, links)
    rows = np.array([7, 2, 2, 299, 63, 64, 255, 256])
    np.testing.assert_array_equal(multiplied(monkeypatch, links, rows=rows), whole[rows])
    np.testing.assert_array_equal(multiplied(monkeypatch, links, threads=3), whole)
    monkeypatch.setattr(products, "pays", lambda links, paths: True)
    blocks = np.concatenate([scores for _, scores in iter_scores(links, block_rows=70)])
    np.testing.assert_array_equal(blocks, whole)


def test_threads_and_rows_do_not_change_a_digit_of_a_layer_that_takes_products_by_itself():
    links = layer((130, 1003), np.linspace(0.25, 0.7, 130)[:, None], 6)  # unequal rows, up to 700 columns
    counts = links.astype(float)
    assert products.pays(sp.csr_array(links), float((counts @ counts.T @ counts)[links].sum()))
    whole = ch_scores(links)
    np.testing.assert_array_equal(ch_scores(links, threads=2), whole)
    for rows in ([5], [128, 7, 64], range(3, 90)):
        np.testing.assert_array_equal(ch_scores(links, rows=list(rows)), whole[list(rows)])


def test_threads_share_the_rows_of_products_evenly(monkeypatch):
    links = layer((80, 60), np.linspace(0.1, 0.9, 80)[:, None], 3)  # the last rows have most of the paths
    for multiply, cuts in ((True, range(39, 42)), (False, range(46, 80))):
        monkeypatch.setattr(products, "pays", lambda links, paths, found=multiply: found)
        assert _Layer.prepare(links, "ch3_l3", None).shares(np.arange(80), 2)[1] in cuts


def test_one_by_one_and_node_based_scores_are_not_multiplied(monkeypatch):
    links = layer((20, 30), 0.4, 6)
    expected = [ch_scores(links, existing="leave_one_out"), ch_scores(links, "ch3_l3n")]
    monkeypatch.setattr(products, "pays", lambda links, paths: True)
    monkeypatch.setattr(products.Products, "add_paths", None)
    np.testing.assert_array_equal(ch_scores(links, existing="leave_one_out"), expected[0])
    np.testing.assert_array_equal(ch_scores(links, "ch3_l3n"), expected[1])


@pytest.mark.parametrize(
    ("shape", "density", "chosen"),
    [
        ((700, 700), 0.14, False),  # paths / multiplications = density, and 1/6 is asked
        ((700, 700), 0.16, False),
        ((700, 700), 0.19, True),
        ((12, 2000), 0.5, False),  # the weights of 2000^2 pairs of columns cost more than the paths
        ((2000, 12), 0.5, False),
        ((12, 12), 0.3, False),
    ],
)
def test_products_are_chosen_by_density_and_size(shape, density, chosen):
    links = sp.csr_array(layer(shape, density, 7))
    paths = float(links.sum(axis=1) @ (links @ links.sum(axis=0)))
    assert products.pays(links, paths) is chosen


def test_layers_whose_matrices_would_not_fit_are_walked(monkeypatch):
    links = sp.csr_array(layer((600, 500), 0.4, 8))
    paths = 0.4**3 * 600**2 * 500**2
    needed = 8 * (600 * 500 + 600**2 + 500**2)
    for most, fits in ((needed, True), (needed - 1, False)):
        monkeypatch.setattr(products, "_MOST_BYTES", most)
        assert products.pays(links, paths) is fits


def test_a_large_dense_layer_takes_them_by_itself(monkeypatch):
    links = layer((520, 500), 0.45, 9)
    found = ch_scores(links, rows=[3, 400])
    monkeypatch.setattr(products, "pays", lambda links, paths: False)
    walked = ch_scores(links, rows=[3, 400])
    np.testing.assert_allclose(found, walked, rtol=1e-10, atol=0)
    assert not np.array_equal(found, walked, equal_nan=True)  # another order of the sum
