"""The search for modules against all divisions of tiny networks, and against Louvain's search alone.

`golden/modules.json` holds the Q of ten searches by Louvain, of the version before Leiden's came, for the 200
networks below, each with the seed of its number.
"""

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph import bipartite_modularity, communities, modularity
from netsci.graph.structure.leiden import search_leiden, seed_igraph
from netsci.graph.structure.modularity import Ends
from netsci.graph.structure.modules import bisect_modularity, find_modules, quick_modularity

GOLDEN = Path(__file__).parents[2] / "golden" / "modules.json"
RNG = np.random.default_rng
TINY = 8
LARGE = 197  # from here on Leiden's search is alone


def network(number):
    """Return (links, offset, nodes): undirected where the number is even, else of two populations."""
    rng = RNG([11, number])
    if number >= LARGE:
        return large(number - LARGE, rng)
    undirected = number % 2 == 0
    if number < 100:
        rows, columns = (TINY, TINY) if undirected else (4, 4)
        links = rng.random((rows, columns)) < rng.uniform(0.15, 0.7)
    else:
        rows, columns = rng.integers(10, 120, 2)
        columns = rows if undirected else columns
        groups = rng.integers(1, 6)
        same = np.arange(rows)[:, None] * groups // rows == np.arange(columns) * groups // columns
        links = rng.random((rows, columns)) < np.where(same, rng.uniform(0.05, 0.5), 0.03)
    links[0, -1] = True
    if undirected:
        links = np.triu(links, 1)
        return sp.csr_array(links | links.T), (0, 0), rows
    return sp.csr_array(links), (0, rows), rows + columns


def large(kind, rng):
    if kind == 0:
        return sp.csr_array(rng.random((784, 1568)) < 0.01), (0, 784), 784 + 1568
    if kind == 1:
        ends = rng.integers(0, 3000, (2, 12_000))
    else:  # a few hubs
        ends = (3000 * rng.random((2, 12_000)) ** 3).astype(np.int64)
    ends = ends[:, ends[0] != ends[1]]
    links = sp.coo_array((np.ones(ends.shape[1], bool), (ends[0], ends[1])), shape=(3000, 3000)).tocsr()
    return (links + links.T).astype(bool), (0, 0), 3000


def surplus(links, offset, nodes):
    """Return A - s r / M over all pairs, dense, divided by M."""
    full = np.zeros((nodes, nodes))
    rows, columns = links.shape
    full[offset[0] : offset[0] + rows, offset[1] : offset[1] + columns] = links.toarray()
    return full / full.sum() - np.outer(full.sum(1), full.sum(0)) / full.sum() ** 2


def all_divisions():
    """Return every division of the tiny networks' nodes, [4140, 8]."""
    found = [[0]]
    for _ in range(TINY - 1):
        found = [[*labels, label] for labels in found for label in range(max(labels) + 2)]
    return np.array(found)


def test_never_worse_than_louvain_alone():
    before = json.loads(GOLDEN.read_text())
    assert len(before) == 200
    found = [find_modules(*network(i), rng=RNG(i)).modularity for i in range(200)]
    assert min(np.subtract(found, before)) > -1e-9
    # Q of Barber's and of Newman's kind: the larger networks gain what a wrong null model would lose.
    assert min(np.subtract(found, before)[LARGE:]) > 0.004


def test_the_best_of_all_divisions_of_eight_nodes():
    divisions = all_divisions()
    assert len(divisions) == 4140
    same = divisions[:, :, None] == divisions[:, None, :]
    for i in range(100):
        one = network(i)
        gain = surplus(*one)
        found = find_modules(*one, rng=RNG(i))
        assert found.modularity == pytest.approx((same * gain).sum((1, 2)).max(), abs=1e-12)
        together = found.membership[:, None] == found.membership
        assert found.modularity == pytest.approx(gain[together].sum(), abs=1e-12)


@pytest.mark.parametrize("number", [150, 151])
def test_what_leiden_is_asked_for_is_our_q(number):
    """Leiden alone reaches what the whole search reaches: its weights of nodes give our null model."""
    one = network(number)
    ends = Ends.of(*one)
    alone = search_leiden(ends, searches=3, start=None, seed=7)
    assert ends.quality(alone) == pytest.approx(surplus(*one)[alone[:, None] == alone].sum())
    assert ends.quality(alone) > 0.95 * find_modules(*one, rng=RNG(7)).modularity


def test_a_better_start_is_kept_and_a_worse_one_left():
    ends = Ends.of(*network(150))
    best = search_leiden(ends, searches=3, start=None, seed=7)
    kept = search_leiden(ends, searches=1, start=best, seed=8)
    assert ends.quality(kept) >= ends.quality(best)
    worst = np.zeros(ends.nodes, np.int64)
    assert ends.quality(search_leiden(ends, searches=1, start=worst, seed=8)) > 0.1


@pytest.mark.parametrize("number", [197, 198])
def test_no_node_gains_by_a_move_in_large_networks(number):
    links, offset, nodes = network(number)
    found = find_modules(links, offset, nodes, runs=1, rng=RNG(7))
    ends, module = Ends.of(links, offset, nodes), found.membership
    modules = module.max() + 2  # one is empty
    total = len(ends.senders)
    near = np.zeros((nodes, modules))
    np.add.at(near, (ends.senders, module[ends.receivers]), 1)
    np.add.at(near, (ends.receivers, module[ends.senders]), 1)
    sends = np.bincount(module, ends.sending, modules)
    receives = np.bincount(module, ends.receiving, modules)
    everyone = np.arange(nodes)
    gain = near - (np.outer(ends.sending, receives) + np.outer(ends.receiving, sends)) / total
    gain[everyone, module] += 2 * ends.sending * ends.receiving / total  # a node is not its own company
    assert (gain.max(1) <= gain[everyone, module] + 1e-6).all()


def test_nodes_without_links_stay_alone():
    links = np.zeros((5, 6), bool)
    links[:2, :3] = links[2:4, 3:5] = True
    found = find_modules(sp.csr_array(links), (0, 5), 11, rng=RNG(7)).membership
    assert np.bincount(found).tolist() == [5, 4, 1, 1]
    assert sorted([found[4], found[10]]) == [2, 3]


def test_same_seed_same_modules_in_two_threads():
    networks = [network(number) for number in (151, 197, 198)] * 2
    alone = [find_modules(*one, runs=12, rng=RNG(3)).membership for one in networks]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(find_modules, *one, runs=12, rng=RNG(3)) for one in networks]
            found = [job.result().membership for job in jobs]
    finally:
        sys.setswitchinterval(interval)
    for one, other in zip(alone, found, strict=True):
        assert (one == other).all()
    assert (alone[1] != find_modules(*networks[1], runs=12, rng=RNG(4)).membership).any()


@pytest.mark.parametrize("fails", [False, True])
def test_igraph_draws_from_python_again_afterwards(fails):
    import igraph

    def draw():
        random.seed(5)
        return igraph.Graph.Erdos_Renyi(30, 0.3).get_edgelist()

    expected = draw()
    state = random.getstate()
    try:
        with seed_igraph(7):
            inside = igraph.Graph.Erdos_Renyi(30, 0.3).get_edgelist()
            if fails:
                raise RuntimeError("in the middle of a search")
    except RuntimeError:
        assert fails
    assert random.getstate() == state
    assert inside != expected
    assert draw() == expected
    find_modules(*network(151), rng=RNG(7))
    assert draw() == expected


def test_of_equally_good_divisions_the_one_with_most_modules():
    """Between all rows and all columns every link is expected: every division has Q = 0."""
    found = find_modules(sp.csr_array(np.ones((3, 4), bool)), (0, 3), 7, rng=RNG(7))
    assert found.membership.tolist() == list(range(7))
    assert found.modularity == 0.0


def test_all_divisions_are_those_of_brute_force():
    brute = {
        labels
        for labels in product(range(4), repeat=4)
        if all(label <= max(labels[:i], default=-1) + 1 for i, label in enumerate(labels))
    }
    assert {tuple(labels[:4]) for labels in all_divisions().tolist()} == brute


def test_modularity_of_a_division_is_that_of_networkx():
    links, offset, nodes = network(150)
    module = RNG(7).integers(0, 4, nodes)
    parts = [np.flatnonzero(module == k).tolist() for k in range(4)]
    theirs = nx.community.modularity(nx.from_scipy_sparse_array(links), parts)
    assert Ends.of(links, offset, nodes).quality(module) == pytest.approx(theirs)


def test_modularity_of_a_given_division_is_that_of_networkx():
    net = nx.karate_club_graph()
    adjacency = nx.to_numpy_array(net, weight=None)
    rng = np.random.default_rng(7)
    for modules in (1, 2, 5, 34):
        division = rng.integers(0, modules, 34)
        sets = [set(np.flatnonzero(division == m).tolist()) for m in np.unique(division)]
        expected = nx.community.modularity(net, sets, weight=None)
        assert modularity(adjacency, division) == pytest.approx(expected)
        assert modularity(adjacency, division * 1000 - 7) == pytest.approx(expected)  # any numbers will do
    found = communities(adjacency, rng=np.random.default_rng(7))
    assert modularity(adjacency, found.membership) == pytest.approx(found.modularity)


def test_bipartite_modularity_of_a_given_division_by_its_definition():
    rng = np.random.default_rng(7)
    links = rng.random((6, 9)) < 0.4
    division = rng.integers(0, 3, 15)
    rows, columns = links.sum(axis=1), links.sum(axis=0)
    expected = sum(
        links[i, j] - rows[i] * columns[j] / links.sum()
        for i in range(6)
        for j in range(9)
        if division[i] == division[6 + j]
    )
    assert bipartite_modularity(links, division) == pytest.approx(expected / links.sum())
    assert np.isnan(bipartite_modularity(np.zeros((2, 2)), [0, 0, 1, 1]))


@pytest.mark.parametrize(("division", "said"), [([0, 1], "each of 3 nodes"), ([0, 1, 0.5], "whole numbers")])
def test_a_division_needs_one_whole_number_a_node(division, said):
    with pytest.raises(ValueError, match=said):
        modularity(np.ones((3, 3)) - np.eye(3), division)


def test_a_division_in_two_is_that_of_the_leading_eigenvector():
    """Against numpy's eigenvectors; the network of two populations and the plain one."""
    rng = np.random.default_rng(3)
    blocks = rng.random((24, 16)) < np.kron([[0.5, 0.1], [0.1, 0.5]], np.ones((12, 8)))
    halves = np.concatenate([np.arange(24) >= 12, np.arange(16) >= 8])
    found = bisect_modularity(sp.csr_array(blocks), (0, 24), 40, rng=rng)
    assert found >= bipartite_modularity(blocks, halves) - 1e-12
    assert found <= bipartite_modularity(blocks, rng=rng) + 1e-12
    net = nx.barbell_graph(8, 0)
    adjacency = sp.csr_array(nx.to_scipy_sparse_array(net).astype(bool))
    degrees = np.asarray(adjacency.sum(axis=1)).ravel()
    matrix = adjacency.toarray() - np.outer(degrees, degrees) / degrees.sum()
    signs = np.linalg.eigh(matrix)[1][:, -1] > 0
    expected = modularity(adjacency, signs.astype(int))
    assert bisect_modularity(adjacency, (0, 0), 16, rng=rng) == pytest.approx(expected)
    assert np.isnan(bisect_modularity(sp.csr_array((2, 3), dtype=bool), (0, 2), 5, rng=rng))


def test_one_search_finds_nearly_what_many_find():
    rng = np.random.default_rng(3)
    links = sp.csr_array(rng.random((40, 30)) < 0.1)
    one, many = quick_modularity(links, (0, 40), 70, rng=rng), bipartite_modularity(links, rng=rng)
    assert 0.85 * many < one <= many + 1e-12
