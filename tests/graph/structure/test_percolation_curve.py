import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph
from netsci.graph.structure.percolation_curve import ATTACKS, percolation_curve, robustness
from tests import graphs
from tests.strategies import chains

RNG = np.random.default_rng


def drawn_order(seed, count):
    """The order in which a single run with that seed takes equals away."""
    return RNG(seed).permutation(count)


def largest(net):
    return max(map(len, nx.connected_components(net)), default=0)


@settings(deadline=None, max_examples=50)
@given(chains(weighted=True), st.sampled_from(["random", "degree"]), st.integers(0, 999))
def test_removing_nodes_against_networkx(graph, attack, seed):
    net = nx.Graph(graph.adjacency(directed=False).toarray().astype(int))
    order = drawn_order(seed, graph.n_nodes)
    if attack == "degree":
        order = sorted(order, key=lambda node: -net.degree(node))
    expected = [largest(net) / graph.n_nodes]
    for node in order:
        net.remove_node(node)
        expected.append(largest(net) / graph.n_nodes)
    curve = percolation_curve(graph, attack=attack, runs=1, points=200, rng=RNG(seed))
    np.testing.assert_allclose(curve["mean"], expected)
    np.testing.assert_allclose(curve["removed"], np.arange(graph.n_nodes + 1) / graph.n_nodes)


@settings(deadline=None, max_examples=50)
@given(chains(weighted=True), st.sampled_from(ATTACKS[2:]), st.integers(0, 999))
def test_removing_links_against_networkx(graph, attack, seed):
    """Rows of one unit are links of their own: a multigraph."""
    edges = graph.edges()
    if not len(edges):
        with pytest.raises(ValueError, match="the graph has none"):
            percolation_curve(graph, attack=attack, rng=RNG(seed))
        return
    net = nx.MultiGraph()
    net.add_nodes_from(range(graph.n_nodes))
    net.add_edges_from(zip(edges["source"], edges["target"], edges.index, strict=True))
    order = drawn_order(seed, len(edges))
    sign = {"random_links": 0, "weight": 1, "weight_strongest": -1}[attack]
    order = sorted(order, key=lambda link: sign * abs(edges["weight"][link]))
    expected = [largest(net) / graph.n_nodes]
    for link in order:
        net.remove_edge(edges["source"][link], edges["target"][link], key=link)
        expected.append(largest(net) / graph.n_nodes)
    curve = percolation_curve(graph, attack=attack, runs=1, points=500, rng=RNG(seed))
    np.testing.assert_allclose(curve["mean"], expected)


def test_weights_by_hand():
    """A chain a-b-c-d of weights 3, -1, 2: the weakest link is in the middle."""
    line = np.zeros((4, 4))
    for i, w in enumerate([3.0, -1.0, 2.0]):
        line[i, i + 1] = line[i + 1, i] = w
    graph = LayeredGraph.from_adjacency(line, weights=line)
    weakest = percolation_curve(graph, attack="weight", runs=3, rng=RNG(7))
    assert weakest["mean"].tolist() == [1.0, 0.5, 0.5, 0.25]
    strongest = percolation_curve(graph, attack="weight_strongest", runs=3, rng=RNG(7))
    assert strongest["mean"].tolist() == [1.0, 0.75, 0.5, 0.25]
    assert (weakest["low"] == weakest["high"]).all()
    assert set(weakest["attack"]) == {"weight"}


def test_bands_and_grid():
    graph = LayeredGraph.from_masks([RNG(7).random((60, 80)) < 0.03])
    curve = percolation_curve(graph, runs=40, points=11, rng=RNG(7))
    assert list(curve) == ["attack", "removed", "mean", "low", "high"]
    np.testing.assert_allclose(curve["removed"], np.linspace(0, 1, 11))
    assert (curve["low"] <= curve["mean"] + 1e-12).all()
    assert (curve["mean"] <= curve["high"] + 1e-12).all()
    assert (curve["low"] < curve["high"]).any()
    assert (np.diff(curve["mean"]) <= 0).all()
    again = percolation_curve(graph, runs=40, points=11, rng=RNG(7))
    pd.testing.assert_frame_equal(curve, again)


def test_bands_are_quantiles_of_the_runs():
    graph = LayeredGraph.from_masks([RNG(7).random((6, 8)) < 0.3])
    rng = RNG(7)
    single = [percolation_curve(graph, runs=1, rng=rng)["mean"] for _ in range(12)]
    curve = percolation_curve(graph, runs=12, rng=RNG(7))
    np.testing.assert_allclose(curve["mean"], np.mean(single, axis=0))
    np.testing.assert_allclose(curve["low"], np.quantile(single, 0.05, axis=0))
    np.testing.assert_allclose(curve["high"], np.quantile(single, 0.95, axis=0))


def test_ties_fall_differently_in_each_run():
    graph = LayeredGraph.from_adjacency(nx.to_numpy_array(nx.random_regular_graph(3, 20, seed=7)))
    curve = percolation_curve(graph, attack="degree", rng=RNG(7))
    assert (curve["low"] < curve["high"]).any()


def test_hubs_hold_a_scale_free_network_together():
    """And a network of equal degrees does not mind: the control."""
    hubs = LayeredGraph.from_adjacency(nx.to_scipy_sparse_array(nx.barabasi_albert_graph(500, 2, seed=7)))
    even = LayeredGraph.from_adjacency(nx.to_scipy_sparse_array(nx.random_regular_graph(4, 500, seed=7)))

    def loss(graph):
        by_degree, at_random = (percolation_curve(graph, attack=a, rng=RNG(7)) for a in ("degree", "random"))
        return robustness(at_random) - robustness(by_degree)

    assert loss(hubs) > 0.15
    assert abs(loss(even)) < 0.02


def test_threshold_of_a_random_network():
    """Removing links of an Erdos-Renyi network of mean degree 4 leaves a giant component up to 3/4."""
    graph = LayeredGraph.from_adjacency(nx.to_scipy_sparse_array(nx.gnm_random_graph(4000, 8000, seed=7)))
    curve = percolation_curve(graph, attack="random_links", runs=3, points=21, rng=RNG(7))
    size = curve.set_index(curve["removed"].round(3))["mean"]
    assert size[0.5] == pytest.approx(0.7968, abs=0.02)  # 1 - s = exp(-2 s)
    assert size[0.85] < 0.02


def test_robustness():
    full = LayeredGraph.from_adjacency(1 - np.eye(100))
    assert robustness(percolation_curve(full, rng=RNG(7), points=101)) == pytest.approx(0.5)
    with pytest.raises(TypeError, match="table"):
        robustness([1, 2])
    with pytest.raises(ValueError, match="lacks"):
        robustness(pd.DataFrame({"removed": [0.0, 1.0]}))
    two = percolation_curve(full, rng=RNG(7))
    with pytest.raises(ValueError, match="one attack at a time"):
        robustness(pd.concat([two, two]))
    with pytest.raises(ValueError, match="one attack at a time"):
        robustness(two.iloc[:-1])


@pytest.mark.parametrize("graph", [graphs.residual(), graphs.backward(), graphs.convolution()])
def test_any_layered_graph(graph):
    for attack in ("random", "degree", "random_links"):
        curve = percolation_curve(graph, attack=attack, rng=RNG(7))
        whole = np.bincount(graph.components()[1]).max() / graph.n_nodes
        assert curve["mean"].iloc[0] == pytest.approx(whole)


def test_bad_input():
    graph = graphs.chain()
    with pytest.raises(ValueError, match="attack must be one of random"):
        percolation_curve(graph, attack="hubs", rng=RNG(7))
    with pytest.raises(TypeError, match="Generator"):
        percolation_curve(graph, rng=7)
    with pytest.raises(ValueError, match="runs"):
        percolation_curve(graph, runs=0, rng=RNG(7))
    with pytest.raises(TypeError, match="runs"):
        percolation_curve(graph, runs=2.0, rng=RNG(7))
    with pytest.raises(ValueError, match="points"):
        percolation_curve(graph, points=1, rng=RNG(7))
    with pytest.raises(ValueError, match=r"projections \['a -> b'\] have none"):
        percolation_curve(graphs.mixed(), attack="weight", rng=RNG(7))
