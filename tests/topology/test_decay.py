"""The order of a step: decay to the target, exchange of a share of what is left, percolation, regrowth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph
from netsci.graph.percolation import live_units
from netsci.topology import EvolutionRule, erdos_renyi, evolve, relative_importance
from tests.strategies import chains


def rng(seed=7):
    return np.random.default_rng(seed)


def layer(weights):
    return LayeredGraph.from_masks([np.asarray(weights) != 0], weights=[weights])


def gone(step):
    return np.argwhere(step.removed[0].toarray()).tolist()


def test_a_steep_decay_leaves_the_exchange_its_share():
    """6,000 links, zeta .1, target 5,400: 600 decay, 540 of what is left are removed, 540 grow."""
    mask = np.asarray(erdos_renyi((100, 200), 6000, rng=rng()).todense())
    graph = layer(mask * rng(1).normal(size=mask.shape))
    step = evolve(graph, EvolutionRule("magnitude", "random"), zeta=0.1, target_links=[5400], rng=rng())
    assert (step.removed[0].nnz, step.regrown[0].nnz, step.graph.n_links) == (1140, 540, 5400)


def test_relative_importance_decides_the_decay_and_the_rule_the_exchange():
    """2 is the smallest weight, but 4 has the smallest share: 4/109 + 4/7 = .61 against 2/5 + 2/7 = .69."""
    graph = layer([[4.0, 5.0, 100.0], [3.0, 2.0, 0.0]])
    rule = EvolutionRule("magnitude", "random", 1.0)
    assert gone(evolve(graph, rule, zeta=0.0, target_links=[4], rng=rng())) == [[0, 0]]
    assert gone(evolve(graph, rule, zeta=0.5, target_links=[4], rng=rng())) == [[0, 0], [1, 0], [1, 1]]
    by_size = EvolutionRule("magnitude", "random", 1.0, decay="removal")
    assert gone(evolve(graph, by_size, zeta=0.0, target_links=[4], rng=rng())) == [[1, 1]]


def test_the_exchange_scores_what_decay_has_left():
    """Without the three weak links of column 0 its last one holds the whole column, and lrs keeps it."""
    weights = np.array([[5.0, 3.0], [0.5, 6.0], [0.4, 6.0], [0.3, 6.0]])
    rule = EvolutionRule("ri", "random", 1.0)
    step = evolve(layer(weights), rule, zeta=0.2, target_links=[5], rng=rng())
    kept = weights.copy()
    kept[1:, 0] = 0
    left = relative_importance(layer(kept).projections[0].weights)
    assert gone(step) == sorted([[1, 0], [2, 0], [3, 0], np.argwhere(kept)[left.argmin()].tolist()])


def test_ties_do_not_depend_on_chance_nor_follow_the_rows():
    graph = layer(np.ones((20, 30)))
    rule = EvolutionRule("magnitude", "random", 0.5)
    steps = [evolve(graph, rule, zeta=0.0, target_links=[300], rng=rng(seed)) for seed in range(3)]
    assert gone(steps[0]) == gone(steps[1]) == gone(steps[2])
    left = steps[0].graph.projections[0].links.toarray()
    assert left.sum(axis=1).min() >= 10
    assert left.sum(axis=0).min() >= 5


@pytest.mark.parametrize("weighted", [True, False])
def test_random_decay_is_random(weighted):
    graph = layer(np.ones((6, 5))) if weighted else LayeredGraph.from_masks([np.ones((6, 5))])
    rule = EvolutionRule("random", "random", decay="removal" if weighted else "ri")
    found = {str(gone(evolve(graph, rule, zeta=0.0, target_links=[20], rng=rng(s)))) for s in range(5)}
    assert len(found) == 5


def test_an_unknown_decay_is_refused():
    with pytest.raises(ValueError, match="decay must be one of"):
        EvolutionRule(decay="magnitude")


rules = st.builds(
    EvolutionRule,
    st.sampled_from(["magnitude", "ri", "lrs", "random"]),
    st.sampled_from(["random", "ch2_l3n", "ch3_l3"]),
    st.sampled_from([0.0, 0.5, 0.9, 1.0]),
    permanent=st.booleans(),
    percolate=st.booleans(),
    decay=st.sampled_from(["ri", "removal"]),
)


@settings(max_examples=200, deadline=None)
@given(chains(max_layers=3, weighted=True), rules, st.floats(0.0, 1.0), st.integers(0, 9999))
def test_counts_are_exact_on_any_course(graph, rule, zeta, seed):
    """links after = min(target, live cells), with any course of densities, over two steps."""
    generator = rng(seed)
    for _ in range(2):
        targets = [int(generator.integers(p.shape[0] * p.shape[1] + 1)) for p in graph.projections]
        step = evolve(graph, rule, zeta=zeta, target_links=targets, rng=generator)
        pairs = zip(graph.projections, step.removed, strict=True)
        live = live_units(graph.with_links([p.links.toarray() & ~cut.toarray() for p, cut in pairs]))
        free = not (rule.percolate and rule.permanent)
        for p, target, deficit in zip(step.graph.projections, targets, step.deficit, strict=True):
            rows = np.repeat(live[p.source], p.rows_per_unit)
            cells = p.shape[0] * p.shape[1] if free else int(rows.sum() * live[p.target].sum())
            assert p.n_links == min(target, cells) == target - deficit
        for p, target, cut in zip(graph.projections, targets, step.removed, strict=True):
            left = min(p.n_links, target)
            assert cut.nnz == p.n_links - left + round(zeta * left)
        graph = step.graph
