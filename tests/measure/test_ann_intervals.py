import math

import numpy as np
import pandas as pd
import pytest

from netsci.measure import ann_intervals, time_lag_tests
from tests.measure.test_time_lag import networks


def grid(anns, each, *, dense=2.0, sparse=4.0, between=3.0, within=1.0, rng):
    """Pairs whose networks come from `anns` dense and as many sparse ANNs, `each` networks of one."""
    rows = []
    for ann in range(anns):
        shifts = rng.normal(0, between, 2)
        for k in range(each):
            for name, centre, shift in zip(("dense", "sparse"), (dense, sparse), shifts, strict=True):
                lag = centre + shift + rng.normal(0, within)
                rows.append((f"{ann}/{k}", name, ann, 40 + lag, 40.0))
    return pd.DataFrame(rows, columns=["pair", "connectivity", "ann", "accuracy_time", "rate_time"])


def one(found, group, measure):
    rows = found[(found["group"] == group) & (found["measure"] == measure)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_values_are_those_of_the_tests():
    rng = np.random.default_rng(0)
    table = grid(8, 4, rng=rng).round()
    found, tests = ann_intervals(table), time_lag_tests(table)
    for name in ("dense", "sparse"):
        lags = tests.lags.loc[tests.lags["connectivity"] == name, "lag"]
        assert one(found, name, "mean lag")["value"] == pytest.approx(lags.mean())
        rows = tests.tests[(tests.tests["group"] == name) & (tests.tests["zero_method"] == "wilcox")]
        assert one(found, name, "rank-biserial")["value"] == pytest.approx(rows["rank_biserial"].iloc[0])
    for lags, question in (("all lags", "all lags of"), ("positive lags", "positive lags of")):
        (effect,) = tests.tests.loc[tests.tests["question"].str.startswith(question), "rank_biserial"]
        assert one(found, "sparse against dense", f"rank-biserial, {lags}")["value"] == pytest.approx(effect)
    longer = tests.tests[tests.tests["question"].str.startswith("sparse lag longer")]["rank_biserial"].iloc[0]
    assert one(found, "sparse minus dense", "rank-biserial")["value"] == pytest.approx(longer)


def test_the_difference_is_accuracy_later_less_rate_later():
    table = networks([1, 2, 3], [4, 4, 8]).assign(ann=[0, 1, 2] * 2)
    table.loc[table["connectivity"] == "sparse", ["accuracy_time", "rate_time"]] -= (
        2  # rate two steps earlier
    )
    found = ann_intervals(table)
    parts = [
        one(found, "sparse minus dense", m)["value"]
        for m in ("lag difference", "accuracy later", "rate later")
    ]
    assert parts == pytest.approx([10 / 3, 4 / 3, -2])


def test_networks_of_one_ann_are_no_new_draws():
    """Each ANN copied ten times: the interval over pairs shrinks, that over ANNs stays."""
    rng = np.random.default_rng(1)
    single = grid(25, 1, rng=rng)
    copied = pd.concat([single.assign(pair=single["pair"] + f"/{k}") for k in range(10)], ignore_index=True)
    width = {}
    for name, table in (("single", single), ("copied", copied)):
        line = one(ann_intervals(table, rng=np.random.default_rng(2)), "sparse minus dense", "lag difference")
        width[name] = line["high"] - line["low"]
        assert line["anns"] == 25
    assert width["copied"] == pytest.approx(width["single"], rel=0.1)
    pairs = time_lag_tests(copied, rng=np.random.default_rng(2)).estimates
    row = pairs[(pairs["group"] == "sparse minus dense") & (pairs["measure"] == "mean")].iloc[0]
    assert row["high"] - row["low"] < 0.5 * width["copied"]


@pytest.mark.parametrize("anns", [6, 30])
def test_intervals_cover_as_often_as_they_say(anns):
    rng = np.random.default_rng(3)
    hits = []
    for _ in range(60):
        table = grid(anns, 3, rng=rng)
        line = one(ann_intervals(table, rng=rng, bootstrap=200), "sparse minus dense", "lag difference")
        hits.append(line["low"] <= 2.0 <= line["high"])
    assert np.mean(hits) >= 0.87


def test_crossed_pairs_draw_dense_and_sparse_anns_apart():
    """Accuracy-matched pairs: one dense ANN meets several sparse ones."""
    rng = np.random.default_rng(4)
    hits = []
    for _ in range(50):
        dense, sparse = rng.normal(0, 3, 5), rng.normal(2, 3, 6)
        rows = []
        for pair in range(30):
            i, j = int(rng.integers(5)), int(rng.integers(6))
            for name, k, centre in (("dense", i, dense[i]), ("sparse", j, sparse[j])):
                rows.append((pair, name, k, 40 + centre + rng.normal(0, 0.5), 40.0))
        table = pd.DataFrame(rows, columns=["pair", "connectivity", "ann", "accuracy_time", "rate_time"])
        line = one(ann_intervals(table, rng=rng, bootstrap=100), "sparse minus dense", "lag difference")
        assert line["note"] == f"interval of only {line['anns']} ANNs"
        assert line["anns"] <= 5
        hits.append(line["low"] <= 2.0 <= line["high"])
    assert np.mean(hits) >= 0.9


def test_edges():
    found = ann_intervals(networks([3], [4]).assign(ann="only"), rng=np.random.default_rng(0))
    assert found["low"].isna().all()
    empty = ann_intervals(networks([], []).assign(ann=[]), rng=np.random.default_rng(0))
    assert empty["value"].isna().all()
    assert (empty["n"] == 0).all()
    lone = ann_intervals(networks([1, 2, 3], []).assign(ann=[0, 1, 2]), rng=np.random.default_rng(0))
    assert one(lone, "dense", "mean lag")["value"] == 2
    assert math.isnan(one(lone, "sparse minus dense", "lag difference")["value"])
    constant = ann_intervals(
        networks([2, 2, 2], [2, 2, 2]).assign(ann=[0, 1, 2] * 2), rng=np.random.default_rng(0)
    )
    assert one(constant, "dense", "mean lag")["note"] == "no interval: resamples do not vary"
    with pytest.raises(ValueError, match="lacks the column ann"):
        ann_intervals(networks([1], [2]))
    with pytest.raises(ValueError, match="ann must not be missing"):
        ann_intervals(networks([1], [2]).assign(ann=[None, 1]))
