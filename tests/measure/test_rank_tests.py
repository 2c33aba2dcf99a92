import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from netsci.measure import rank_sum_test, signed_rank_test
from netsci.measure.rank_tests import SIDES

lags = st.lists(st.integers(-4, 6).map(float), min_size=1, max_size=9)


def tail(values, statistic, alternative):
    above = np.mean([v >= statistic - 1e-9 for v in values])
    below = np.mean([v <= statistic + 1e-9 for v in values])
    return {"greater": above, "less": below, "two-sided": min(1.0, 2 * min(above, below))}[alternative]


@settings(deadline=None)
@given(lags, st.sampled_from(SIDES), st.sampled_from(["wilcox", "pratt"]))
def test_signed_ranks_by_enumeration_with_ties_and_zeros(x, alternative, zero_method):
    found = signed_rank_test(x, alternative=alternative, zero_method=zero_method)
    ranked = [v for v in x if v or zero_method == "pratt"]
    ranks = [r for r, v in zip(stats.rankdata(np.abs(ranked)), ranked, strict=True) if v]
    used = [v for v in x if v]
    assert (found.n, found.zeros) == (len(used), len(x) - len(used))
    if not used:
        assert math.isnan(found.p_value)
        return
    signs = itertools.product([0, 1], repeat=len(used))
    everything = [sum(r for r, s in zip(ranks, sign, strict=True) if s) for sign in signs]
    statistic = sum(r for r, v in zip(ranks, used, strict=True) if v > 0)
    assert found.statistic == statistic
    assert found.method == "exact"
    assert found.p_value == pytest.approx(tail(everything, statistic, alternative), abs=1e-12)
    assert found.z == pytest.approx((statistic - np.mean(everything)) / np.std(everything), abs=1e-9)
    assert found.rank_biserial == pytest.approx((2 * statistic - sum(ranks)) / sum(ranks))


@settings(deadline=None)
@given(lags.map(lambda x: x[:5]), lags.map(lambda x: x[:4]), st.sampled_from(SIDES))
def test_rank_sums_by_enumeration_with_ties(x, y, alternative):
    found = rank_sum_test(x, y, alternative=alternative)
    pooled = [*x, *y]
    if len(set(pooled)) == 1:
        assert math.isnan(found.p_value)
        return

    def pairs_won(a, b):
        return sum((v > w) + 0.5 * (v == w) for v in a for w in b)

    everything = []
    for chosen in itertools.combinations(range(len(pooled)), len(x)):
        rest = [pooled[i] for i in range(len(pooled)) if i not in chosen]
        everything.append(pairs_won([pooled[i] for i in chosen], rest))
    assert found.statistic == pairs_won(x, y)
    assert found.p_value == pytest.approx(tail(everything, found.statistic, alternative), abs=1e-12)
    assert found.z == pytest.approx((found.statistic - np.mean(everything)) / np.std(everything), abs=1e-9)
    assert found.common_language == pytest.approx(pairs_won(x, y) / (len(x) * len(y)))


@pytest.mark.parametrize("n", [12, 50, 51, 300])
@pytest.mark.parametrize("alternative", SIDES)
def test_agrees_with_scipy(n, alternative):
    rng = np.random.default_rng(n)
    smooth, whole = rng.normal(0.2, 1, n), rng.integers(-3, 5, n).astype(float)
    exact = "exact" if n <= 50 else "asymptotic"
    for zero_method in ("wilcox", "pratt"):
        ours = signed_rank_test(smooth, alternative=alternative, zero_method=zero_method)
        theirs = stats.wilcoxon(smooth, alternative=alternative, zero_method=zero_method, method=exact)
        assert (ours.method, ours.p_value) == (exact, pytest.approx(theirs.pvalue, rel=1e-9))
        if n > 100:
            ours = signed_rank_test(whole, alternative=alternative, zero_method=zero_method)
            theirs = stats.wilcoxon(
                whole, alternative=alternative, zero_method=zero_method, method="asymptotic"
            )
            assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
            assert abs(ours.z) == pytest.approx(abs(theirs.zstatistic), rel=1e-12)
    other = rng.normal(size=n)
    ours = rank_sum_test(smooth, other, alternative=alternative)
    method = "exact" if 2 * n <= 50 else "asymptotic"
    theirs = stats.mannwhitneyu(smooth, other, alternative=alternative, method=method)
    assert (ours.statistic, ours.method) == (theirs.statistic, method)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    if n > 50:
        tied = rng.integers(-3, 5, 2 * n).astype(float)
        theirs = stats.mannwhitneyu(whole, tied, alternative=alternative, method="asymptotic")
        assert rank_sum_test(whole, tied, alternative=alternative).p_value == pytest.approx(
            theirs.pvalue, rel=1e-9
        )


def test_exact_and_normal_law_meet():
    """Near the border of the two methods they differ by little."""
    x = np.random.default_rng(3).integers(-4, 7, 60).astype(float)
    x = x[x != 0][:50]
    exact = signed_rank_test(x)
    assert exact.method == "exact"
    assert exact.p_value == pytest.approx(stats.norm.sf(exact.z), rel=0.1)


def test_no_p_value_underflows():
    """n equal lags: z = n (n + 1)/4 / sqrt(n (n + 1)^2 / 16) = sqrt(n)."""
    for n in (400, 10_000):
        found = signed_rank_test(np.ones(n))
        assert found.z == pytest.approx(math.sqrt(n))
        # the tail is phi(z)/z (1 - 1/z^2 + ...)
        expected = -n / 2 - math.log(math.sqrt(2 * math.pi * n)) + math.log1p(-1 / n + 3 / n**2)
        assert found.log10_p == pytest.approx(expected / math.log(10), abs=1e-6)
    assert found.p_value == 0.0
    assert found.p_text.endswith("e-2174")
    far = rank_sum_test(np.arange(3000.0) + 3000, np.arange(3000.0))
    assert far.log10_p < -900
    assert far.common_language == 1.0


def test_p_text():
    assert signed_rank_test([1.0, 2, 3, 4, 5]).p_text == "3.125e-02"
    assert signed_rank_test([0.0]).p_text == ""
    assert signed_rank_test([1.0, -1.0], alternative="two-sided").p_text == "1.000e+00"


def test_undefined_tests_are_nan_and_say_why():
    for found, note in (
        (signed_rank_test([]), "no pairs"),
        (signed_rank_test([0.0, 0.0]), "all 2 differences are zero"),
        (rank_sum_test([], [1.0]), "the first sample is empty"),
        (rank_sum_test([1.0], []), "the second sample is empty"),
        (rank_sum_test([], []), "the first and the second sample is empty"),
        (rank_sum_test([2.0, 2.0], [2.0]), "all values are equal"),
    ):
        assert found.note == note
        numbers = (found.statistic, found.z, found.p_value, found.log10_p, found.rank_biserial)
        assert all(map(math.isnan, numbers))
        assert math.isnan(found.common_language)


def test_swapping_samples_or_signs_turns_the_effect():
    x = np.array([1.0, 2, -1, 5, 3, 3])
    assert signed_rank_test(-x).rank_biserial == -signed_rank_test(x).rank_biserial
    one, other = rank_sum_test(x, x + 1), rank_sum_test(x + 1, x)
    assert one.rank_biserial == pytest.approx(-other.rank_biserial)
    assert one.p_value == pytest.approx(other.p_value)
    assert one.z < 0 < other.z


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        (([[1.0]],), {}, ValueError, "one-dimensional"),
        (([math.nan],), {}, ValueError, "NaN or infinite"),
        ((["a"],), {}, TypeError, "real numbers"),
        (([1.0],), {"alternative": "later"}, ValueError, "two-sided, greater, less"),
        (([1.0],), {"zero_method": "zsplit"}, ValueError, "zero_method must be one of wilcox, pratt"),
    ],
)
def test_refusals(arguments, options, error, match):
    with pytest.raises(error, match=match):
        signed_rank_test(*arguments, **options)
