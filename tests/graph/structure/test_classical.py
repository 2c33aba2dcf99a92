import json
import os
import random
import zipfile
from io import BytesIO
from itertools import product
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.structure import path_measures
from netsci.graph.structure.classical import (
    clustering,
    communities,
    degree_assortativity,
    modularity,
    relative_smallness,
    rich_club,
    rich_club_share,
    small_worldness,
    transitivity,
)
from netsci.graph.structure.local_community import lcp_correlation
from netsci.graph.structure.path_measures import (
    global_efficiency,
    local_efficiency,
    path_length,
    path_statistics,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "coalescent"
MEASURES = json.loads((GOLDEN / "topological_measures.json").read_text())
ARCHIVE = Path(os.environ.get("NETSCI_DATA", "")) / "networks" / "classic47.zip"
HAVE = "NETSCI_DATA" in os.environ and ARCHIVE.is_file()


def golden_network(name):
    with np.load(GOLDEN / f"{name}.npz") as stored:
        nodes, edges = int(stored["n"]), stored["edges"]
    upper = sp.coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    return upper + upper.T


@st.composite
def networks(draw, largest=9):
    nodes = draw(st.integers(2, largest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    upper = np.triu(rng.random((nodes, nodes)) < draw(st.sampled_from([0.0, 0.2, 0.4, 0.7, 1.0])), 1)
    return upper | upper.T


def same(a, b):
    return (np.isnan(a) and np.isnan(b)) or a == pytest.approx(b, abs=1e-12)


@pytest.mark.parametrize("name", MEASURES)
def test_golden(name):
    expected, adjacency = MEASURES[name], golden_network(name)
    paths = path_statistics(adjacency)
    got = {
        "clustering": clustering(adjacency),
        "char_path": paths.length,
        "efficiency_glob": global_efficiency(adjacency),
        "efficiency_loc": local_efficiency(adjacency),
        "closeness": paths.closeness,
        "EBC": paths.edge_betweenness,
        "BC": paths.betweenness,
        "radiality": paths.radiality,
        "assortativity": degree_assortativity(adjacency),
    }
    for measure, value in got.items():
        assert value == pytest.approx(expected[measure], rel=1e-11, abs=1e-12), measure
    if name == "nn_256_128_10_er":  # no triangle: undefined, where the reference prints 0
        assert np.isnan(lcp_correlation(adjacency))
    else:
        assert lcp_correlation(adjacency) == pytest.approx(expected["LCPcorr"], rel=1e-11)


@settings(deadline=None, max_examples=60)
@given(networks())
def test_against_networkx(links):
    net = nx.from_numpy_array(links.astype(int))
    assert clustering(links) == pytest.approx(nx.average_clustering(net))
    triples = sum(d * (d - 1) for _, d in net.degree)
    assert same(transitivity(links), nx.transitivity(net) if triples else np.nan)
    assert global_efficiency(links) == pytest.approx(nx.global_efficiency(net))
    assert local_efficiency(links) == pytest.approx(nx.local_efficiency(net))
    degrees = {d for _, d in net.degree if d}
    if len(degrees) > 1:
        assert degree_assortativity(links) == pytest.approx(nx.degree_assortativity_coefficient(net))
    else:
        assert np.isnan(degree_assortativity(links))


@settings(deadline=None, max_examples=60)
@given(networks())
def test_paths_against_networkx(links):
    whole = nx.from_numpy_array(links.astype(int))
    net = whole.subgraph(max(nx.connected_components(whole), key=len))
    paths = path_statistics(links)
    assert paths.nodes == len(net)
    if len(net) == 1:
        assert np.isnan([paths.length, paths.diameter, paths.betweenness, path_length(links)]).all()
        return
    between = nx.betweenness_centrality(net, normalized=False).values()
    along = nx.edge_betweenness_centrality(net, normalized=False).values()
    assert paths.length == path_length(links) == pytest.approx(nx.average_shortest_path_length(net))
    assert paths.diameter == nx.diameter(net)
    assert paths.closeness == pytest.approx(np.mean(list(nx.harmonic_centrality(net).values())))
    assert paths.betweenness == pytest.approx(2 * np.mean(list(between)))
    assert paths.edge_betweenness == pytest.approx(np.mean(list(along)))
    assert paths.exact


@settings(deadline=None, max_examples=60)
@given(networks())
def test_rich_club_against_networkx(links):
    net = nx.from_numpy_array(links.astype(int))
    expected = nx.rich_club_coefficient(net, normalized=False) if links.any() else {}
    table = rich_club(links)
    assert table["degree"].tolist() == list(range(int(links.sum(0).max(initial=0))))
    for k, nodes, phi in zip(table["degree"], table["nodes"], table["phi"], strict=True):
        assert nodes == (links.sum(0) > k).sum()
        assert phi == pytest.approx(expected[k]) if nodes > 1 else np.isnan(phi)
    k = np.floor(np.quantile(links.sum(0), 0.5))
    wanted = table.set_index("degree")["phi"].get(k, np.nan)
    assert same(rich_club_share(links, 0.5), wanted)


def test_long_paths_and_many_sources():
    """More than 64 sources, and levels with few nodes and with most of them."""
    ring = nx.cycle_graph(200)
    assert path_length(nx.to_scipy_sparse_array(ring)) == pytest.approx(nx.average_shortest_path_length(ring))
    star = nx.star_graph(150)
    assert path_length(nx.to_scipy_sparse_array(star)) == pytest.approx(nx.average_shortest_path_length(star))
    graph = nx.gnm_random_graph(300, 700, seed=7)
    adjacency = nx.to_scipy_sparse_array(graph)
    assert global_efficiency(adjacency) == pytest.approx(nx.global_efficiency(graph))


def test_large_networks_are_sampled(monkeypatch):
    adjacency = golden_network("npso250")
    exact, exact_efficiency = path_statistics(adjacency), global_efficiency(adjacency)
    monkeypatch.setattr(path_measures, "EXACT_NODES", 100)
    monkeypatch.setattr(path_measures, "SAMPLED_SOURCES", 120)
    rng = np.random.default_rng(7)
    sampled = path_statistics(adjacency, rng=rng)
    assert not sampled.exact
    assert 0 < abs(sampled.length - exact.length) < 0.05
    sampled_efficiency = global_efficiency(adjacency, rng=rng)
    assert 0 < abs(sampled_efficiency - exact_efficiency) < 0.02
    with pytest.raises(ValueError, match="rng is needed for 250 nodes"):
        path_length(adjacency)
    with pytest.raises(TypeError, match="Generator"):
        path_length(adjacency, rng=7)


def partitions(nodes):
    """Every division of the nodes: labels that never skip a number."""
    for labels in product(range(nodes), repeat=nodes):
        if all(label <= max(labels[:i], default=-1) + 1 for i, label in enumerate(labels)):
            yield np.array(labels)


@settings(deadline=None, max_examples=20)
@given(networks(largest=6), st.integers(0, 99))
def test_best_of_all_divisions(links, seed):
    found = communities(links, rng=np.random.default_rng(seed))
    if not links.any():
        assert np.isnan(found.modularity)
        return
    degrees = links.sum(0)
    surplus = links / degrees.sum() - np.outer(degrees, degrees) / degrees.sum() ** 2

    def quality(labels):
        return surplus[labels[:, None] == labels].sum()

    assert found.modularity == pytest.approx(quality(found.membership))
    assert found.modularity == pytest.approx(max(map(quality, partitions(len(links)))))


def test_modules_of_known_networks():
    karate = golden_network("karate")
    found = communities(karate, rng=np.random.default_rng(7))
    assert found.modularity == pytest.approx(0.41979, abs=1e-5)  # the optimum, four modules
    assert (np.diff(np.bincount(found.membership)) <= 0).all()
    assert len(np.bincount(found.membership)) == 4
    import igraph

    pso = golden_network("pso300")
    upper = sp.triu(pso).tocoo()
    peer = igraph.Graph(300, list(zip(upper.row.tolist(), upper.col.tolist(), strict=True)))
    rivals = [peer.community_multilevel().modularity for _ in range(5)]
    assert modularity(pso, rng=np.random.default_rng(7)) > max(rivals) - 0.005


def test_modules_leave_other_random_states_alone():
    before, numpys = random.getstate(), np.random.get_state()[1].copy()  # noqa: NPY002, it must not move
    first = communities(golden_network("pso300"), runs=1, rng=np.random.default_rng(7))
    again = communities(golden_network("pso300"), runs=1, rng=np.random.default_rng(7))
    assert (first.membership == again.membership).all()
    assert random.getstate() == before
    assert (np.random.get_state()[1] == numpys).all()  # noqa: NPY002


def test_small_worldness():
    rng = np.random.default_rng(7)
    ring = nx.to_numpy_array(nx.watts_strogatz_graph(200, 8, 0.1, seed=7))
    chance = nx.to_numpy_array(nx.gnm_random_graph(200, 800, seed=7))
    assert small_worldness(ring, rng=rng) > 5
    assert relative_smallness(0.5, 3.0, (0.1, 2.0)) == pytest.approx(5 / 1.5)
    assert small_worldness(chance, rng=rng) == pytest.approx(1.0, abs=0.2)
    assert np.isnan(small_worldness([[0, 1], [1, 0]], rng=rng))  # no triangle in any network of 2 nodes
    with pytest.raises(ValueError, match="replicates"):
        small_worldness(ring, replicates=0, rng=rng)


def test_lcp_by_hand():
    """Link 0-1 has common neighbours 2, 3, which are linked; the others have one or none."""
    links = np.zeros((6, 6))
    for i, j in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), (3, 4), (4, 5), (3, 5)]:
        links[i, j] = links[j, i] = 1
    common, inner = [2, 2, 2, 2, 2, 2, 1, 1, 1], [1, 1, 1, 1, 1, 1, 0, 0, 0]
    assert lcp_correlation(links) == pytest.approx(np.corrcoef(common, inner)[0, 1])


@settings(deadline=None, max_examples=60)
@given(networks())
def test_lcp_by_brute_force(links):
    pairs = []
    for i, j in zip(*np.triu(links).nonzero(), strict=True):
        near = np.flatnonzero(links[i] & links[j])
        if len(near):
            pairs.append((len(near), links[np.ix_(near, near)].sum() // 2))
    cn, lcl = np.array(pairs or [(0, 0)]).T
    defined = np.ptp(cn) > 0 and np.ptp(lcl) > 0
    assert same(lcp_correlation(links), np.corrcoef(cn, lcl)[0, 1] if defined else np.nan)


@settings(deadline=None, max_examples=25)
@given(networks(), st.integers(0, 99))
def test_names_of_nodes_do_not_matter_and_loops_do_not_count(links, seed):
    order = np.random.default_rng(seed).permutation(len(links))
    turned = links[order][:, order] | np.eye(len(links), dtype=bool)
    for measure in (
        clustering, transitivity, path_length, global_efficiency, local_efficiency, degree_assortativity,
        lcp_correlation, rich_club_share,
    ):  # fmt: skip
        assert same(measure(turned), measure(links)), measure.__name__


@pytest.mark.parametrize(
    "measure", [clustering, transitivity, path_length, local_efficiency, lcp_correlation]
)
def test_bad_input(measure):
    with pytest.raises(ValueError, match="square"):
        measure(np.ones((2, 3)))
    with pytest.raises(ValueError, match="symmetric"):
        measure([[0, 1], [0, 0]])
    with pytest.raises(ValueError, match="NaN"):
        measure([[np.nan]])
    with pytest.raises(TypeError, match="dtype"):
        measure([["a"]])
    assert np.isnan(measure(np.zeros((0, 0))))


def test_bad_options():
    rng = np.random.default_rng(7)
    with pytest.raises(ValueError, match="runs"):
        communities([[0, 1], [1, 0]], runs=0, rng=rng)
    with pytest.raises(TypeError, match="Generator"):
        modularity([[0, 1], [1, 0]], rng=None)


@pytest.mark.skipif(not HAVE, reason="NETSCI_DATA does not name a folder with networks/classic47.zip")
@pytest.mark.parametrize(
    ("name", "nodes", "links", "closed", "length"),
    [("karate", 34, 78, 0.5706, 2.408), ("celegans-neural", 297, 2148, 0.292, 2.455)],
)
def test_published_values(name, nodes, links, closed, length):
    with zipfile.ZipFile(ARCHIVE) as archive:
        member = next(path for path in archive.namelist() if path.endswith(f"{name}.tsv"))
        edges = pd.read_csv(BytesIO(archive.read(member)), sep="\t")
    upper = sp.coo_array((np.ones(len(edges)), (edges["source"], edges["target"])), shape=(nodes, nodes))
    adjacency = upper + upper.T
    assert adjacency.nnz == 2 * links
    assert clustering(adjacency) == pytest.approx(closed, abs=5e-4)
    assert path_length(adjacency) == pytest.approx(length, abs=5e-4)
