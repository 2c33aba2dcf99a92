import math

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings

from netsci.graph import LayeredGraph, degree_exponent, grid_exponent
from netsci.graph.geometry.embedding import coalescent_embedding
from netsci.graph.geometry.joining import check_undirected, join_components, largest_part
from netsci.graph.geometry.reductions import REDUCTIONS
from netsci.graph.geometry.weightings import WEIGHTINGS
from tests.strategies import chains


def network(n, *pairs):
    dense = np.zeros((n, n), dtype=bool)
    dense[tuple(np.array(pairs).T)] = True
    return dense | dense.T


def three_parts():
    """Bipartite, types 0 = {0, 1, 2, 6, 8}, 1 = the others: parts of 5, 3, 2 nodes; 10 is isolated."""
    dense = network(11, (0, 3), (0, 4), (1, 3), (1, 4), (2, 4), (5, 6), (6, 7), (8, 9))
    return dense, np.array([0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1])


def ends_in_full(part):
    return part.nodes[part.ends].tolist()


def test_links_between_top_nodes_of_opposite_type_by_hand():
    dense, types = three_parts()
    part = join_components(check_undirected(dense), types)
    # top of {5, 6, 7} is 6, type 0; largest's top of type 1 is 4. Of {8, 9} 8 comes first, also type 0.
    assert ends_in_full(part) == [[6, 4], [8, 4]]
    assert part.nodes.tolist() == list(range(10))
    assert part.sizes.tolist() == [[3, 5], [2, 5]]
    # without types the first of largest degree: 4 has three links
    assert ends_in_full(join_components(check_undirected(dense))) == [[6, 4], [8, 4]]
    # with the types of part {8, 9} the other way round 8 is of type 1, and 0 the top of type 0
    types[[8, 9]] = 1, 0
    assert ends_in_full(join_components(check_undirected(dense), types)) == [[6, 4], [8, 0]]
    joined, isolated = part.notes
    assert "2 smaller components (5 nodes)" in joined
    assert "5 of 11 nodes" in joined
    assert "2 temporary links" in joined
    assert isolated == "1 isolated node was left out"


def test_a_layer_is_joined_to_a_neighbouring_layer():
    """Types 0-1-2 in a chain: the opposite of 0 is 1, never 2, though 2 holds the top node."""
    dense = network(8, (0, 1), (1, 2), (2, 3), (2, 4), (4, 5), (6, 7))
    types = np.array([0, 1, 2, 2, 1, 0, 0, 1])
    assert np.argmax(dense.sum(0)) == 2
    assert ends_in_full(join_components(check_undirected(dense), types)) == [[6, 1]]


def test_links_within_a_type_count_only_if_there_are_no_others():
    dense = network(8, (0, 1), (0, 2), (0, 3), (3, 4), (3, 5), (6, 7))
    types = np.array([0, 0, 0, 1, 0, 0, 0, 1])  # 0-0 links, and node 0, of type 0, before 3 of equal degree
    assert ends_in_full(join_components(check_undirected(dense), types)) == [[6, 3]]


def test_where_the_largest_component_lacks_the_opposite_type():
    dense = network(6, (0, 1), (1, 2), (2, 3), (4, 5))
    # 0-1 links in the small part only: the top node 4 (type 5) has no partner, nor has 5 (type 6)
    assert ends_in_full(join_components(check_undirected(dense), [0, 0, 0, 0, 5, 6])) == [[4, 1]]
    # a second choice within the part: 4 finds no type 6, but 5 finds type 0
    mixed = network(8, (0, 1), (1, 2), (2, 3), (4, 5), (4, 6))
    assert ends_in_full(join_components(check_undirected(mixed), [0, 0, 0, 0, 7, 7, 0, 9])) == [[4, 1]]


def test_temporary_lengths_by_hand():
    dense, types = three_parts()
    part = join_components(check_undirected(dense), types)
    at = part.ends.tolist()
    # degrees of 6 and 4: 2 and 3, so 3 and 4 with the link; of 8: 1, so 2
    for weighting, expected in [("none", [1, 1]), ("ra1", [19, 14]), ("ra2", [12, 8]), ("ebc", [15, 10])]:
        true = WEIGHTINGS[weighting](part.links)
        lengths = part.with_temporary(true, weighting, at_mean=False)
        assert [lengths[i, j] for i, j in at] == expected
        assert [lengths[j, i] for i, j in at] == expected
        assert lengths.nnz == true.nnz + 4
        np.testing.assert_array_equal(lengths.toarray()[part.links.toarray()], true.data)
        mean = part.with_temporary(true, weighting, at_mean=True)
        assert [mean[i, j] for i, j in at] == [true.data.mean()] * 2


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_temporary_length_is_that_of_the_link_if_it_alone_were_added(weighting):
    dense = network(9, (0, 3), (0, 4), (1, 3), (1, 4), (2, 4), (5, 6), (6, 7), (6, 8))
    part = join_components(check_undirected(dense))
    ((i, j),) = part.ends
    length = part.with_temporary(WEIGHTINGS[weighting](part.links), weighting, at_mean=False)[i, j]
    dense[i, j] = dense[j, i] = True
    assert length == pytest.approx(WEIGHTINGS[weighting](sp.csr_array(dense))[i, j])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighting", ["ra1", "ebc"])
def test_all_linked_nodes_get_places(weighting, reduction):
    parts = [nx.barabasi_albert_graph(60, 2, seed=7), nx.path_graph(5), nx.star_graph(3), nx.empty_graph(2)]
    dense = nx.to_numpy_array(nx.disjoint_union_all(parts))
    options = {"weighting": weighting, "reduction": reduction}
    disk = coalescent_embedding(dense, **options, components="joined")
    assert disk.nodes.tolist() == list(range(69))
    assert disk.component_share == 69 / 71
    assert np.isfinite(disk.theta).all()
    assert "2 smaller components (9 nodes)" in disk.notes[0]
    # gamma and radii are those of the true degrees
    degrees = dense.sum(0)[:69].astype(int)
    assert disk.gamma == grid_exponent(degrees)[0]
    assert np.argmin(disk.radius) == np.argmax(degrees)
    order = np.argsort(-degrees, kind="stable")
    assert (np.diff(disk.radius[order]) >= 0).all()
    alone = coalescent_embedding(dense, **options)
    assert alone.nodes.tolist() == list(range(60))
    assert alone.component_share == 60 / 71


def test_connected_network_is_the_same_either_way():
    dense = nx.to_numpy_array(nx.barabasi_albert_graph(40, 2, seed=7))
    first, second = (coalescent_embedding(dense, components=how) for how in ("largest", "joined"))
    np.testing.assert_array_equal(first.theta, second.theta)
    np.testing.assert_array_equal(first.radius, second.radius)
    assert second.notes == ()
    one_off = np.pad(dense, (0, 1))
    assert coalescent_embedding(one_off, components="joined").notes == ("1 isolated node was left out",)


def test_joined_nodes_lie_beside_the_hub_they_hang_on():
    parts = [nx.circulant_graph(40, [1, 2, 3]), nx.path_graph(3)]
    dense = nx.to_numpy_array(nx.disjoint_union_all(parts))
    dense[5, [15, 25]] = dense[[15, 25], 5] = 1
    part = join_components(check_undirected(dense))
    assert ends_in_full(part) == [[41, 5]]
    disk = coalescent_embedding(
        dense, weighting="none", reduction="iso", angles="original", gamma=2.5, components="joined"
    )
    turn = np.abs((disk.theta[40:] - disk.theta[5] + math.pi) % (2 * math.pi) - math.pi)
    assert turn.max() < 0.2


@settings(deadline=None, max_examples=40)
@given(chains(max_layers=3))
def test_joining_makes_one_component_and_respects_layers(graph):
    links = graph.adjacency(directed=False)
    part = join_components(check_undirected(links), graph.node_population)
    if not links.nnz:
        return
    true = WEIGHTINGS["none"](part.links)
    whole = part.with_temporary(true, "none", at_mean=False)
    assert sp.csgraph.connected_components(whole)[0] == 1
    count = sp.csgraph.connected_components(part.links)[0]
    assert len(part.ends) == count - 1
    assert (part.degrees > 0).all()
    types = graph.node_population[part.nodes]
    degrees = part.degrees
    for i, j in part.ends.tolist():
        assert types[i] != types[j] or len(set(types)) == 1
        labels = sp.csgraph.connected_components(part.links)[1]
        assert degrees[i] == degrees[labels == labels[i]].max() or len(set(types)) > 2
        assert (labels == labels[j]).sum() == np.bincount(labels).max()


def test_largest_part_of_nothing_and_of_equals():
    equals = np.kron(np.eye(3), network(2, (0, 1))).astype(bool)
    assert largest_part(check_undirected(equals)).nodes.tolist() == [0, 1]
    only_isolated = join_components(check_undirected(np.zeros((3, 3), dtype=bool)))
    assert only_isolated.nodes.tolist() == [0]
    with pytest.raises(ValueError, match="at least 4 connected nodes"):
        coalescent_embedding(np.zeros((5, 5)), components="joined")


def test_bad_types_are_refused():
    dense, types = three_parts()
    with pytest.raises(ValueError, match="one type for each of 11 nodes"):
        coalescent_embedding(dense, components="joined", node_types=types[:5])
    with pytest.raises(TypeError, match="whole numbers"):
        coalescent_embedding(dense, components="joined", node_types=types / 2)


def test_layered_graph_end_to_end():
    rng = np.random.default_rng(7)
    twice = np.eye(2, dtype=bool)
    masks = [np.kron(twice, rng.random((12, 8)) < 0.4), np.kron(twice, rng.random((8, 5)) < 0.5)]
    masks[0][:12, :8] |= rng.random((12, 8)) < 0.3
    graph = LayeredGraph.from_masks(masks)
    disk = coalescent_embedding(
        graph.adjacency(directed=False), components="joined", node_types=graph.node_population
    )
    alone = coalescent_embedding(graph.adjacency(directed=False))
    assert len(alone.nodes) < len(disk.nodes) <= graph.n_nodes
    assert degree_exponent(np.concatenate(list(graph.degrees().values()))).n == len(disk.nodes)
