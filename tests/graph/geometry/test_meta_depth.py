import math

import numpy as np
import pytest
from scipy.stats import hypergeom, kstest

from netsci.graph import LayeredGraph, Population, Projection
from netsci.graph.geometry.embedding import Embedding, coalescent_embedding, radial_coordinates
from netsci.graph.geometry.meta_depth import meta_depth


def generator():
    return np.random.default_rng(7)


def placed(graph, gamma=2.5):
    """An embedding of all linked nodes: meta-depth looks at the radii only."""
    degrees = np.diff(graph.adjacency(directed=False).indptr)
    nodes = np.flatnonzero(degrees)
    zeros = np.zeros(len(nodes))
    radius = radial_coordinates(degrees[nodes], gamma)
    return Embedding(nodes, zeros, radius, gamma, zeros[:, None], zeros[:1], len(nodes) / len(degrees))


def random_mask(m, n, links, rng):
    mask = np.zeros(m * n, dtype=bool)
    mask[rng.choice(m * n, links, replace=False)] = True
    return mask.reshape(m, n)


def hourglass(rng):
    """A few middle units take most links."""
    weight = np.repeat([12.0, 1.0], [4, 36])
    into = rng.random((60, 40)) < 0.05 * weight
    return LayeredGraph.from_masks([into, (rng.random((50, 40)) < 0.05 * weight).T], names=None)


def test_by_hand():
    """Degrees 1 1 1 | 5 | 1 1: one hub in the middle; of 6 places the shuffle finds its own 1 time in 6."""
    graph = LayeredGraph.from_masks([np.ones((3, 1)), np.ones((1, 2))])
    table = meta_depth(graph, placed(graph), hubs=0.05, permutations=1999, rng=generator())
    assert table["population"].tolist() == ["layer0", "layer1", "layer2"]
    assert table["nodes"].tolist() == [3, 1, 2]
    assert table["hubs"].tolist() == [0, 1, 0]
    assert table["hub_share"].tolist() == [0, 1, 0]
    np.testing.assert_allclose(table["expected_hub_share"], 1 / 6)
    np.testing.assert_allclose(table["p_hubs"], [1, 1 / 6, 1], atol=0.03)
    # one draw of 6 with variance 1/6 5/6; three of six, without replacement, (6 - 3)/(6 - 1) of it by 3
    np.testing.assert_allclose(
        table["z_hubs"], [-1 / 6 / math.sqrt(1 / 36), 5 / 6 / math.sqrt(5 / 36), -1 / 6 / math.sqrt(1 / 18)]
    )
    radius = placed(graph).radius
    np.testing.assert_allclose(table["mean_radius"], [radius[:3].mean(), radius[3], radius[4:].mean()])
    # the five nodes of degree 1 share their radii, so no end is nearer than the other
    shared = np.delete(radius, 3).mean()
    np.testing.assert_allclose(table["shared_radius"], [shared, radius[3], shared])
    np.testing.assert_allclose(table["expected_radius"], radius.mean())
    np.testing.assert_allclose(table["p_radius"], [1, 1 / 6, 1], atol=0.03)
    assert table["z_radius"][1] == pytest.approx(-math.sqrt(5))


def test_hub_gathering_in_the_middle_is_found():
    graph = hourglass(generator())
    table = meta_depth(graph, coalescent_embedding(graph.adjacency(directed=False)), rng=generator())
    middle = table.iloc[1]
    assert middle["hubs"] >= 4
    assert max(middle["p_hubs"], middle["p_radius"]) <= 0.01
    assert middle["z_hubs"] > 3
    assert middle["z_radius"] < -2
    assert (table["p_hubs"][[0, 2]] > 0.5).all()


def test_p_equals_the_hypergeometric_tail():
    rng = generator()
    graph = LayeredGraph.from_masks([random_mask(30, 20, 120, rng), random_mask(20, 25, 90, rng)])
    table = meta_depth(graph, placed(graph), hubs=0.2, permutations=4000, rng=rng)
    total, hubs = table["nodes"].sum(), table["hubs"].sum()
    exact = hypergeom.sf(table["hubs"] - 1, total, hubs, table["nodes"])
    np.testing.assert_allclose(table["p_hubs"], exact, atol=4 * math.sqrt(0.25 / 4000))
    law = hypergeom(total, hubs, table["nodes"])
    np.testing.assert_allclose(table["z_hubs"], (table["hubs"] - law.mean()) / law.std())
    np.testing.assert_allclose(table["hub_share"], table["hubs"] / table["nodes"])


def random_pairs(rng, size=40, links=300):
    """Links between any two of 2 size nodes, which two populations hold in equal shares."""
    dense = np.zeros((2 * size, 2 * size), dtype=bool)
    rows, columns = np.triu_indices(2 * size, 1)
    chosen = rng.choice(len(rows), links, replace=False)
    dense[rows[chosen], columns[chosen]] = True
    halves = {"a": slice(0, size), "b": slice(size, None)}
    projections = [
        Projection(source, target, dense[halves[source], halves[target]], name=source + target)
        for source, target in (("a", "a"), ("a", "b"), ("b", "b"))
    ]
    return LayeredGraph((Population("a", size), Population("b", size)), tuple(projections))


def test_control_random_links_give_uniform_p():
    """Ranking ties by index alone would favour the first population."""
    rng = generator()
    found = []
    for _ in range(200):
        graph = random_pairs(rng)
        found.append(meta_depth(graph, placed(graph), hubs=0.3, permutations=99, rng=rng))
    for side in (0, 1):
        radius = np.array([table["p_radius"][side] for table in found])
        assert kstest(radius, "uniform").pvalue > 0.01
        hubs = np.array([table["p_hubs"][side] for table in found])
        assert 0.01 < (hubs <= 0.1).mean() < 0.2
        assert abs(np.mean([table["z_hubs"][side] for table in found])) < 0.3
    assert np.mean([table["mean_radius"][0] < table["mean_radius"][1] for table in found]) > 0.6


def test_control_both_sides_of_a_random_mask_are_alike():
    rng = generator()
    found = []
    for _ in range(60):
        graph = LayeredGraph.from_masks([random_mask(40, 40, 200, rng)])
        found.append(meta_depth(graph, placed(graph), hubs=0.2, permutations=99, rng=rng))
    for column in ("p_radius", "p_hubs"):
        assert np.mean([table[column] <= 0.05 for table in found]) < 0.08
    # the sides share all links: p gathers about 1/2
    assert np.std([table["p_radius"] for table in found]) < 0.25


def test_the_middle_of_a_random_chain_is_deep_as_well():
    """Two sides, twice the links: the docstring's warning."""
    rng = generator()
    graph = LayeredGraph.from_masks([random_mask(60, 60, 300, rng), random_mask(60, 60, 300, rng)])
    assert meta_depth(graph, placed(graph), rng=rng)["p_radius"][1] == 1 / 1000


def test_ties_at_the_threshold_are_all_hubs():
    graph = LayeredGraph.from_masks([np.eye(10, dtype=bool)])
    table = meta_depth(graph, placed(graph), rng=generator())
    assert table["hubs"].tolist() == [10, 10]
    assert (table[["p_hubs", "p_radius"]] == 1).all(axis=None)
    assert table[["z_hubs", "z_radius"]].isna().all(axis=None)
    # a share of 10 % of 20 nodes is 2 nodes, not 3
    steps = LayeredGraph.from_masks([np.tri(10, dtype=bool)])
    assert meta_depth(steps, placed(steps), hubs=0.1, rng=generator())["hubs"].tolist() == [1, 1]
    assert meta_depth(steps, placed(steps), hubs=1, rng=generator())["hubs"].tolist() == [10, 10]


def test_what_is_undefined_is_nan():
    masks = [np.ones((3, 4)) * (np.arange(4) < 3), np.zeros((4, 2))]
    masks[0][2, 1] = 0
    graph = LayeredGraph.from_masks(masks)
    table = meta_depth(graph, placed(graph, gamma=math.nan), rng=generator())
    assert table["nodes"].tolist() == [3, 3, 0]
    assert table["hubs"].tolist()[2] == 0
    assert table.iloc[2][["hub_share", "z_hubs", "p_hubs", "mean_radius", "p_radius"]].isna().all()
    radii = ["mean_radius", "shared_radius", "expected_radius", "z_radius", "p_radius"]
    assert table[radii].isna().all(axis=None)
    assert table["p_hubs"][:2].notna().all()


def test_degrees_ignore_direction_and_self_loops_and_dtypes_hold():
    ring = np.roll(np.eye(6, dtype=bool), 1, axis=1)
    ring[0, 2] = ring[0, 3] = True
    ring[5, 5] = True
    graph = LayeredGraph.from_adjacency(ring, directed=True)
    links = graph.adjacency(directed=False).toarray()
    np.fill_diagonal(links, False)
    table = meta_depth(graph, coalescent_embedding(links), rng=generator())
    assert table["hubs"].tolist() == [1]
    assert table["p_hubs"].tolist() == table["p_radius"].tolist() == [1.0]
    assert table.dtypes[["nodes", "hubs"]].tolist() == [np.int64, np.int64]
    # degrees 4, 2, 3, 3, 2, 2: with its self-loop node 5 would tie with the third
    half = meta_depth(graph, coalescent_embedding(links), hubs=0.5, rng=generator())
    assert half["hubs"].tolist() == [3]


def test_same_generator_same_table():
    graph = hourglass(generator())
    first, second = (meta_depth(graph, placed(graph), rng=generator()) for _ in range(2))
    assert first.equals(second)


def test_refuses_bad_arguments():
    graph = hourglass(generator())
    disk = placed(graph)
    for changes, error, message in [
        ({"hubs": 0}, ValueError, r"hubs must be a share of the nodes in \(0, 1\]; got 0"),
        ({"hubs": 1.5}, ValueError, "hubs"),
        ({"hubs": math.nan}, ValueError, "hubs"),
        ({"hubs": "5%"}, TypeError, "hubs"),
        ({"permutations": 0}, ValueError, "permutations"),
        ({"permutations": 9.5}, TypeError, "permutations"),
        ({"rng": 7}, TypeError, "Generator"),
    ]:
        with pytest.raises(error, match=message):
            meta_depth(graph, disk, **({"rng": generator()} | changes))
    with pytest.raises(TypeError, match="LayeredGraph"):
        meta_depth(graph.adjacency(), disk, rng=generator())
    with pytest.raises(TypeError, match="Embedding"):
        meta_depth(graph, disk.radius, rng=generator())
    smaller = LayeredGraph.from_masks([np.ones((2, 3))])
    with pytest.raises(ValueError, match="the graph has only 5 nodes"):
        meta_depth(smaller, disk, rng=generator())
    emptier = LayeredGraph.from_masks([np.zeros((60, 40)), np.ones((40, 50))])
    with pytest.raises(ValueError, match="must be of this graph"):
        meta_depth(emptier, disk, rng=generator())
