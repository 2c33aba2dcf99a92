"""Controls of the time lag: what the saturation rule, the pairing and the window do without any network.

Tables are those of `time_lag_tests`: pair, connectivity, accuracy_time, rate_time; further columns are kept.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from netsci.arguments import check_choice, check_generator, shorten
from netsci.measure.lag_table import GROUPS, find_lags

if TYPE_CHECKING:
    import pandas as pd

CURVES = ("accuracy", "rate")
EITHER = (*CURVES, "either", "both")


def shuffle_pairs(table: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table with every sparse network given to the dense network of a random pair.

    A control of what is compared by pair: what remains does not come from the shared setting. Only complete
    pairs change places; the saturation times of a network stay together.

    table : as in `time_lag_tests`; it does not change. rng : numpy Generator. Raises TypeError and
    ValueError as `time_lag_tests`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(i, c, 12 + i, 9) for i in range(6) for c in ("dense", "sparse")]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])
    >>> shuffled = shuffle_pairs(table, rng=np.random.default_rng(0))
    >>> sorted(shuffled["pair"]) == sorted(table["pair"])
    True

    Source: the control of S2 section 3.3 in this suite.
    """
    check_generator(rng)
    find_lags(table)
    pairs = _complete(table)
    places = np.flatnonzero((table["connectivity"] == "sparse") & table["pair"].isin(pairs))
    names = table["pair"].to_list()
    shuffled = list(names)
    for place, other in zip(places, rng.permutation(places), strict=True):
        shuffled[place] = names[other]
    found = table.copy()
    found["pair"] = _as_column(shuffled, table)
    return found


def swap_connectivity(table: pd.DataFrame, *, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table with dense and sparse exchanged in each complete pair with probability 1/2.

    The negative control of "sparse lags longer": for any table, the result has a difference only by chance.

    table : as in `time_lag_tests`; it does not change. rng : numpy Generator. Raises TypeError and
    ValueError as `time_lag_tests`.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(i, c, 12 + i, 9) for i in range(6) for c in ("dense", "sparse")]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])
    >>> swap_connectivity(table, rng=np.random.default_rng(0))["connectivity"].value_counts().to_dict()
    {'dense': 6, 'sparse': 6}

    Source: the control of S2 section 3.3 in this suite.
    """
    check_generator(rng)
    find_lags(table)
    pairs = _complete(table)
    chosen = [pair for pair, swap in zip(pairs, rng.random(len(pairs)) < 0.5, strict=True) if swap]
    other = table["connectivity"].map({"dense": "sparse", "sparse": "dense"})
    found = table.copy()
    found["connectivity"] = table["connectivity"].where(~table["pair"].isin(chosen), other)
    return found


def floor_shares(table: pd.DataFrame, *, floor: float) -> pd.DataFrame:
    """Return the share of saturation times that sit on the floor, the earliest time that the window allows.

    table : as in `time_lag_tests`. floor : the earliest time, `saturation_floor` of the window.

    Columns: connectivity ("dense", "sparse", "all"), curve ("accuracy", "rate", "either", "both"), n
    (networks with both times), on_floor (how many), share (NaN for n = 0). Raises TypeError and ValueError
    as `time_lag_tests`, and ValueError where a time is earlier than the floor.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(0, "dense", 11, 11), (0, "sparse", 14, 11)]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])
    >>> floor_shares(table, floor=11).tail(4)["share"].tolist()
    [0.5, 1.0, 1.0, 0.5]

    Source: controls of S2 section 3.3 in this suite.
    """
    import pandas as pd

    lags, _ = find_lags(table)
    on = _on_floor(lags, floor)
    rows = []
    for group in (*GROUPS, "all"):
        mine = (
            np.ones(len(lags), dtype=bool) if group == "all" else (lags["connectivity"] == group).to_numpy()
        )
        for curve in EITHER:
            count, n = int((on[curve] & mine).sum()), int(mine.sum())
            rows.append((group, curve, n, count, count / n if n else math.nan))
    return pd.DataFrame(rows, columns=["connectivity", "curve", "n", "on_floor", "share"])


def drop_floor(table: pd.DataFrame, *, floor: float, curve: str = "either") -> pd.DataFrame:
    """Return the table without networks whose saturation time sits on the floor, for the tests without them.

    A lag against a rate on the floor cannot be negative, one of an accuracy on it cannot be positive.

    table, floor : as in `floor_shares`. curve : "accuracy", "rate", "either" (drop where one of both sits
    there) or "both". Networks without both times are dropped. Raises as `floor_shares`, and ValueError for
    another curve.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(0, "dense", 11, 11), (0, "sparse", 14, 12)]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])
    >>> drop_floor(table, floor=11)["connectivity"].tolist()
    ['sparse']

    Source: controls of S2 section 3.3 in this suite.
    """
    check_choice(curve, EITHER, "curve")
    find_lags(table)
    known = table[["accuracy_time", "rate_time"]].notna().all(axis=1)
    kept = table[known].reset_index(drop=True)
    lags, _ = find_lags(kept)
    return kept[~_on_floor(lags, floor)[curve]].reset_index(drop=True)


def compare_windows(long: pd.DataFrame, short: pd.DataFrame) -> pd.DataFrame:
    """Return the lag of every network under a long window less that under a short one.

    On a smooth accuracy curve a window moves both times alike and the lag not at all; a lag that grows with
    the window is one that noise makes.

    long, short : tables as in `time_lag_tests` of the same networks, such as at window 10 and at window 5.

    Columns: pair, connectivity, lag_long, lag_short, difference = lag_long - lag_short, in time steps;
    networks without a lag in one of both are left out. Raises TypeError and ValueError as `time_lag_tests`.

    Examples
    --------
    >>> import pandas as pd
    >>> columns = ["pair", "connectivity", "accuracy_time", "rate_time"]
    >>> long = pd.DataFrame([(0, "dense", 18, 12)], columns=columns)
    >>> compare_windows(long, pd.DataFrame([(0, "dense", 9, 7)], columns=columns))["difference"].tolist()
    [4.0]

    Source: controls of S2 section 3.3 in this suite.
    """
    keys = ["pair", "connectivity"]
    frames = []
    for name, table in (("long", long), ("short", short)):
        lags, _ = find_lags(table)
        frames.append(lags[[*keys, "lag"]].rename(columns={"lag": f"lag_{name}"}))
    try:
        both = frames[0].merge(frames[1], on=keys, how="inner")
    except ValueError as error:  # pandas, where the names of pairs are of other types
        raise ValueError(f"long and short must name pairs alike; {error}") from error
    return both.assign(difference=both["lag_long"] - both["lag_short"])


def _complete(table: pd.DataFrame) -> list[object]:
    """Return the pairs that hold a dense and a sparse network, in the order of the table."""
    counts = table.groupby("pair", sort=False)["connectivity"].nunique()
    return [pair for pair, count in counts.items() if count == len(GROUPS)]


def _as_column(values: list[object], table: pd.DataFrame) -> pd.Series:
    """Return values, tuples among them, as a column of the table's index."""
    import pandas as pd

    column = pd.Series(index=table.index, dtype=object)
    for place, value in enumerate(values):
        column.iat[place] = value
    return column.astype(table["pair"].dtype)


def _on_floor(lags: pd.DataFrame, floor: float) -> dict[str, np.ndarray]:
    """Return which rows sit on the floor, by curve."""
    if not isinstance(floor, Real) or isinstance(floor, bool):
        raise TypeError(f"floor must be a number, the earliest saturation time; got {shorten(floor)}")
    on = {}
    for curve in CURVES:
        times = lags[f"{curve}_time"].to_numpy(np.float64)
        if np.isnan(floor) or (times < floor).any():
            raise ValueError(
                f"floor must be the earliest saturation time; got {floor!r}, and the earliest {curve}_time "
                f"is {times.min() if len(times) else math.nan:g}: take saturation_floor(window)"
            )
        on[curve] = times == floor
    return on | {"either": on["accuracy"] | on["rate"], "both": on["accuracy"] & on["rate"]}
