"""Names of single nodes: kept by every way out and back, cut with their nodes, never taken for numbers."""

from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from netsci.graph import LayeredGraph, Population, Projection, from_graphml, from_igraph, from_networkx


def named() -> LayeredGraph:
    """Two populations, of which the first has labels, one with markup in it and one twice."""
    ends = (Population("a", 3, ["ADAL", "<b>", "ADAL"]), Population("b", 2))
    return LayeredGraph(ends, (Projection("a", "b", [[1, 0], [0, 1], [1, 1]]),))


def test_labels_of_nodes_and_of_those_without() -> None:
    assert named().node_labels == ["ADAL", "<b>", "ADAL", "b[0]", "b[1]"]
    assert LayeredGraph.from_adjacency(np.eye(2), labels=["x", "y"]).node_labels == ["x", "y"]


def test_they_come_back(tmp_path: Path) -> None:
    graph = named()
    graph.to_graphml(tmp_path / "g.graphml")
    for back in (
        from_networkx(graph.to_networkx()),
        from_igraph(graph.to_igraph()),
        from_graphml(tmp_path / "g.graphml"),
    ):
        assert back == graph
        assert back.populations[0].labels == ("ADAL", "<b>", "ADAL")
        assert back.populations[1].labels is None


def test_they_are_part_of_what_makes_graphs_equal() -> None:
    other = LayeredGraph((Population("a", 3, ["x", "y", "z"]), Population("b", 2)), named().projections)
    assert other != named()


def test_a_subgraph_keeps_those_of_its_nodes() -> None:
    part = named().subgraph({"a": np.array([False, True, True])})
    assert part.populations[0].labels == ("<b>", "ADAL")
    assert part.populations[1].labels is None


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ({"Mr Hi": {}, "Ann": {}}, ("Mr Hi", "Ann")),
        ({0: {"name": "u"}, 1: {"name": "v"}}, ("u", "v")),
        ({0: {"label": "L", "name": "u"}, 1: {"label": "M", "name": "v"}}, ("L", "M")),
        ({"n0": {}, "n1": {}}, ("n0", "n1")),
        ({7: {}, 1: {}}, ("7", "1")),
        ({720575940628857210: {}, (1, "a"): {}}, ("720575940628857210", "(1, 'a')")),
        ({0: {"label": 8.0}, 1: {"label": 10**17}}, ("8", "100000000000000000")),
        ({0: {"label": "u"}, 1: {}}, ("0", "1")),
        ({0: {"label": "u"}, 1: {"label": "u"}}, ("0", "1")),  # two nodes of one name have other ones
        ({0: {"label": "u"}, 1: {"label": " "}}, ("0", "1")),
    ],
)
def test_foreign_graphs(nodes: dict, expected: tuple[str, ...] | None) -> None:
    network = nx.Graph()
    network.add_nodes_from(nodes.items())
    network.add_edge(*nodes)
    assert from_networkx(network).populations[0].labels == expected


def test_places_in_a_list_are_no_names() -> None:
    import igraph

    assert from_igraph(igraph.Graph([(0, 1)])).populations[0].labels is None
    assert from_igraph(igraph.Graph([(0, 1)], vertex_attrs={"name": ["u", "5"]})).node_labels == ["u", "5"]


def test_groups_keep_their_own() -> None:
    network = nx.Graph()
    network.add_nodes_from([("w1", {"bipartite": 1}), ("m1", {"bipartite": 0}), ("w2", {"bipartite": 1})])
    network.add_edges_from([("m1", "w1"), ("m1", "w2")])
    assert [p.labels for p in from_networkx(network).populations] == [("m1",), ("w1", "w2")]


def test_wrong_labels_are_explained() -> None:
    with pytest.raises(ValueError, match="population 'a' has 2 units but 3 labels"):
        Population("a", 2, ["x", "y", "z"])
    with pytest.raises(TypeError, match="labels of population 'a' must be a sequence of texts"):
        Population("a", 2, "xy")
    with pytest.raises(TypeError, match="sequence of texts"):
        Population("a", 2, [1, 2])  # type: ignore[list-item]
