import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import bootstrap, ttest_1samp

from netsci.measure import rank_sum_test, signed_rank_test, time_lag_tests
from netsci.measure.lag_intervals import Bootstrap

NAN = math.nan


def drawn_effects(lags, effect, resamples=300, seed=3):
    """The effect of every resample by the tests themselves, on the pairs that the bootstrap draws."""
    rng = np.random.default_rng(seed)
    kept = lags[~np.isnan(lags).all(axis=1)]
    places = rng.integers(len(kept), size=(resamples, len(kept)))
    return np.array([effect(kept[one]) for one in places])


def some_lags(seed=1, pairs=25):
    lags = np.random.default_rng(seed).integers(-3, 6, (pairs, 2)).astype(float)
    lags[2, 0] = lags[5, 1] = NAN
    lags[7] = NAN
    lags[9] = 0
    return lags


def known(x):
    return x[~np.isnan(x)]


@pytest.mark.parametrize("zero_method", ["wilcox", "pratt"])
@pytest.mark.parametrize("columns", [[0], [1], [0, 1]])
def test_signed_effects_equal_those_of_the_test_on_every_resample(columns, zero_method):
    lags = some_lags()[:, columns]
    effects = drawn_effects(lags, lambda x: signed_rank_test(known(x), zero_method=zero_method).rank_biserial)
    found = Bootstrap(np.random.default_rng(3), 300, 0.9).signed_effect(lags, zero_method=zero_method)
    assert found[:2] == pytest.approx(np.nanquantile(effects, [0.05, 0.95]).tolist(), abs=1e-12)
    assert found.note == ""


def test_sum_effects_equal_those_of_the_test_on_every_resample():
    lags = some_lags()
    effects = drawn_effects(lags, lambda x: rank_sum_test(known(x[:, 1]), known(x[:, 0])).rank_biserial)
    found = Bootstrap(np.random.default_rng(3), 300, 0.9).sum_effect(lags)
    assert found[:2] == pytest.approx(np.nanquantile(effects, [0.05, 0.95]).tolist(), abs=1e-12)
    assert found.note == ""


def test_estimates_equal_those_of_every_resample():
    lags = some_lags()
    means = drawn_effects(lags, np.nanmean)
    medians = drawn_effects(lags, np.nanmedian)
    rows = Bootstrap(np.random.default_rng(3), 300, 0.9).estimates(lags)
    assert [row["value"] for row in rows] == pytest.approx([np.nanmean(lags), np.nanmedian(lags)])
    for row, values in zip(rows, (means, medians), strict=True):
        assert [row["low"], row["high"]] == pytest.approx(np.quantile(values, [0.05, 0.95]).tolist())


def table_of(lags):
    rows = [
        (i, name, 20 + lag, 20)
        for i, pair in enumerate(lags)
        for name, lag in zip(("dense", "sparse"), pair, strict=True)
    ]
    return pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])


def width(found, group):
    rows = found.estimates.set_index(["group", "lags", "measure"])
    return rows.loc[(group, "all", "mean"), "high"] - rows.loc[(group, "all", "mean"), "low"]


def test_the_two_networks_of_a_pair_are_not_independent():
    """Pairs of equal lags: both networks together say no more than one of them."""
    lag = np.random.default_rng(4).normal(3, 2, 60)
    found = time_lag_tests(
        table_of(np.column_stack([lag, lag])), rng=np.random.default_rng(5), bootstrap=3000
    )
    assert width(found, "all") == pytest.approx(width(found, "dense"), rel=0.1)
    rows = found.estimates.set_index(["group", "lags", "measure"])
    difference = rows.loc[("sparse minus dense", "all", "mean")]
    assert difference[["n", "value"]].tolist() == [60, 0]
    assert difference[["low", "high"]].isna().all()
    assert difference["note"] == "no interval: resamples do not vary"


def test_pairs_that_balance_leave_no_doubt_about_all():
    lag = np.random.default_rng(4).normal(0, 2, 40)
    found = time_lag_tests(table_of(np.column_stack([3 + lag, 3 - lag])), rng=np.random.default_rng(5))
    assert np.isnan(width(found, "all"))  # every resample has the same mean
    assert width(found, "sparse minus dense") == pytest.approx(2 * width(found, "dense"), rel=0.1)


def test_every_effect_has_its_interval_and_only_with_a_generator():
    table = table_of(np.random.default_rng(2).integers(-2, 7, (30, 2)))
    tests = time_lag_tests(table, rng=np.random.default_rng(1), bootstrap=500).tests
    assert (tests["rank_biserial_low"] < tests["rank_biserial"]).all()
    assert (tests["rank_biserial"] < tests["rank_biserial_high"]).all()
    assert tests[["rank_biserial_low", "rank_biserial_high"]].abs().max(axis=None) <= 1
    without = time_lag_tests(table).tests
    assert without[["rank_biserial_low", "rank_biserial_high"]].isna().all(axis=None)
    noted = without["note"].str.contains("both lags of a pair count")
    assert (noted == (without["group"] == "all")).all()


def test_undefined_effects_have_no_interval():
    tests = time_lag_tests(table_of([[0, 0], [0, 0]]), rng=np.random.default_rng(1), bootstrap=9).tests
    assert tests[["rank_biserial", "rank_biserial_low", "rank_biserial_high"]].isna().all(axis=None)


def test_the_interval_of_few_pairs_holds_the_truth_as_often_as_it_says():
    """The percentile interval of 6 pairs does in 85 % only."""
    rng, held = np.random.default_rng(0), {"mean": [], "median": []}
    for _ in range(300):
        for row in Bootstrap(rng, 200, 0.95).estimates(1 + 3 * rng.normal(size=(6, 1))):
            held[row["measure"]].append(row["low"] <= 1 <= row["high"])
    assert np.mean(held["mean"]) == pytest.approx(0.95, abs=0.03)
    assert np.mean(held["median"]) == pytest.approx(1 - 2 * 0.5**6, abs=0.03)


def test_students_interval_is_that_of_scipy_and_pairs_are_its_units():
    lags = np.random.default_rng(1).normal(2, 3, (9, 1))
    (mean, _) = Bootstrap(np.random.default_rng(1), 100, 0.9).estimates(lags)
    expected = ttest_1samp(lags[:, 0], 0).confidence_interval(0.9)
    assert [mean["low"], mean["high"]] == pytest.approx([expected.low, expected.high])
    assert mean["note"] == "interval of only 9 pairs"
    (twice, _) = Bootstrap(np.random.default_rng(1), 100, 0.9).estimates(np.column_stack([lags, lags]))
    assert [twice["low"], twice["high"]] == pytest.approx([mean["low"], mean["high"]])


@pytest.mark.parametrize(("pairs", "place"), [(5, 0), (6, 0), (9, 1), (12, 2), (17, 4)])
def test_the_median_of_few_pairs_by_the_tables_of_the_sign_test(pairs, place):
    lags = np.random.default_rng(pairs).normal(size=(pairs, 1))
    ordered = np.sort(lags[:, 0])
    (_, median) = Bootstrap(np.random.default_rng(1), 100, 0.95).estimates(lags)
    assert [median["low"], median["high"]] == [ordered[place], ordered[-1 - place]]
    assert ("no wider interval than 94 %" in median["note"]) == (pairs == 5)


def test_bca_is_that_of_scipy():
    """On the same resamples, with the effect of the signed-rank test as the statistic."""
    lags = np.random.default_rng(5).normal(0.8, 1.5, (14, 1))
    found = Bootstrap(np.random.default_rng(2), 4000, 0.9).signed_effect(lags, zero_method="wilcox")
    oracle = bootstrap(
        (lags[:, 0],),
        lambda x: signed_rank_test(x).rank_biserial,
        vectorized=False,
        n_resamples=4000,
        confidence_level=0.9,
        method="BCa",
        rng=np.random.default_rng(9),
    ).confidence_interval
    assert found[:2] == pytest.approx([oracle.low, oracle.high], abs=0.04)
    assert found.note == "interval of only 14 pairs"


def test_resamples_that_do_not_vary_give_no_interval():
    found = time_lag_tests(table_of([[2, 2], [3, 3], [4, 4], [5, 5]]), rng=np.random.default_rng(1))
    first = found.tests.iloc[0]
    assert first["rank_biserial"] == 1
    assert np.isnan([first["rank_biserial_low"], first["rank_biserial_high"]]).all()
    assert "resamples do not vary" in first["note"]
    same = Bootstrap(np.random.default_rng(1), 100, 0.95).estimates(np.full((7, 2), 3.0))
    assert all(np.isnan([row["low"], row["high"]]).all() and "vary" in row["note"] for row in same)


def test_enough_pairs_have_no_note():
    rows = Bootstrap(np.random.default_rng(1), 100, 0.95).estimates(
        np.random.default_rng(1).normal(size=(20, 2))
    )
    assert [row["note"] for row in rows] == ["", ""]
