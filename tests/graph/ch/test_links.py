import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netsci.graph.ch import scores as ch
from netsci.graph.ch import streams
from netsci.graph.ch.links import best_missing_links, sample_missing_links
from netsci.graph.ch.scores import CH_RULES, ch_scores, iter_scores
from netsci.graph.ch.streams import Best
from tests.strategies import masks

# Neither square nor symmetric; all scores of a row differ from those of its column.
LAYER = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]])


def rng(seed=7):
    return np.random.default_rng(seed)


def random_layer(m, n, density, seed=3):
    return rng(seed).random((m, n)) < density


def listed(links):
    return [tuple(link) for link in links.tolist()]


def by_sorting(layer, rule):
    """All missing links, the best first, ties by row and column."""
    scores = ch_scores(layer, rule)
    cells = [(-scores[u, v], u, v) for u, v in np.argwhere(~np.isnan(scores)).tolist()]
    return [(u, v) for _, u, v in sorted(cells)], [-score for score, _, _ in sorted(cells)]


def test_best_links_by_hand():
    links, scores = best_missing_links(LAYER, 4, "ra_l3")
    assert links.dtype == np.int64
    assert scores.dtype == np.float64
    # columns a b c e of degree 2 3 2 1, rows 0 1 2 of 2 3 3; middle links of
    # (2, 0): b-0 b-1 c-1, (0, 2): a-1 b-1 b-2, (1, 3): b-2 c-2, (0, 3): b-2
    assert listed(links) == [(2, 0), (0, 2), (1, 3), (0, 3)]
    expected = [6**-0.5 + 1 / 3 + 6**-0.5, 6**-0.5 + 2 / 3, 1 / 3 + 6**-0.5, 1 / 3]
    np.testing.assert_allclose(scores, expected, rtol=1e-14)


def test_ties_go_by_row_and_then_by_column():
    layer = np.kron(np.ones((2, 2)), [[1, 1, 0], [0, 1, 1]])  # every missing cell has the same score
    links, scores = best_missing_links(layer, 5, "ch1_l3", block_rows=1)
    assert len(set(scores.round(12))) == 1
    apart = np.zeros((3, 4))
    links, scores = best_missing_links(apart, 5)
    assert listed(links) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]
    assert not scores.any()


@given(masks(), st.sampled_from(CH_RULES), st.floats(0, 1), st.integers(1, 9))
@settings(max_examples=80, deadline=None)
def test_best_links_equal_sorting_all_scores(mask, rule, share, block_rows):
    order, values = by_sorting(mask, rule)
    k = round(share * len(order))
    links, scores = best_missing_links(mask, k, rule, block_rows=block_rows)
    assert links.shape == (k, 2)
    assert listed(links) == order[:k]
    assert scores.tolist() == values[:k]


@pytest.mark.parametrize("rule", CH_RULES)
def test_blocks_and_threads_do_not_show(rule):
    layer = random_layer(70, 45, 0.1)
    best = best_missing_links(layer, 300, rule)
    drawn = sample_missing_links(layer, 300, rule, exponent=2.5, rng=rng())
    for options in ({"block_rows": 1}, {"block_rows": 11, "threads": 3}, {"block_rows": 64, "threads": None}):
        for first, again in zip(best, best_missing_links(layer, 300, rule, **options), strict=True):
            np.testing.assert_array_equal(first, again)
        again = sample_missing_links(layer, 300, rule, exponent=2.5, rng=rng(), **options)
        for first, second in zip(drawn, again, strict=True):
            np.testing.assert_array_equal(first, second)


@given(masks(), st.floats(0, 1), st.sampled_from([0.0, 1e-9, 1.0, 30.0, 1e100]), st.integers(0, 99))
@settings(max_examples=80, deadline=None)
def test_samples_are_missing_links_and_positive_ones_come_first(mask, share, exponent, seed):
    everything = ch_scores(mask)
    k = round(share * int((~mask).sum()))
    links, scores = sample_missing_links(mask, k, exponent=exponent, block_rows=2, rng=rng(seed))
    assert links.dtype == np.int64
    assert links.shape == (k, 2)
    assert listed(links) == sorted(set(listed(links)))
    np.testing.assert_array_equal(everything[links[:, 0], links[:, 1]], scores)
    if exponent:
        assert (scores > 0).sum() == min(k, (everything > 0).sum())


@pytest.fixture
def scored_once(monkeypatch):
    """Let thousands of draws from one layer share its scores, row by row."""

    def install(layer, rule):
        scores = ch_scores(layer, rule)
        rows = [(i * layer.shape[1], scores[i]) for i in range(len(scores))]
        monkeypatch.setattr(streams, "flat_blocks", lambda *args: rows)
        return scores

    return install


def significance(layer, exponent, weights, runs=2000):
    """Significance of single draws against the shares of these weights."""
    generator, counts = rng(11), np.zeros(layer.shape)
    for _ in range(runs):
        links, _ = sample_missing_links(layer, 1, exponent=exponent, rng=generator)
        counts[links[:, 0], links[:, 1]] += 1
    assert not counts[weights == 0].any()
    expected = runs * weights / weights.sum()
    return stats.chisquare(counts[weights > 0], expected[weights > 0]).pvalue


def test_single_draws_follow_the_law(scored_once):
    scores = np.nan_to_num(scored_once(LAYER, "ra_l3"))
    assert significance(LAYER, 1.0, scores) > 0.001
    assert significance(LAYER, 3.0, scores**3) > 0.001
    assert significance(LAYER, 0.0, 1.0 * (LAYER == 0)) > 0.001
    assert significance(LAYER, 1.0, scores**2) < 1e-6  # a wrong law is found out


def test_two_draws_follow_the_law_without_replacement(scored_once):
    s = scored_once(LAYER, "ra_l3")[LAYER == 0]
    p, cells = s / s.sum(), listed(np.argwhere(LAYER == 0))
    law = {
        (cells[i], cells[j]): p[i] * p[j] / (1 - p[i]) + p[j] * p[i] / (1 - p[j])
        for i in range(len(p))
        for j in range(i + 1, len(p))
    }
    generator, counts = rng(5), dict.fromkeys(law, 0)
    for _ in range(3000):
        counts[tuple(listed(sample_missing_links(LAYER, 2, rng=generator)[0]))] += 1
    assert stats.chisquare(list(counts.values()), 3000 * np.array(list(law.values()))).pvalue > 0.001


def test_zero_scores_are_drawn_uniformly_once_the_positive_ones_are_gone(scored_once):
    layer = np.zeros((3, 4))
    layer[:2, :3] = [[1, 1, 0], [0, 1, 1]]
    scores = np.nan_to_num(scored_once(layer, "ch3_l3"))
    zero = np.argwhere((layer == 0) & (scores == 0))
    generator, counts = rng(3), dict.fromkeys(listed(zero), 0)
    for _ in range(2000):
        links, drawn = sample_missing_links(layer, 3, exponent=2.0, rng=generator)
        assert (drawn > 0).sum() == 2
        counts[listed(links[drawn == 0])[0]] += 1
    assert len(counts) == 6
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_all_missing_links_and_none():
    layer = random_layer(6, 9, 0.4)
    missing = [tuple(cell) for cell in np.argwhere(~layer).tolist()]
    assert sorted(listed(best_missing_links(layer, len(missing))[0])) == missing
    for exponent in (0.0, 1.0):
        assert listed(sample_missing_links(layer, len(missing), exponent=exponent, rng=rng())[0]) == missing
    for shape in ((0, 0), (0, 3), (3, 0), (2, 2)):
        for links, scores in (
            best_missing_links(np.ones(shape), 0),
            sample_missing_links(np.ones(shape), 0, rng=rng()),
        ):
            assert links.shape == (0, 2)
            assert links.dtype == np.int64
            assert scores.shape == (0,)


def test_the_worst_kept_key_shuts_the_door():
    best = Best(3)
    keys = np.array([1.0, 5.0, 5.0, 2.0, 5.0, 5.0, 0.0])
    best.add(10, np.arange(7), keys, keys)
    assert best.least == 5.0
    best.add(17, np.arange(2), np.array([5.0, 6.0]), np.array([5.0, 6.0]))
    assert best.collect()[0].tolist() == [11, 12, 18]
    assert best.met == 9


def test_a_large_layer_needs_little_memory():
    code = """
        import re, sys
        import numpy as np, scipy.sparse as sp
        from netsci.graph.ch.links import best_missing_links, sample_missing_links
        n = 8192
        cells = np.unique(np.random.default_rng(3).integers(n * n, size=n))
        layer = sp.csr_array((np.ones(len(cells), bool), np.divmod(cells, n)), shape=(n, n))
        best, _ = best_missing_links(layer, 1000, "ra_l3")
        drawn, scores = sample_missing_links(layer, 500, "ra_l3", rng=np.random.default_rng(1))
        assert len(best) == 1000 and (scores > 0).all()
        peak = int(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1])
        sys.exit(peak > 2**19)
    """  # one dense array of scores would take 512 MiB; getrusage would count what the parent had at the fork
    if not os.path.exists("/proc/self/status"):
        pytest.skip("no peak memory of a fresh process to be had on this system")
    command = [sys.executable, "-c", textwrap.dedent(code)]
    assert subprocess.run(command, check=False, env=os.environ).returncode == 0


def test_wrong_arguments_are_explained():
    for choose in (
        best_missing_links,
        lambda *args, **options: sample_missing_links(*args, rng=rng(), **options),
    ):
        with pytest.raises(ValueError, match=r"k must lie in \[0, 4\], the number of missing links; got 5"):
            choose(LAYER, 5)
        with pytest.raises(ValueError, match="got -1"):
            choose(LAYER, -1)
        with pytest.raises(TypeError, match="k must be a whole number"):
            choose(LAYER, 2.0)
        with pytest.raises(ValueError, match="rule must be one of"):
            choose(LAYER, 2, "ra_l2")
        with pytest.raises(ValueError, match="block_rows must be at least 1; got 0"):
            choose(LAYER, 2, block_rows=0)
        with pytest.raises(ValueError, match="threads must be at least 1"):
            choose(LAYER, 2, threads=0)
        with pytest.raises(ValueError, match="biadjacency holds NaN"):
            choose([[np.nan, 1.0]], 1)
    for exponent in (-0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match="exponent must lie in"):
            sample_missing_links(LAYER, 2, exponent=exponent, rng=rng())
    with pytest.raises(TypeError, match="exponent must be a number"):
        sample_missing_links(LAYER, 2, exponent="1", rng=rng())
    with pytest.raises(TypeError, match="rng must be a numpy Generator"):
        sample_missing_links(LAYER, 2, rng=7)


def test_sparse_and_dense_layers_give_the_same_links():
    for form in (sp.csr_array, sp.coo_array):
        np.testing.assert_array_equal(best_missing_links(form(LAYER), 3)[0], best_missing_links(LAYER, 3)[0])


@pytest.mark.parametrize("existing", [None, "leave_one_out"])
@pytest.mark.parametrize("rule", CH_RULES)
def test_threads_change_nothing(rule, existing):
    mask = random_layer(30, 45, 0.15)
    mask[3:9] = False  # rows without work
    rows = [7, 0, 29, 29, 4, 11]
    alone = ch_scores(mask, rule, existing=existing), ch_scores(mask, rule, rows=rows, existing=existing)
    blocks = list(iter_scores(mask, rule, block_rows=4, existing=existing))
    for threads in (2, 5, 64, None):
        many = {"existing": existing, "threads": threads}
        np.testing.assert_array_equal(ch_scores(mask, rule, **many), alone[0])
        np.testing.assert_array_equal(ch_scores(mask, rule, rows=rows, **many), alone[1])
        for (rows_a, a), (rows_b, b) in zip(
            blocks, iter_scores(mask, rule, block_rows=4, **many), strict=True
        ):
            np.testing.assert_array_equal(rows_a, rows_b)
            np.testing.assert_array_equal(a, b)
    assert ch_scores(mask[:0], rule, threads=3).shape == (0, 45)


def test_the_work_is_shared_evenly():
    mask = random_layer(400, 300, 0.05)
    mask[:100] = random_layer(100, 300, 0.3)
    for rule in ("ch3_l3", "ch2_l3n"):
        layer = ch._Layer.prepare(mask, rule, None)
        cuts = layer.shares(np.arange(400), 2)
        assert cuts[0] == 0
        assert cuts[-1] == 400
        assert len(cuts) == 3
        assert cuts[1] < 150  # half of the rows would be 200: the first are the long ones


def test_an_error_in_a_thread_is_passed_on(monkeypatch):
    def fail(*args):
        raise MemoryError("no room")

    monkeypatch.setattr(ch._Layer, "score", fail)
    with pytest.raises(MemoryError, match="no room"):
        ch_scores(LAYER, threads=2)
    with pytest.raises(MemoryError, match="no room"):
        list(iter_scores(LAYER, block_rows=1, threads=2))
