"""Pair dense and sparse networks of one accuracy: less accurate ones lag longer by noise alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from netsci.arguments import check_instance, check_number, list_of
from netsci.measure.lag_table import GROUPS

if TYPE_CHECKING:
    import pandas as pd

ROUNDING = 1e-9  # a gap of exactly the limit counts as within it


def match_accuracy(table: pd.DataFrame, *, within: float = 0.5, by: Sequence[str] = ()) -> pd.DataFrame:
    """Return as many pairs of a dense and a sparse network as agree in accuracy, each network used once.

    Of all choices with the most pairs, the one with the smallest sum of differences.

    table : one row for each network: connectivity ("dense" or "sparse"), accuracy; further columns are
    kept, a column pair is replaced. Networks of several epochs of one training may all be offered.
    within : largest difference of the accuracies, in their unit, >= 0. by : columns that a pair must share,
    such as the data set and the method.

    Returns the rows of the matched networks, pair by pair, dense first, with pair (0, 1, ...) and
    accuracy_gap = accuracy of dense - that of sparse; no rows where nothing matches.

    Raises TypeError if table is no DataFrame, within no number or by no names; ValueError if a column is
    missing, an accuracy is no finite number, connectivity has another value, or within is negative or NaN.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("dense", 90.0), ("dense", 88.3), ("sparse", 88.0), ("sparse", 70.0)]
    >>> match_accuracy(pd.DataFrame(rows, columns=["connectivity", "accuracy"]))["accuracy"].tolist()
    [88.3, 88.0]

    Source: control of S2 section 3.3 in this suite.
    """
    import pandas as pd

    check_instance(table, pd.DataFrame, "table", "a pandas DataFrame with one row for each network")
    check_number(within, "within")
    if isinstance(within, bool) or not 0 <= within < np.inf:
        raise ValueError(f"within must be a difference of accuracies, finite and at least 0; got {within!r}")
    keys = list_of(by, str, "by", "names of columns")
    absent = [name for name in ("connectivity", "accuracy", *keys) if name not in table.columns]
    if absent:
        raise ValueError(f"table lacks the column(s) {', '.join(absent)}")
    accuracy = pd.to_numeric(table["accuracy"], errors="coerce").to_numpy(np.float64)
    if not np.isfinite(accuracy).all():
        raise ValueError("accuracy must hold finite numbers; leave networks without one out")
    if len(accuracy) and accuracy.max() <= 1.0 and within >= 0.05:
        raise ValueError(
            f"within = {within:g} is as large as shares of 1 can differ: give accuracy in percent, or within "
            "as a share, such as 0.005"
        )
    if not table["connectivity"].isin(GROUPS).all():
        raise ValueError("connectivity must be 'dense' or 'sparse' in every row")
    rows = table.drop(columns=["pair", "accuracy_gap"], errors="ignore").assign(accuracy=accuracy)
    rows = rows.reset_index(drop=True)
    groups = (
        [lines.index for _, lines in rows.groupby(keys, sort=False, dropna=False)] if keys else [rows.index]
    )
    chosen = [pair for group in groups for pair in _match(rows.loc[group], float(within))]
    found = rows.loc[[place for pair in chosen for place in pair]].reset_index(drop=True)
    gaps = [rows.at[dense, "accuracy"] - rows.at[sparse, "accuracy"] for dense, sparse in chosen]
    return found.assign(
        pair=np.repeat(np.arange(len(chosen)), 2), accuracy_gap=np.repeat(np.array(gaps, dtype=float), 2)
    )


def _match(rows: pd.DataFrame, within: float) -> list[tuple[int, int]]:
    """Return (dense, sparse) of a group: the most pairs, of these the smallest sum of differences."""
    from scipy.optimize import linear_sum_assignment

    dense, sparse = (rows.index[rows["connectivity"] == name] for name in GROUPS)
    a, b = (rows.loc[of, "accuracy"].to_numpy(np.float64) for of in (dense, sparse))
    gap = np.abs(a[:, None] - b[None, :])
    allowed = gap <= within + ROUNDING * (1.0 + within)
    forbidden = (min(gap.shape) + 1) * (within + 1.0)  # one forbidden pair costs more than all allowed ones
    first, second = linear_sum_assignment(np.where(allowed, gap, forbidden))
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return [(int(dense[i]), int(sparse[j])) for i, j in pairs if allowed[i, j]]
