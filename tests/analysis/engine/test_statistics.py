import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.engine.statistics import disagreements, same


def table(values: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"model": m, "seed": i, "measure": "x", "value": v}
            for m, vs in values.items()
            for i, v in enumerate(vs)
        ]
    )


def test_equal_runs_agree_and_distant_ones_do_not():
    ours = table({"a": [0.97, 0.98, 0.99], "b": [5.0, 5.0, 5.0]})
    assert disagreements(ours, ours).empty
    assert disagreements(ours, table({"a": [0.975, 0.985, 0.98], "b": [5.0, 5.0, 5.0]})).empty
    apart = disagreements(ours, table({"a": [0.57, 0.58, 0.59], "b": [5.0, 5.0, 5.0]}))
    assert apart["model"].tolist() == ["a"]
    assert disagreements(ours, table({"a": [0.97, 0.98, 0.99], "b": [5.001] * 3}))["model"].tolist() == ["b"]


def test_the_threshold_is_students():
    """Means apart by just less, and just more, than t(4) s sqrt(2/3)."""
    spread = np.array([-1.0, 0.0, 1.0])
    allowed = stats.t.ppf(0.9995, 4) * np.sqrt(2 / 3)
    for factor, agree in ((0.99, True), (1.01, False)):
        pair = [table({"a": (spread + shift).tolist()}) for shift in (0.0, factor * allowed)]
        assert disagreements(*pair).empty is agree


@pytest.mark.parametrize("theirs", [[1.0], [1.0, 2.0], [np.inf, 1.0, 2.0], [np.nan, 1.0, np.nan]])
def test_what_cannot_be_compared_disagrees(theirs):
    assert disagreements(table({"a": [1.0, 1.5, 2.0]}), table({"a": theirs}))["model"].tolist() == ["a"]


def test_a_missing_group_is_a_disagreement_on_either_side():
    ours = table({"a": [1.0, 2.0], "b": [1.0, 2.0]})
    only_a = ours[ours["model"] == "a"]
    assert disagreements(ours, only_a)["model"].tolist() == ["b"]
    assert disagreements(only_a, ours)["model"].tolist() == ["b"]


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(5)
    names = [str(i) for i in range(3000)]
    pair = [table({name: rng.normal(size=3).tolist() for name in names}) for _ in range(2)]
    assert len(disagreements(*pair)) <= 10  # 3 expected
    assert 10 <= len(disagreements(*pair, confidence=0.99)) <= 60  # 30 expected


def test_same_sees_a_number_a_name_and_a_row():
    ours = table({"a": [1.0, 2.0, np.nan]})
    assert same(ours, ours.assign(value=ours["value"] * (1 + 1e-7)))
    assert not same(ours, ours.assign(value=ours["value"] * (1 + 1e-3)))
    assert not same(ours, ours.assign(model="b"))
    assert not same(ours, ours[:2])
    assert not same(ours, ours.drop(columns="measure"))


def test_single_runs_may_differ_as_far_as_an_exhibit_says() -> None:
    ours = pd.DataFrame({"measure": ["gr_score"], "seed": [0], "value": [0.200]})
    theirs = ours.assign(value=[0.201])
    assert len(disagreements(ours, theirs)) == 1
    assert len(disagreements(ours, theirs, tolerance=0.02)) == 0
    assert len(disagreements(ours, ours.assign(value=[0.21]), tolerance=0.02)) == 1


def test_a_seed_without_a_value_on_one_side_is_left_out_while_two_are_left():
    ours = pd.DataFrame({"measure": "gamma", "seed": [0, 1, 2], "value": [5.1, 9.9, 4.6]})
    theirs = ours.assign(value=[5.1, np.nan, 4.6])
    assert disagreements(ours, theirs).empty
    assert len(disagreements(ours, theirs.assign(value=[5.1, np.nan, np.nan]))) == 1
    assert len(disagreements(ours, theirs.dropna())) == 1  # a seed that is lost
    assert (
        len(disagreements(ours.assign(value=[5.1, 4.9, 4.6]), theirs.assign(value=[50.1, np.nan, 50.2]))) == 1
    )
