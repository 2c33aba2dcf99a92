import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph, Population, Projection
from netsci.graph.percolation import live_units, node_sparsity, percolate, select_links, surviving_links
from tests import graphs
from tests.golden_files import golden
from tests.strategies import chains


def dense(graph):
    return [p.links.toarray().astype(int).tolist() for p in graph.projections]


@st.composite
def networks(draw):
    """Populations joined at random: branches, shortcuts, parallel projections, circles, isolated ones."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    names = st.integers(0, len(sizes) - 1)
    ends = draw(st.lists(st.tuples(names, names, st.sampled_from([1, 1, 2])), max_size=7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    density = draw(st.sampled_from([0.1, 0.3, 0.6]))
    projections = [
        Projection(f"p{a}", f"p{b}", rng.random((sizes[a] * k, sizes[b])) < density, None, k, f"{i}")
        for i, (a, b, k) in enumerate(ends)
    ]
    return LayeredGraph(tuple(Population(f"p{i}", n) for i, n in enumerate(sizes)), tuple(projections))


def units(graph):
    """A networkx graph of (population, unit), and its units at an entry and at an exit, by other means."""
    net, outline = nx.DiGraph(), nx.DiGraph()
    for name, size in graph.sizes.items():
        outline.add_node(name)
        net.add_nodes_from((name, i) for i in range(size))
    for p in graph.projections:
        outline.add_edge(p.source, p.target)
        for row, column in zip(*p.links.toarray().nonzero(), strict=True):
            net.add_edge((p.source, row // p.rows_per_unit), (p.target, column))
    entries, exits = set(), set()
    for name in outline:
        before, after = nx.ancestors(outline, name), nx.descendants(outline, name)
        if before <= after:
            entries |= {unit for unit in net if unit[0] == name}
        if after <= before:
            exits |= {unit for unit in net if unit[0] == name}
    return net, entries, exits


def test_by_hand_on_a_chain():
    """Unit 1 of the hidden layer leads nowhere, unit 2 comes from nowhere."""
    graph = LayeredGraph.from_masks([[[1, 1, 0], [0, 1, 0]], [[1, 0], [0, 0], [0, 1]]])
    assert dense(percolate(graph)) == [[[1, 0, 0], [0, 0, 0]], [[1, 0], [0, 0], [0, 0]]]
    assert [flags.tolist() for flags in surviving_links(graph)] == [[True, False, False], [True, False]]
    live = live_units(graph)
    assert live["layer0"].tolist() == [True, False]
    assert live["layer1"].tolist() == [True, False, False]
    assert live["layer2"].tolist() == [True, False]


def test_orientation_shows_on_a_non_square_mask():
    graph = LayeredGraph.from_masks([[[1, 0, 0], [1, 1, 0]], [[0], [1], [1]]])
    assert dense(percolate(graph)) == [[[0, 0, 0], [0, 1, 0]], [[0], [1], [0]]]


def test_damage_travels_through_the_whole_chain_in_one_call():
    """A single pass over neighbouring layers would leave the second link."""
    links = [[[1, 0], [0, 1]], [[0, 0], [0, 1]], [[1, 0], [0, 1]], [[1], [0]]]
    assert all(not np.any(layer) for layer in dense(percolate(LayeredGraph.from_masks(links))))


def test_weights_follow_and_zero_weights_stay():
    graph = LayeredGraph.from_masks([[[1, 1]], [[1], [0]]], weights=[np.array([[0.0, 7.0]]), np.ones((2, 1))])
    left = percolate(graph).projections[0]
    assert left.links.toarray().tolist() == [[True, False]]
    assert left.weights.data.tolist() == [0.0]


def test_a_channel_is_one_unit():
    """Channel 1 has no link into the linear layer at place 0, but has one at place 1; channel 2 likewise."""
    graph = graphs.convolution()
    assert dense(percolate(graph)) == [
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]],
        [[1, 0], [0, 0], [0, 0], [0, 1], [0, 0], [0, 0]],
    ]
    assert live_units(graph)["layer1"].tolist() == [True, True, False]


def test_residual_branch_and_recurrent_projection():
    """a0 -> b0 -> c1 and a0 -> b0 -> b2 -> c0 and a1 -> c0; b1 leads nowhere."""
    left = percolate(graphs.residual())
    assert dense(left) == [
        [[1, 0, 0], [0, 0, 0]],
        [[0, 1], [0, 0], [1, 0]],
        [[0, 0], [1, 0]],
        [[0, 0, 1], [0, 0, 0], [0, 0, 0]],
    ]


def test_a_loop_that_nothing_enters_goes():
    """b1 keeps itself busy, but no input reaches it: removing units without incoming links would miss it."""
    graph = LayeredGraph(
        (Population("a", 1), Population("b", 2), Population("c", 1)),
        (
            Projection("a", "b", [[1, 0]]),
            Projection("b", "b", [[0, 0], [0, 1]]),
            Projection("b", "c", [[1], [1]]),
        ),
    )
    assert dense(percolate(graph)) == [[[1, 0]], [[0, 0], [0, 0]], [[1], [0]]]


def test_a_circle_of_populations_is_repeated_until_nothing_changes():
    """The way to the exit leads through b and c twice: a0 -> b0 -> c0 -> b1 -> c1 -> d0."""
    graph = LayeredGraph(
        (Population("d", 1), Population("c", 2), Population("b", 2), Population("a", 1)),
        (
            Projection("c", "d", [[0], [1]]),
            Projection("b", "c", [[1, 0], [0, 1]]),
            Projection("c", "b", [[0, 1], [0, 0]]),
            Projection("a", "b", [[1, 0]]),
        ),
    )
    assert percolate(graph) == graph
    broken = graph.with_links([graph.projections[0].links, [[0, 0], [0, 1]], [[0, 1], [0, 0]], [[1, 0]]])
    assert percolate(broken).n_links == 0


def test_a_plain_network_stays_as_it_is():
    ring = LayeredGraph.from_adjacency([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]])
    assert percolate(ring) == ring
    assert live_units(ring)["nodes"].tolist() == [True, True, True, False]
    path = LayeredGraph.from_adjacency([[0, 1, 0], [0, 0, 1], [0, 0, 0]])
    assert percolate(path) == path


def test_several_inputs_and_outputs_and_an_isolated_population():
    graph = LayeredGraph(
        tuple(Population(name, 2) for name in ("in1", "in2", "hidden", "out1", "out2", "alone")),
        (
            Projection("in1", "hidden", [[1, 0], [0, 0]]),
            Projection("in2", "hidden", [[0, 0], [0, 1]]),
            Projection("hidden", "out1", [[0, 1], [0, 0]]),
            Projection("hidden", "out2", [[0, 0], [0, 0]]),
        ),
    )
    assert dense(percolate(graph)) == [[[1, 0], [0, 0]], [[0, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [0, 0]]]
    assert not live_units(graph)["alone"].any()


def test_golden_of_the_laboratory():
    """Golden masks are [out, in]."""
    for path in golden("ch", "*.npz", holding=["percolation_in_0"]):
        values = np.load(path)
        layers = sum(name.startswith("percolation_in_") for name in values.files)
        graph = LayeredGraph.from_masks([values[f"percolation_in_{i}"].T for i in range(layers)])
        assert list(graph.sizes.values())[:2] == list(values["percolation_in_0"].shape[::-1])
        for i, p in enumerate(percolate(graph).projections):
            assert np.array_equal(p.links.toarray(), values[f"percolation_out_{i}"].T != 0), path.name


@given(networks() | chains())
def test_reachability_oracle(graph):
    net, entries, exits = units(graph)
    reached = set().union(entries, *(nx.descendants(net, unit) for unit in entries))
    reaching = set().union(exits, *(nx.ancestors(net, unit) for unit in exits))
    live = live_units(graph)
    linked = {unit for edge in net.edges if edge[0] in reached and edge[1] in reaching for unit in edge}
    for name, size in graph.sizes.items():
        assert live[name].tolist() == [(name, i) in linked for i in range(size)]
    for p, after in zip(graph.projections, percolate(graph).projections, strict=True):
        expected = p.links.toarray()
        for row, column in zip(*expected.nonzero(), strict=True):
            source = (p.source, row // p.rows_per_unit)
            expected[row, column] = source in reached and (p.target, column) in reaching
        assert np.array_equal(after.links.toarray(), expected)


@settings(deadline=None)
@given(chains(weighted=True) | networks())
def test_idempotent_and_live_units_agree_before_and_after(graph):
    once = percolate(graph)
    assert percolate(once) == once
    before, after = live_units(graph), live_units(once)
    assert all(np.array_equal(before[name], after[name]) for name in before)
    assert all(flags.all() for flags in surviving_links(once))
    degrees = once.degrees()
    assert all(np.array_equal(after[name], degrees[name] > 0) for name in after)


def test_node_sparsity_by_hand():
    table = node_sparsity(LayeredGraph.from_masks([[[1, 1, 0], [0, 1, 0]], [[1, 0], [0, 0], [0, 1]]]))
    assert table.columns.tolist() == ["population", "nodes", "active", "inactive", "node_sparsity"]
    assert table.population.tolist() == ["layer0", "layer1", "layer2", "input and hidden", "all"]
    assert table.nodes.tolist() == [2, 3, 2, 5, 7]
    assert table.active.tolist() == [1, 1, 1, 2, 3]
    assert table.inactive.tolist() == [1, 2, 1, 3, 4]
    assert table.node_sparsity.tolist() == pytest.approx([1 / 2, 2 / 3, 1 / 2, 3 / 5, 4 / 7])
    assert table.dtypes.tolist()[1:] == [np.int64, np.int64, np.int64, np.float64]


def test_node_sparsity_of_a_plain_network_counts_all_nodes():
    table = node_sparsity(LayeredGraph.from_adjacency([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    assert table.node_sparsity.tolist() == pytest.approx([1 / 3] * 3)


def test_select_links_keeps_the_shape():
    links = LayeredGraph.from_masks([[[1, 1, 0], [0, 0, 0], [0, 1, 1]]]).projections[0].links
    kept = select_links(links, np.array([False, True, True, False]))
    assert kept.toarray().tolist() == [[False, True, False], [False, False, False], [False, True, False]]
