"""Tidy rows, their means over seeds, and whether two sets of runs agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from netsci.measure import mean_and_interval


def tidy(line: Mapping[str, Any], measures: Mapping[str, tuple[Any, str]]) -> list[dict[str, Any]]:
    """Return a row for each measure: what the line says, then measure, value and unit.

    >>> tidy({"seed": 0}, {"links": (5, "links")})
    [{'seed': 0, 'measure': 'links', 'value': 5, 'unit': 'links'}]
    """
    return [{**line, "measure": name, "value": v, "unit": unit} for name, (v, unit) in measures.items()]


def average(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the first of several tables, averaged over seeds."""
    return mean_and_interval(next(iter(tables.values())))


def same(ours: pd.DataFrame, theirs: pd.DataFrame, *, tolerance: float = 1e-5) -> bool:
    """Return whether two tables hold the same rows and, to a relative tolerance, the same numbers."""
    if list(ours.columns) != list(theirs.columns) or len(ours) != len(theirs):
        return False
    numeric = ours.select_dtypes("number").columns
    if not ours.drop(columns=numeric).equals(theirs.drop(columns=numeric)):
        return False
    return bool(np.allclose(ours[numeric], theirs[numeric], rtol=tolerance, atol=1e-12, equal_nan=True))


def disagreements(
    ours: pd.DataFrame, theirs: pd.DataFrame, *, confidence: float = 0.999, tolerance: float = 1e-6
) -> pd.DataFrame:
    """Return the groups whose means over seeds differ by more than chance, or that cannot be compared.

    The difference of the means is compared with t(n + n' - 2) s sqrt(1/n + 1/n'), s the pooled standard
    deviation: Student's test at the given confidence. Without spread the values must be equal, to a relative
    tolerance: by default the rounding of a stored table. Groups that one table lacks, of other numbers of
    seeds or with infinite values disagree. Of a seed that has a row but no value on one side, such as a fit
    that rounding takes across its bound, nothing is compared if both sides keep two values.
    """
    keys = [name for name in ours.columns if name not in ("seed", "value")]
    pair = [mean_and_interval(table[[*keys, "seed", "value"]]) for table in (ours, theirs)]
    both = pair[0].merge(pair[1], on=keys, how="outer", suffixes=("", "_other"), indicator="found")
    freedom = both["n"] + both["n_other"] - 2
    squares = (both["n"] - 1) * both["sd"].fillna(0) ** 2 + (both["n_other"] - 1) * both["sd_other"].fillna(
        0
    ) ** 2
    spread = np.sqrt(squares / np.maximum(freedom, 1) * (1 / both["n"] + 1 / both["n_other"]))
    chance = stdtrit(np.maximum(freedom, 1), (1 + confidence) / 2) * spread
    allowed = chance + tolerance * both["mean"].abs()
    agree = (both["mean"] - both["mean_other"]).abs() <= allowed  # NaN and infinity compare false
    sizes = [table.groupby(keys, dropna=False, sort=False).size().rename("rows") for table in (ours, theirs)]
    rows = both[keys].merge(sizes[0].reset_index(), on=keys, how="left")["rows"].to_numpy()
    rows_other = both[keys].merge(sizes[1].reset_index(), on=keys, how="left")["rows"].to_numpy()
    few = (both["n"] != both["n_other"]) & ((rows != rows_other) | (both[["n", "n_other"]].min(axis=1) < 2))
    return both[~agree | few | (both["found"] != "both")]
