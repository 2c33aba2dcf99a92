"""Means over replicates, such as seeds, with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtrit

from netsci.arguments import check_number, check_text

if TYPE_CHECKING:
    import pandas as pd


def mean_and_interval(
    table: pd.DataFrame, *, over: str = "seed", value: str = "value", confidence: float = 0.95
) -> pd.DataFrame:
    """Average a column of a tidy table over replicates: all other columns make the groups.

        mean +- t(n - 1) sd / sqrt(n), t the quantile of Student's law

    Returns the groups with n, mean, sd, and the ends of the interval, low and high (sd, low and high are NaN
    for one replicate). Missing values are left out; groups without any other are dropped.

    Raises
    ------
    TypeError
        If table is no DataFrame, over or value no text, or confidence no number.
    ValueError
        If the table lacks the column `value`, or the confidence is not between 0 and 1.

    Examples
    --------
    >>> import pandas as pd
    >>> runs = pd.DataFrame({"model": ["a"] * 3, "seed": [0, 1, 2], "value": [1.0, 2.0, 6.0]})
    >>> mean_and_interval(runs)[["n", "mean", "sd"]].round(2).values.tolist()
    [[3.0, 3.0, 2.65]]
    """
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"table must be a pandas DataFrame; got {type(table).__name__}")
    check_text(over, "over")
    check_text(value, "value")
    check_number(confidence, "confidence")
    if value not in table.columns:
        raise ValueError(f"the table lacks the column {value!r}; it has {', '.join(map(str, table.columns))}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1; got {confidence}")
    groups = [name for name in table.columns if name not in (over, value)]
    known = table.dropna(subset=value)
    by_group = known.groupby(groups, sort=False, dropna=False)[value]
    result = by_group.agg(n="count", mean="mean", sd="std").reset_index()
    quantile = stdtrit(np.maximum(result["n"] - 1, 1), (1 + confidence) / 2)
    half = quantile * result["sd"] / np.sqrt(result["n"])
    return result.assign(low=result["mean"] - half, high=result["mean"] + half)
