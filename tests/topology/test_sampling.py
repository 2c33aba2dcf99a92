from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from netsci.topology import gumbel_top_k
from netsci.topology.sampling import _largest, _with_replacement

scores_of_any_kind = st.lists(
    st.sampled_from([0.0, 1e-300, 0.3, 1.0, 1.0, 7.0, 1e300]) | st.floats(0, 10), max_size=40
)
deltas = st.sampled_from([0.0, 1e-9, 0.5, 0.9, 1 - 1e-12, 1.0]) | st.floats(0, 1)


def rng(seed=7):
    return np.random.default_rng(seed)


def sets_law(weights, k):
    """Probability of each set of k draws without replacement, by enumerating orders."""
    law = {}
    for order in permutations(range(len(weights)), k):
        probability, left = 1.0, sum(weights)
        for i in order:
            probability *= weights[i] / left
            left -= weights[i]
        law[tuple(sorted(order))] = law.get(tuple(sorted(order)), 0.0) + probability
    return law


def check_law(scores, k, delta, runs, least=0.001):
    generator = rng(11)
    law = sets_law([s ** (delta / (1 - delta)) if s else 0.0 for s in scores], k)
    counts = dict.fromkeys(law, 0)
    for _ in range(runs):
        counts[tuple(gumbel_top_k(scores, k, delta=delta, rng=generator).tolist())] += 1
    assert all(counts[chosen] == 0 for chosen, p in law.items() if p == 0)
    kept = [(counts[chosen], runs * p) for chosen, p in law.items() if runs * p >= 5]
    rest = (runs - sum(c for c, _ in kept), runs - sum(e for _, e in kept))
    observed, expected = zip(*kept, *([rest] if rest[1] > 5 else []), strict=True)
    scale = sum(observed) / sum(expected)
    assert stats.chisquare(observed, np.array(expected) * scale).pvalue > least


@given(scores_of_any_kind, st.floats(0, 1), deltas, st.integers(0, 99))
def test_exactly_k_different_candidates_in_ascending_order(scores, share, delta, seed):
    k = round(share * len(scores))
    chosen = gumbel_top_k(scores, k, delta=delta, rng=rng(seed))
    assert chosen.dtype == np.int64
    assert len(chosen) == k
    assert (np.diff(chosen) > 0).all()
    assert ((chosen >= 0) & (chosen < len(scores))).all()
    if delta > 0:
        values = np.array(scores)
        missed = np.delete(values, chosen)
        assert not (missed > 0).any() or (values[chosen] > 0).all()


@pytest.mark.parametrize("delta", [0.0, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("k", [0, 1, 700, 12_000, 399_999])
def test_exact_at_size(delta, k):
    scores = rng(1).random(400_000) ** 8
    scores[::3] = 0.0
    chosen = gumbel_top_k(scores, k, delta=delta, rng=rng())
    assert len(np.unique(chosen)) == len(chosen) == k


@pytest.mark.parametrize("delta", [0.2, 0.5, 0.6])
def test_first_draw_is_proportional_to_the_power_of_the_score(delta):
    """64 candidates: drawn with replacement. Chi-square at a fixed seed."""
    check_law([1.0, 2.0, 4.0, 5.0] * 16, 1, delta, 12_000)
    check_law([1.0, 2.0, 0.0, 5.0], 1, delta, 8000)


@pytest.mark.parametrize("delta", [0.4, 0.5, 0.7])
def test_pairs_follow_successive_draws(delta):
    check_law([1.0, 3.0, 0.0, 4.0, 2.0], 2, delta, 8000)
    check_law([1.0, 3.0, 2.0, 4.0, 2.0], 3, delta, 8000)


@pytest.mark.parametrize("few", [1, 10**9])
def test_both_ways_of_drawing_have_the_same_law(monkeypatch, few):
    monkeypatch.setattr("netsci.topology.sampling._FEW", few)
    check_law([1.0, 3.0, 0.0, 4.0, 2.0, 0.5], 2, 0.6, 8000)


def test_zero_scores_use_up_a_variable_each():
    """What is drawn from a seed stays what it was: zeros are skipped, their share of the noise is not."""
    scores = rng(1).random(500) * (rng(2).random(500) < 0.4)
    noise = rng(3).standard_exponential(500)
    with np.errstate(divide="ignore"):
        keys = 3 * np.log(scores) - np.log(noise)
    chosen = gumbel_top_k(scores, 60, delta=0.75, rng=rng(3))
    assert np.array_equal(chosen, np.sort(np.argsort(keys)[-60:]))


def test_draws_that_repeat_themselves_are_finished_with_the_same_law(monkeypatch):
    """One candidate has nearly all the odds, so that draws with replacement find little else."""
    monkeypatch.setattr("netsci.topology.sampling._FEW", 1)
    check_law([1e9, 3.0, 1.0, 2.0, 1.0], 3, 0.5, 8000)


def test_steep_odds_leave_out_what_underflows(monkeypatch):
    monkeypatch.setattr("netsci.topology.sampling._FEW", 1)
    scores = [1e-12, 0.99, 0.0, 1.0, 1e-300, 0.98]
    check_law(scores, 1, 20 / 21, 8000)
    assert gumbel_top_k(scores, 4, delta=30 / 31, rng=rng()).tolist() == [0, 1, 3, 5]


def test_steep_odds_keep_low_weights_that_are_many():
    """2^17 candidates of half the highest score have, at a power of 17, its odds together."""
    scores = np.full(2**17 + 1, 0.5)
    scores[70] = 1.0
    generator = rng()
    draws = [gumbel_top_k(scores, 1, delta=17 / 18, rng=generator).item() for _ in range(60)]
    assert 15 <= draws.count(70) <= 45
    assert len(set(draws)) == 1 + 60 - draws.count(70)


def test_a_place_on_the_edge_of_a_weight_is_never_a_zero_score():
    """The lowest random number is exactly 0, where the leading candidates have no room at all."""

    class Lowest:
        def random(self, n):
            return np.zeros(n)

    assert _with_replacement(np.array([0.0, 0.0, 2.0, 1.0]), 1, 1.0, Lowest()).tolist() == [2]


def test_delta_0_is_uniform_zeros_included():
    counts = np.zeros(6)
    generator = rng()
    for _ in range(6000):
        counts[gumbel_top_k([0.0, 0.0, 1.0, 9.0, 9.0, 1e9], 2, delta=0.0, rng=generator)] += 1
    assert stats.chisquare(counts).pvalue > 0.001


def test_delta_1_takes_the_largest_and_breaks_ties_at_random():
    counts = np.zeros(6)
    generator = rng()
    for _ in range(3000):
        counts[gumbel_top_k([2.0, 1.0, 2.0, 5.0, 2.0, 0.0], 3, delta=1.0, rng=generator)] += 1
    assert counts[[1, 3, 5]].tolist() == [0, 3000, 0]
    assert stats.chisquare(counts[[0, 2, 4]]).pvalue > 0.001


def test_zeros_come_after_all_positive_scores_and_uniformly():
    counts = np.zeros(5)
    generator = rng()
    for _ in range(3000):
        counts[gumbel_top_k([0.0, 1.0, 0.0, 1e-250, 0.0], 3, delta=0.5, rng=generator)] += 1
    assert counts[[1, 3]].tolist() == [3000, 3000]
    assert stats.chisquare(counts[[0, 2, 4]]).pvalue > 0.001


@pytest.mark.parametrize("k", [1, 10, 3000, 100_000])
def test_the_largest_of_many_keys_agree_with_sorting(k):
    """Long arrays are cut before they are sorted out; ordered ones mislead the guess of the cut."""
    keys = rng(3).normal(size=700_001)
    seen = np.arange(700_001) % 10 == 0
    for order in (keys, np.sort(keys), np.where(seen, keys, keys + 9), np.where(seen, keys + 9, keys)):
        assert np.array_equal(_largest(order, k, rng()), np.sort(np.argsort(order)[-k:]))


def test_ties_among_many_keys_are_broken_at_random():
    keys = np.zeros(700_001)
    keys[:5] = 1.0
    one, other = (_largest(keys, 1000, rng(seed)) for seed in (1, 2))
    assert one[:5].tolist() == other[:5].tolist() == [0, 1, 2, 3, 4]
    assert len(np.intersect1d(one, other)) < 50
    assert 300_000 < one[5:].mean() < 400_000


def test_equal_seeds_draw_equal_links():
    scores = rng(1).random(5000)
    draws = [gumbel_top_k(scores, 60, delta=0.5, rng=rng(seed)).tolist() for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]


@pytest.mark.parametrize("scores", [[1.0, -1.0], [1.0, np.nan], [1.0, np.inf]])
def test_scores_are_checked(scores):
    with pytest.raises(ValueError, match="scores"):
        gumbel_top_k(scores, 1, delta=0.5, rng=rng())


@pytest.mark.parametrize(
    ("error", "name", "arguments"),
    [
        (ValueError, "k must", {"k": 3}),
        (ValueError, "k must", {"k": -1}),
        (TypeError, "k must", {"k": 1.0}),
        (ValueError, "delta", {"delta": 1.1}),
        (ValueError, "delta", {"delta": np.nan}),
        (TypeError, "rng", {"rng": np.random}),
        (TypeError, "scores", {"scores": [[1.0]]}),
        (TypeError, "scores", {"scores": ["a"]}),
    ],
)
def test_arguments_are_checked(error, name, arguments):
    good = {"scores": [1.0, 2.0], "k": 1, "delta": 0.5, "rng": rng()}
    good.update(arguments)
    with pytest.raises(error, match=name):
        gumbel_top_k(good.pop("scores"), good.pop("k"), **good)
