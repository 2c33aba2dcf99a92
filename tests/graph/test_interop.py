import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from netsci.graph import LayeredGraph, from_graphml, from_igraph, from_networkx
from tests import graphs
from tests.strategies import chains

EXAMPLES = [graphs.chain(), graphs.convolution(), graphs.residual()]
EXAMPLES.append(LayeredGraph.from_adjacency([[0, 1, 1], [1, 0, 0], [1, 0, 0]], weights=np.ones((3, 3))))
EXAMPLES.append(LayeredGraph.from_adjacency([[1, 1], [0, 0]]))


@pytest.mark.parametrize("graph", EXAMPLES, ids=repr)
def test_nothing_is_lost_on_the_way(graph, tmp_path):
    assert from_networkx(graph.to_networkx()) == graph
    assert from_igraph(graph.to_igraph()) == graph
    graph.to_graphml(tmp_path / "graph.graphml")
    assert from_graphml(tmp_path / "graph.graphml") == graph


@given(chains(weighted=True))
@settings(max_examples=40)
def test_any_chain_survives(graph):
    assert from_networkx(graph.to_networkx()) == graph
    assert from_igraph(graph.to_igraph()) == graph


def test_equality_sees_a_single_weight_and_a_single_link():
    graph = graphs.chain()
    other = graph.with_links([p.links for p in graph.projections])
    assert other == graph
    other.projections[1].weights.data[0] += 1
    assert other != graph
    assert graphs.residual() != graphs.chain()


def test_karate_is_one_undirected_population():
    graph = from_networkx(nx.karate_club_graph())
    assert (graph.n_nodes, graph.n_links) == (34, 78)
    assert graph.projections[0].undirected


def test_a_bipartite_attribute_makes_two_populations():
    graph = from_networkx(nx.davis_southern_women_graph())
    assert list(graph.sizes.values()) == [18, 14]
    assert graph.projections[0].shape == (18, 14)
    assert graph.n_links == 89


def test_directions_and_weights_of_foreign_graphs_are_kept():
    network = nx.DiGraph()
    network.add_weighted_edges_from([("x", "y", 2.5), ("y", "z", -1.0)])
    graph = from_networkx(network)
    assert graph.adjacency().toarray().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert graph.edges()["weight"].tolist() == [2.5, -1.0]


def test_bad_input_is_explained():
    with pytest.raises(TypeError, match="networkx graph"):
        from_networkx([[1]])
    with pytest.raises(TypeError, match="igraph graph"):
        from_igraph(nx.path_graph(3))
    with pytest.raises(ValueError, match="no nodes"):
        from_networkx(nx.Graph())
    half = nx.path_graph(2)
    half.nodes[0]["layer"] = 0
    with pytest.raises(ValueError, match="1 of 2 nodes have no 'layer'"):
        from_networkx(half)
