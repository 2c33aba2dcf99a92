"""Draws by terms: the law of successive draws without replacement, odds by score, and no cell scored."""

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netsci.graph.ch import draws
from netsci.graph.ch.draws import TERM_RULES, draw_by_terms, score_cells
from netsci.graph.ch.links import sample_missing_links
from netsci.graph.ch.scores import ch_scores
from tests.strategies import masks

LAYER = np.array(
    [
        [1, 0, 0, 0, 1, 1, 0],
        [1, 0, 1, 0, 1, 1, 0],
        [0, 1, 0, 0, 1, 1, 1],
        [1, 0, 1, 0, 0, 1, 0],
        [0, 0, 1, 0, 0, 0, 1],
    ],
    bool,
)  # 19 missing links, 14 of positive score


def rng(seed=7):
    return np.random.default_rng(seed)


def odds(rule, layer=LAYER):
    """Return the score of every cell, 0 at links."""
    return np.nan_to_num(ch_scores(layer, rule)).ravel()


def first_pairs(slope, copies, generator):
    """Return the first two links of each of many equal layers side by side, as their clocks ring."""
    many = sp.kron(sp.eye_array(copies, dtype=bool), LAYER, format="csr")
    parts = [side.draw(slope, 0.0, 2.5, generator) for side in draws._sides(sp.csr_array(many))]
    cells, times = (np.concatenate(both) for both in zip(*parts, strict=True))
    cells, times = draws._first(cells, times)
    (rows, columns), (m, n) = np.divmod(cells, many.shape[1]), LAYER.shape
    assert np.array_equal(rows // m, columns // n)
    order = np.lexsort((times, rows // m))
    start = np.searchsorted((rows // m)[order], np.arange(copies))
    assert (np.diff(start) >= 2).all()
    within = ((rows % m) * n + columns % n)[order]
    return within[start], within[start + 1]


def fit(rule, slope, copies, repeats, seed=1):
    """Return the p-value of the first two links, in order, under the law of successive draws."""
    p = odds(rule)
    p /= p.sum()
    pairs = list(itertools.permutations(np.flatnonzero(p), 2))
    expected = np.array([p[a] * p[b] / (1 - p[a]) for a, b in pairs])
    place = np.zeros((p.size, p.size), int)
    place[tuple(np.transpose(pairs))] = np.arange(len(pairs))
    counts, generator = np.zeros(len(pairs)), rng(seed)
    for _ in range(repeats):
        first, second = first_pairs(slope, copies, generator)
        counts += np.bincount(place[first, second], minlength=len(pairs))
    few = expected * counts.sum() < 5
    counts = np.append(counts[~few], counts[few].sum())
    expected = np.append(expected[~few], expected[few].sum())
    some = expected > 0
    return stats.chisquare(counts[some], expected[some] * counts.sum()).pvalue


@pytest.mark.parametrize("rule", sorted(TERM_RULES))
def test_the_law_of_successive_draws(rule):
    assert fit(rule, TERM_RULES[rule], copies=20_000, repeats=5) > 0.001


def test_a_wrong_term_has_another_law():
    assert fit("ch2_l3n", 0.0, copies=20_000, repeats=1) < 1e-4
    assert fit("ch3_l3n", 1.0, copies=20_000, repeats=1) < 1e-4


@pytest.mark.parametrize("word", [0.0, 1e9], ids=["bits", "lists"])
def test_the_first_k_are_drawn(word, monkeypatch):
    """Sets of two links, drawn by the function itself, whichever way shared neighbours are counted."""
    monkeypatch.setattr(draws, "_FOR_A_WORD", word)
    p = odds("ch2_l3n")
    p /= p.sum()
    generator, counts, n = rng(3), np.zeros(LAYER.size), 1500
    for _ in range(n):
        cells, filled = draw_by_terms(LAYER, 2, rng=generator)
        assert filled == 0
        counts[cells] += 1
    second = [sum(p[a] / (1 - p[a]) for a in range(p.size) if a != i) * p[i] for i in range(p.size)]
    share = p + np.array(second)
    assert abs(counts / n - share).max() < 4.5 * np.sqrt(0.25 / n)
    assert not counts[p == 0].any()


@settings(deadline=None)
@given(masks(), st.sampled_from(sorted(TERM_RULES)), st.booleans(), st.integers(0, 99))
def test_rates_are_sums_of_scores_and_counts_are_exact(mask, rule, bits, seed):
    """All terms together are the sum of all scores; zero scores come last; cells differ and were missing."""
    word, draws._FOR_A_WORD = draws._FOR_A_WORD, -1.0 if bits else 1e9
    try:
        sides = draws._sides(sp.csr_array(mask))
        for side in sides:
            side.draw(TERM_RULES[rule], 0.0, 0.0, rng(seed))
        p = odds(rule, mask)
        total = sum(np.maximum(side.totals, 0.0).sum() for side in sides)
        assert total == pytest.approx(p.sum())
        k = int(rng(seed).integers((~mask).sum() + 1))
        cells, filled = draw_by_terms(mask, k, rule, rng=rng(seed))
    finally:
        draws._FOR_A_WORD = word
    assert (np.diff(cells) > 0).all()
    assert len(cells) == k
    assert not mask.ravel()[cells].any()
    assert filled == max(0, k - np.count_nonzero(p)) == np.count_nonzero(p[cells] == 0)
    assert score_cells(sp.csr_array(mask), cells, rule) == pytest.approx(p[cells])


def test_links_of_score_zero_fill_up_uniformly():
    p, generator, counts = odds("ch2_l3n"), rng(5), np.zeros(LAYER.size)
    positive, zero = np.flatnonzero(p), np.flatnonzero(~LAYER.ravel() & (p == 0))
    for _ in range(600):
        cells, filled = draw_by_terms(LAYER, len(positive) + 1, rng=generator)
        assert filled == 1
        assert np.isin(positive, cells).all()
        counts[cells] += 1
    expected = 600 / len(zero)
    assert abs(counts[zero] - expected).max() < 4.5 * np.sqrt(expected)


def test_a_large_layer_is_sampled_by_terms_and_needs_no_dense_array():
    n = 4096
    columns = np.concatenate([np.sort(rng(i).choice(n, 8, replace=False)) for i in range(n)])
    layer = sp.csr_array((np.ones(8 * n, bool), columns, np.arange(n + 1) * 8), shape=(n, n))
    sample_missing_links(layer, 10, "ch2_l3n", rng=rng())  # compile
    tracemalloc.start()
    links, scores = sample_missing_links(layer, 3000, "ch2_l3n", rng=rng())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8e6  # the scores of one block of 256 rows alone take 8.4 MB
    rows = np.unique(links[:, 0])[:40]
    exact = ch_scores(layer, "ch2_l3n", rows=rows)
    some = np.isin(links[:, 0], rows)
    assert scores[some] == pytest.approx(exact[np.searchsorted(rows, links[some, 0]), links[some, 1]])
    assert (scores > 0).all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="rule must be one of"):
        draw_by_terms(LAYER, 1, "ch3_l3", rng=rng())
    with pytest.raises(ValueError, match=r"k must lie in \[0, 19\]"):
        draw_by_terms(LAYER, 20, rng=rng())
    with pytest.raises(TypeError, match="rng must be"):
        draw_by_terms(LAYER, 1, rng=7)
