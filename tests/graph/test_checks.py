import igraph
import networkx as nx
import numpy as np
import pytest

from netsci.graph import (
    LayeredGraph,
    angular_separation_index,
    ch_scores,
    coalescent_embedding,
    degree_exponent,
    exponent_table,
    hyperbolic_distance,
    live_units,
    node_sparsity,
    null_model,
    percolate,
    percolation_curve,
    structure_table,
)
from netsci.graph.checks import as_links, as_vector

RING = np.roll(np.eye(6), 1, axis=1) + np.roll(np.eye(6), -1, axis=1)


def test_masked_arrays_do_not_lose_their_mask():
    masked = np.ma.MaskedArray([[1.0, 1.0], [0.0, 1.0]], mask=[[False, True], [False, False]])
    with pytest.raises(TypeError, match=r"adjacency must be a plain array.*\.filled\(0\)"):
        as_links(masked, "adjacency")
    with pytest.raises(TypeError, match=r"degrees must be a plain array.*its \.compressed\(\)"):
        degree_exponent(np.ma.MaskedArray([1, 2, 3], mask=[True, False, False]))
    assert as_links(masked.filled(0)).toarray().tolist() == [[True, False], [False, True]]
    assert as_vector(masked[0].compressed(), "x").tolist() == [1.0]


@pytest.mark.parametrize(
    "function",
    [percolate, live_units, node_sparsity, percolation_curve, null_model, structure_table, exponent_table],
)
@pytest.mark.parametrize("wrong", [RING, RING.tolist(), nx.path_graph(4), None])
def test_functions_of_a_layered_graph_say_how_to_make_one(function, wrong):
    options = (
        {"rng": np.random.default_rng(7)} if function not in (percolate, live_units, node_sparsity) else {}
    )
    with pytest.raises(TypeError, match=r"LayeredGraph; got .*from_masks.*from_adjacency"):
        function(wrong, **options)


@pytest.mark.parametrize("function", [ch_scores, coalescent_embedding, as_links])
@pytest.mark.parametrize(
    ("graph", "mend"),
    [
        (LayeredGraph.from_masks([RING]), r"adjacency\(directed=False\).*projection\.links"),
        (nx.cycle_graph(6), r"networkx\.to_scipy_sparse_array"),
        (nx.DiGraph([(0, 1)]), r"networkx\.to_scipy_sparse_array"),
        (igraph.Graph.Ring(6), "get_adjacency_sparse"),
    ],
)
def test_functions_of_a_matrix_say_how_to_get_one(function, graph, mend):
    with pytest.raises(TypeError, match=mend):
        function(graph)


def test_the_mends_are_right():
    expected = coalescent_embedding(RING).theta
    layered = LayeredGraph.from_adjacency(RING)
    for matrix in (
        layered.adjacency(directed=False),
        layered.projections[0].links,
        nx.to_scipy_sparse_array(nx.cycle_graph(6)),
        igraph.Graph.Ring(6).get_adjacency_sparse(),
    ):
        np.testing.assert_array_equal(coalescent_embedding(matrix).theta, expected)


def test_arguments_of_another_kind_are_refused():
    for dimension in (2.0, True, "2"):
        with pytest.raises(TypeError, match="dimension must be a whole number"):
            coalescent_embedding(RING, dimension=dimension)
    with pytest.raises(ValueError, match=r'node_types have an effect only with components="joined"'):
        coalescent_embedding(RING, node_types=[0, 1] * 3)
    assert len(coalescent_embedding(RING, node_types=[0, 1] * 3, components="joined").nodes) == 6
    for position, name in enumerate(("r1", "t1", "r2", "t2")):
        values = [3.0, 0.0, 2.0, 1.0]
        values[position] = str(values[position])
        with pytest.raises(TypeError, match=f"{name} must hold real numbers"):
            hyperbolic_distance(*values)
    for label in (None, float("nan")):
        with pytest.raises(ValueError, match="labels must not hold None or NaN"):
            angular_separation_index(
                [0.1, 0.2, 0.3], ["a", "b", label] if label is None else [1.0, 2.0, label]
            )
