"""A hundred steps in a row: exact counts, and what percolated away stays away, across steps."""

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp

from netsci.graph import LayeredGraph
from netsci.graph.percolation import live_units, percolate
from netsci.topology import EvolutionRule, erdos_renyi, evolve, regrowth
from netsci.topology.scores import NEEDS, REGROWTH

DELTAS = [0.0, 0.25, 0.5, 0.75, 0.9, 1.0]
STEPS = 100


def random_chain(rng, *, last):
    """A chain of one to four layers of random widths; its last layer is dense or sparse."""
    widths = rng.integers(8, 40, size=int(rng.integers(2, 5)) + (last == "dense")).tolist()
    groups = [int(g) for g in rng.choice([1, 1, 1, 3], size=len(widths) - 1)]
    masks = []
    for layer, (m, n, g) in enumerate(zip(widths[:-1], widths[1:], groups, strict=True)):
        dense = last == "dense" and layer == len(widths) - 2
        links = m * g * n if dense else round(float(rng.uniform(0.04, 0.25)) * m * g * n)
        masks.append(erdos_renyi((m * g, n), links, rng=rng))
    return LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks], rows_per_unit=groups)


def redrawn(graph, rng):
    """The same links with other weights, a fifth of them 0, as training and regrowth leave them."""
    weights = []
    for p in graph.projections:
        data = rng.normal(size=p.links.nnz) * (rng.random(p.links.nnz) > 0.2)
        weights.append(
            sp.csr_array((data.astype(np.float32), p.links.indices, p.links.indptr), shape=p.shape)
        )
    return LayeredGraph.from_masks(
        [p.links for p in graph.projections],
        weights=weights,
        rows_per_unit=[p.rows_per_unit for p in graph.projections],
    )


def units_linked(graph):
    """Units with any link at all, counted without percolation."""
    return {name: degree > 0 for name, degree in graph.degrees().items()}


def live_cells(p, live):
    return int(np.repeat(live[p.source], p.rows_per_unit).sum() * live[p.target].sum())


def run(graph, rule, targets, evolvable, rng, *, zeta=0.3):
    """Yield (graph before, step) a hundred times."""
    for _ in range(STEPS):
        graph = redrawn(graph, rng)
        step = evolve(graph, rule, zeta=zeta, target_links=targets, evolvable=evolvable, rng=rng)
        yield graph, step
        graph = step.graph


@pytest.mark.parametrize("last", ["dense", "sparse"])
@pytest.mark.parametrize("regrowth", ["random", "ch3_l3"])
@pytest.mark.parametrize("delta", DELTAS)
def test_permanent_removal(delta, regrowth, last):
    """links after = min(target, live cells) in every layer that evolves; no dead unit comes back, ever.

    A dense output layer is frozen: from the first step on it holds all cells between live units, no more.
    """
    rng = np.random.default_rng([int(100 * delta), len(regrowth), len(last)])
    graph = random_chain(rng, last=last)
    targets = [p.n_links for p in graph.projections]
    free = [True] * (len(targets) - 1) + [last == "sparse"]
    rule = EvolutionRule("lrs", regrowth, delta)
    ever_dead = {name: np.zeros(size, bool) for name, size in graph.sizes.items()}
    deaths = 0
    for before, step in run(graph, rule, targets, free, rng):
        linked, live = units_linked(step.graph), live_units(step.graph)
        for name, dead in ever_dead.items():
            assert not (linked[name] & dead).any()
            assert np.array_equal(linked[name], live[name])  # nothing is left that leads nowhere
            deaths += int((~linked[name] & ~dead).sum())
            dead |= ~linked[name]
        for i, p in enumerate(step.graph.projections):
            cells = live_cells(p, live)
            if free[i]:
                assert p.n_links == min(targets[i], cells)
                assert step.deficit[i] == targets[i] - p.n_links
            else:
                assert p.n_links == cells
                assert (p.links > before.projections[i].links).nnz == 0
                assert step.deficit[i] == 0
        assert percolate(step.graph) == step.graph
    assert deaths > 0  # else the run has shown nothing


@pytest.mark.parametrize("delta", DELTAS)
def test_more_links_than_a_shrinking_layer_holds(delta):
    """Targets near the dense size: layers fill all live cells, and the deficit says what is missing."""
    rng = np.random.default_rng(int(100 * delta))
    masks = [erdos_renyi((12, 20), 30, rng=rng), erdos_renyi((20, 6), 15, rng=rng)]
    graph = LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks])
    targets = [230, 110]
    deficits = []
    for _, step in run(graph, EvolutionRule("lrs", "ch3_l3", delta), targets, None, rng):
        live = live_units(step.graph)
        for p, target, missing in zip(step.graph.projections, targets, step.deficit, strict=True):
            assert p.n_links == min(target, live_cells(p, live)) == target - missing
        deficits.append(step.deficit)
    assert np.max(deficits) > 0
    assert (np.diff(deficits, axis=0) >= 0).all()  # units only die


@pytest.mark.parametrize("delta", DELTAS)
def test_units_may_come_back_if_asked(delta):
    """Not permanent: counts reach the target itself, and some units that had no link get one again."""
    rng = np.random.default_rng([3, int(100 * delta)])
    masks = [erdos_renyi((30, 40), 40, rng=rng), erdos_renyi((40, 8), 60, rng=rng)]
    graph = LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks])
    targets = [40, 60]
    back = 0
    rule = EvolutionRule("lrs", "ch3_l3", delta, permanent=False)
    for before, step in run(graph, rule, targets, None, rng):
        assert [p.n_links for p in step.graph.projections] == targets
        assert step.deficit.tolist() == [0, 0]
        old, new = live_units(before), live_units(step.graph)
        back += sum(int((new[name] & ~old[name]).sum()) for name in new)
    assert back > 0


@pytest.mark.parametrize("regrowth", sorted(name for name in REGROWTH if not NEEDS[name]))
def test_every_rule_keeps_the_promise(regrowth):
    """One run a rule, with another removal and as printed, at a delta that no other test has."""
    rng = np.random.default_rng(len(regrowth))
    graph = random_chain(rng, last="sparse")
    targets = [p.n_links for p in graph.projections]
    rule = EvolutionRule("ri", regrowth, (0.35, 0.65), as_printed=True)
    for _, step in run(graph, rule, targets, None, rng, zeta=0.5):
        live = live_units(step.graph)
        for p, target, missing in zip(step.graph.projections, targets, step.deficit, strict=True):
            assert p.n_links == min(target, live_cells(p, live)) == target - missing


def test_a_percolated_entry_or_exit_stays_away_too():
    """Input 0 and output 1 lose their only link; in twenty more steps at a high target none regrows there."""
    masks = [np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1]]), np.array([[0, 1], [1, 0], [1, 0]])]
    weights = [np.where(masks[0], 5.0, 0.0), np.where(masks[1], 5.0, 0.0)]
    weights[0][0, 0] = 0.1
    graph = LayeredGraph.from_masks(masks, weights=weights)
    rng = np.random.default_rng(7)
    step = evolve(graph, EvolutionRule("magnitude", "random", 1.0), zeta=0.2, target_links=[9, 6], rng=rng)
    for _ in range(20):
        first, second = (p.links.toarray() for p in step.graph.projections)
        assert np.array_equal(first, np.outer([0, 1, 1], [0, 1, 1]))
        assert np.array_equal(second, np.outer([0, 1, 1], [1, 0]))
        assert step.deficit.tolist() == [9 - 4, 6 - 2]
        rule = EvolutionRule("random", "random", 0.0)
        step = evolve(step.graph, rule, zeta=0.0, target_links=[9, 6], rng=rng)


@pytest.mark.parametrize("delta", [0.5, 0.9])
def test_layers_scored_in_blocks_keep_the_promise_and_the_law(monkeypatch, delta):
    rng = np.random.default_rng(5)
    links = erdos_renyi((14, 18), 60, rng=rng)
    graph = LayeredGraph.from_masks([links], weights=[links * rng.random(links.shape)])
    rule, draws = EvolutionRule("magnitude", "ch3_l3", (1.0, delta)), 400
    grown = {}
    for at_once in (regrowth.AT_ONCE, 0):
        monkeypatch.setattr(regrowth, "AT_ONCE", at_once)
        steps = [evolve(graph, rule, zeta=0.3, rng=np.random.default_rng([at_once, i])) for i in range(draws)]
        for step in steps:
            assert [p.links.nnz for p in step.graph.projections] == [p.links.nnz for p in graph.projections]
            assert not step.deficit.any()
        grown[at_once] = [
            sum(step.regrown[i].astype(float) for step in steps) for i in range(len(step.regrown))
        ]
    for whole, blocks in zip(*grown.values(), strict=True):
        a, b = whole.toarray() / draws, blocks.toarray() / draws
        error = np.sqrt((a * (1 - a) + b * (1 - b) + 1e-3) / draws)
        assert (np.abs(a - b) / error).max() < 5.5
        assert a.max() > 2 * a[a > 0].mean()  # some cells are drawn far more often than others


def test_a_large_layer_is_never_scored_as_a_whole():
    rng = np.random.default_rng(7)
    side = 3000
    mask = erdos_renyi((side, side), 20 * side, rng=rng)
    graph = LayeredGraph.from_masks([mask], weights=[mask * 1.0])
    tracemalloc.start()
    step = evolve(graph, EvolutionRule("lrs", "ch3_l3", 0.5), zeta=0.3, rng=rng)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert step.graph.n_links == mask.nnz
    assert peak < side * side * 8 / 2  # its scores alone would take twice as much
