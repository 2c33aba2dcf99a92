"""The share of outputs still reached, against networkx's paths after every single removal."""

import networkx as nx
import numpy as np
import pytest

from netsci.graph import LayeredGraph, live_units, output_curve
from netsci.graph.percolation import find_ends
from netsci.graph.structure.percolation_curve import ATTACKS, check_attack
from tests import graphs

RNG = np.random.default_rng


def chain(seed):
    rng = RNG(seed)
    masks = [rng.random((7, 6)) < 0.35, rng.random((6, 5)) < 0.4]
    weights = [np.where(mask, rng.normal(size=mask.shape), 0.0) for mask in masks]
    return LayeredGraph.from_masks(masks, weights=weights)


def by_networkx(graph, attack, seed):
    """Remove one element after the other; count the outputs that some input has a path to."""
    order = check_attack(graph, attack, 1, 2, RNG(seed)).draw().tolist()
    entries, exits = find_ends(graph)
    nodes = {name: range(graph.offsets[name], graph.offsets[name] + n) for name, n in graph.sizes.items()}
    inputs = [node for name in entries for node in nodes[name]]
    outputs = [node for name in exits for node in nodes[name]]
    undirected = {k for k, p in enumerate(graph.projections) if p.undirected}
    shares = []
    for removed in range(len(order) + 1):
        gone = set(order[:removed])
        net = nx.MultiDiGraph()
        net.add_nodes_from(range(graph.n_nodes))
        for k, edge in enumerate(graph.edges().itertuples()):
            if attack in ("random", "degree") or k not in gone:
                net.add_edge(edge.source, edge.target)
                if edge.projection in undirected:
                    net.add_edge(edge.target, edge.source)
        if attack in ("random", "degree"):
            net.remove_nodes_from(gone)
        reached = set().union(*({i} | nx.descendants(net, i) for i in inputs if i in net), set())
        shares.append(sum(node in reached for node in outputs) / len(outputs))
    return shares


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("seed", range(3))
def test_every_share_is_that_of_the_paths_that_are_left(attack, seed):
    graph = chain(seed)
    curve = output_curve(graph, attack=attack, runs=1, points=10_000, rng=RNG(seed))
    assert curve["mean"].tolist() == pytest.approx(by_networkx(graph, attack, seed))
    assert curve["removed"].iloc[[0, -1]].tolist() == [0, 1]


@pytest.mark.parametrize("make", [graphs.residual, graphs.mixed, graphs.convolution, graphs.backward])
@pytest.mark.parametrize("attack", ["random", "random_links"])
def test_branches_circles_and_units_of_several_rows(make, attack):
    graph = make()
    entries, exits = find_ends(graph)
    if entries & exits:
        with pytest.raises(ValueError, match="percolation_curve"):
            output_curve(graph, attack=attack, rng=RNG(1))
        return
    curve = output_curve(graph, attack=attack, runs=1, points=10_000, rng=RNG(1))
    assert curve["mean"].tolist() == pytest.approx(by_networkx(graph, attack, 1))


def test_nothing_removed_leaves_the_live_outputs():
    graph = chain(5)
    curve = output_curve(graph, runs=3, points=5, rng=RNG(1))
    assert curve["mean"].iloc[0] == pytest.approx(live_units(graph)["layer2"].mean())
    assert (np.diff(curve["mean"]) <= 0).all()
    assert (curve["low"] <= curve["high"]).all()


def test_a_plain_network_has_no_outputs():
    with pytest.raises(ValueError, match="'nodes' is both"):
        output_curve(LayeredGraph.from_adjacency(np.ones((3, 3)) - np.eye(3)), rng=RNG(1))
