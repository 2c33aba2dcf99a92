import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given

from netsci.graph import LayeredGraph, Population, Projection
from netsci.graph.checks import as_links
from tests import graphs
from tests.strategies import chains


def test_rows_are_presynaptic_and_columns_postsynaptic():
    graph = graphs.chain()
    assert graph.sizes == {"layer0": 3, "layer1": 2, "layer2": 1}
    assert graph.projections[0].degrees("source").tolist() == [1, 1, 2]
    assert graph.projections[0].degrees("target").tolist() == [2, 2]
    assert graph.degrees("out")["layer0"].tolist() == [1, 1, 2]
    assert graph.degrees("in")["layer1"].tolist() == [2, 2]
    assert graph.degrees()["layer1"].tolist() == [3, 2]


def test_adjacency_by_hand():
    expected = np.zeros((6, 6), bool)
    expected[0, 3] = expected[1, 4] = expected[2, 3] = expected[2, 4] = expected[3, 5] = True
    graph = graphs.chain()
    assert (graph.adjacency().toarray() == expected).all()
    assert (graph.adjacency(directed=False).toarray() == (expected | expected.T)).all()


def test_edges_list_links_whose_weight_is_zero():
    edges = graphs.chain().edges()
    assert edges["source"].tolist() == [0, 1, 2, 2, 3]
    assert edges["target"].tolist() == [3, 4, 3, 4, 5]
    assert edges["weight"].tolist() == [0.5, -2.0, 0.0, 3.0, 4.0]
    assert edges["projection"].tolist() == [0, 0, 0, 0, 1]


def test_a_convolution_has_rows_by_kernel_position():
    graph = graphs.convolution()
    assert graph.sizes == {"layer0": 2, "layer1": 3, "layer2": 2}
    assert graph.degrees("out")["layer0"].tolist() == [1, 2]
    assert graph.projections[0].unit_links().toarray().tolist() == [
        [True, False, False],
        [False, True, False],
    ]
    assert graph.degrees("out")["layer1"].tolist() == [1, 1, 1]
    assert graph.edges()["row"].tolist() == [1, 2, 3, 0, 3, 5]


def test_a_dense_array_is_thresholded_at_zero_and_a_sparse_pattern_is_kept():
    stored = sp.csr_array((np.array([0.0, 2.0]), (np.array([0, 1]), np.array([1, 0]))), shape=(2, 2))
    assert as_links(stored).toarray().tolist() == [[False, True], [True, False]]
    assert as_links(stored.toarray()).nnz == 1
    projection = Projection("a", "b", stored, stored)
    assert projection.n_links == 2
    assert projection.weights.toarray()[0, 1] == 0.0


def test_sparsity_counts_absent_links():
    assert graphs.chain().projections[0].sparsity == pytest.approx(2 / 6)
    karate_like = LayeredGraph.from_adjacency([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    assert karate_like.projections[0].undirected
    assert karate_like.n_links == 2
    assert karate_like.projections[0].sparsity == pytest.approx(1 / 3)
    assert karate_like.degrees()["nodes"].tolist() == [1, 2, 1]


def test_mismatched_masks_are_explained():
    with pytest.raises(ValueError, match="mask 1 has 1 rows, but mask 0 has 2 columns"):
        LayeredGraph.from_masks([np.ones((3, 2)), np.ones((1, 4))])
    with pytest.raises(ValueError, match=r"torch keeps \[out, in\]"):
        LayeredGraph.from_masks([np.ones((2, 3)), np.ones((1, 2))])
    with pytest.raises(ValueError, match="rows_per_unit with 3"):
        LayeredGraph.from_masks([np.ones((3, 2)), np.ones((6, 4))])


@pytest.mark.parametrize(
    ("links", "error", "message"),
    [
        (np.full((2, 2), np.nan), ValueError, "NaN"),
        (np.ones(3), ValueError, "2-D"),
        (np.array([["a"]]), TypeError, "booleans or real numbers"),
    ],
)
def test_what_is_no_matrix_of_links_is_refused(links, error, message):
    with pytest.raises(error, match=message):
        Projection("a", "b", links)


def test_weights_must_match_the_links():
    links = np.eye(2)
    with pytest.raises(ValueError, match="must have the links' shape"):
        Projection("a", "b", links, np.ones((2, 3)))
    with pytest.raises(ValueError, match="exactly the links' pattern"):
        Projection("a", "b", links, sp.csr_array(np.ones((2, 2))))
    with pytest.raises(ValueError, match="NaN or infinite"):
        Projection("a", "b", links, np.full((2, 2), np.inf))


def test_impossible_graphs_are_refused():
    a, b = Population("a", 2), Population("b", 3)
    with pytest.raises(ValueError, match="unique"):
        LayeredGraph((a, a), ())
    with pytest.raises(ValueError, match="unknown population 'c'"):
        LayeredGraph((a, b), (Projection("a", "c", np.ones((2, 3))),))
    with pytest.raises(ValueError, match="Its transpose would fit"):
        LayeredGraph((a, b), (Projection("a", "b", np.ones((3, 2))),))
    with pytest.raises(ValueError, match="symmetric"):
        Projection("a", "a", [[0, 1], [0, 0]], undirected=True)
    with pytest.raises(ValueError, match="at least one population"):
        LayeredGraph((), ())
    with pytest.raises(ValueError, match="whole size"):
        Population("a", 0)


def test_components_come_largest_first():
    graph = LayeredGraph.from_adjacency(
        np.array([[0, 1, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 0, 1, 0], [0, 0, 1, 0, 1], [0, 0, 0, 1, 0]])
    )
    count, labels = graph.components()
    assert (count, labels.tolist()) == (2, [1, 1, 0, 0, 0])
    largest = graph.largest_component()
    assert (largest.n_nodes, largest.n_links) == (3, 2)


def test_subgraph_keeps_rows_of_kept_units_and_drops_empty_populations():
    graph = graphs.convolution()
    kept = graph.subgraph({"layer0": np.array([False, True]), "layer2": np.zeros(2, bool)})
    assert kept.sizes == {"layer0": 1, "layer1": 3}
    assert kept.projections[0].links.toarray().tolist() == [[False, True, False], [False, True, False]]


def test_weights_follow_links_that_stay_and_new_links_weigh_zero():
    graph = graphs.chain()
    changed = graph.projections[0].with_links([[1, 1], [0, 1], [0, 0]])
    assert changed.weights.toarray().tolist() == [[0.5, 0.0], [0.0, -2.0], [0.0, 0.0]]
    assert changed.n_links == 3
    assert changed.weights.nnz == 3
    assert changed.weights.dtype == np.float32


def test_input_arrays_are_not_shared():
    mask = np.ones((2, 2), bool)
    graph = LayeredGraph.from_masks([mask])
    mask[:] = False
    assert graph.n_links == 4


@given(chains())
def test_degrees_edges_and_adjacency_tell_the_same(graph):
    edges = graph.edges()
    assert len(edges) == graph.n_links
    out = np.concatenate([graph.degrees("out")[name] for name in graph.sizes])
    arriving = np.concatenate([graph.degrees("in")[name] for name in graph.sizes])
    assert np.bincount(edges["source"].astype(int), minlength=graph.n_nodes).tolist() == out.tolist()
    assert np.bincount(edges["target"].astype(int), minlength=graph.n_nodes).tolist() == arriving.tolist()
    pairs = edges[["source", "target"]].drop_duplicates()
    adjacency = graph.adjacency()
    assert adjacency.nnz == len(pairs)
    assert adjacency.toarray()[pairs["source"].astype(int), pairs["target"].astype(int)].all()
