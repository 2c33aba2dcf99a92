from itertools import combinations, product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.structure.bipartite_measures import (
    bipartite_assortativity,
    bipartite_communities,
    bipartite_graph,
    bipartite_modularity,
    latapy_clustering,
    nodf,
    robins_alexander,
)
from netsci.graph.structure.local_community import bipartite_lcp_correlation
from tests.strategies import masks

RNG = np.random.default_rng
SYMMETRIC = (robins_alexander, latapy_clustering, bipartite_assortativity, bipartite_lcp_correlation)
# Two rows that share a square, a third row that hangs on: neither square nor symmetric.
HAND = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1]])


def same(a, b):
    return (np.isnan(a) and np.isnan(b)) or a == pytest.approx(b, abs=1e-12)


def network(mask):
    net = nx.Graph()
    net.add_nodes_from(("row", i) for i in range(mask.shape[0]))
    net.add_nodes_from(("column", j) for j in range(mask.shape[1]))
    net.add_edges_from((("row", i), ("column", j)) for i, j in zip(*mask.nonzero(), strict=True))
    return net


def nested_pairs(mask):
    """Percent of each pair of nonempty rows, by the definition."""
    rows = [set(np.flatnonzero(row)) for row in mask if row.any()]
    return [100 * len(a & b) / min(len(a), len(b)) * (len(a) != len(b)) for a, b in combinations(rows, 2)]


def mean(values):
    return np.mean(values) if len(values) else np.nan


def test_by_hand():
    """Squares: rows 0, 1 on columns 0, 1. Paths of three: sum over links of (k - 1)(d - 1)."""
    assert robins_alexander(HAND) == pytest.approx(4 / (2 * 1 * 3 + 1 * 1 * 2 + 1))
    rows = [np.mean([2 / 3, 1 / 4]), 2 / 3, 1 / 4]
    assert latapy_clustering(HAND, "rows") == pytest.approx(np.mean(rows))
    columns = [np.mean([1, 1 / 3]), np.mean([1, 1 / 3]), np.mean([1 / 3, 1 / 3, 1 / 2]), 1 / 2]
    assert latapy_clustering(HAND, "columns") == pytest.approx(np.mean(columns))
    assert latapy_clustering(HAND) == pytest.approx(np.mean(rows + columns))
    found = nodf(HAND)
    rows, columns = [100, 50, 0], [0, 0, 0, 0, 0, 100]
    assert found.rows == pytest.approx(np.mean(rows))
    assert found.columns == pytest.approx(np.mean([0, 0, 0, 0, 0, 100])) == pytest.approx(np.mean(columns))
    assert found.total == pytest.approx(np.mean(rows + columns))


def test_lcp_by_hand():
    """Row 2 closes to a square in two ways, but not row 3, whose only link is left out."""
    mask = np.array([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 1]])
    # rows 0 and 1: (u, v) has z1 = the other column, z2 = the two other rows; row 2 the same, z1 = column 1
    # or 0; links of column 2 and 3 have no path of three besides themselves
    assert np.isnan(bipartite_lcp_correlation(mask))
    mask[3, 0] = 1  # now link 2-2 closes by 2-0-3-2, and 2-0, 3-0, 3-2 too
    pairs = {(0, 0): (3, 2), (0, 1): (3, 2), (1, 0): (3, 2), (1, 1): (3, 2), (2, 1): (3, 2)}
    pairs |= {(2, 0): (5, 3), (2, 2): (2, 1), (3, 0): (2, 1), (3, 2): (2, 1)}
    cn, lcl = np.array(list(pairs.values())).T
    assert bipartite_lcp_correlation(mask) == pytest.approx(np.corrcoef(cn, lcl)[0, 1])


@settings(deadline=None, max_examples=60)
@given(masks())
def test_lcp_by_brute_force(mask):
    values = []
    for u, v in zip(*mask.nonzero(), strict=True):
        inner = [
            (z1, z2)
            for z1, z2 in product(range(mask.shape[1]), range(mask.shape[0]))
            if z1 != v and z2 != u and mask[u, z1] and mask[z2, v] and mask[z2, z1]
        ]
        if inner:
            values.append((len({z1 for z1, _ in inner}) + len({z2 for _, z2 in inner}), len(inner)))
    cn, lcl = np.array(values or [(0, 0)]).T
    defined = np.ptp(cn) > 0 and np.ptp(lcl) > 0
    assert same(bipartite_lcp_correlation(mask), np.corrcoef(cn, lcl)[0, 1] if defined else np.nan)


@settings(deadline=None, max_examples=60)
@given(masks())
def test_clustering_against_networkx(mask):
    net = network(mask)
    rows, columns = [n for n in net if n[0] == "row"], [n for n in net if n[0] == "column"]
    paths = sum((net.degree(a) - 1) * (net.degree(b) - 1) for a, b in net.edges)
    # networkx returns 0 where there is no path of three
    assert same(robins_alexander(mask), nx.bipartite.robins_alexander_clustering(net) if paths else np.nan)
    local = nx.bipartite.latapy_clustering(net)
    for side, nodes in (("rows", rows), ("columns", columns), ("all", rows + columns)):
        assert latapy_clustering(mask, side) == pytest.approx(np.mean([local[n] for n in nodes]))


@settings(deadline=None, max_examples=60)
@given(masks())
def test_nestedness_by_its_definition(mask):
    rows, columns = nested_pairs(mask), nested_pairs(mask.T)
    found = nodf(mask)
    assert same(found.rows, mean(rows))
    assert same(found.columns, mean(columns))
    assert same(found.total, mean(rows + columns))


@settings(deadline=None, max_examples=60)
@given(masks())
def test_assortativity_by_its_definition(mask):
    i, j = mask.nonzero()
    first, second = mask.sum(1)[i], mask.sum(0)[j]
    defined = len(i) > 1 and np.ptp(first) > 0 and np.ptp(second) > 0
    expected = np.corrcoef(first, second)[0, 1] if defined else np.nan
    assert same(bipartite_assortativity(mask), expected)


@settings(deadline=None, max_examples=40)
@given(masks(), st.integers(0, 99))
def test_transposing_and_renaming_change_nothing(mask, seed):
    rng = np.random.default_rng(seed)
    other = mask[rng.permutation(mask.shape[0])][:, rng.permutation(mask.shape[1])].T
    for measure in SYMMETRIC:
        assert same(measure(other), measure(mask)), measure.__name__
    assert same(nodf(other).rows, nodf(mask).columns)
    assert same(nodf(other).columns, nodf(mask).rows)
    assert same(nodf(other).total, nodf(mask).total)
    assert same(latapy_clustering(other, "rows"), latapy_clustering(mask, "columns"))


def test_extremes():
    assert robins_alexander(np.ones((3, 4))) == 1.0
    assert robins_alexander(np.eye(3, 4) + np.eye(3, 4, k=1)) == 0.0
    assert nodf(np.tri(5)).total == 100.0
    assert nodf(np.ones((3, 3))).total == 0.0  # nothing decreases
    padded = np.zeros((7, 8))
    padded[1:6, 2:7] = np.tri(5)
    assert nodf(padded).total == 100.0


def divisions(nodes):
    for labels in product(range(nodes), repeat=nodes):
        if all(label <= max(labels[:i], default=-1) + 1 for i, label in enumerate(labels)):
            yield np.array(labels)


@settings(deadline=None, max_examples=20)
@given(masks(max_side=3), st.integers(0, 99))
def test_best_of_all_divisions(mask, seed):
    found = bipartite_communities(mask, rng=np.random.default_rng(seed))
    assert found.membership.shape == (sum(mask.shape),)
    if not mask.any():
        assert np.isnan(found.modularity)
        return
    links = mask.sum()
    surplus = mask / links - np.outer(mask.sum(1), mask.sum(0)) / links**2

    def quality(labels):
        rows, columns = labels[: len(mask)], labels[len(mask) :]
        return surplus[rows[:, None] == columns].sum()

    assert found.modularity == pytest.approx(quality(found.membership))
    assert found.modularity == pytest.approx(max(map(quality, divisions(sum(mask.shape)))))


@pytest.mark.parametrize("seed", range(4))
def test_no_node_gains_by_a_move(seed):
    """Nor by leaving for a module of its own."""
    mask = RNG(seed).random((15, 25)) < 0.15
    found = bipartite_communities(mask, runs=1, rng=RNG(seed))
    surplus = mask / mask.sum() - np.outer(mask.sum(1), mask.sum(0)) / mask.sum() ** 2
    for node, module in product(range(40), range(found.membership.max() + 2)):
        labels = found.membership.copy()
        labels[node] = module
        moved = surplus[labels[:15, None] == labels[15:]].sum()
        assert moved <= found.modularity + 1e-9


def test_planted_modules_are_found():
    rng = np.random.default_rng(7)
    mask = (rng.random((40, 60)) < 0.03) | (
        np.kron(np.eye(4), np.ones((10, 15))) * rng.random((40, 60)) > 0.4
    )
    found = bipartite_communities(mask, rng=rng).membership
    assert len(set(found)) == 4
    assert all(len(set(found[10 * k : 10 * k + 10])) == 1 for k in range(4))
    assert all(found[10 * k] == found[40 + 15 * k] for k in range(4))


def test_southern_women():
    """Better than the division into three that Barber reports, Q = 0.321."""
    net = nx.davis_southern_women_graph()
    women = net.graph["top"]
    mask = nx.bipartite.biadjacency_matrix(net, women).toarray()
    assert 0.34 < bipartite_modularity(mask, rng=np.random.default_rng(7)) < 0.35


def test_one_network_of_both_sides():
    adjacency = bipartite_graph(HAND).toarray()
    assert (adjacency[:3, 3:] == HAND).all()
    assert (adjacency == adjacency.T).all()
    assert not adjacency[:3, :3].any()
    assert not adjacency[3:, 3:].any()


@pytest.mark.parametrize("measure", [*SYMMETRIC, nodf, bipartite_graph])
def test_bad_input(measure):
    with pytest.raises(ValueError, match="NaN"):
        measure([[np.nan]])
    with pytest.raises(ValueError, match="2-D"):
        measure([1, 0])
    with pytest.raises(TypeError, match="dtype"):
        measure([["a"]])


def test_bad_options():
    with pytest.raises(ValueError, match="rows, columns, all; got 'top'"):
        latapy_clustering(HAND, "top")
    with pytest.raises(TypeError, match="Generator"):
        bipartite_modularity(HAND, rng=7)
    with pytest.raises(ValueError, match="runs"):
        bipartite_modularity(HAND, runs=0, rng=np.random.default_rng(7))


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (2, 3)])
def test_nothing_to_measure_is_nan(shape):
    mask = np.zeros(shape)
    for measure in (robins_alexander, bipartite_assortativity, bipartite_lcp_correlation):
        assert np.isnan(measure(mask))
    found = nodf(mask)
    assert np.isnan([found.rows, found.columns, found.total]).all()
    assert np.isnan(bipartite_modularity(mask, rng=np.random.default_rng(7)))
    assert same(latapy_clustering(mask), 0.0 if sum(shape) else np.nan)
