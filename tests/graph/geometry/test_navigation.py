import math
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph.geometry._navigation_kernels import breadth_first, mean_path_lengths
from netsci.graph.geometry.agreement import hyperbolic_distance_3d
from netsci.graph.geometry.embedding import coalescent_embedding
from netsci.graph.geometry.navigation import (
    geometrical_congruence,
    greedy_routing,
    greedy_routing_score,
    latent_congruence,
)
from tests.graph.geometry.coalescent import CASES, GOLDEN, SCORES

PATH = np.eye(4, k=1) + np.eye(4, k=-1)


def load(name):
    with np.load(GOLDEN / f"{name}.npz") as stored:
        n, (i, j) = int(stored["n"]), stored["edges"].T
        half = sp.coo_array((np.ones(len(i), dtype=bool), (i, j)), shape=(n, n))
        return sp.csr_array(half + half.T), stored["radial"]


def random_network(seed, n=9, extra=6):
    """A connected network and a place in the ball for every node."""
    rng = np.random.default_rng(seed)
    links = np.zeros((n, n), dtype=bool)
    links[np.arange(1, n), [rng.integers(0, k) for k in range(1, n)]] = True
    links[rng.integers(0, n, extra), rng.integers(0, n, extra)] = True
    np.fill_diagonal(links, False)
    return links | links.T, (rng.uniform(0, 6.28, n), rng.uniform(-1.5, 1.5, n), rng.uniform(0, 4, n))


def distances(coordinates):
    a, e, r = coordinates
    return hyperbolic_distance_3d(r[:, None], a[:, None], e[:, None], r, a, e)


def greedy_walk(graph, apart, source, target):
    """The nodes of one greedy route, or None if it runs in a loop."""
    walk = [source]
    while walk[-1] != target:
        step = min(graph[walk[-1]], key=lambda k: apart[k, target])
        if step in walk:
            return None
        walk.append(step)
    return walk


@pytest.mark.parametrize(("name", "case", "angles"), CASES)
def test_golden_routing(name, case, angles):
    """npso100_g2-original-MCE-original also settles which of two equally near neighbours is taken."""
    adjacency, radius = load(name)
    expected = SCORES[name]["cases"][case][angles]
    found = greedy_routing(adjacency, (*map(np.array, expected["angles"]), radius))
    assert found.score == pytest.approx(expected["GR_score"], rel=1e-12)
    assert found.success == pytest.approx(expected["GR_success"], rel=1e-12)
    assert found.mean_hops == pytest.approx(expected["GR_mean_hops"], rel=1e-12)


def test_golden_congruence():
    adjacency, _ = load("npso100_g2")
    expected = SCORES["npso100_g2"]["geometrical_congruence"]
    found = geometrical_congruence(adjacency, tuple(map(np.array, SCORES["npso100_g2"]["coords_true"])))
    assert found.gc_geodesic == pytest.approx(expected["GC_geo"], rel=1e-12)
    assert found.gc_shortest == pytest.approx(expected["GC_gsp"], rel=1e-12)
    assert found.greedy_geodesic == pytest.approx(expected["GRE_geo"], rel=1e-12)
    assert found.greedy_shortest == pytest.approx(expected["GRE_gsp"], rel=1e-12)
    assert found.pairs == 100 * 99 - adjacency.nnz


@pytest.mark.parametrize("name", SCORES)
def test_golden_latent_congruence(name):
    adjacency, expected = load(name)[0], SCORES[name]["geometrical_congruence"]
    assert latent_congruence(adjacency) == pytest.approx(expected["GC_latent_RA"], rel=1e-12)
    assert latent_congruence(adjacency, weighting="ebc") == pytest.approx(expected["GC_latent_EBC"], rel=1e-9)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6))
def test_against_walks_and_paths_one_by_one(seed):
    links, coordinates = random_network(seed)
    graph, apart = nx.from_numpy_array(links), distances(coordinates)
    for i, j in graph.edges:
        graph[i][j]["length"] = float(apart[i, j])
    n = len(links)
    hops, ratios, sums = [], [], np.zeros(5)
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            walk = greedy_walk(graph, apart, i, j)
            paths = list(nx.all_shortest_paths(graph, i, j))
            ratios.append((len(paths[0]) - 1) / (len(walk) - 1) if walk else 0)
            hops += [len(walk) - 1] if walk else []
            if links[i, j]:
                continue
            mean = np.mean([sum(apart[a, b] for a, b in pairwise(path)) for path in paths])
            straight = nx.shortest_path_length(graph, i, j, weight="length")
            greedy = sum(apart[a, b] for a, b in pairwise(walk)) if walk else math.inf
            sums += [apart[i, j] / mean, straight / mean, apart[i, j] / greedy, straight / greedy, 1]
    found = greedy_routing(links, coordinates)
    assert found.score == pytest.approx(np.mean(ratios))
    assert found.success == pytest.approx(len(hops) / len(ratios))
    assert found.mean_hops == pytest.approx(np.mean(hops))
    assert (found.pairs, found.targets) == (n * (n - 1), n)
    straightness = geometrical_congruence(links, coordinates)
    expected = sums[:4] / sums[4]
    got = (
        straightness.gc_geodesic,
        straightness.gc_shortest,
        straightness.greedy_geodesic,
        straightness.greedy_shortest,
    )
    np.testing.assert_allclose(got, expected, rtol=1e-9)
    assert straightness.pairs == sums[4]


def test_routing_by_hand():
    """On a ray from 0 to 3 packets run straight; a chain 3-0-1-2 whose ends lie side by side loses some."""
    assert greedy_routing_score(PATH, (np.zeros(4), np.arange(4.0))) == 1.0
    trap = np.zeros((4, 4))
    for i, j in ((0, 1), (1, 2), (0, 3)):
        trap[i, j] = trap[j, i] = 1
    found = greedy_routing(trap, ([3.0, 1.0, 0.2, 0.0], [3.0, 3.0, 3.0, 3.0]))
    # To 3 nodes 1 and 2 send each other back and forth, to 2 nodes 0 and 3; the rest takes the shortest path.
    assert found.success == 8 / 12
    assert found.mean_hops == (1 + 1 + 1 + 2 + 1 + 1 + 2 + 1) / 8
    assert found.score == pytest.approx(8 / 12)


def test_nodes_at_one_point():
    """All distances are 0 and so all paths straight; a neighbour that is the target is always chosen."""
    found = greedy_routing(PATH, (np.zeros(4), np.zeros(4)))
    assert found.success == 10 / 12  # all but 0 -> 3 and 1 -> 3, which the tie sends back to node 0
    assert geometrical_congruence(PATH, (np.zeros(4), np.zeros(4))).gc_geodesic == 1.0


def test_complete_networks_have_no_pair_to_ask():
    complete = 1 - np.eye(4)
    assert greedy_routing_score(complete, (np.arange(4.0), np.arange(4.0))) == 1.0
    found = geometrical_congruence(complete, (np.arange(4.0), np.arange(4.0)))
    assert (math.isnan(found.gc_geodesic), found.pairs) == (True, 0)
    assert math.isnan(latent_congruence(complete))


def test_sampled_targets():
    links, coordinates = random_network(5, n=90, extra=60)
    whole = greedy_routing(links, coordinates)
    drawn = greedy_routing(links, coordinates, targets=90, rng=np.random.default_rng(7))
    assert drawn.score == pytest.approx(whole.score, rel=1e-12)
    some = [greedy_routing(links, coordinates, targets=9, rng=np.random.default_rng(7)) for _ in range(2)]
    assert some[0] == some[1]
    assert (some[0].pairs, some[0].targets) == (9 * 89, 9)
    means = [
        greedy_routing(links, coordinates, targets=9, rng=np.random.default_rng(s)).score for s in range(60)
    ]
    assert np.mean(means) == pytest.approx(whole.score, abs=0.03)


def test_embedding_of_a_component():
    links, _ = random_network(3, n=12, extra=12)
    network = np.zeros((15, 15))
    network[2:14, 2:14] = links
    disk = coalescent_embedding(network, gamma=2.5)
    found = greedy_routing(network, disk)
    assert found == greedy_routing(links, disk) == greedy_routing(links, (disk.theta, disk.radius))
    ball = coalescent_embedding(network, gamma=2.5, dimension=3)
    assert greedy_routing(network, ball) == greedy_routing(links, (ball.azimuth, ball.elevation, ball.radius))


def test_many_equal_paths_do_not_overflow():
    """700 layers of 3 nodes, all linked to the next layer: 3^698 paths, beyond float64."""
    place = np.arange(2100) // 3
    links = sp.csr_array(np.abs(place[:, None] - place) == 1)
    indptr, indices = links.indptr.astype(np.int32), links.indices.astype(np.int32)
    level, order = np.empty(2100, np.int32), np.empty(2100, np.int32)
    ways, mean = np.empty(2100), np.empty(2100)
    assert breadth_first(indptr, indices, 0, level, order) == 2100
    mean_path_lengths(indptr, indices, np.ones(links.nnz), order, level, ways, mean)
    np.testing.assert_allclose(mean, level, rtol=1e-12)
    assert level.max() == 699


@pytest.mark.parametrize(
    ("adjacency", "coordinates", "error", "message"),
    [
        (np.eye(4, k=1), (np.zeros(4), np.ones(4)), ValueError, "symmetric"),
        (np.ones((4, 4)), (np.zeros(4), np.ones(4)), ValueError, "self-loops"),
        (np.ones((3, 4)), (np.zeros(4), np.ones(4)), ValueError, "not a mask"),
        (np.zeros((4, 4)), (np.zeros(4), np.ones(4)), ValueError, "connected; it has 4 components"),
        (PATH * math.nan, (np.zeros(4), np.ones(4)), ValueError, "NaN"),
        (PATH, (np.zeros(3), np.ones(3)), ValueError, "place 3 nodes, but the adjacency has 4"),
        (PATH, (np.zeros(4), np.full(4, math.nan)), ValueError, "pass gamma"),
        (PATH, np.zeros((4, 2)), TypeError, "must be an Embedding"),
        (np.zeros((0, 0)), (np.zeros(0), np.zeros(0)), ValueError, "at least 2 nodes"),
    ],
)
def test_refuses_bad_input(adjacency, coordinates, error, message):
    for measure in (greedy_routing, greedy_routing_score, geometrical_congruence):
        with pytest.raises(error, match=message):
            measure(adjacency, coordinates)


def test_refuses_bad_arguments():
    place = (np.arange(4.0), np.ones(4))
    for targets in (0, 5):
        with pytest.raises(ValueError, match="targets must be a number of nodes from 1 to 4"):
            greedy_routing(PATH, place, targets=targets, rng=np.random.default_rng(7))
    with pytest.raises(TypeError, match="rng must be"):
        greedy_routing(PATH, place, targets=2)
    with pytest.raises(TypeError, match="targets"):
        greedy_routing(PATH, place, targets=2.0, rng=np.random.default_rng(7))
    with pytest.raises(ValueError, match="weighting must be one of"):
        latent_congruence(PATH, weighting="none")
    with pytest.raises(ValueError, match="at least 2 nodes"):
        latent_congruence(np.zeros((1, 1)))
