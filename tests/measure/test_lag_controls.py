import numpy as np
import pandas as pd
import pytest
from scipy import stats

from netsci.measure import (
    compare_layers,
    compare_windows,
    drop_floor,
    floor_shares,
    layer_lags,
    match_accuracy,
    saturation_table,
    shuffle_pairs,
    signed_rank_test,
    swap_connectivity,
    time_lag_tests,
)
from tests.measure.test_time_lag import drawn, networks, one_test


def by_pair(table):
    return one_test(time_lag_tests(table), "sparse lag longer", zero_method="wilcox")["p_value"]


def test_shuffled_pairs_keep_networks_and_lose_what_the_setting_shares():
    rng = np.random.default_rng(0)
    setting = rng.normal(0, 30, 200)
    table = networks(np.rint(setting), np.rint(setting + 2 + rng.normal(0, 1, 200)), rate=300)
    shuffled = shuffle_pairs(table, rng=rng)
    assert by_pair(table) < 1e-20
    assert by_pair(shuffled) > 1e-6
    pd.testing.assert_frame_equal(shuffled.drop(columns="pair"), table.drop(columns="pair"))
    assert sorted(shuffled["pair"]) == sorted(table["pair"])
    assert (shuffled["pair"] != table["pair"]).sum() > 150
    dense = table["connectivity"] == "dense"
    assert (shuffled["pair"] == table["pair"])[dense].all()
    named = table.assign(pair=[("lr", int(pair)) for pair in table["pair"]])
    assert set(shuffle_pairs(named, rng=rng)["pair"]) == set(named["pair"])


def test_swapped_connectivity_is_a_null_of_the_difference():
    table = drawn(150)
    assert by_pair(table) < 1e-4
    rng = np.random.default_rng(2)
    p = []
    for _ in range(80):
        swapped = swap_connectivity(table, rng=rng)
        lags = swapped.assign(lag=swapped["accuracy_time"] - swapped["rate_time"])
        by = lags.pivot(index="pair", columns="connectivity", values="lag")
        p.append(signed_rank_test(by["sparse"] - by["dense"]).p_value)
    # Lags are whole numbers with ties, so p is a little too large: only too many small ones are wrong.
    assert stats.kstest(p, "uniform", alternative="greater").pvalue > 0.01
    single = networks([1, 2], [])
    assert swap_connectivity(single, rng=rng)["connectivity"].tolist() == ["dense", "dense"]


def test_share_on_the_floor_and_tests_without_it():
    table = pd.DataFrame(
        [(0, "dense", 11, 11), (0, "sparse", 14, 11), (1, "dense", 11, 12), (1, "sparse", 15, 12)],
        columns=["pair", "connectivity", "accuracy_time", "rate_time"],
    )
    shares = floor_shares(table, floor=11).set_index(["connectivity", "curve"])
    assert shares.loc[("dense", "accuracy"), ["n", "on_floor", "share"]].tolist() == [2, 2, 1]
    assert shares.loc[("sparse", "rate"), "share"] == 0.5
    assert shares.loc[("all", "both"), "on_floor"] == 1
    assert drop_floor(table, floor=11)["pair"].tolist() == [1]
    assert len(drop_floor(table, floor=11, curve="rate")) == 2
    assert len(drop_floor(table, floor=11, curve="both")) == 3
    found = time_lag_tests(drop_floor(table, floor=11, curve="rate"))
    assert one_test(found, "accuracy later", "all", "wilcox")["n"] == 2
    missing = table.assign(rate_time=[np.nan, 11, 12, 12])
    assert len(drop_floor(missing, floor=11)) == 1
    with pytest.raises(ValueError, match=r"floor must be the earliest.*saturation_floor\(window\)"):
        floor_shares(table, floor=12)
    with pytest.raises(ValueError, match="curve must be one of"):
        drop_floor(table, floor=11, curve="neither")


def curves(accuracy_settles, noise, seed, networks_=30):
    """Accuracies that settle at a step, as measured on few or many images, and rates that settle at 3."""
    rng = np.random.default_rng(seed)
    step = np.arange(1, 65)
    rows = []
    for pair in range(networks_):
        for name in ("dense", "sparse"):
            accuracy = 0.5 * (1 - np.exp(-step / accuracy_settles)) + rng.normal(0, noise, 64)
            rows.append(
                pd.DataFrame({"pair": pair, "connectivity": name, "step": step, "accuracy": accuracy})
            )
    table = pd.concat(rows, ignore_index=True)
    return table.assign(rate=0.2 * (1 - np.exp(-table["step"] / 1.0)))


def test_a_lag_that_grows_with_the_window_is_made_by_noise():
    for noise, low, high in ((0.0, 0, 0), (0.005, 2, 30)):
        table = curves(2.0, noise, 3)
        windows = [saturation_table(table, window=w) for w in (10, 5)]
        difference = compare_windows(*windows)["difference"]
        assert len(difference) > 20
        assert low <= difference.mean() <= high


def test_saturation_tables():
    table = curves(2.0, 0.0, 0, 2).assign(ann=lambda t: t["pair"] * 7)
    shuffled = table.sample(frac=1, random_state=1)
    found = saturation_table(shuffled, window=5, tolerance=0.02, at="start", rule="two-sided")
    assert set(found.columns) == {"pair", "connectivity", "ann", "accuracy_time", "rate_time"}
    assert (found["ann"] == found["pair"] * 7).all()
    assert found["accuracy_time"].nunique() == found["rate_time"].nunique() == 1
    assert (found["accuracy_time"] > found["rate_time"]).all()
    with pytest.raises(ValueError, match="one row for each step"):
        saturation_table(table.iloc[:-1], window=5)
    with pytest.raises(ValueError, match="column 'ann' must have one value a network"):
        saturation_table(table.assign(ann=range(len(table))), window=5)
    with pytest.raises(ValueError, match=r"lack the column\(s\) rate"):
        saturation_table(table.drop(columns="rate"), window=5)


def test_matched_pairs_are_as_many_as_there_can_be_and_close():
    rows = [
        ("dense", 90.0, 0),
        ("dense", 89.6, 1),
        ("sparse", 89.5, 2),
        ("sparse", 89.2, 3),
        ("sparse", 80.0, 4),
    ]
    table = pd.DataFrame(rows, columns=["connectivity", "accuracy", "network"])
    found = match_accuracy(table)
    # 89.6 with 89.5 is the closest pair, but then 90.0 has none left
    assert found["network"].tolist() == [0, 2, 1, 3]
    assert found["pair"].tolist() == [0, 0, 1, 1]
    np.testing.assert_allclose(found["accuracy_gap"], [0.5, 0.5, 0.4, 0.4])
    assert match_accuracy(table, within=0.3)["network"].tolist() == [1, 2]
    assert match_accuracy(table, within=0.0).empty
    apart = table.assign(data=["a", "b", "a", "a", "b"])
    assert match_accuracy(apart, by=["data"])["network"].tolist() == [0, 2]
    with pytest.raises(ValueError, match="within must be a difference"):
        match_accuracy(table, within=-1)
    with pytest.raises(ValueError, match="accuracy must hold finite numbers"):
        match_accuracy(table.assign(accuracy=np.nan))


def test_matched_pairs_against_all_choices():
    from itertools import permutations

    rng = np.random.default_rng(5)
    for _ in range(30):
        dense, sparse = rng.integers(0, 8, 4) / 4, rng.integers(0, 8, 4) / 4
        table = pd.DataFrame({"connectivity": ["dense"] * 4 + ["sparse"] * 4, "accuracy": [*dense, *sparse]})
        found = match_accuracy(table, within=0.5)
        gaps = [np.abs(dense - sparse[list(order)]) for order in permutations(range(4))]
        best = min((-(g <= 0.5).sum(), g[g <= 0.5].sum()) for g in gaps)
        assert (-len(found) // 2, found["accuracy_gap"].abs().sum() / 2) == pytest.approx(best)


def test_lags_by_layer():
    rng = np.random.default_rng(6)
    rows = [
        (pair, name, layer, 20, 12 + later + int(rng.integers(0, 3)))
        for pair in range(12)
        for name in ("dense", "sparse")
        for layer, later in (("first", 0), ("last", 5))
    ]
    table = pd.DataFrame(rows, columns=["pair", "connectivity", "layer", "accuracy_time", "rate_time"])
    means = layer_lags(table).query("group == 'all' and lags == 'all' and measure == 'mean'")
    assert means["layer"].tolist() == ["first", "last"]
    assert means["value"].iloc[0] - means["value"].iloc[1] == pytest.approx(5, abs=1)
    found = compare_layers(table, "first", "last").set_index("group")
    assert found.loc["all", "n"] == 24
    assert found.loc["dense", "p_value"] == 2**-12
    assert found.loc["all", "rank_biserial"] == 1
    assert compare_layers(table, "last", "first").set_index("group").loc["all", "rank_biserial"] == -1
    with pytest.raises(ValueError, match="second must be one of the layers 'first', 'last'; got 'middle'"):
        compare_layers(table, "first", "middle")


def test_accuracies_as_shares_need_a_limit_as_a_share():
    table = pd.DataFrame([("dense", 0.98), ("sparse", 0.52)], columns=["connectivity", "accuracy"])
    with pytest.raises(ValueError, match="give accuracy in percent"):
        match_accuracy(table)
    assert match_accuracy(table, within=0.005).empty
