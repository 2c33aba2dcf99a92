"""Tables of saturation times: what a legal one is, their lags, and the control without any."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.arguments import check_generator

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("pair", "connectivity", "accuracy_time", "rate_time")
GROUPS = ("dense", "sparse")


def swap_times(table: "pd.DataFrame", *, rng: np.random.Generator) -> "pd.DataFrame":
    """Return the table with accuracy time and rate time swapped in each row with probability 1/2.

    The negative control of `time_lag_tests`: for any table, the result has a lag only by chance.

    table : as in `time_lag_tests`; it does not change. rng : numpy Generator. Raises TypeError and ValueError
    as `time_lag_tests`.

    Examples
    --------
    >>> import pandas as pd
    >>> row = pd.DataFrame({"pair": [1], "connectivity": ["dense"], "accuracy_time": [9], "rate_time": [4]})
    >>> swapped = swap_times(row, rng=np.random.default_rng(0))
    >>> sorted(swapped[["accuracy_time", "rate_time"]].iloc[0].tolist())
    [4, 9]

    Source: the control of S2 section 3.3 in this suite.
    """
    check_generator(rng)
    find_lags(table)
    turned = table.copy()
    swap = rng.random(len(table)) < 0.5
    turned["accuracy_time"] = table["accuracy_time"].where(~swap, table["rate_time"])
    turned["rate_time"] = table["rate_time"].where(~swap, table["accuracy_time"])
    return turned


def find_lags(table: Any) -> "tuple[pd.DataFrame, dict[str, int]]":
    """Return the rows with both times and their lag, and how many rows lack one.

    Raises ValueError or TypeError if the table is wrong.
    """
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(
            f"table must be a pandas DataFrame with one row for each network; got {type(table).__name__}"
        )
    absent = [name for name in COLUMNS if name not in table.columns]
    if absent:
        raise ValueError(f"table lacks the column(s) {', '.join(absent)}; it needs {', '.join(COLUMNS)}")
    rows = table[list(COLUMNS)].reset_index(drop=True)
    other = sorted({str(word) for word in rows["connectivity"] if word not in GROUPS})
    if other:
        raise ValueError(f"connectivity must be 'dense' or 'sparse'; the table also holds {', '.join(other)}")
    if rows["pair"].isna().any():
        raise ValueError("pair must not be missing: name what a dense and a sparse network share")
    twice = rows[rows.duplicated(["pair", "connectivity"])]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(
            f"pair {first['pair']} holds {first['connectivity']} twice, and one network must count once; "
            "give repeated runs pairs of their own, such as (setting, seed)"
        )
    for name in ("accuracy_time", "rate_time"):
        rows[name] = _times(rows[name], name)
    known = rows[["accuracy_time", "rate_time"]].notna().all(axis=1)
    missing = {name: int((~known & (rows["connectivity"] == name)).sum()) for name in GROUPS}
    kept = rows[known].reset_index(drop=True)
    return kept.assign(lag=kept["accuracy_time"] - kept["rate_time"]), missing


def _times(column: Any, name: str) -> Any:
    """Return a column of times as float64, missing ones NaN."""
    import pandas as pd

    if any(isinstance(time, (str, bool, np.bool_)) for time in column):
        raise TypeError(f"{name} must hold numbers (time steps), missing where a curve never saturates")
    try:
        times = pd.to_numeric(column).astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must hold numbers (time steps); {error}") from error
    if np.isinf(times).any():
        raise ValueError(f"{name} holds infinite times; leave a time missing where a curve never saturates")
    return times


def lags_of(lags: "pd.DataFrame", connectivity: str) -> NDArray[np.float64]:
    """Return the lags of the dense or of the sparse networks."""
    values: NDArray[np.float64] = lags.loc[lags["connectivity"] == connectivity, "lag"].to_numpy(np.float64)
    return values


def positive(lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lags of networks whose firing rate settles first."""
    return lags[lags > 0]
