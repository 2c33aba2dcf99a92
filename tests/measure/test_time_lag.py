import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from netsci.measure import lag_density, swap_times, time_lag_tests


def networks(dense, sparse, rate=10):
    """A table of lags: one pair a position."""
    rows = [
        {"pair": i, "connectivity": name, "accuracy_time": rate + lag, "rate_time": rate}
        for name, lags in (("dense", dense), ("sparse", sparse))
        for i, lag in enumerate(lags)
    ]
    return pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])


def drawn(n=120, *, dense=1.0, sparse=3.0, seed=5):
    rng = np.random.default_rng(seed)
    return networks(np.rint(rng.normal(dense, 3, n)), np.rint(rng.normal(sparse, 3, n)))


def one_test(found, question, group=None, zero_method=None):
    rows = found.tests[found.tests["question"].str.startswith(question)]
    for column, wanted in (("group", group), ("zero_method", zero_method)):
        rows = rows if wanted is None else rows[rows[column] == wanted]
    assert len(rows) == 1
    return rows.iloc[0]


def test_by_hand():
    """Lags 1, 2, 3, -1, 0: T+ = 1.5 + 3 + 4 of 10, as or more extreme in 3 of 16 sign patterns."""
    found = time_lag_tests(networks([1, 2, 3, -1, 0], [4, 6]))
    dense = one_test(found, "accuracy later", "dense", "wilcox")
    assert (dense["n"], dense["zeros"], dense["statistic"], dense["method"]) == (4, 1, 8.5, "exact")
    assert (dense["p_value"], dense["alternative"]) == (3 / 16, "greater")
    assert dense["common_language"] == pytest.approx(3.5 / 5)
    pratt = one_test(found, "accuracy later", "dense", "pratt")
    assert (pratt["n"], pratt["statistic"]) == (4, 2.5 + 4 + 5)
    apart = one_test(found, "positive lags")
    assert (apart["n"], apart["n_other"], apart["statistic"]) == (2, 3, 6.0)
    assert (apart["p_value"], apart["alternative"]) == (pytest.approx(2 / 10), "two-sided")
    longer = one_test(found, "sparse lag longer", zero_method="wilcox")
    assert (longer["n"], longer["p_value"]) == (2, 0.25)
    lags = found.lags
    assert lags["lag"].tolist() == [1, 2, 3, -1, 0, 4, 6]


def test_agrees_with_scipy():
    table = drawn()
    found = time_lag_tests(table)
    lag = table["accuracy_time"] - table["rate_time"]
    groups = {"all": lag} | {name: lag[table["connectivity"] == name] for name in ("dense", "sparse")}
    for name, x in groups.items():
        for zero_method in ("wilcox", "pratt"):
            ours = one_test(found, "accuracy later", name, zero_method)
            theirs = stats.wilcoxon(x, alternative="greater", zero_method=zero_method, method="asymptotic")
            assert ours["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)
            assert ours["statistic"] == theirs.statistic
    dense, sparse = groups["dense"], groups["sparse"]
    theirs = stats.mannwhitneyu(sparse[sparse > 0], dense[dense > 0], method="asymptotic")
    ours = one_test(found, "positive lags")
    assert (ours["statistic"], ours["p_value"]) == (theirs.statistic, pytest.approx(theirs.pvalue, rel=1e-9))
    theirs = stats.mannwhitneyu(sparse, dense, method="asymptotic")
    assert one_test(found, "all lags")["p_value"] == pytest.approx(theirs.pvalue, rel=1e-9)


def test_p_values_as_small_as_the_paper_s_and_smaller():
    """S2 prints 6.119e-62 for all networks; thousands of equal lags go far below the smallest double."""
    found = time_lag_tests(networks([2] * 2000, [3] * 2000))
    every = one_test(found, "accuracy later", "all", "wilcox")
    assert every["p_value"] == 0.0
    assert every["log10_p"] < -600
    assert every["p_text"].endswith(f"e{math.floor(every['log10_p'])}")
    assert every["note"].startswith("p is below the smallest double; log10_p holds it")
    assert "both lags of a pair count" in every["note"]


def test_control_swapped_times_have_no_lag():
    table = drawn(400)
    rng = np.random.default_rng(11)
    assert one_test(time_lag_tests(table), "accuracy later", "all", "wilcox")["log10_p"] < -20
    p = [
        one_test(time_lag_tests(swap_times(table, rng=rng)), "accuracy later", "all", "wilcox")["p_value"]
        for _ in range(60)
    ]
    assert stats.kstest(p, "uniform").pvalue > 0.01
    swapped = swap_times(table, rng=rng)
    assert sorted(map(sorted, swapped[["accuracy_time", "rate_time"]].to_numpy().tolist())) == sorted(
        map(sorted, table[["accuracy_time", "rate_time"]].to_numpy().tolist())
    )
    assert 100 < (swapped["accuracy_time"] != table["accuracy_time"]).sum() < 600


def test_control_connectivity_by_chance_makes_no_difference():
    table = drawn(150)
    assert one_test(time_lag_tests(table), "all lags")["p_value"] < 1e-4
    rng = np.random.default_rng(2)
    p = []
    for _ in range(40):
        swap = rng.permutation(np.repeat([True, False], 75))[table["pair"]]
        other = table["connectivity"].map({"dense": "sparse", "sparse": "dense"})
        shuffled = table.assign(connectivity=table["connectivity"].where(~swap, other))
        p.append(one_test(time_lag_tests(shuffled), "all lags")["p_value"])
    assert np.mean(np.array(p) < 0.05) < 0.2


def test_estimates_by_hand_and_their_intervals():
    found = time_lag_tests(networks([1, 2, 6, -5], [4, 4, 4]), rng=np.random.default_rng(0), bootstrap=4000)
    value = found.estimates.set_index(["group", "lags", "measure"])
    assert value.loc[("dense", "all", "mean"), "value"] == 1
    assert value.loc[("dense", "all", "median"), "value"] == 1.5
    assert value.loc[("dense", "positive", "mean"), ["n", "value"]].tolist() == [3, 3]
    sparse = value.loc[("sparse", "all", "mean")]
    assert sparse["value"] == 4
    assert sparse[["low", "high"]].isna().all()  # all resamples are 4, which says nothing of other pairs
    low, high = value.loc[("dense", "positive", "mean"), ["low", "high"]]
    half = 4.302653 * np.std([1, 2, 6], ddof=1) / 3**0.5  # Student's t of 2 degrees of freedom
    assert [low, high] == pytest.approx([3 - half, 3 + half])


def test_the_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(150):
        table = networks(rng.normal(2, 3, 40) + 10, [])
        rows = time_lag_tests(table, rng=rng, bootstrap=400, confidence=0.8).estimates
        line = rows[(rows["group"] == "dense") & (rows["lags"] == "all") & (rows["measure"] == "mean")].iloc[
            0
        ]
        hits += line["low"] <= 12 <= line["high"]
    assert 0.68 < hits / 150 < 0.9


def test_without_a_generator_there_is_no_interval_and_with_one_it_repeats():
    table = drawn(20)
    assert time_lag_tests(table).estimates[["low", "high"]].isna().all(axis=None)
    twice = [time_lag_tests(table, rng=np.random.default_rng(4)).estimates for _ in range(2)]
    pd.testing.assert_frame_equal(*twice)
    assert twice[0]["low"].notna().all()


def test_times_that_never_come_are_counted_and_left_out():
    table = networks([1, 2, 3], [4, 5, 6]).astype({"accuracy_time": object})
    table.loc[0, "accuracy_time"] = None
    table.loc[4, "accuracy_time"] = math.nan
    found = time_lag_tests(table)
    assert found.missing == {"dense": 1, "sparse": 1}
    assert found.lags["lag"].tolist() == [2, 3, 4, 6]
    assert one_test(found, "sparse lag longer", zero_method="wilcox")["n"] == 1  # one complete pair


def test_groups_without_lags_are_undefined():
    found = time_lag_tests(networks([0, 0], []), rng=np.random.default_rng(1))
    dense, sparse = (one_test(found, "accuracy later", name, "wilcox") for name in ("dense", "sparse"))
    assert math.isnan(dense["p_value"])
    assert dense["note"] == "all 2 differences are zero"
    assert (sparse["note"], sparse["p_text"]) == ("no pairs", "")
    assert one_test(found, "all lags")["note"] == "the first sample is empty"
    rows = found.estimates.set_index(["group", "lags", "measure"])
    assert rows.loc[("sparse", "all", "mean"), "n"] == 0
    assert math.isnan(rows.loc[("sparse", "all", "mean"), "value"])
    empty = time_lag_tests(networks([], []))
    assert empty.tests["p_value"].isna().all()
    assert empty.lags.empty


def test_pairs_may_be_any_names():
    table = networks([1, 2], [3, 4])
    table["pair"] = [("lr", 0.1), ("lr", 0.2)] * 2
    assert one_test(time_lag_tests(table), "sparse lag longer", zero_method="pratt")["n"] == 2


def test_density_is_the_kernel_estimate_of_positive_lags():
    table = networks([1, 2, 2, 5, -3, 0], [4, 8, 9])
    curves = lag_density(table, points=801)
    for name, lags in (("dense", [1, 2, 2, 5]), ("sparse", [4, 8, 9])):
        curve = curves[curves["connectivity"] == name]
        expected = stats.gaussian_kde(lags)(curve["lag"])
        np.testing.assert_allclose(curve["density"], expected)
        assert np.trapezoid(curve["density"], curve["lag"]) == pytest.approx(1, abs=0.003)
        assert curve["mean"].unique().tolist() == [np.mean(lags)]
        assert curve["n"].unique().tolist() == [len(lags)]
        assert curve["bandwidth"].iloc[0] == pytest.approx(np.std(lags, ddof=1) * len(lags) ** -0.2)


def test_a_density_needs_two_different_lags():
    for dense, mean in (([3, 3, 3], 3.0), ([5], 5.0), ([-1], math.nan), ([], math.nan)):
        curves = lag_density(networks(dense, [1, 4, 6]))
        lone = curves[curves["connectivity"] == "dense"]
        assert len(lone) == 1
        assert lone[["lag", "density", "bandwidth"]].isna().all(axis=None)
        assert lone["mean"].tolist() == pytest.approx([mean], nan_ok=True)
        assert curves.loc[curves["connectivity"] == "sparse", "density"].notna().all()
    assert lag_density(networks([], []))["density"].isna().all()


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (lambda t: t.drop(columns="rate_time"), ValueError, "lacks the column.s. rate_time"),
        (lambda t: t.to_dict(), TypeError, "pandas DataFrame"),
        (lambda t: t.replace("dense", "fc"), ValueError, "also holds fc"),
        (lambda t: t.assign(connectivity=None), ValueError, "also holds None"),
        (lambda t: t.assign(pair=0), ValueError, "pair 0 holds dense twice"),
        (lambda t: t.assign(pair=[None, 1, 0, 1]), ValueError, "pair must not be missing"),
        (lambda t: t.assign(rate_time=math.inf), ValueError, "rate_time holds infinite"),
        (lambda t: t.assign(rate_time="7"), TypeError, "rate_time must hold numbers"),
        (lambda t: t.assign(rate_time=True), TypeError, "rate_time must hold numbers"),
        (lambda t: t.assign(rate_time=[[1], [2], [3], [4]]), TypeError, "rate_time must hold numbers"),
    ],
)
def test_refuses_tables(change, error, match):
    table = change(networks([1, 2], [3, 4]))
    for function in (time_lag_tests, lag_density):
        with pytest.raises(error, match=match):
            function(table)


def test_refuses_arguments():
    table = networks([1, 2], [3, 4])
    with pytest.raises(TypeError, match="numpy Generator"):
        time_lag_tests(table, rng=7)
    with pytest.raises(TypeError, match="numpy Generator"):
        swap_times(table, rng=None)
    with pytest.raises(ValueError, match="bootstrap"):
        time_lag_tests(table, bootstrap=0)
    for wrong in ("a", 1.5, True):
        with pytest.raises(TypeError, match="bootstrap must be a whole number"):
            time_lag_tests(table, bootstrap=wrong)
    with pytest.raises(TypeError, match="confidence must be a number"):
        time_lag_tests(table, confidence="a")
    with pytest.raises(ValueError, match="confidence"):
        time_lag_tests(table, confidence=1.0)
    with pytest.raises(ValueError, match="points"):
        lag_density(table, points=1)
