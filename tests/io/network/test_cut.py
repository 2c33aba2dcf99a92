"""Magnitude cuts: exact counts, masks that are never undone, and what has no weights."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from netsci.io.network.chains import join
from netsci.io.network.cut import cut, largest
from netsci.io.network.layers import Layer

W = np.array([[1, 0, -3], [0.5, 2, 2], [-2, 0, 0.25], [0, 2, -0.125]], np.float32)  # [4, 3]


def one(layer, **how):
    (done,), (note,) = cut([layer], **how)
    return done, note


def test_threshold_keeps_what_reaches_it():
    done, note = one(Layer("fc", W, None), threshold=2)
    assert np.array_equal(done.values.toarray(), np.where(np.abs(W) >= 2, W, 0))
    assert note == "fc: 5 of 9 links stay, 0.4167 of all places"
    assert np.array_equal(W[0], [1, 0, -3])  # the argument is not changed


def test_threshold_zero_keeps_every_link_and_makes_none():
    done, _ = one(Layer("fc", W, None), threshold=0)
    assert done.values.nnz == 9


def test_density_keeps_an_exact_count_and_ties_by_position():
    done, note = one(Layer("fc", W, None), density=0.25)  # 3 of 12: -3, then the first two of four 2s
    assert done.values.nnz == 3
    assert done.values.toarray().tolist() == [[0, 0, -3], [0, 2, 2], [0, 0, 0], [0, 0, 0]]
    assert note.startswith("fc: 3 of 9 links stay, 0.25")


@pytest.mark.parametrize(("density", "count"), [(0.29, 29), (0.07, 7), (0.999, 99), (0.001, 0), (1, 100)])
def test_density_never_overshoots(density, count):
    done, _ = one(Layer("fc", np.arange(1.0, 101).reshape(10, 10), None), density=density)
    assert done.values.nnz == count


def test_density_above_what_is_there_keeps_all_links():
    done, note = one(Layer("fc", W, None), density=0.9)
    assert done.values.nnz == 9
    assert note.startswith("fc: 9 of 9 links stay")


def test_a_masked_link_never_comes_back_and_a_link_of_weight_zero_may_stay():
    mask = np.ones((4, 3), bool)
    mask[0, 2] = False  # the largest weight is masked away
    done, note = one(Layer("fc", W, mask), density=2 / 12)
    assert done.values.toarray()[0, 2] == 0
    assert done.values.nnz == 2
    assert done.mask is None
    assert note.startswith("fc: 2 of 11 links stay")
    assert one(Layer("fc", W, mask), threshold=0)[0].values.nnz == 11
    assert one(Layer("fc", W, mask), threshold=0.01)[0].values.nnz == 8


def test_a_stored_pattern_is_kept_within():
    stored = sp.csr_array(W)
    stored.data[2] = 0
    assert one(Layer("fc", stored, None), threshold=0)[0].values.nnz == 9
    assert one(Layer("fc", stored, None), threshold=1e-9)[0].values.nnz == 8


def test_layers_without_weights_or_with_nan_stay_and_it_is_said():
    bare = Layer("bare", None, W != 0)
    boolean = Layer("bool", W != 0, None)
    broken = Layer("nan", np.where(W == 2, np.nan, W), None)
    done, notes = cut([bare, boolean, broken], density=0.1)
    assert done == [bare, boolean, broken]
    assert notes[0] == "bare has no weights to compare: all 9 links stay"
    assert "bool has no weights" in notes[1]
    assert notes[2] == "nan holds NaN, which cannot be compared: all 9 links stay"


def test_each_layer_is_cut_on_its_own_and_the_graph_keeps_the_weights():
    layers = [Layer("a", W, None), Layer("b", 100 * W.T.copy(), None)]
    graph, _ = join(cut(layers, density=0.25)[0])
    assert [p.n_links for p in graph.projections] == [3, 3]
    assert graph.projections[1].weights.toarray()[2, 0] == -300
    assert graph.sizes == {"input": 4, "a": 3, "b": 4}


def test_places_of_a_grouped_convolution_are_those_within_groups():
    block = sp.csr_array(sp.block_diag([np.ones((2, 2)), np.ones((2, 2))]))
    done, _ = one(Layer("conv", block, None, 1, True, groups=2), density=0.5)
    assert done.values.nnz == 4


@settings(max_examples=60, deadline=None, database=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(-3, 3)),
    st.floats(0.01, 1),
)
def test_what_stays_is_as_large_as_what_goes(weights, density):
    done, _ = one(Layer("fc", weights, None), density=density)
    kept = done.values.toarray() != 0
    assert kept.sum() == min(int(density * weights.size + 1e-9), np.count_nonzero(weights))
    if kept.any() and not kept.all():
        assert np.abs(weights[kept]).min() >= np.abs(weights[~kept]).max()
    # The order of argsort on (-size, position) is the same choice, by brute force.
    flat = np.abs(weights).ravel()
    order = sorted(range(flat.size), key=lambda i: (-flat[i], i))[: int(kept.sum())]
    assert set(order) == set(np.flatnonzero(kept.ravel()))


@pytest.mark.parametrize(
    ("how", "error", "pattern"),
    [
        ({}, ValueError, "either a threshold or a density; got neither"),
        ({"threshold": 1, "density": 0.5}, ValueError, "got both"),
        ({"density": 0}, ValueError, r"density must lie in \(0, 1\].*got 0"),
        ({"density": 1.01}, ValueError, "got 1.01"),
        ({"density": float("nan")}, ValueError, "got nan"),
        ({"threshold": -1}, ValueError, "threshold must be at least 0 and finite; got -1"),
        ({"threshold": float("inf")}, ValueError, "finite; got inf"),
        ({"threshold": float("nan")}, ValueError, "finite; got nan"),
        ({"threshold": "1"}, TypeError, "threshold must be a number; got '1'"),
        ({"density": True}, TypeError, "density must be a number"),
    ],
)
def test_what_is_no_threshold_and_no_density(how, error, pattern):
    with pytest.raises(error, match=pattern):
        cut([Layer("fc", W, None)], **how)


def test_largest_of_none():
    assert largest(np.zeros(0), 3).tolist() == []
    assert largest(np.array([1.0, 2.0]), 0).tolist() == [False, False]
