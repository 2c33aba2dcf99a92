"""The table of nodes against networkx, igraph and hand counts."""

import igraph
import networkx as nx
import numpy as np
import pytest

from netsci.graph import NODE_MEASURES, LayeredGraph, communities, live_units, node_table
from tests import graphs

RNG = np.random.default_rng


def chain(seed=0):
    rng = RNG(seed)
    masks = [rng.random((12, 9)) < 0.3, rng.random((9, 7)) < 0.4]
    weights = [np.where(mask, rng.normal(size=mask.shape), 0.0) for mask in masks]
    return LayeredGraph.from_masks(masks, weights=weights)


def as_networkx(graph, directed):
    net = nx.DiGraph() if directed else nx.Graph()
    net.add_nodes_from(range(graph.n_nodes))
    for edge in graph.edges().itertuples():
        net.add_edge(edge.source, edge.target, weight=abs(edge.weight))
    net.remove_edges_from(list(nx.selfloop_edges(net)))
    return net


def plain(seed=0):
    links = np.triu(RNG(seed).random((30, 30)) < 0.15, 1)
    return LayeredGraph.from_adjacency(links | links.T)


@pytest.mark.parametrize("graph", [chain(0), chain(1), plain(0), plain(1)])
def test_every_measure_is_that_of_networkx(graph):
    table = node_table(graph)
    assert list(table) == ["node", "population", "unit", "label", *NODE_MEASURES]
    both = as_networkx(graph, directed=False)
    order = range(graph.n_nodes)

    def values(found):
        return [dict(found)[node] for node in order]

    assert table["degree"].tolist() == values(both.degree())
    np.testing.assert_allclose(
        table["betweenness"], values(nx.betweenness_centrality(both, normalized=False))
    )
    assert table["core"].tolist() == values(nx.core_number(both))
    np.testing.assert_allclose(table["clustering"], values(nx.clustering(both)))
    directed = as_networkx(graph, directed=True)
    if graph.projections[0].undirected:
        directed = both.to_directed()
    ranks = nx.pagerank(directed, weight=None, tol=1e-12, max_iter=1000)
    np.testing.assert_allclose(table["pagerank"], values(ranks), atol=1e-8)
    assert table["pagerank"].sum() == pytest.approx(1)


def test_degrees_and_strengths_by_side_are_those_of_networkx():
    graph = chain()
    table, net = node_table(graph), as_networkx(graph, directed=True)
    for side, of in (("in", net.in_degree), ("out", net.out_degree), (None, net.degree)):
        name = f"_{side}" if side else ""
        assert table[f"degree{name}"].tolist() == [of(node) for node in net]
        np.testing.assert_allclose(table[f"strength{name}"], [of(node, weight="weight") for node in net])


def test_communities_and_live_units_are_those_of_the_library():
    graph = chain()
    table = node_table(graph)
    assert table["live"].tolist() == np.concatenate(list(live_units(graph).values())).tolist()
    found = communities(graph.adjacency(directed=False), runs=1, rng=RNG(0))
    assert table["community"].tolist() == found.membership.tolist()
    net = igraph.Graph(graph.n_nodes, graph.edges()[["source", "target"]].to_numpy())
    assert found.modularity == pytest.approx(net.modularity(table["community"].tolist()))


def test_a_unit_with_several_rows_counts_all_its_links():
    graph = graphs.convolution()
    table = node_table(graph)
    assert table["degree_out"].tolist()[: graph.sizes[graph.projections[0].source]] == (
        graph.degrees("out")[graph.projections[0].source].tolist()
    )
    assert table["unit"].tolist() == [i for size in graph.sizes.values() for i in range(size)]


def test_loops_count_as_links_only():
    links = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0]])
    table = node_table(LayeredGraph.from_adjacency(links))
    bare = node_table(LayeredGraph.from_adjacency(links - np.diag([1, 0, 0])))
    assert table["degree"].tolist() == [2, 2, 1]
    for name in ("betweenness", "core", "clustering", "community"):
        assert table[name].tolist() == bare[name].tolist()


def test_labels_weights_and_choice_of_measures():
    graph = LayeredGraph.from_adjacency(np.ones((2, 2)) - np.eye(2), labels=["a", "b"])
    table = node_table(graph, measures=["core", "strength"])
    assert list(table) == ["node", "population", "unit", "label", "core", "strength"]
    assert table["label"].tolist() == ["a", "b"]
    assert table["strength"].isna().all()


def test_what_is_too_large_is_undefined(monkeypatch):
    monkeypatch.setattr("netsci.graph.node_measures.LARGEST_WORK", 10)
    table = node_table(chain())
    assert table["betweenness"].isna().all()
    assert table["core"].notna().all()


def test_a_graph_has_one_table():
    assert node_table(chain()).equals(node_table(chain()))


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"measures": ["closeness"]}, ValueError, "must be one of degree"),
        ({"measures": "core"}, TypeError, r"pass \['core'\]"),
        ({"rng": 7}, TypeError, "Generator"),
    ],
)
def test_bad_input(options, error, said):
    with pytest.raises(error, match=said):
        node_table(chain(), **options)
    with pytest.raises(TypeError, match="LayeredGraph"):
        node_table(np.eye(3))
