"""Regrowth by what a view knows beside its links: the gradient, whole and in blocks of rows."""

import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy import stats

from netsci.graph import LayeredGraph
from netsci.graph.ch import ch_scores
from netsci.topology import REGROWTH, REMOVAL, EvolutionRule, erdos_renyi, evolve, regrowth
from netsci.topology.cells import cells_of
from netsci.topology.regrowth import best_of_blocks
from netsci.topology.view import ArrayView, ThinnedView

RIGL = EvolutionRule("magnitude", "gradient", 1.0, percolate=False)


@dataclass(frozen=True, eq=False)
class Known(ArrayView):
    """A view whose gradient is given, and which counts the rows that it was asked for."""

    slope: np.ndarray = None
    asked: list = None

    def gradient(self, rows=None):
        rows = np.arange(self.links.shape[0]) if rows is None else rows
        if self.asked is not None:
            self.asked.append(len(rows))
        return self.slope[rows].astype(np.float32)

    def activity(self):
        return np.abs(self.slope).sum(axis=1)

    def restrict(self, rows, columns):
        part = ArrayView(self.name, self.links, self.weights).restrict(rows, columns)
        slope = self.slope[np.ix_(rows, columns)]
        return replace(self, links=part.links, weights=part.weights, slope=slope, rows_per_unit=1)


def layer(shape=(13, 17), links=60, seed=5):
    rng = np.random.default_rng(seed)
    mask = erdos_renyi(shape, links, rng=rng)
    weights = mask.toarray() * rng.uniform(1, 2, shape)
    graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])
    p = graph.projections[0]
    return graph, Known("a", p.links, p.weights, slope=rng.normal(size=shape), asked=[])


@pytest.mark.parametrize(("at_once", "in_block", "rows"), [(221, 40, 13), (220, 40, 2), (220, 1, 1)])
def test_the_largest_gradients_grow_whole_or_in_blocks(monkeypatch, at_once, in_block, rows):
    monkeypatch.setattr(regrowth, "AT_ONCE", at_once)
    monkeypatch.setattr(regrowth, "IN_BLOCK", in_block)
    graph, view = layer()
    step = evolve(graph, RIGL, zeta=0.25, views={"a": view}, rng=np.random.default_rng(7))
    left = view.links.toarray() & ~step.removed[0].toarray()
    slope = np.where(left, -1.0, np.abs(view.slope))
    expected = np.sort(np.argsort(slope.ravel())[-15:])
    assert cells_of(step.regrown[0]).tolist() == expected.tolist()
    weakest = np.sort(view.weights.data)[:15]
    assert np.array_equal(np.sort(view.weights.toarray()[step.removed[0].toarray()]), weakest)
    assert max(view.asked) == rows


def test_regrowth_sees_live_rows_and_columns_with_their_gradient():
    """Unit 1 of the hidden layer leads nowhere: its column is not scored, though its gradient is largest."""
    masks = [np.array([[1, 1, 0], [0, 0, 1]]), np.array([[1], [0], [1]])]
    graph = LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks], names=["a", "b"])
    slope = np.array([[0.0, 9.0, 2.0], [3.0, 9.0, 0.0]])
    view = Known("a", graph.projections[0].links, graph.projections[0].weights, slope=slope)
    rule = EvolutionRule("magnitude", "gradient", 1.0)
    step = evolve(
        graph, rule, zeta=0.0, target_links=[3, 2], views={"a": view}, evolvable=[True, False],
        rng=np.random.default_rng(7),
    )  # fmt: skip
    assert step.percolated[0].toarray().nonzero() == ([0], [1])
    assert step.regrown[0].toarray().nonzero() == ([1], [0])


def test_without_percolation_links_that_lead_nowhere_stay_and_may_grow():
    masks = [np.array([[1, 1, 0], [0, 0, 0]]), np.array([[1], [0], [1]])]
    graph = LayeredGraph.from_masks(masks, weights=[mask * 1.0 for mask in masks])
    rule = EvolutionRule("magnitude", "random", 1.0, percolate=False)
    step = evolve(graph, rule, zeta=0.0, target_links=[6, 3], rng=np.random.default_rng(7))
    assert [p.n_links for p in step.graph.projections] == [6, 3]
    assert [p.nnz for p in step.percolated] == [0, 0]


def test_scores_of_a_user_see_weights_and_activity(monkeypatch):
    monkeypatch.setitem(REMOVAL, "busy", lambda view: view.activity()[view.links.nonzero()[0]])
    monkeypatch.setitem(REGROWTH, "heavy", lambda view: np.full(view.links.shape, view.weights.sum()))
    graph, view = layer()
    rule = EvolutionRule("busy", "heavy", 1.0)
    step = evolve(graph, rule, zeta=0.25, views={"a": view}, rng=np.random.default_rng(7))
    degree = np.diff(view.links.indptr)
    gone = np.asarray(step.removed[0].sum(axis=1))
    quiet = np.argsort(view.activity())
    whole = np.cumsum(degree[quiet]) <= 15  # rows that go as a whole: the least active ones
    assert (gone[quiet][whole] == degree[quiet][whole]).all()
    assert gone[quiet][~whole][1:].sum() == 0


def test_a_thinned_view_has_the_weights_of_what_is_left():
    _, view = layer()
    links = view.links.copy()
    links.data[::2] = False
    links.eliminate_zeros()
    thin = ThinnedView(view, links)
    assert np.array_equal(thin.weights.toarray(), np.where(links.toarray(), view.weights.toarray(), 0))
    rows, columns = np.array([3, 1]), np.array([2, 0, 5])
    part = thin.restrict(rows, columns)
    assert np.array_equal(part.links.toarray(), links.toarray()[np.ix_(rows, columns)])
    assert np.array_equal(part.gradient(), view.slope[np.ix_(rows, columns)].astype(np.float32))
    assert np.array_equal(thin.activity(), view.activity())


def drawn(scores, k, delta, at_once, draws):
    """How often each cell is drawn."""
    parts = [(np.arange(i, min(i + at_once, len(scores))),) for i in range(0, len(scores), at_once)]
    counts, zeros = np.zeros(len(scores)), 0
    rng = np.random.default_rng(at_once)
    for _ in range(draws):
        chosen, zero = best_of_blocks(iter((c, scores[c]) for (c,) in parts), k, delta=delta, rng=rng)
        assert len(set(chosen.tolist())) == k
        assert (np.diff(chosen) > 0).all()
        counts[chosen] += 1
        zeros += zero
    return counts, zeros


def test_blocks_draw_one_link_in_proportion_to_its_odds():
    scores, draws = np.array([1.0, 2.0, 0.0, 4.0, 3.0]), 6000
    counts, zeros = drawn(scores, 1, 2 / 3, 2, draws)  # exponent 2
    expected = scores**2 / (scores**2).sum() * draws
    assert zeros == counts[2] == 0
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected + 1)).all()


@pytest.mark.parametrize("delta", [0.5, 1.0])
def test_ties_and_zeros_are_drawn_uniformly_and_last(delta):
    scores, draws = np.array([0.0, 5.0, 0.0, 0.0, 5.0, 0.0]), 2000
    counts, zeros = drawn(scores, 4, delta, 1, draws)
    assert counts[[1, 4]].tolist() == [draws] * 2
    assert zeros == 2 * draws
    assert np.abs(counts[[0, 2, 3, 5]] - draws / 2).max() < 5 * np.sqrt(draws / 4)
    counts, _ = drawn(scores, 1, delta, 2, draws)
    assert np.abs(counts[[1, 4]] - draws / 2).max() < 5 * np.sqrt(draws / 4)


def test_bad_scores_are_refused(monkeypatch):
    graph, view = layer()
    view.slope[3] = np.nan
    for at_once in (regrowth.AT_ONCE, 0):
        monkeypatch.setattr(regrowth, "AT_ONCE", at_once)
        with pytest.raises(ValueError, match="finite"):
            evolve(graph, RIGL, zeta=0.3, views={"a": view}, rng=np.random.default_rng(7))
    monkeypatch.setitem(REMOVAL, "short", lambda view: np.ones(3))
    with pytest.raises(ValueError, match="removal 'short' must return one strength for each of 60 links"):
        evolve(graph, EvolutionRule("short", "random"), zeta=0.3, rng=np.random.default_rng(7))
    with pytest.raises(ValueError, match="'a' has no gradient"):
        evolve(graph, RIGL, zeta=0.3, rng=np.random.default_rng(7))


def test_a_view_of_other_links_is_refused():
    graph, view = layer()
    other = replace(view, links=erdos_renyi((13, 17), 60, rng=np.random.default_rng(1)))
    with pytest.raises(ValueError, match=r"views\['a'\] has other links"):
        evolve(graph, RIGL, zeta=0.3, views={"a": other}, rng=np.random.default_rng(7))


def test_a_large_layer_is_asked_for_its_gradient_in_blocks():
    side, rng = 3000, np.random.default_rng(7)
    mask = erdos_renyi((side, side), 10 * side, rng=rng)
    weights = sp.csr_array((rng.random(mask.nnz), mask.indices, mask.indptr), mask.shape)
    graph = LayeredGraph.from_masks([mask], weights=[weights], names=["a"])

    @dataclass(frozen=True, eq=False)
    class Made(ArrayView):
        """The gradient of cell (row, column) is row + column / side, made when asked for."""

        first: int = 0

        def gradient(self, rows=None):
            rows = np.arange(self.links.shape[0]) if rows is None else rows
            return (self.first + rows[:, None] + np.arange(side) / side).astype(np.float32)

        def restrict(self, rows, columns):
            part = ArrayView.restrict(self, rows, columns)
            return replace(part, first=self.first + int(rows[0]))

    tracemalloc.start()
    view = Made("a", graph.projections[0].links, graph.projections[0].weights)
    step = evolve(graph, RIGL, zeta=0.1, views={"a": view}, rng=rng)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < side * side * 8
    rows = step.regrown[0].nonzero()[0]
    assert len(rows) == side
    assert rows.min() >= side - 2


@pytest.mark.parametrize("name", ["ch2_l3n", "ch3_l3n"])
def test_large_layers_draw_by_terms_with_the_odds_of_their_scores(monkeypatch, name):
    """Layers above BY_TERMS cells take another way; a cell is drawn first as its score says."""
    mask = np.random.default_rng(3).random((9, 8)) < 0.35
    view = ArrayView("a", sp.csr_array(mask))
    odds, drawn = odds_of(mask, name), []
    rule = EvolutionRule("random", name, 0.5)
    monkeypatch.setattr(regrowth, "BY_TERMS", 0)
    used = []
    plain = regrowth.draw_by_terms
    monkeypatch.setattr(regrowth, "draw_by_terms", lambda *a, **k: (used.append(1), plain(*a, **k))[1])
    rng = np.random.default_rng(11)
    for _ in range(4000):
        cells, _ = regrowth.draw_missing(view, 1, rule, rng)
        drawn.append(int(cells[0]))
    counts = np.bincount(drawn, minlength=72)
    possible = odds > 0
    assert not counts[~possible].any()
    assert stats.chisquare(counts[possible], 4000 * odds[possible]).pvalue > 1e-3
    wrong = odds_of(mask, "ch3_l3n" if name == "ch2_l3n" else "ch2_l3n")
    assert stats.chisquare(counts[possible], 4000 * wrong[possible]).pvalue < 1e-3
    assert len(used) == 4000
    for delta in (0.9, 1.0):
        regrowth.draw_missing(view, 3, EvolutionRule("random", name, delta), rng)
    assert len(used) == 4000


def odds_of(mask, name):
    scores = np.nan_to_num(ch_scores(mask, name)).ravel()  # 0 at links
    return scores / scores.sum()
