import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

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
    """One link of 2 x 1 x 2 places each: a unit at its end, or both; the unit between always has two."""
    graph = LayeredGraph.from_masks([[[1], [0]], [[1, 0]]])
    table = meta_depth(graph, placed(graph), hubs=0.05, permutations=99, rng=generator())
    assert table["population"].tolist() == ["layer0", "layer1", "layer2"]
    assert table["nodes"].tolist() == [1, 1, 1]
    assert table["hubs"].tolist() == [0, 1, 0]
    assert table["hub_share"].tolist() == table["expected_hub_share"].tolist() == [0, 1, 0]
    assert table["p_hubs"].tolist() == [1, 1, 1]
    radius = placed(graph).radius
    np.testing.assert_allclose(table["mean_radius"], radius)
    # the two units at the ends share their radii, so neither end is nearer than the other
    shared = radius[[0, 2]].mean()
    np.testing.assert_allclose(table["shared_radius"], [shared, radius[1], shared])
    np.testing.assert_allclose(table["expected_radius"], table["shared_radius"])
    assert table["z_radius"].isna().all()


def test_a_hub_by_the_law_of_its_draws():
    """Two links at random places of 2 x 2: in one row with chance 1/3, else a row has one each."""
    graph = LayeredGraph.from_masks([[[1, 1], [0, 0]]])
    table = meta_depth(graph, placed(graph), hubs=0.3, permutations=4000, rng=generator())
    # in one row: that row is the hub, 3 nodes; in one column: that column; else four nodes of degree 1
    assert table["hub_share"].tolist() == [1, 0]
    np.testing.assert_allclose(table["p_hubs"], [1 / 3 + 1 / 3, 1], atol=0.03)
    np.testing.assert_allclose(table["expected_hub_share"], [2 / 3, 2 / 3], atol=0.03)
    spread = math.sqrt(2 / 9)
    np.testing.assert_allclose(table["z_hubs"], [1 / 3 / spread, -2 / 3 / spread], atol=0.06)


def test_hubs_where_random_links_have_none_are_found():
    """Four units of the first layer take most links; by chance all hubs are in the middle."""
    rng = generator()
    weight = np.repeat([14.0, 1.0], [4, 56])
    into = rng.random((40, 60)) < 0.05 * weight
    graph = LayeredGraph.from_masks([into.T, rng.random((40, 50)) < 0.06])
    disk = coalescent_embedding(graph.adjacency(directed=False))
    table = meta_depth(graph, disk, hubs=0.04, permutations=199, rng=generator())
    first = table.iloc[0]
    assert first["hubs"] >= 4
    assert first["p_hubs"] == 1 / 200
    assert first["z_hubs"] > 3
    assert (table["p_hubs"][[1, 2]] > 0.1).all()


def test_hubs_in_the_middle_are_no_surprise():
    graph = hourglass(generator())
    disk = coalescent_embedding(graph.adjacency(directed=False))
    table = meta_depth(graph, disk, permutations=99, rng=generator())
    assert table["hubs"].tolist()[1] >= 4
    assert table["p_hubs"][1] > 0.1


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
    for _ in range(60):
        graph = random_pairs(rng)
        found.append(meta_depth(graph, placed(graph), hubs=0.3, permutations=39, rng=rng))
    for side in (0, 1):
        radius = np.array([table["p_radius"][side] for table in found])
        assert kstest(radius, "uniform").pvalue > 0.01
        hubs = np.array([table["p_hubs"][side] for table in found])
        assert (hubs <= 0.1).mean() < 0.25
        assert abs(np.mean([table["z_hubs"][side] for table in found])) < 0.45
    assert np.mean([table["mean_radius"][0] < table["mean_radius"][1] for table in found]) > 0.6


@pytest.mark.parametrize("shape", [(40, 40), (60, 20), (20, 60)])
def test_control_neither_side_of_a_random_mask_is_deep(shape):
    """The smaller side has more links a unit and lies deeper; so it does in every draw."""
    rng = generator()
    found = []
    for _ in range(40):
        graph = LayeredGraph.from_masks([random_mask(*shape, 200, rng)])
        found.append(meta_depth(graph, placed(graph), hubs=0.2, permutations=39, rng=rng))
    for side in (0, 1):
        radius = np.array([table["p_radius"][side] for table in found])
        assert kstest(radius, "uniform").pvalue > 0.001
        assert np.mean([table["p_hubs"][side] <= 0.05 for table in found]) < 0.15
        assert abs(np.mean([table["z_radius"][side] for table in found])) < 0.5


def test_control_the_middle_of_a_random_chain_is_not_deep():
    """Two sides, twice the links; so in every draw."""
    rng = generator()
    found = []
    for _ in range(30):
        masks = [random_mask(30, 30, 150, rng), random_mask(30, 30, 150, rng)]
        graph = LayeredGraph.from_masks(masks)
        found.append(meta_depth(graph, placed(graph), permutations=39, rng=rng)["p_radius"][1])
    assert kstest(found, "uniform").pvalue > 0.001


def test_a_part_is_compared_with_the_largest_component_of_each_draw():
    """Small components are not embedded, so draws leave theirs out as well."""
    rng = generator()
    graph = LayeredGraph.from_masks([random_mask(60, 60, 75, rng)])
    disk = coalescent_embedding(graph.adjacency(directed=False), reduction="le", gamma=2.5)
    assert len(disk.nodes) < np.count_nonzero(np.concatenate(list(graph.degrees().values())))
    part = meta_depth(graph, disk, hubs=0.2, permutations=99, rng=generator())
    whole = meta_depth(graph, placed(graph), hubs=0.2, permutations=99, rng=generator())
    # radii begin at the centre and grow with ln n of the nodes that take part
    assert (part["expected_radius"] < whole["expected_radius"] - 0.2).all()


def test_ties_at_the_threshold_are_all_hubs():
    graph = LayeredGraph.from_masks([np.eye(10, dtype=bool)])
    table = meta_depth(graph, placed(graph), rng=generator())
    assert table["hubs"].tolist() == [10, 10]
    full = LayeredGraph.from_masks([np.ones((3, 3), dtype=bool)])  # no draw is another network
    table = meta_depth(full, placed(full), rng=generator())
    assert table["hubs"].tolist() == [3, 3]
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


def test_without_an_embedding_radii_come_from_the_degrees():
    graph = hourglass(generator())
    disk = coalescent_embedding(graph.adjacency(directed=False))
    table = meta_depth(graph, permutations=19, rng=generator())
    expected = meta_depth(graph, disk, permutations=19, rng=generator())
    pd.testing.assert_frame_equal(table, expected)
    even = LayeredGraph.from_masks([np.eye(4)])  # all degrees are equal, so there is no gamma
    assert meta_depth(even, permutations=3, rng=generator())["mean_radius"].isna().all()
    with pytest.raises(ValueError, match="must have links"):
        meta_depth(LayeredGraph.from_masks([np.zeros((3, 2))]), permutations=3, rng=generator())
