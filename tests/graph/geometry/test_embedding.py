import math
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from netsci.graph.geometry.embedding import WEIGHTINGS, coalescent_embedding, radial_coordinates
from netsci.graph.geometry.reductions import _leading_coordinates
from netsci.graph.structure.shortest_paths import all_distances

GOLDEN = Path(__file__).parents[2] / "golden" / "coalescent"
NETWORKS = sorted(path.stem for path in GOLDEN.glob("*.npz"))
WEIGHTS = {"original": "none", "RA1": "ra1", "RA2": "ra2", "EBC": "ebc"}
FULL_CIRCLE = 2 * math.pi


def load(name):
    with np.load(GOLDEN / f"{name}.npz") as stored:
        return {key: stored[key] for key in stored.files}


def adjacency_of(golden):
    n, (i, j) = int(golden["n"]), golden["edges"].T
    half = sp.coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(n, n))
    return sp.csr_array(half + half.T)


def cases():
    for name in NETWORKS:
        with np.load(GOLDEN / f"{name}.npz") as stored:
            keys = stored.files
        for weight in WEIGHTS:
            for method in ("ISO", "ncISO"):
                if f"{weight}__{method}__columns" in keys:
                    yield pytest.param(name, weight, method, id=f"{name}-{weight}-{method}")


def apart(first, second):
    """Distance of angles on the circle."""
    return np.abs((first - second + math.pi) % FULL_CIRCLE - math.pi)


def aligned(theta, other):
    """Residuals after the turn and reflection of theta that suits half of the nodes best."""
    turned = []
    for sign in (1, -1):
        turns = np.unique((other - sign * theta).round(6) % FULL_CIRCLE)
        residuals = apart(sign * theta + turns[:, None], other)
        turned.append(residuals[np.argmin(np.median(residuals, axis=1))])
    return min(turned, key=np.median)


def sparse_network(seed, n=60, links=150):
    """Connected, with a spread of degrees."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((n, n), dtype=bool)
    dense[np.arange(1, n), [rng.integers(0, k) for k in range(1, n)]] = True
    weight = 1 / np.arange(1, n + 1)
    pairs = rng.choice(n, (links, 2), p=weight / weight.sum())
    dense[pairs[:, 0], pairs[:, 1]] = True
    np.fill_diagonal(dense, False)
    return dense | dense.T


@pytest.mark.parametrize("name", NETWORKS)
def test_golden_radii_and_weights(name):
    golden = load(name)
    adjacency = adjacency_of(golden)
    disk = coalescent_embedding(adjacency)
    assert disk.gamma == pytest.approx(float(golden["gamma"]), rel=1e-12)
    np.testing.assert_allclose(disk.radius, golden["radial"], rtol=1e-12, atol=1e-12)
    for weight, ours in WEIGHTS.items():
        if f"{weight}__edge_weight" in golden:
            lengths = WEIGHTINGS[ours](adjacency)
            found = np.asarray(lengths[golden["edges"][:, 0], golden["edges"][:, 1]]).ravel()
            np.testing.assert_allclose(found, golden[f"{weight}__edge_weight"], rtol=1e-12)
            assert (lengths != lengths.T).nnz == 0


@pytest.mark.parametrize(("name", "weight", "method"), list(cases()))
def test_golden_columns_and_angles(name, weight, method):
    golden = load(name)
    key = f"{weight}__{method}__"
    options = {"weighting": WEIGHTS[weight], "reduction": method.lower()}
    ball = coalescent_embedding(adjacency_of(golden), **options, dimension=3)
    expected = golden[key + "columns"]
    signs = np.sign(np.sum(expected * ball.columns, axis=0))
    assert np.abs(ball.columns - signs * expected).max() <= 1e-9 * np.abs(expected).max()
    np.testing.assert_allclose(ball.spectrum, golden[key + "spectrum"], rtol=1e-10)

    x, y, z = (signs * expected).T
    held = np.hypot(x, y) > 1e-7 * np.abs(expected).max()  # an angle at the origin means nothing
    assert apart(ball.azimuth, np.arctan2(y, x))[held].max() < 1e-5
    np.testing.assert_allclose(ball.elevation, np.arctan2(z, np.hypot(x, y)), atol=1e-6)

    disk = coalescent_embedding(adjacency_of(golden), **options)
    n = len(disk.nodes)
    moved = (
        aligned(FULL_CIRCLE * golden[key + "rank_EA"] / n, disk.theta) > 1e-4
    )  # turns are rounded; a rank is .006 or more
    # equal angles are ranked by node, so a reflection reverses them; all other nodes agree
    order = np.sort(ball.azimuth)
    gaps = np.diff(order, append=order[0] + FULL_CIRCLE)
    tied = np.isin(ball.azimuth, np.concatenate([order[gaps < 1e-6], np.roll(order, -1)[gaps < 1e-6]]))
    assert not (moved & ~tied).any()


def test_equidistant_keeps_the_order():
    adjacency = adjacency_of(load("npso250"))
    original, spread = (coalescent_embedding(adjacency, angles=how) for how in ("original", "equidistant"))
    assert (np.argsort(original.theta, kind="stable") == np.argsort(spread.theta, kind="stable")).all()
    np.testing.assert_allclose(np.sort(spread.theta), FULL_CIRCLE * np.arange(250) / 250, rtol=1e-15)


@pytest.mark.parametrize("reduction", ["iso", "nciso"])
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_oracle_networkx_and_full_svd(weighting, reduction):
    dense = sparse_network(3)
    graph = nx.from_numpy_array(dense)
    k, between = dense.sum(0), nx.edge_betweenness_centrality(graph, normalized=False)
    for i, j in graph.edges:
        c = len(list(nx.common_neighbors(graph, i, j)))
        ei, ej = k[i] - c - 1, k[j] - c - 1
        graph[i][j]["weight"] = {
            "none": 1.0,
            "ra1": (k[i] + k[j] + k[i] * k[j]) / (1 + c),
            "ra2": (1 + ei + ej + ei * ej) / (1 + c),
            "ebc": between[i, j],
        }[weighting]
    distances = np.asarray(nx.floyd_warshall_numpy(graph))
    centre = np.eye(60) - 1 / 60
    matrix = -0.5 * centre @ distances**2 @ centre if reduction == "iso" else distances
    _, s, vt = np.linalg.svd(matrix)
    first = 0 if reduction == "iso" else 1
    expected = vt[first : first + 2].T * np.sqrt(s[first : first + 2])
    found = coalescent_embedding(dense, weighting=weighting, reduction=reduction, angles="original")
    np.testing.assert_allclose(
        found.columns, expected * np.sign((found.columns * expected).sum(0)), atol=1e-8
    )


def test_leading_by_modulus_not_by_value():
    reduced = _leading_coordinates(np.diag([1.0, -4.0, 3.0, 2.0, -0.5]), 0, 2)
    assert reduced.spectrum.tolist() == [4.0, 3.0, 2.0]
    np.testing.assert_allclose(np.abs(reduced.columns).argmax(0), [1, 2])
    np.testing.assert_allclose(reduced.columns.max(0), [2.0, math.sqrt(3)])


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.sampled_from(["iso", "nciso"]))
def test_relabelled_nodes_get_the_same_places_up_to_rotation_and_reflection(seed, reduction):
    dense = sparse_network(seed)
    disk = coalescent_embedding(dense, reduction=reduction, angles="original")
    if np.min(-np.diff(disk.spectrum) / disk.spectrum[:-1]) < 1e-3:
        return  # nearly equal eigenvalues: their columns may turn
    order = np.random.default_rng(seed).permutation(len(dense))
    moved = coalescent_embedding(dense[np.ix_(order, order)], reduction=reduction, angles="original")
    assert moved.gamma == disk.gamma
    signs = np.sign((moved.columns * disk.columns[order]).sum(0))
    np.testing.assert_allclose(moved.columns, signs * disk.columns[order], atol=1e-7)
    np.testing.assert_allclose(np.sort(moved.radius), np.sort(disk.radius))


def test_radius_by_hand():
    """beta = 1/2 at gamma 3: rank r of four nodes is at ln r + ln 4; ties go to the earlier node."""
    radius = radial_coordinates(np.array([2, 5, 2, 9]), 3.0)
    np.testing.assert_allclose(radius, np.log([3, 2, 4, 1]) + math.log(4))
    # beta = 2 at gamma 1.5 would put the hubs below zero
    np.testing.assert_allclose(
        radial_coordinates(np.array([2, 5, 2, 9]), 1.5),
        [4 * math.log(3) - 2 * math.log(4), 0, 2 * math.log(4), 0],
    )


def test_ring_by_hand():
    """The nodes of a ring come back in their order around the circle; its equal degrees give no gamma."""
    ring = np.roll(np.eye(7), 1, axis=1) + np.roll(np.eye(7), -1, axis=1)
    disk = coalescent_embedding(ring, weighting="none", reduction="iso", angles="original")
    steps = apart(disk.theta, np.roll(disk.theta, 1))
    np.testing.assert_allclose(steps, FULL_CIRCLE / 7, atol=1e-9)
    assert math.isnan(disk.gamma)
    assert np.isnan(disk.radius).all()
    assert np.isfinite(coalescent_embedding(ring, gamma=2.5).radius).all()


def test_layered_links_say_degree_only():
    mask = sp.csr_array(np.random.default_rng(7).random((40, 25)) < 0.2)
    adjacency = sp.csr_array(sp.block_array([[None, mask], [mask.T, None]]))
    k = np.diff(adjacency.indptr)
    rows = np.repeat(np.arange(65), k)
    ends = k[rows], k[adjacency.indices]
    np.testing.assert_array_equal(WEIGHTINGS["ra1"](adjacency).data, (1 + ends[0]) * (1 + ends[1]) - 1)
    np.testing.assert_array_equal(WEIGHTINGS["ra2"](adjacency).data, ends[0] * ends[1])


def test_largest_component_and_its_share():
    dense = np.zeros((90, 90), dtype=bool)
    dense[20:80, 20:80] = sparse_network(1)
    dense[0, 1] = dense[1, 0] = dense[3, 4] = dense[4, 3] = True
    disk = coalescent_embedding(dense)
    assert disk.nodes.tolist() == list(range(20, 80))
    assert disk.nodes.dtype == np.int64
    assert disk.component_share == 60 / 90
    np.testing.assert_array_equal(disk.theta, coalescent_embedding(sparse_network(1)).theta)
    twins = np.kron(np.eye(2), sparse_network(1)).astype(bool)
    assert coalescent_embedding(twins).nodes.tolist() == list(range(60))


def test_only_structure_counts():
    dense = sparse_network(2)
    stored = sp.csr_array(dense.astype(np.float64))
    stored.data[:] = np.random.default_rng(7).normal(size=stored.nnz)
    stored.data[0] = 0.0  # a stored zero is a link
    np.testing.assert_array_equal(coalescent_embedding(stored).theta, coalescent_embedding(dense).theta)


def test_deterministic_and_angles_in_range():
    dense = sparse_network(4, n=450, links=2000)
    first, second = coalescent_embedding(dense, dimension=3), coalescent_embedding(dense, dimension=3)
    for field in ("theta", "radius", "azimuth", "elevation", "columns"):
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field))
    assert ((first.azimuth >= 0) & (first.azimuth < FULL_CIRCLE)).all()
    assert (np.abs(first.elevation) <= math.pi / 2).all()
    assert ((first.radius >= 0) & (first.radius <= 2 * math.log(450) + 1e-12)).all()
    flat = coalescent_embedding(dense)
    assert (flat.azimuth, flat.elevation) == (None, None)
    np.testing.assert_array_equal(flat.theta, first.theta)


def test_recovers_the_angles_behind_a_network():
    """A geometric ring with short-cuts comes back; its rewired control does not."""
    n, rng = 200, np.random.default_rng(7)
    ring = np.zeros((n, n), dtype=bool)
    for step in range(1, 6):
        ring[np.arange(n), (np.arange(n) + step) % n] = rng.random(n) < 0.8
    true = FULL_CIRCLE * np.arange(n) / n
    random = np.triu(rng.random((n, n)) < 2 * ring.mean(), 1)
    ring, random = ring | ring.T, random | random.T
    assert np.median(aligned(coalescent_embedding(ring).theta, true)) < 0.1
    lost = coalescent_embedding(random)
    assert np.median(aligned(lost.theta, true[lost.nodes])) > 0.5


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 150), st.floats(0.01, 0.5))
def test_shortest_paths_equal_scipy(seed, n, density):
    rng = np.random.default_rng(seed)
    lengths = np.triu(np.where(rng.random((n, n)) < density, rng.integers(1, 9, (n, n)) / 4, 0), 1)
    weights = sp.csr_array(lengths + lengths.T)
    found = all_distances(weights, threads=1)
    np.testing.assert_array_equal(found, all_distances(weights, threads=3))
    np.testing.assert_allclose(found, dijkstra(weights, directed=False), rtol=1e-14)
    np.testing.assert_array_equal(found, found.T)


def test_refuses_bad_networks():
    dense = sparse_network(0)
    lopsided = dense.copy()
    lopsided[np.nonzero(dense)[0][0], np.nonzero(dense)[1][0]] = False
    looped = dense.copy()
    looped[3, 3] = True
    clique = np.ones((5, 5)) - np.eye(5)
    for bad, message in [
        (lopsided, "symmetric; pass the undirected adjacency"),
        (looped, "self-loops"),
        (dense[:30], "square"),
        (clique, "complete"),
        (np.eye(3)[[1, 0, 2]] - np.diag([0, 0, 1]), "at least 4 connected nodes"),
        (np.zeros((0, 0)), "at least 4 connected nodes"),
    ]:
        with pytest.raises(ValueError, match=message):
            coalescent_embedding(bad)


def test_refuses_bad_options():
    dense = sparse_network(0)
    for option, message in [
        ({"weighting": "RA9"}, "none, ra1, ra2, ebc"),
        ({"reduction": "pca"}, "iso, nciso, mce, ncmce, le"),
        ({"reduction": "mce", "dimension": 3}, "dimension must be 2 for reduction mce"),
        ({"components": "all"}, "largest, joined"),
        ({"threads": 0}, "threads"),
        ({"angles": "even"}, "original, equidistant"),
        ({"dimension": 4}, "dimension"),
        ({"gamma": 1.0}, "gamma"),
        ({"gamma": math.nan}, "gamma"),
    ]:
        with pytest.raises(ValueError, match=message):
            coalescent_embedding(dense, **option)
