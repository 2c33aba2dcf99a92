import igraph
import networkx as nx
import numpy as np
import pytest

from netsci.graph import from_igraph, from_networkx
from netsci.graph.foreign import link_matrices


def layered(labels, links=(), key="layer", kind=nx.DiGraph):
    """Nodes 0, 1, ... with these labels."""
    network = kind()
    network.add_nodes_from((i, {key: label}) for i, label in enumerate(labels))
    network.add_edges_from(links)
    return network


def test_karate_is_one_undirected_population():
    graph = from_networkx(nx.karate_club_graph())
    assert (graph.n_nodes, graph.n_links) == (34, 78)
    assert graph.projections[0].undirected


def test_a_bipartite_attribute_makes_two_populations():
    graph = from_networkx(nx.davis_southern_women_graph())
    assert list(graph.sizes.values()) == [18, 14]
    assert graph.projections[0].shape == (18, 14)
    assert graph.n_links == 89


def test_the_types_of_igraph_make_two_populations():
    network = igraph.Graph.Bipartite([True, False, False], [(0, 1), (2, 0)])
    graph = from_igraph(network)
    assert graph.sizes == {"type False": 2, "type True": 1}
    assert graph.projections[0].links.toarray().tolist() == [[True], [True]]
    network.vs["type"] = ["person", "event", "event"]  # types of another kind group nothing
    assert from_igraph(network).sizes == {"nodes": 3}


def test_directions_and_weights_are_kept():
    network = nx.DiGraph()
    network.add_weighted_edges_from([("x", "y", 2.5), ("y", "z", -1.0)])
    graph = from_networkx(network)
    assert graph.adjacency().toarray().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert graph.edges()["weight"].tolist() == [2.5, -1.0]
    nx.set_node_attributes(network, {"x": "in", "y": "mid", "z": "mid"}, "layer")
    graph = from_networkx(network)
    assert [(p.source, p.target) for p in graph.projections] == [("in", "mid"), ("mid", "mid")]
    assert graph.edges()["weight"].tolist() == [2.5, -1.0]


def test_an_undirected_link_runs_from_the_earlier_group_to_the_later():
    graph = from_networkx(layered([1, 0, 1], [(0, 1), (2, 1), (0, 2)], kind=nx.Graph))
    assert [(p.source, p.target, p.undirected) for p in graph.projections] == [
        ("layer 0", "layer 1", False),
        ("layer 1", "layer 1", True),
    ]
    assert [p.n_links for p in graph.projections] == [2, 1]


def test_numbers_order_the_groups_and_other_labels_come_as_they_are_met():
    numbers = [str(i) for i in (3, 11, 0, 2, 10, 1)]
    assert list(from_networkx(layered(numbers)).sizes) == ["0", "1", "2", "3", "10", "11"]
    assert list(from_networkx(layered([2, 0.5, 1])).sizes) == ["layer 0.5", "layer 1", "layer 2"]
    words = ["input", "hidden", "hidden", "output", "aux"]
    for kind in (nx.DiGraph, nx.Graph):
        graph = from_networkx(layered(words, [(0, 1), (2, 3)], kind=kind))
        assert graph.sizes == {"input": 1, "hidden": 2, "output": 1, "aux": 1}
        assert [p.target for p in graph.projections] == ["hidden", "output"]
    assert list(from_networkx(layered(["nan", "1", "0"])).sizes) == ["nan", "1", "0"]
    assert list(from_networkx(layered(["b", 7, "a"])).sizes) == ["b", "layer 7", "a"]


def test_a_self_loop_weighs_once():
    network = nx.Graph()
    network.add_weighted_edges_from([(0, 0, 3.0), (0, 1, 2.0)])
    assert from_networkx(network).projections[0].weights.toarray().tolist() == [[3.0, 2.0], [2.0, 0.0]]
    nx.set_node_attributes(network, "a", "layer")
    assert from_networkx(network).projections[0].weights.toarray().tolist() == [[3.0, 2.0], [2.0, 0.0]]


def test_parallel_links_merge_and_stay_symmetric():
    network = nx.MultiGraph([(0, 1, {"weight": 0.1}), (1, 0, {"weight": 0.2}), (0, 1, {"weight": 0.3})])
    weights = from_networkx(network).projections[0].weights.toarray()
    np.testing.assert_allclose(weights, [[0, 0.6], [0.6, 0]])
    _, weights = link_matrices([(0, 1, 1e16), (1, 0, -1e16), (0, 1, 1.0)], (2, 2), True, "float64")
    assert weights[0, 1] == weights[1, 0]  # though the sum depends on the order of its terms
    zero = nx.Graph([(0, 1, {"weight": 0.0})])
    assert from_networkx(zero).n_links == 1


@pytest.mark.parametrize("missing", [{}, {"weight": None}, {"weight": float("nan")}])
def test_a_missing_weight_is_not_invented(missing):
    for grouping in ({}, {"layer": 0}):
        network = nx.Graph([(0, 1, {"weight": 2.0}), (1, 2, missing)])
        nx.set_node_attributes(network, dict.fromkeys(network, grouping))
        with pytest.raises(ValueError, match="1 of 2 links have no 'weight', among them 1 - 2: give it"):
            from_networkx(network)
        network.remove_edge(0, 1)
        assert from_networkx(network).projections[0].weights is None


@pytest.mark.parametrize("weight", ["heavy", [1.0], 1j, float("inf")])
def test_a_weight_of_no_use_is_explained(weight):
    with pytest.raises(ValueError, match=r"link 0 - 1 has the weight .*: a weight is a finite number"):
        from_networkx(nx.Graph([(0, 1, {"weight": weight})]))


@pytest.mark.parametrize("label", [float("nan"), float("inf"), [1], (1, 2), "", 1j])
def test_a_label_of_no_use_is_explained(label):
    with pytest.raises(ValueError, match=r"node 1 has the layer .*: a group is named by a text"):
        from_networkx(layered(["a", label]))


def test_labels_that_would_share_a_name_are_explained():
    with pytest.raises(ValueError, match="two groups of nodes would be called 'layer 1'"):
        from_networkx(layered([1, "layer 1"]))
    assert from_networkx(layered([1, 1.0, np.int64(1)])).sizes == {"layer 1": 3}


def test_a_missing_label_is_explained():
    half = nx.path_graph(2)
    half.nodes[0]["layer"] = 0
    with pytest.raises(ValueError, match="1 of 2 nodes have no 'layer'"):
        from_networkx(half)
