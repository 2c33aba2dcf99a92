import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph import LayeredGraph
from netsci.topology.view import ArrayView, ThinnedView, view_of


def test_restrict_takes_rows_and_columns_in_their_order():
    weights = sp.csr_array(np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 4.0]]))
    view = ArrayView("a", weights.astype(bool), weights, rows_per_unit=2)
    part = view.restrict(np.array([1, 0]), np.array([2, 1]))
    assert part.weights.toarray().tolist() == [[4.0, 3.0], [2.0, 0.0]]
    assert np.array_equal(part.links.toarray(), part.weights.toarray() != 0)
    assert part.weights.has_sorted_indices
    assert part.name == "a"


def test_the_view_of_a_projection_is_its_arrays():
    graph = LayeredGraph.from_masks([np.eye(4, 2)], weights=[2.0 * np.eye(4, 2)], names=["a"])
    view = view_of(graph.projections[0])
    assert view.links.shape == (4, 2)
    assert view.weights.data.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("what", ["gradient", "activity"])
def test_arrays_have_no_loss_and_no_input(what):
    with pytest.raises(ValueError, match=f"layer 'a' has no {what}.*needs"):
        getattr(ArrayView("a", sp.csr_array(np.eye(2, dtype=bool))), what)()


def test_whole_units_stay_units():
    links = sp.csr_array(np.random.default_rng(1).random((12, 5)) < 0.5)
    conv = ArrayView("conv", links, None, 4)
    part = conv.restrict(np.array([8, 9, 10, 11, 0, 1, 2, 3]), np.array([4, 0]))
    assert part.rows_per_unit == 4
    assert ThinnedView(conv, links).restrict(np.arange(4), np.arange(5)).rows_per_unit == 4
    for rows in ([0, 1, 2], [1, 2, 3, 4], [0, 1, 3, 2], [4, 5, 6, 8]):
        assert conv.restrict(np.array(rows), np.arange(5)).rows_per_unit == 1
