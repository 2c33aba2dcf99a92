"""The distribution of positive time lags as smooth curves."""

import math
from typing import TYPE_CHECKING

import numpy as np

from netsci.arguments import as_count
from netsci.measure.lag_table import GROUPS, find_lags, lags_of, positive

if TYPE_CHECKING:
    import pandas as pd


def lag_density(table: "pd.DataFrame", *, points: int = 201) -> "pd.DataFrame":
    """Return Gaussian kernel densities of the positive lags (see `TimeLags`) of dense and sparse networks.

    Scott's bandwidth, n^(-1/5) times the standard deviation; both curves have the same grid, which reaches
    three bandwidths beyond the lags. So the area of a curve is 1 to .3 %, and part of it is below zero
    although the lags are positive.

    Parameters
    ----------
    table : as in `time_lag_tests`. points : number of grid points, at least 2.

    Returns
    -------
    DataFrame with columns connectivity, lag (time steps), density (per time step), mean (of the positive
    lags, time steps), n and bandwidth (time steps). A group of fewer than 2 positive lags, or of equal
    ones, has no density: one row with lag and density NaN.

    Raises
    ------
    TypeError, ValueError
        As `time_lag_tests`; ValueError also for points < 2.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(i, c, 12 + i, 9) for i in range(6) for c in ("dense", "sparse")]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])
    >>> lag_density(table).groupby("connectivity")["mean"].first().to_dict()
    {'dense': 5.5, 'sparse': 5.5}

    Source: S2 Figure 3(b).
    """
    import pandas as pd
    from scipy.stats import gaussian_kde

    points = as_count(points, "points", 2)
    lags, _ = find_lags(table)
    samples = {name: positive(lags_of(lags, name)) for name in GROUPS}
    laws = {name: gaussian_kde(x) for name, x in samples.items() if len(x) > 1 and np.ptp(x) > 0}
    widths = {name: math.sqrt(float(law.covariance[0, 0])) for name, law in laws.items()}
    grid = np.empty(0)
    if laws:
        reach = 3 * max(widths.values())
        known = np.concatenate([samples[name] for name in laws])
        grid = np.linspace(known.min() - reach, known.max() + reach, points)
    frames = []
    for name, x in samples.items():
        curve = {"lag": grid, "density": laws[name](grid)} if name in laws else {"lag": [math.nan]}
        shared = {"mean": float(x.mean()) if len(x) else math.nan, "n": len(x)}
        frame = pd.DataFrame({"connectivity": name, **curve}).assign(
            **shared, bandwidth=widths.get(name, math.nan)
        )
        frames.append(frame.reindex(columns=["connectivity", "lag", "density", "mean", "n", "bandwidth"]))
    return pd.concat([frame.astype({"density": float}) for frame in frames], ignore_index=True)
