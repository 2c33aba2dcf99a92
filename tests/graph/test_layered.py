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


def test_an_undirected_link_is_listed_once_from_the_earlier_node():
    weights = np.array([[1.0, 2.0, 3.0], [2.0, 0.0, 5.0], [3.0, 5.0, 0.0]])
    edges = LayeredGraph.from_adjacency(weights, weights=weights).edges()
    assert edges[["source", "target"]].to_numpy().tolist() == [[0, 0], [0, 1], [0, 2], [1, 2]]
    assert edges["weight"].tolist() == [1.0, 2.0, 3.0, 5.0]


def test_columns_of_edges_have_their_types_without_any_link():
    empty = LayeredGraph((Population("a", 2),), ()).edges()
    assert empty.dtypes.astype(str).to_dict() == graphs.chain().edges().dtypes.astype(str).to_dict()
    assert len(empty) == 0


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


def test_duplicates_of_sparse_weights_add_up_in_floating_point():
    data, indices, start = np.array([100, 7, 100], np.int8), np.array([1, 0, 1]), np.array([0, 3, 3])
    weights = sp.csr_array((data, indices, start), shape=(2, 2))
    for stored in (weights, weights.tocoo()):
        projection = Projection("a", "b", [[1, 1], [0, 0]], stored)
        assert projection.weights.toarray().tolist() == [[7.0, 200.0], [0.0, 0.0]]
        assert projection.weights.dtype == np.float64
    assert weights.data.tolist() == [100, 7, 100]  # untouched
    floats = sp.csr_array((data.astype(np.float64), indices, start), shape=(2, 2))
    assert Projection("a", "b", [[1, 1], [0, 0]], floats).weights.toarray()[0].tolist() == [7.0, 200.0]
    assert Projection("a", "b", weights, weights.astype(np.float32)).weights.dtype == np.float32


def test_undirected_weights_are_symmetric():
    links = [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match="weights must be symmetric; average them"):
        LayeredGraph.from_adjacency(links, weights=[[0, 1.0], [2.0, 0]])
    one_zero = sp.csr_array((np.array([1.0, 0.0]), (np.array([0, 1]), np.array([1, 0]))), shape=(2, 2))
    with pytest.raises(ValueError, match="weights must be symmetric"):
        LayeredGraph.from_adjacency(links, weights=one_zero)
    both = LayeredGraph.from_adjacency(links, weights=[[0, 1.0], [2.0, 0]], directed=True)
    assert both.edges()["weight"].tolist() == [1.0, 2.0]


def test_rows_per_unit_are_whole_numbers():
    mask = np.ones((4, 2))
    projection = Projection("a", "b", mask, rows_per_unit=np.int64(2))
    assert type(projection.rows_per_unit) is int
    for wrong in (2.0, True, np.True_, "2", None):
        with pytest.raises(TypeError, match="rows_per_unit of 'a -> b' must be a whole number"):
            Projection("a", "b", mask, rows_per_unit=wrong)
        with pytest.raises(TypeError, match="rows_per_unit of mask 0 must be a whole number"):
            LayeredGraph.from_masks([mask], rows_per_unit=[wrong])
    with pytest.raises(TypeError, match="list with one whole number for each mask; got 2"):
        LayeredGraph.from_masks([mask], rows_per_unit=2)
    with pytest.raises(ValueError, match="does not divide"):
        LayeredGraph.from_masks([mask], rows_per_unit=[3])


@pytest.mark.parametrize("mask", [np.ones((2, 3)), sp.csr_array(np.ones((2, 3)))], ids=["dense", "sparse"])
def test_one_mask_in_place_of_a_list_is_explained(mask):
    with pytest.raises(ValueError, match=r"a list with one matrix for each layer.*pass \[mask\]"):
        LayeredGraph.from_masks(mask)


def test_populations_are_checked():
    assert type(Population("a", np.int64(2)).size) is int
    for size in (float("nan"), 2.0, True, "2"):
        with pytest.raises(TypeError, match="size of population 'a' must be a whole number"):
            Population("a", size)
    with pytest.raises(TypeError, match="name of a population must be a text"):
        Population(3, 2)
    with pytest.raises(ValueError, match="needs a name"):
        Population("", 2)


def test_equality_sees_where_a_link_is():
    assert LayeredGraph.from_masks([[[1, 0]]]) != LayeredGraph.from_masks([[[0, 1]]])


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
    weighted = graphs.chain().subgraph({"layer0": np.array([True, False, True])})
    assert weighted.projections[0].weights.toarray().tolist() == [[0.5, 0.0], [0.0, 3.0]]
    assert weighted.projections[0].n_links == 3
    with pytest.raises(ValueError, match=r"keep names \['nodez'\]"):
        graph.subgraph({"nodez": np.ones(2, bool)})


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


@pytest.mark.parametrize("places", [1, 7, 20, 10**6])
def test_matrices_read_block_by_block_are_read_whole(monkeypatch, places):
    monkeypatch.setattr("netsci.graph.checks._BLOCK", places)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(9, 5)) * (rng.random((9, 5)) < 0.4)
    weights[[0, 4, 8]] = 0
    (layer,) = LayeredGraph.from_masks([weights], weights=[weights]).projections
    np.testing.assert_array_equal(layer.links.toarray(), weights != 0)
    np.testing.assert_array_equal(layer.weights.toarray(), weights)
