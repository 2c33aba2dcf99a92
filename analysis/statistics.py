"""Means over seeds with their intervals, and whether two sets of runs agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats


def mean_and_interval(table: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Average over seeds: every other column but `value` makes the groups.

    Returns the groups with n, mean, sd, and the Student interval low, high (NaN for one seed). Missing
    values are left out; groups without any are dropped.
    """
    groups = [name for name in table.columns if name not in ("seed", "value")]
    known = table.dropna(subset="value")
    result = (
        known.groupby(groups, sort=False, dropna=False)["value"]
        .agg(n="count", mean="mean", sd="std")
        .reset_index()
    )
    half = (
        stats.t.ppf((1 + confidence) / 2, np.maximum(result["n"] - 1, 1))
        * result["sd"]
        / np.sqrt(result["n"])
    )
    return result.assign(low=result["mean"] - half, high=result["mean"] + half)


def disagreements(
    ours: pd.DataFrame, theirs: pd.DataFrame, *, confidence: float = 0.999, ignore: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the groups whose means over seeds differ by more than chance, or that one table lacks.

    |mean - mean'| is compared with t(n + n' - 2) sqrt(s^2/n + s'^2/n') at the given confidence, and with the
    rounding of a stored table (relative 1e-6); without spread the values must be equal.
    """
    keys = [name for name in ours.columns if name not in ("seed", "value", *ignore)]
    pair = [mean_and_interval(table[[*keys, "seed", "value"]]) for table in (ours, theirs)]
    both = pair[0].merge(pair[1], on=keys, how="outer", suffixes=("", "_other"), indicator="found")
    spread = np.sqrt(
        both["sd"].fillna(0) ** 2 / both["n"] + both["sd_other"].fillna(0) ** 2 / both["n_other"]
    )
    freedom = np.maximum(both["n"] + both["n_other"] - 2, 1)
    allowed = stats.t.ppf((1 + confidence) / 2, freedom) * spread + 1e-6 * both["mean"].abs()
    apart = (both["mean"] - both["mean_other"]).abs() > allowed
    return both[apart | (both["found"] != "both")]
