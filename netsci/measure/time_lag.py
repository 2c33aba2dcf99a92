"""Whether accuracy saturates later than the firing rate, and by how much more in sparse networks.

    lag = accuracy saturation time - firing rate saturation time

Positive where the firing rate settles first. Times come from `saturation_time`; the tests are by rank.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.measure.lag_table import GROUPS, check_generator, known_lags, lags_of, positive
from netsci.measure.rank_tests import RankTest, rank_sum_test, signed_rank_test

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class TimeLags:
    """The lags of a table and what the tests say of them; all tables are tidy.

    lags : pair, connectivity, accuracy_time, rate_time, lag; rows without both times left out.
    tests : question, group, test, zero_method, alternative, n, n_other, zeros, method, statistic, z, p_value,
        log10_p, p_text, rank_biserial, common_language, note: one row a test (see `RankTest`).
    estimates : group, lags ("all" or "positive"), n, measure ("mean" or "median"), value, low, high: in time
        steps, with a bootstrap percentile interval; NaN where undefined or without a generator.
    missing : rows left out because a time is missing, by connectivity.
    """

    lags: "pd.DataFrame"
    tests: "pd.DataFrame"
    estimates: "pd.DataFrame"
    missing: dict[str, int]


def time_lag_tests(
    table: "pd.DataFrame",
    *,
    rng: np.random.Generator | None = None,
    bootstrap: int = 2000,
    confidence: float = 0.95,
) -> TimeLags:
    """Return the time lags of a table of saturation times with their tests, effects and intervals.

    Asked are: is accuracy later than the rate (one-sided signed-rank, by zero_method "wilcox" and "pratt", in
    dense, sparse and all networks); do positive lags, and all lags, differ between sparse and dense
    (two-sided Mann-Whitney; U counts for sparse); is the lag of the sparse network of a pair longer than that
    of the dense one (one-sided signed-rank over complete pairs).

    Parameters
    ----------
    table : columns pair (what a dense and a sparse network share), connectivity ("dense" or "sparse"; each at
        most once a pair), accuracy_time and rate_time (time steps; missing where a curve never saturates).
    rng : numpy Generator for the bootstrap intervals; without it they are NaN.
    bootstrap : number of resamples, at least 1. confidence : of the intervals, in (0, 1).

    Returns
    -------
    TimeLags. A group without a lag other than zero has NaN for statistic and p-value, and a note.

    Raises
    ------
    TypeError
        If table is no DataFrame, times are not numbers or rng is no Generator.
    ValueError
        If a column is missing, connectivity holds another word, a network stands twice or times are infinite.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [(i, c, 12 + i, 9) for i in range(6) for c in ("dense", "sparse")]
    >>> table = pd.DataFrame(rows, columns=["pair", "connectivity", "accuracy_time", "rate_time"])
    >>> time_lag_tests(table).tests["p_text"].head(3).tolist()
    ['1.562e-02', '1.562e-02', '1.562e-02']

    Source: S2 sections 2.3 and 3.3, eq. 5, Figure 3.
    Reading: S2 compares "the time lag" of sparse and dense after turning to positive lags, so these are
    compared first; choosing by sign conditions on the outcome, so all lags are compared as well. It does not
    print how zeros are treated, hence both ways.
    """
    import pandas as pd

    _check_bootstrap(rng, bootstrap, confidence)
    lags, missing = known_lags(table)
    value = {name: lags_of(lags, name) for name in GROUPS}
    value["all"] = lags["lag"].to_numpy(dtype=np.float64)
    tests = [
        _row("accuracy later than rate", group, signed_rank_test(x, zero_method=zeros), "greater", zeros)
        for group, x in (("dense", value["dense"]), ("sparse", value["sparse"]), ("all", value["all"]))
        for zeros in ("wilcox", "pratt")
    ]
    for name, chosen in (("positive lags", positive), ("all lags", np.asarray)):
        found = rank_sum_test(chosen(value["sparse"]), chosen(value["dense"]))
        tests.append(_row(f"{name} of sparse against dense", "sparse, dense", found, "two-sided"))
    paired = (
        lags.pivot(index="pair", columns="connectivity", values="lag").reindex(columns=list(GROUPS)).dropna()
    )
    longer = (paired["sparse"] - paired["dense"]).to_numpy(dtype=np.float64)
    for zeros in ("wilcox", "pratt"):
        found = signed_rank_test(longer, zero_method=zeros)
        tests.append(_row("sparse lag longer than dense, by pair", "pairs", found, "greater", zeros))
    estimates = [
        {"group": group, "lags": name, "n": len(chosen), **estimate}
        for group in (*GROUPS, "all")
        for name, chosen in (("all", value[group]), ("positive", positive(value[group])))
        for estimate in _estimates(chosen, rng, bootstrap, confidence)
    ]
    return TimeLags(lags, pd.DataFrame(tests), pd.DataFrame(estimates), missing)


def _row(
    question: str, group: str, found: RankTest, alternative: str, zero_method: str = ""
) -> dict[str, Any]:
    note = found.note
    if found.p_value == 0:
        note = "p is below the smallest double; log10_p holds it"
    return {
        "question": question,
        "group": group,
        "test": "signed-rank" if zero_method else "rank-sum",
        "zero_method": zero_method,
        "alternative": alternative,
        "n": found.n,
        "n_other": found.n_other,
        "zeros": found.zeros,
        "method": found.method,
        "statistic": found.statistic,
        "z": found.z,
        "p_value": found.p_value,
        "log10_p": found.log10_p,
        "p_text": found.p_text,
        "rank_biserial": found.rank_biserial,
        "common_language": found.common_language,
        "note": note,
    }


def _estimates(
    x: NDArray[np.float64], rng: np.random.Generator | None, bootstrap: int, confidence: float
) -> list[dict[str, Any]]:
    """Return mean and median with percentile intervals over resamples of the lags."""
    names: dict[str, Callable[..., Any]] = {"mean": np.mean, "median": np.median}
    if not len(x):
        return [{"measure": name, "value": math.nan, "low": math.nan, "high": math.nan} for name in names]
    drawn = None if rng is None or len(x) < 2 else x[rng.integers(len(x), size=(bootstrap, len(x)))]
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    rows = []
    for name, centre in names.items():
        low, high = (math.nan, math.nan) if drawn is None else np.quantile(centre(drawn, axis=1), ends)
        rows.append({"measure": name, "value": float(centre(x)), "low": float(low), "high": float(high)})
    return rows


def _check_bootstrap(rng: Any, bootstrap: int, confidence: float) -> None:
    if rng is not None:
        check_generator(rng)
    if bootstrap < 1:
        raise ValueError(f"bootstrap must be a number of resamples, at least 1; got {bootstrap!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1; got {confidence!r}")
