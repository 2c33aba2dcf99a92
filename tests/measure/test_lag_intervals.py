import math

import numpy as np
import pandas as pd
import pytest

from netsci.measure import rank_sum_test, signed_rank_test, time_lag_tests
from netsci.measure.lag_intervals import Bootstrap

NAN = math.nan


def drawn_effects(lags, effect, resamples=300, seed=3):
    """The effect of every resample by the tests themselves, on the pairs that the bootstrap draws."""
    rng = np.random.default_rng(seed)
    kept = lags[~np.isnan(lags).all(axis=1)]
    places = rng.integers(len(kept), size=(resamples, len(kept)))
    return np.array([effect(kept[one]) for one in places])


def some_lags(seed=1, pairs=13):
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
    assert found == pytest.approx(np.nanquantile(effects, [0.05, 0.95]).tolist(), abs=1e-12)


def test_sum_effects_equal_those_of_the_test_on_every_resample():
    lags = some_lags()
    effects = drawn_effects(lags, lambda x: rank_sum_test(known(x[:, 1]), known(x[:, 0])).rank_biserial)
    found = Bootstrap(np.random.default_rng(3), 300, 0.9).sum_effect(lags)
    assert found == pytest.approx(np.nanquantile(effects, [0.05, 0.95]).tolist(), abs=1e-12)


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
    assert difference[["n", "value", "low", "high"]].tolist() == [60, 0, 0, 0]


def test_pairs_that_balance_leave_no_doubt_about_all():
    lag = np.random.default_rng(4).normal(0, 2, 40)
    found = time_lag_tests(table_of(np.column_stack([3 + lag, 3 - lag])), rng=np.random.default_rng(5))
    assert width(found, "all") < 1e-9
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
