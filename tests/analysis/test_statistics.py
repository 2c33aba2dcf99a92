import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.statistics import disagreements, mean_and_interval


def table(values: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"model": m, "seed": i, "measure": "x", "value": v}
            for m, vs in values.items()
            for i, v in enumerate(vs)
        ]
    )


def test_the_interval_is_students():
    line = mean_and_interval(table({"a": [1.0, 2.0, 6.0]})).iloc[0]
    low, high = stats.t.interval(0.95, 2, loc=3.0, scale=stats.sem([1.0, 2.0, 6.0]))
    assert (line["n"], line["mean"]) == (3, 3.0)
    assert (line["low"], line["high"]) == pytest.approx((low, high))


def test_missing_values_are_left_out_and_one_seed_has_no_interval():
    result = mean_and_interval(table({"a": [1.0, np.nan], "b": [np.nan, np.nan]}))
    assert result["model"].tolist() == ["a"]
    assert np.isnan(result["low"].iloc[0])


def test_equal_runs_agree_and_distant_ones_do_not():
    ours = table({"a": [0.97, 0.98, 0.99], "b": [5.0, 5.0, 5.0]})
    assert disagreements(ours, ours).empty
    assert disagreements(ours, table({"a": [0.975, 0.985, 0.98], "b": [5.0, 5.0, 5.0]})).empty
    apart = disagreements(ours, table({"a": [0.57, 0.58, 0.59], "b": [5.0, 5.0, 5.0]}))
    assert apart["model"].tolist() == ["a"]
    assert disagreements(ours, table({"a": [0.97, 0.98, 0.99], "b": [5.1, 5.1, 5.1]}))["model"].tolist() == [
        "b"
    ]


def test_a_missing_group_is_a_disagreement():
    ours = table({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    assert disagreements(ours, ours[ours["model"] == "a"])["model"].tolist() == ["b"]


def test_false_alarms_are_rare():
    rng = np.random.default_rng(5)
    names = [str(i) for i in range(2000)]
    pair = [table({name: rng.normal(size=3).tolist() for name in names}) for _ in range(2)]
    assert len(disagreements(*pair)) <= 8  # at most one in a thousand expected: 2
