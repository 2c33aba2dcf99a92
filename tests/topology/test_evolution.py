import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from netsci.graph import LayeredGraph
from netsci.graph.percolation import live_units, percolate
from netsci.topology import REGROWTH, REMOVAL, EvolutionRule, erdos_renyi, evolve
from netsci.topology.scores import NEEDS
from tests import graphs
from tests.strategies import chains

deltas = st.sampled_from([0.0, 0.3, 0.5, 0.9, 1.0])
rules = st.builds(
    EvolutionRule,
    st.sampled_from(sorted(REMOVAL)),
    st.sampled_from(["random", "ch2_l3n", "ch3_l3n", "ch3_l3"]),
    st.tuples(deltas, deltas),
    st.booleans(),
    st.booleans(),
)
STRICT = EvolutionRule("magnitude", "random", 1.0)


def rng(seed=7):
    return np.random.default_rng(seed)


def masks_of(matrices):
    return [matrix.toarray().astype(bool) for matrix in matrices]


def links_of(graph):
    return masks_of(p.links for p in graph.projections)


def weights_of(graph):
    return [p.weights.toarray() for p in graph.projections]


def dense_layer(rows=3, columns=5):
    """One dense layer whose weight at (i, j) is -(1 + 5 i + j)."""
    weights = -(1.0 + np.arange(rows * columns)).reshape(rows, columns)
    return LayeredGraph.from_masks([np.ones((rows, columns))], weights=[weights])


def live_cells(graph, step, i):
    """Cells between units that are live after removal, from the record."""
    thinned = graph.with_links(
        [p.links - gone for p, gone in zip(graph.projections, step.removed, strict=True)]
    )
    live, p = live_units(thinned), graph.projections[i]
    return np.outer(np.repeat(live[p.source], p.rows_per_unit), live[p.target])


def test_deterministic_removal_takes_exactly_the_smallest():
    """Negative control of the sampling: delta = 1 leaves nothing to chance but ties."""
    step = evolve(dense_layer(), STRICT, zeta=0.27, rng=rng())
    expected = np.zeros((3, 5), bool)
    expected[0, :4] = True
    assert np.array_equal(step.removed[0].toarray(), expected)


@pytest.mark.parametrize("as_printed", [False, True])
def test_removal_is_as_strict_as_its_own_delta(as_printed):
    """delta = (1, 0) removes by the score alone, whatever the seed; (0, 1) removes at random."""
    removed = []
    for delta in ((1.0, 0.0), (0.0, 1.0)):
        rule = EvolutionRule("magnitude", "random", delta, as_printed=as_printed)
        steps = [evolve(dense_layer(), rule, zeta=0.2, rng=rng(seed)) for seed in range(20)]
        removed.append({tuple(np.flatnonzero(step.removed[0].toarray())) for step in steps})
    assert removed[0] == {(12, 13, 14) if as_printed else (0, 1, 2)}
    assert len(removed[1]) > 10


def test_removal_scores_see_rows_and_columns_as_they_are():
    """Column 0 holds one link, row 0 three: by lrs the single one is the strongest of equal weights."""
    mask = np.array([[0, 1, 1, 1], [1, 0, 0, 0]])
    graph = LayeredGraph.from_masks([mask], weights=[mask * 1.0])
    rule = EvolutionRule("lrs", "random", 1.0, decay="removal")
    for seed in range(5):
        step = evolve(graph, rule, zeta=0.0, rng=rng(seed), target_links=[1])
        assert links_of(step.graph)[0].nonzero() == ([1], [0])


def test_zero_weights_go_first_and_stored_zeros_are_links():
    mask = np.array([[1, 1, 1, 0], [1, 1, 1, 1]])
    weights = np.array([[2.0, 0.0, 1e-9, 0.0], [0.0, 3.0, 0.0, 5.0]])
    graph = LayeredGraph.from_masks([mask], weights=[weights])
    for delta in (0.1, 0.5, 1.0):
        for name in ("magnitude", "ri", "lrs"):
            rule = EvolutionRule(name, "random", delta)
            step = evolve(graph, rule, zeta=3 / 7, rng=rng(), target_links=[0])
            assert step.removed[0].nnz == 7
            step = evolve(graph, rule, zeta=3 / 7, rng=rng())
            assert np.array_equal(step.removed[0].toarray(), (mask == 1) & (weights == 0))


def test_as_printed_removes_the_strong_links():
    graph = dense_layer(10, 30)
    strength = np.abs(weights_of(graph)[0])
    means = {
        printed: strength[
            evolve(graph, EvolutionRule("magnitude", "random", 0.7, as_printed=printed), zeta=0.2, rng=rng())
            .removed[0]
            .toarray()
        ].mean()
        for printed in (False, True)
    }
    assert means[False] < strength.mean() - 30
    assert means[True] > strength.mean() + 30


def test_delta_0_removes_zero_weights_no_more_often_than_others():
    graph = LayeredGraph.from_masks([np.ones((2, 4))], weights=[np.arange(8.0).reshape(2, 4) // 4])
    counts = np.zeros((2, 4))
    generator = rng()
    for _ in range(400):
        counts += evolve(graph, EvolutionRule("magnitude", "random", 0.0), zeta=0.25, rng=generator).removed[
            0
        ]
    assert abs(counts - 100).max() < 39  # 4.5 standard deviations


def test_percolation_and_permanence_by_hand():
    """The weakest link is the only one into hidden unit 1: its way out is lost with it, and it stays away."""
    masks = [np.array([[1, 1, 0], [1, 0, 1]]), np.array([[1, 1], [0, 1], [1, 0]])]
    weights = [np.array([[5.0, 0.1, 0.0], [6.0, 0.0, 7.0]]), np.array([[5.0, 6.0], [0.0, 7.0], [8.0, 0.0]])]
    graph = LayeredGraph.from_masks(masks, weights=weights)
    step = evolve(graph, STRICT, zeta=0.25, rng=rng(), evolvable=[True, False])
    assert step.removed[0].toarray().nonzero() == ([0], [1])
    assert step.removed[1].nnz == 0
    assert step.percolated[0].nnz == 0
    assert step.percolated[1].toarray().nonzero() == ([1], [1])
    assert step.regrown[0].toarray().nonzero() == ([0], [2])  # the only missing cell between live units
    assert links_of(step.graph)[0].tolist() == [[True, False, True], [True, False, True]]
    assert links_of(step.graph)[1].tolist() == [[True, True], [False, False], [True, False]]
    assert weights_of(step.graph)[0].tolist() == [[5.0, 0.0, 0.0], [6.0, 0.0, 7.0]]
    assert step.deficit.tolist() == [0, 0]  # the frozen layer lost a link, which it was not asked to hold
    assert step.overlap[0] == 0.0
    assert np.isnan(step.overlap[1])


def test_a_dense_output_layer_holds_what_is_live_and_records_the_rest():
    masks = [np.array([[1, 0, 0], [0, 1, 0]]), np.ones((3, 2))]
    graph = LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks])
    step = evolve(graph, STRICT, zeta=0.0, rng=rng())
    assert step.percolated[1].nnz == 2
    assert step.deficit.tolist() == [0, 2]
    assert links_of(step.graph)[1].sum(axis=1).tolist() == [2, 2, 0]
    back = evolve(graph, EvolutionRule("magnitude", "random", 1.0, permanent=False), zeta=0.0, rng=rng())
    assert back.deficit.tolist() == [0, 0]
    assert links_of(back.graph)[1].all()
    assert weights_of(back.graph)[1].tolist() == [[1.0, 1.0]] * 3


def test_a_link_that_grows_again_keeps_its_weight_and_others_weigh_zero():
    graph = dense_layer()
    step = evolve(graph, EvolutionRule("random", "random", 0.0), zeta=0.4, rng=rng())
    assert step.overlap.tolist() == [1.0]
    assert step.graph == graph
    mask = np.ones((3, 5))
    mask[:, 2] = mask[1, 4] = 0
    sparse = graph.with_links([mask])
    step = evolve(sparse, EvolutionRule("magnitude", "random", 0.0, permanent=False), zeta=0.5, rng=rng())
    removed, regrown = step.removed[0].toarray(), step.regrown[0].toarray()
    assert (regrown & removed).any()
    assert (regrown & ~removed).any()
    assert step.overlap[0] == (regrown & removed).sum() / regrown.sum()
    expected = np.where(mask == 1, weights_of(graph)[0], 0.0)
    expected[removed & ~regrown] = 0.0
    assert np.array_equal(weights_of(step.graph)[0], expected)


def test_the_highest_score_grows_and_ties_are_uniform():
    """u0 and v2 are joined by two paths of length three, all other missing pairs by one or none."""
    mask = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 1]])
    graph = LayeredGraph.from_masks([mask], weights=[mask * 1.0])
    for name in ("ra_l3", "ch1_l3", "ch2_l3", "ch3_l3", "ch2_l3n", "ch3_l3n"):
        step = evolve(graph, EvolutionRule("random", name, 1.0), zeta=0.0, target_links=[7], rng=rng())
        assert step.regrown[0].toarray().nonzero() == ([0], [2])
        assert step.uniform_fill.tolist() == [0]
    step = evolve(graph, EvolutionRule("random", "ch3_l3", 0.5), zeta=0.0, target_links=[9], rng=rng())
    assert step.regrown[0].toarray()[0, 2]
    assert step.uniform_fill.tolist() == [2]  # no path leads to or from the last unit


def test_scores_are_those_of_the_percolated_graph():
    """A unit that percolates away lends no path to others."""
    seen = []
    REGROWTH["spy"] = lambda view: seen.append(view.links.toarray()) or np.ones(view.links.shape)
    try:
        masks = [np.array([[1, 1, 0], [0, 1, 1], [0, 0, 1]]), np.array([[1], [1], [0]])]
        graph = LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks])
        rule = EvolutionRule("random", "spy", 0.5)
        step = evolve(graph, rule, zeta=0.0, target_links={"layer0 -> layer1": 9}, rng=rng())
    finally:
        del REGROWTH["spy"]
    assert [links.tolist() for links in seen] == [[[True, True], [False, True]]]
    assert step.regrown[0].toarray().nonzero() == ([1], [0])
    assert step.deficit.tolist() == [5, 0]


def test_a_convolution_grows_at_every_place_of_a_live_channel():
    graph = graphs.convolution()
    step = evolve(graph, EvolutionRule("random", "random", 0.5), zeta=0.0, target_links=[99, 99], rng=rng())
    assert links_of(step.graph)[0].tolist() == [[True, True, False]] * 4
    assert links_of(step.graph)[1].tolist() == [[True, True]] * 4 + [[False, False]] * 2
    assert step.deficit.tolist() == [99 - 8, 99 - 8]


def test_residual_and_recurrent_projections_evolve():
    graph = graphs.residual()
    rule = EvolutionRule("random", "ch3_l3", 0.5)
    step = evolve(graph, rule, zeta=0.0, target_links=[3, 3, 2, 3], rng=rng())
    after = links_of(step.graph)
    assert [mask.sum() for mask in after] == [3, 3, 2, 3]
    assert not after[0][:, 1].any()  # unit b1 leads nowhere
    assert percolate(step.graph) == step.graph


def test_a_whole_layer_may_go():
    step = evolve(dense_layer(), STRICT, zeta=1.0, rng=rng())
    assert (step.graph.n_links, step.deficit.tolist()) == (0, [15])  # nothing is live any more


@settings(deadline=None)
@given(chains(weighted=True), rules, st.sampled_from([0.0, 0.1, 0.35, 1.0]), st.integers(0, 99), st.data())
def test_records_and_counts(graph, rule, zeta, seed, data):
    n = len(graph.projections)
    free = data.draw(st.lists(st.booleans(), min_size=n, max_size=n))
    targets = data.draw(st.lists(st.none() | st.integers(0, 60), min_size=n, max_size=n))
    step = evolve(graph, rule, zeta=zeta, target_links=targets, evolvable=free, rng=rng(seed))
    record = zip(
        links_of(graph), masks_of(step.removed), masks_of(step.percolated), masks_of(step.regrown),
        links_of(step.graph), strict=True,
    )  # fmt: skip
    for i, (before, removed, percolated, regrown, after) in enumerate(record):
        target = before.sum() if targets[i] is None else targets[i]
        cells = live_cells(graph, step, i) if rule.permanent else np.ones(before.shape, bool)
        left = before & ~removed & ~percolated
        assert (removed <= before).all()
        assert (percolated <= (before & ~removed)).all()
        assert not (regrown & left).any()
        assert np.array_equal(after, left | regrown)
        assert (after <= cells).all() if rule.permanent or not free[i] else True
        if free[i]:
            left_by_decay = min(before.sum(), target)
            assert removed.sum() == before.sum() - left_by_decay + round(zeta * left_by_decay)
            assert after.sum() == min(target, cells.sum())
            assert step.deficit[i] == target - after.sum()
        else:
            assert not removed.any()
            assert not regrown.any()
            assert step.deficit[i] == step.uniform_fill[i] == 0
        if regrown.any():
            assert step.overlap[i] == (regrown & removed).sum() / regrown.sum()
        else:
            assert np.isnan(step.overlap[i])
        kept = after & before
        assert np.array_equal(weights_of(step.graph)[i], np.where(kept, weights_of(graph)[i], 0.0))
    if rule.permanent:
        assert percolate(step.graph) == step.graph


@pytest.mark.parametrize("regrowth", ["random", "ch2_l3n", "ch3_l3"])
@pytest.mark.parametrize("delta", [0.0, 0.5, 0.8, 1.0])
def test_a_hundred_steps(regrowth, delta):
    """Counts stay exact, and units that percolated away stay away, whatever the weights do in between."""
    generator = rng(3)
    shapes, links = [(30, 50), (50, 20), (20, 7)], [150, 100, 140]
    masks = [erdos_renyi(shape, n, rng=generator) for shape, n in zip(shapes, links, strict=True)]
    graph = LayeredGraph.from_masks(masks, weights=[mask.astype(float) for mask in masks])
    live, rule = live_units(graph), EvolutionRule("lrs", regrowth, delta)
    for _ in range(100):
        weights = [
            sp.csr_array((generator.normal(size=p.links.nnz), p.links.indices, p.links.indptr), shape=p.shape)
            for p in graph.projections
        ]
        graph = LayeredGraph.from_masks([p.links for p in graph.projections], weights=weights)
        step = evolve(graph, rule, zeta=0.3, target_links=links, rng=generator)
        now = live_units(step.graph)
        assert all((now[name] <= live[name]).all() for name in live)
        for i, p in enumerate(step.graph.projections):
            cells = int(now[p.source].sum() * now[p.target].sum())
            assert p.n_links == min(links[i], cells) == links[i] - step.deficit[i]
        graph, live = step.graph, now
    assert step.deficit[2] > 0  # the dense output layer lost hidden units
    assert graph.n_links > 200


@pytest.mark.parametrize("regrowth", sorted(name for name in REGROWTH if not NEEDS[name]))
def test_equal_seeds_give_equal_networks(regrowth):
    mask = erdos_renyi((40, 60), 300, rng=rng())
    graph = LayeredGraph.from_masks([mask], weights=[sp.csr_array(mask * 1.0)])
    rule = EvolutionRule("magnitude", regrowth, 0.5)
    one, same, other = (evolve(graph, rule, zeta=0.3, rng=rng(seed)).graph for seed in (1, 1, 2))
    assert one == same
    assert one != other
