import math
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.geometry import laplacian
from netsci.graph.geometry.embedding import coalescent_embedding
from netsci.graph.geometry.laplacian import eigenmaps
from netsci.graph.geometry.reductions import along_tree
from netsci.graph.geometry.spanning_tree import minimum_spanning_tree, tree_of
from netsci.graph.geometry.weightings import WEIGHTINGS

GOLDEN = Path(__file__).parents[2] / "golden" / "coalescent"
NETWORKS = ["karate", "opsahl_11", "npso100_g2"]
WEIGHTS = {"original": "none", "RA1": "ra1", "RA2": "ra2", "EBC": "ebc"}
METHODS = ["MCE", "ncMCE", "LE"]
FULL_CIRCLE = 2 * math.pi


def load(name):
    with np.load(GOLDEN / f"{name}.npz") as stored:
        golden = {key: stored[key] for key in stored.files}
    n, (i, j) = int(golden["n"]), golden["edges"].T
    half = sp.coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(n, n))
    return golden, sp.csr_array(half + half.T)


def up_to_sign(found, expected):
    signs = np.sign((found * expected).sum(axis=0))
    return (np.abs(found - signs * expected).max(axis=0) / np.abs(expected).max(axis=0)).max()


def tied(values):
    order = np.argsort(values)
    near = np.diff(values[order]) < 1e-7 * np.ptp(values)
    either = np.zeros(len(values), dtype=bool)
    either[order[1:][near]] = either[order[:-1][near]] = True
    return either


def turned_alike(ranks, expected, free):
    """Whether ranks around the circle agree up to rotation and reflection at all nodes not free."""
    n = len(ranks)
    return any(len(np.unique((expected - sign * ranks)[~free] % n)) <= 1 for sign in (1, -1))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_golden(name, weight, method):
    golden, adjacency = load(name)
    key = f"{weight}__{method}__"
    options = {"weighting": WEIGHTS[weight], "reduction": method.lower()}
    expected, n = golden[key + "columns"], len(golden["radial"])
    flat = coalescent_embedding(adjacency, **options, angles="original")
    shown = flat if method != "LE" else coalescent_embedding(adjacency, **options, dimension=3)
    assert up_to_sign(shown.columns, expected) <= 1e-6
    np.testing.assert_allclose(shown.spectrum, golden[key + "spectrum"], rtol=1e-9)
    if method == "LE":
        signs = np.sign((shown.columns * expected).sum(axis=0))
        x, y, z = (signs * expected).T
        np.testing.assert_allclose(shown.azimuth, np.arctan2(y, x) % FULL_CIRCLE, atol=1e-6)
        np.testing.assert_allclose(shown.elevation, np.arctan2(z, np.hypot(x, y)), atol=1e-6)
        np.testing.assert_array_equal(shown.azimuth, flat.theta)
    else:
        y = expected[:, 0] * np.sign((flat.columns * expected).sum())
        turn = FULL_CIRCLE * (n - 1) / n
        np.testing.assert_allclose(flat.theta, turn * (y - y.min()) / np.ptp(y), atol=1e-6)
    spread = coalescent_embedding(adjacency, **options)
    ranks = np.rint(spread.theta * n / FULL_CIRCLE).astype(int)
    assert turned_alike(ranks, golden[key + "rank_EA"].astype(int), tied(flat.theta))


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("name", NETWORKS)
def test_golden_tree_and_what_follows_from_it(name, weight):
    golden, adjacency = load(name)
    lengths = WEIGHTINGS[WEIGHTS[weight]](adjacency)
    stored = np.sort(golden[f"{weight}__mst_edges"], axis=1)
    tree = minimum_spanning_tree(lengths)
    assert set(zip(*sp.triu(tree).nonzero(), strict=True)) == set(map(tuple, stored.tolist()))
    for method in ("MCE", "ncMCE"):
        reduced = along_tree(tree_of(lengths, stored), centred=method == "MCE")
        assert up_to_sign(reduced.columns, golden[f"{weight}__{method}__columns"]) <= 1e-6


def test_tree_by_hand():
    """A square with a diagonal: of the links of length 1, (0, 1), (0, 3), (1, 2) come first, 3-2 closes."""
    square = np.zeros((4, 4))
    for i, j, length in [(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 3, 1), (0, 2, 0.5)]:
        square[i, j] = square[j, i] = length
    tree = sp.triu(minimum_spanning_tree(sp.csr_array(square)))
    assert sorted(zip(*tree.nonzero(), strict=True)) == [(0, 1), (0, 2), (0, 3)]
    # rounding does not decide between lengths that are equal in theory
    square[0, 1] = square[1, 0] = 1 + 4e-16
    nudged = sp.triu(minimum_spanning_tree(sp.csr_array(square)))
    assert sorted(zip(*nudged.nonzero(), strict=True)) == [(0, 1), (0, 2), (0, 3)]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_tree_is_as_short_as_scipys(seed, n):
    rng = np.random.default_rng(seed)
    lengths = np.triu(np.where(rng.random((n, n)) < 0.4, rng.integers(1, 6, (n, n)), 0.0), 1)
    weights = sp.csr_array(lengths + lengths.T)
    tree, oracle = minimum_spanning_tree(weights), sp.csgraph.minimum_spanning_tree(weights)
    assert tree.nnz == 2 * oracle.nnz
    assert tree.sum() == 2 * oracle.sum()
    assert sp.csgraph.connected_components(tree)[0] == sp.csgraph.connected_components(weights)[0]


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 25), st.floats(0.05, 0.9))
def test_common_neighbours_equal_the_squared_adjacency(seed, n, density):
    dense = np.triu(np.random.default_rng(seed).random((n, n)) < density, 1)
    dense = (dense | dense.T).astype(int)
    k, c = dense.sum(0), dense @ dense
    expected = np.where(dense, (k[:, None] + k + k[:, None] * k) / (1 + c), 0)
    np.testing.assert_array_equal(WEIGHTINGS["ra1"](sp.csr_array(dense > 0)).toarray(), expected)


@pytest.mark.parametrize("centred", [True, False])
def test_tree_paths_oracle(centred):
    """networkx's path lengths on the tree, and the full singular value decomposition."""
    adjacency = nx.to_numpy_array(nx.barabasi_albert_graph(30, 3, seed=7))
    lengths = WEIGHTINGS["ra1"](sp.csr_array(adjacency > 0))
    graph = nx.from_scipy_sparse_array(minimum_spanning_tree(lengths))
    assert nx.is_tree(graph)
    distances = np.asarray(nx.floyd_warshall_numpy(graph, nodelist=range(30)))
    centre = np.eye(30) - 1 / 30
    _, s, vt = np.linalg.svd(-0.5 * centre @ distances**2 @ centre if centred else distances)
    at = 0 if centred else 1
    found = coalescent_embedding(adjacency, reduction="mce" if centred else "ncmce", angles="original")
    assert up_to_sign(found.columns, vt[[at]].T * np.sqrt(s[at])) < 1e-8
    np.testing.assert_allclose(found.spectrum, s[: at + 2])
    assert found.theta.min() == 0
    assert found.theta.max() == pytest.approx(FULL_CIRCLE * 29 / 30)


def test_chain_by_hand():
    """The tree of a chain is the chain: its nodes come in order; rank 0 may be either end."""
    chain = nx.to_numpy_array(nx.path_graph(6))
    disk = coalescent_embedding(chain, weighting="none", reduction="mce", gamma=2.5)
    assert np.rint(disk.theta * 6 / FULL_CIRCLE).tolist() in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0])
    # centred path lengths of a line are its squared positions: column = position - mean
    np.testing.assert_allclose(np.abs(disk.columns[:, 0]), [2.5, 1.5, 0.5, 0.5, 1.5, 2.5])


def dense_eigenmaps(lengths, count):
    mean = lengths.data.mean()
    h = np.where(lengths.toarray() > 0, np.exp(-((lengths.toarray() / mean) ** 2)), 0.0)
    values, vectors = scipy.linalg.eigh(np.diag(h.sum(0)) - h, np.diag(h.sum(0)))
    return values[1 : count + 1], vectors[:, 1 : count + 1]


def ring_with_shortcuts(n):
    graph = nx.connected_watts_strogatz_graph(n, 6, 0.02, seed=7)
    return sp.csr_array(nx.to_scipy_sparse_array(graph, dtype=bool))


@pytest.mark.parametrize("way", ["lanczos", "factorised"])
def test_eigenmaps_sparse_ways_equal_the_dense_generalised_problem(way, monkeypatch):
    lengths = WEIGHTINGS["ra2"](ring_with_shortcuts(405))
    expected = dense_eigenmaps(lengths, 3)
    factorised = []
    true_way = laplacian._by_factorisation
    monkeypatch.setattr(laplacian, "_by_factorisation", lambda *a: factorised.append(1) or true_way(*a))
    monkeypatch.setattr(laplacian, "RESTARTS", 1 if way == "factorised" else 10_000)
    values, vectors = eigenmaps(lengths, 3)
    assert bool(factorised) == (way == "factorised")
    np.testing.assert_allclose(values, expected[0], rtol=1e-9)
    assert up_to_sign(vectors, expected[1]) < 1e-7
    again = eigenmaps(lengths, 3)[1]
    np.testing.assert_array_equal(vectors, again)


def test_eigenmaps_oracle_and_norm():
    lengths = WEIGHTINGS["ra1"](sp.csr_array(nx.to_numpy_array(nx.barabasi_albert_graph(60, 2, seed=7)) > 0))
    found = coalescent_embedding(lengths, reduction="le", dimension=3)
    values, vectors = dense_eigenmaps(WEIGHTINGS["ra1"](sp.csr_array(lengths > 0)), 4)
    np.testing.assert_allclose(found.spectrum, values, rtol=1e-10)
    assert up_to_sign(found.columns, vectors[:, :3]) < 1e-9
    h = WEIGHTINGS["ra1"](sp.csr_array(lengths > 0))
    h.data = np.exp(-((h.data / h.data.mean()) ** 2))
    np.testing.assert_allclose(found.columns.T @ (h.sum(0)[:, None] * found.columns), np.eye(3), atol=1e-12)


def test_eigenmaps_of_bipartite_and_tiny_networks():
    """The eigenvalue 2 of a bipartite network is the largest, not the trivial one."""
    values, _ = eigenmaps(sp.csr_array(nx.to_numpy_array(nx.path_graph(4))), 3)
    np.testing.assert_allclose(values, [0.5, 1.5, 2.0])
    ball = coalescent_embedding(nx.to_numpy_array(nx.path_graph(4)), reduction="le", dimension=3, gamma=2.5)
    assert np.isfinite(ball.columns).all()


def test_eigenmaps_keep_nodes_far_from_all_neighbours():
    """exp(-30^2) is 0 in floating point; its logarithm is not. Beyond, the node is refused."""
    cycle = nx.to_numpy_array(nx.cycle_graph(5000))
    lengths = sp.csr_array(cycle)
    far = np.isin(lengths.indices, [7]) | np.isin(np.repeat(np.arange(5000), 2), [7])
    lengths.data[far] = 30.0  # of a mean of 1.01
    values, vectors = eigenmaps(lengths, 2)
    assert (values >= 0).all()
    assert np.isfinite(vectors).all()
    lengths.data[far] = 45.0
    with pytest.raises(ValueError, match="no coordinates for node 7"):
        eigenmaps(lengths, 2)


def test_large_star_is_solved_and_said_to_be_arbitrary():
    star = sp.csr_array(nx.to_scipy_sparse_array(nx.star_graph(600), dtype=bool))
    first, second = (coalescent_embedding(star, reduction="le", gamma=2.5) for _ in range(2))
    np.testing.assert_array_equal(first.theta, second.theta)
    np.testing.assert_allclose(first.spectrum, 1.0)
    assert any("arbitrary" in note for note in first.notes)


@pytest.mark.parametrize("reduction", ["iso", "nciso", "mce", "ncmce"])
def test_few_and_all_eigenpairs_agree(reduction, monkeypatch):
    dense = nx.to_numpy_array(nx.barabasi_albert_graph(120, 4, seed=7))
    full = coalescent_embedding(dense, reduction=reduction)
    monkeypatch.setattr("netsci.graph.geometry.reductions.FULL_SPECTRUM", 0)
    few = coalescent_embedding(dense, reduction=reduction)
    np.testing.assert_allclose(few.columns, full.columns, atol=1e-8)
    np.testing.assert_allclose(few.spectrum, full.spectrum, rtol=1e-10)


def test_edge_betweenness_counts_pairs_once():
    path = sp.csr_array(nx.to_numpy_array(nx.path_graph(5)) > 0)
    assert sp.triu(WEIGHTINGS["ebc"](path)).data.tolist() == [4.0, 6.0, 6.0, 4.0]


def median_step(disk):
    return np.median(np.abs((np.diff(disk.theta) + math.pi) % FULL_CIRCLE - math.pi))


@pytest.mark.parametrize("reduction", ["mce", "ncmce", "le"])
def test_recovers_the_order_behind_a_network(reduction):
    """Neighbours on a line (le: on a circle) stay neighbours; a random network has none."""
    near = nx.path_graph(150) if reduction != "le" else nx.watts_strogatz_graph(150, 6, 0.02, seed=7)
    random = nx.gnm_random_graph(150, 450, seed=7)
    found, lost = (
        coalescent_embedding(nx.to_numpy_array(g), weighting="none", reduction=reduction, gamma=2.5)
        for g in (near, random)
    )
    assert median_step(found) < 4 * FULL_CIRCLE / 150
    assert median_step(lost) > 0.5
