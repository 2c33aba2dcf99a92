import numpy as np
import pandas as pd
import pytest
from scipy import stats

from netsci.measure import mean_and_interval


def table(**values):
    rows = [(name, i, value) for name, of in values.items() for i, value in enumerate(of)]
    return pd.DataFrame(rows, columns=["model", "seed", "value"])


@pytest.mark.parametrize("confidence", [0.95, 0.5])
def test_the_interval_is_students(confidence):
    line = mean_and_interval(table(a=[1.0, 2.0, 6.0]), confidence=confidence).iloc[0]
    low, high = stats.t.interval(confidence, 2, loc=3.0, scale=stats.sem([1.0, 2.0, 6.0]))
    assert (line["n"], line["mean"]) == (3, 3.0)
    assert (line["low"], line["high"]) == pytest.approx((low, high))


def test_missing_values_are_left_out_and_one_replicate_has_no_interval():
    result = mean_and_interval(table(a=[1.0, np.nan], b=[np.nan, np.nan]))
    assert result["model"].tolist() == ["a"]
    assert np.isnan(result["low"].iloc[0])


def test_other_columns_may_hold_replicates_and_values():
    runs = table(a=[1.0, 3.0], b=[5.0, 7.0]).rename(columns={"seed": "draw", "value": "loss"})
    found = mean_and_interval(runs, over="draw", value="loss")
    assert found.set_index("model")["mean"].to_dict() == {"a": 2.0, "b": 6.0}


@pytest.mark.parametrize(
    ("how", "message"),
    [({"value": "loss"}, "lacks the column 'loss'; it has model"), ({"confidence": 95}, "between 0 and 1")],
)
def test_what_cannot_be_averaged_is_refused(how, message):
    with pytest.raises(ValueError, match=message):
        mean_and_interval(table(a=[1.0]), **how)
