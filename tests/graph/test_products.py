"""Products in percolation: units that need a live link from every projection into their population."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from netsci.graph import LayeredGraph, Population, Projection, from_graphml, from_networkx, node_sparsity
from netsci.graph.percolation import live_units, percolate, surviving_links
from netsci.io import load_graph, write_graph
from netsci.models.wiring import constant, identity
from netsci.sparse.wiring import graph_of
from netsci.topology import EvolutionRule, evolve
from tests.graph.test_percolation import networks
from tests.strategies import chains


def attention(query, key, needs="every"):
    """Inputs -> query and key -> their products, one a unit -> output."""
    query, key = np.array(query), np.array(key)
    inputs, each = query.shape
    populations = [("x", inputs), ("q", each), ("k", each), ("qk", each), ("out", 1)]
    parts = [("x", "q", query), ("x", "k", key), ("q", "qk", np.eye(each)), ("k", "qk", np.eye(each)),
             ("qk", "out", np.ones((each, 1)))]  # fmt: skip
    return LayeredGraph(
        tuple(Population(name, n, needs=needs if name == "qk" else "any") for name, n in populations),
        tuple(Projection(a, b, links, links * 1.0) for a, b, links in parts),
    )


@st.composite
def products(draw):
    """Networks of any form, in which some populations need every projection."""
    graph = draw(networks() | chains())
    needs = [draw(st.sampled_from(["any", "every"])) for _ in graph.populations]
    populations = [replace(p, needs=one) for p, one in zip(graph.populations, needs, strict=True)]
    return LayeredGraph(tuple(populations), graph.projections)


def walk(graph):
    """Links that stay: percolate without the marks, cut off units that lack an input, and start again."""
    plain = LayeredGraph(tuple(replace(p, needs="any") for p in graph.populations), graph.projections)
    while True:
        plain, cut = percolate(plain), False
        links = [p.links.toarray() for p in plain.projections]
        for population in graph.populations:
            for unit in range(population.size if population.needs == "every" else 0):
                mine = [(a, p) for a, p in zip(links, plain.projections, strict=True)]
                into = [a[:, unit] for a, p in mine if p.target == population.name]
                from_it = [
                    a[unit * p.rows_per_unit : (unit + 1) * p.rows_per_unit]
                    for a, p in mine if p.source == population.name
                ]  # fmt: skip
                if any(a.any() for a in (*into, *from_it)) and not all(a.any() for a in into):
                    cut = True
                    for a in (*into, *from_it):
                        a[...] = False
        if not cut:
            return links
        plain = plain.with_links(links)


def test_query_and_key_live_together_by_hand():
    """Query 1 reads nothing, key 2 reads nothing: only the product 0 is formed."""
    graph = attention([[1, 0, 1], [0, 0, 1]], [[0, 1, 0], [1, 1, 0]])
    left = percolate(graph)
    assert [p.links.toarray().astype(int).tolist() for p in left.projections] == [
        [[1, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [1, 0, 0]],
        [[1, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[1, 0, 0], [0, 0, 0], [0, 0, 0]],
        [[1], [0], [0]],
    ]
    live = {name: units.tolist() for name, units in live_units(graph).items()}
    assert live["q"] == live["k"] == live["qk"] == [True, False, False]
    assert node_sparsity(graph).inactive.tolist()[:5] == [0, 2, 2, 2, 0]
    either = live_units(attention([[1, 0, 1], [0, 0, 1]], [[0, 1, 0], [1, 1, 0]], needs="any"))
    assert either["qk"].all()


@settings(deadline=None)
@given(products())
def test_brute_force_walk(graph):
    expected = walk(graph)
    for p, links in zip(percolate(graph).projections, expected, strict=True):
        assert np.array_equal(p.links.toarray(), links)


@settings(deadline=None)
@given(products())
def test_idempotent_and_live_units_have_links(graph):
    once = percolate(graph)
    assert percolate(once) == once
    assert all(flags.all() for flags in surviving_links(once))
    degrees, live = once.degrees(), live_units(graph)
    assert all(np.array_equal(live[name], degrees[name] > 0) for name in live)


def test_a_circle_whose_links_all_go_has_no_live_unit():
    circle = LayeredGraph(
        (Population("a", 1), Population("b", 2, needs="every")),
        (Projection("a", "b", np.zeros((1, 2))), Projection("b", "a", np.ones((2, 1)))),
    )
    assert percolate(circle).n_links == 0
    assert not any(units.any() for units in live_units(circle).values())


def test_evolution_leaves_a_key_without_a_query_alone():
    """Query 1 loses its only link; key 1 then loses its links to percolation, and neither grows any."""
    query = [[5.0, 0.1], [6.0, 0.0]]
    graph = attention(np.array(query) != 0, np.ones((2, 2)))
    weighted = [replace(graph.projections[0], weights=np.array(query)), *graph.projections[1:]]
    graph = LayeredGraph(graph.populations, tuple(weighted))
    evolvable = [True, True, False, False, False]
    rule = EvolutionRule("magnitude", "random", (1.0, 0.0))
    step = evolve(
        graph, rule, zeta=0.3, target_links=[3, 4, 2, 2, 2], evolvable=evolvable, rng=np.random.default_rng(7)
    )
    assert step.removed[0].toarray().nonzero() == ([0], [1])
    for links in (p.links.toarray() for p in step.graph.projections[:2]):
        assert not links[:, 1].any()
    assert step.deficit.tolist()[:2] == [1, 2]


def test_the_mark_travels(tmp_path):
    graph = attention([[1, 0, 1]], [[1, 1, 0]])
    assert graph != attention([[1, 0, 1]], [[1, 1, 0]], needs="any")
    assert from_networkx(graph.to_networkx()) == graph
    graph.to_graphml(tmp_path / "a.graphml")
    assert from_graphml(tmp_path / "a.graphml") == graph
    assert graph.subgraph({"x": np.array([True])}).populations[3].needs == "every"
    for name in ("b.npz", "b.graphml", "b.gml"):
        assert not write_graph(graph, tmp_path / name)
        assert load_graph(tmp_path / name).populations == graph.populations
    assert write_graph(graph, tmp_path / "b.gexf")[-1] == "that units of qk need a link from every projection"


def test_a_wire_says_it():
    wires = [
        identity("q", "qk", 2, needs="every"),
        identity("k", "qk", 2),
        constant("qk", "out", np.ones((2, 1), bool)),
    ]
    needs = {p.name: p.needs for p in graph_of(nn.Identity(), wires).populations}
    assert needs == {"q": "any", "qk": "every", "k": "any", "out": "any"}


def test_an_unknown_need_is_refused():
    with pytest.raises(ValueError, match="needs of population 'a' must be one of"):
        Population("a", 2, needs="all")
