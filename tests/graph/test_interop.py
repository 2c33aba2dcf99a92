import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from netsci.graph import LayeredGraph, Population, Projection, from_graphml, from_igraph, from_networkx
from tests import graphs
from tests.strategies import chains

LOOPS = np.array([[4.0, 1.0, 2.0], [1.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
EXAMPLES = [graphs.chain(), graphs.convolution(), graphs.residual(), graphs.backward()]
EXAMPLES.append(LayeredGraph.from_adjacency([[0, 1, 1], [1, 0, 0], [1, 0, 0]], weights=np.ones((3, 3))))
EXAMPLES.append(LayeredGraph.from_adjacency(LOOPS, weights=LOOPS))
EXAMPLES.append(LayeredGraph.from_adjacency([[1, 1], [0, 0]]))
EXAMPLES.append(LayeredGraph((Population("a", 2),), ()))


@pytest.mark.parametrize("graph", EXAMPLES, ids=repr)
def test_nothing_is_lost_on_the_way(graph, tmp_path):
    assert from_networkx(graph.to_networkx()) == graph
    assert from_igraph(graph.to_igraph()) == graph
    graph.to_graphml(tmp_path / "graph.graphml")
    assert from_graphml(tmp_path / "graph.graphml") == graph


@pytest.mark.parametrize("graph", [graphs.chain(), graphs.mixed()], ids=repr)
def test_graphml_by_igraph_makes_floats_of_numbers_and_still_comes_back(graph, tmp_path):
    graph.to_igraph().write_graphml(str(tmp_path / "graph.graphml"))
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


def test_the_type_of_network_says_what_it_holds():
    assert type(EXAMPLES[4].to_networkx()) is nx.Graph
    assert not EXAMPLES[4].to_igraph().is_directed()
    assert type(graphs.chain().to_networkx()) is nx.DiGraph
    assert graphs.chain().to_igraph().is_directed()
    assert type(graphs.convolution().to_networkx()) is nx.MultiDiGraph
    assert type(EXAMPLES[-1].to_networkx()) is nx.DiGraph


@pytest.mark.parametrize("graph", [graphs.chain(), graphs.residual(), graphs.backward()], ids=repr)
def test_directions_come_back_from_a_network_without_them(graph):
    assert from_networkx(graph.to_networkx().to_undirected()) == graph
    plain = graph.to_igraph()
    plain.to_undirected(mode="each")
    assert from_igraph(plain) == graph


def test_undirected_links_may_turn_and_nodes_may_be_named_and_sorted_anew():
    graph = graphs.mixed()
    network = graph.to_networkx()
    link = next((u, v) for u, v, a in network.edges(data=True) if a["projection"] == 1)
    attributes = network.edges[link]
    network.remove_edge(*link)
    network.add_edge(*link[::-1], **attributes)
    assert from_networkx(network) == graph
    other = nx.DiGraph(**network.graph)
    other.add_nodes_from((f"n{node}", a) for node, a in reversed(list(network.nodes(data=True))))
    other.add_edges_from((f"n{u}", f"n{v}", a) for u, v, a in network.edges(data=True))
    assert from_networkx(other) == graph


def test_new_weights_are_taken_as_they_are():
    network = graphs.chain().to_networkx()
    network.edges[0, 3]["weight"] = 7.5
    assert from_networkx(network).projections[0].weights.data.tolist() == [7.5, -2.0, 0.0, 3.0]


def changed(change, graph=None):
    network = (graph or graphs.chain()).to_networkx()
    change(network)
    return network


ATTRIBUTES = {"projection": 0, "row": 0, "weight": 1.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.remove_node(0), "it had 6 nodes and now has 5"),
        (lambda n: n.add_node(6), "node 6 has no place"),
        (lambda n: n.add_node(6, population="layer0", index=2), "or two nodes at one place"),
        (lambda n: n.nodes[1].update(population="layer9"), "node 1 has no place"),
        (lambda n: n.nodes[1].update(population=["layer0"]), "node 1 has no place"),
        (lambda n: n.nodes[1].update(index=3), "node 1 has no place"),
        (lambda n: n.nodes[1].update(index=-1), "node 1 has no place"),
        (lambda n: n.nodes[1].update(index=0.5), "node 1 has no place"),
        (lambda n: n.nodes[1].update(index="1"), "node 1 has no place"),
        (lambda n: n.nodes[1].update(index=0), "6 nodes and now has 6, or two nodes at one place"),
        (lambda n: (n.remove_edge(0, 3), n.add_edge(0, 5, **ATTRIBUTES)), "row of link 0 - 5 do not fit"),
        (lambda n: n.remove_edge(0, 3), "'fc1' had 4 links and now has 3"),
        (lambda n: n.add_edge(0, 4, **ATTRIBUTES), "'fc1' had 4 links and now has 5"),
        (lambda n: n.add_edge(0, 4), "link 0 - 4 belongs to no projection"),
        (lambda n: n.edges[0, 3].update(projection=2), "link 0 - 3 belongs to no projection"),
        (lambda n: n.edges[0, 3].update(projection=-1), "link 0 - 3 belongs to no projection"),
        (lambda n: n.edges[0, 3].update(projection=True), "link 0 - 3 belongs to no projection"),
        (lambda n: n.edges[0, 3].update(projection=1), "ends or the row of link 0 - 3 do not fit 'fc2'"),
        (lambda n: n.edges[0, 3].update(row=1), "ends or the row of link 0 - 3 do not fit 'fc1'"),
        (lambda n: n.edges[0, 3].update(row=None), "ends or the row of link 0 - 3 do not fit"),
        (lambda n: n.edges[0, 3].pop("weight"), "link 0 - 3 has no weight"),
        (lambda n: n.edges[0, 3].update(weight=float("nan")), "link 0 - 3 has no weight"),
    ],
)
def test_what_has_changed_since_the_export_is_explained(change, message):
    whole = f"^the graph has changed since it was exported: .*{message}.*; drop graph attribute 'netsci'"
    with pytest.raises(ValueError, match=whole):
        from_networkx(changed(change))


def test_a_link_that_is_there_twice_is_explained():
    network = nx.MultiDiGraph(graphs.chain().to_networkx())
    network.add_edge(1, 4, **network.edges[1, 4, 0])
    with pytest.raises(ValueError, match="'fc1' had 4 links and now has 5"):
        from_networkx(network)
    network.remove_edge(0, 3)
    with pytest.raises(ValueError, match="'fc1' had 4 links and now has 4, or a repeated one"):
        from_networkx(network)


def test_a_weight_where_there_was_none_or_of_no_use_is_explained():
    with pytest.raises(ValueError, match="link 0 - 2 has a weight"):
        from_networkx(changed(lambda n: n.edges[0, 2].update(weight=1.0), graphs.residual()))
    with pytest.raises(ValueError, match="link 0 - 3 has the weight 'heavy'"):
        from_networkx(changed(lambda n: n.edges[0, 3].update(weight="heavy")))


def test_a_reversed_network_is_explained():
    for graph in (graphs.chain(), graphs.backward()):
        with pytest.raises(ValueError, match=r"the ends or the row of link .* do not fit"):
            from_networkx(graph.to_networkx().reverse())
    undirected = EXAMPLES[5]
    assert from_networkx(undirected.to_networkx().to_directed().to_undirected()) == undirected


def test_the_row_of_a_convolution_belongs_to_its_channel():
    network = graphs.convolution().to_networkx()
    u, v, key = next(iter(network.edges(keys=True)))
    network.edges[u, v, key]["row"] += 2
    with pytest.raises(ValueError, match=r"the ends or the row of link .* do not fit"):
        from_networkx(network)


@pytest.mark.parametrize(
    "header",
    ["{", "[]", "{}", '{"populations": 3, "projections": []}', '{"populations": [["a", 0]]}', 7, {"a": 1},
     '{"populations": [["a", 6]], "projections": [7]}',
     '{"populations": [["a", 6]], "projections": [{"weights": "int8"}]}'],
)  # fmt: skip
def test_a_broken_header_is_explained(header):
    with pytest.raises(ValueError, match=r"not the header that our export writes.*drop graph attribute"):
        from_networkx(changed(lambda network: network.graph.update(netsci=header)))


def test_without_the_header_ours_are_read_as_anybodys():
    network = changed(lambda network: (network.remove_edge(0, 3), network.graph.pop("netsci")))
    graph = from_networkx(network)
    assert graph.sizes == graphs.chain().sizes
    assert graph.edges()["weight"].tolist() == [-2.0, 0.0, 3.0, 4.0]


def test_what_is_no_network_is_refused():
    with pytest.raises(TypeError, match="networkx graph"):
        from_networkx([[1]])
    with pytest.raises(TypeError, match="igraph graph"):
        from_igraph(nx.path_graph(3))
    with pytest.raises(ValueError, match="no nodes"):
        from_networkx(nx.Graph())


def test_an_undirected_projection_among_directed_ones_comes_back():
    graph = graphs.mixed()
    assert type(graph.to_networkx()) is nx.DiGraph
    assert from_networkx(graph.to_networkx()) == graph
    assert from_igraph(graph.to_igraph()) == graph
    assert isinstance(graph.projections[1], Projection)
