"""Whether accuracy saturates later than the firing rate, and by how much more in sparse networks.

    lag = accuracy saturation time - firing rate saturation time

Positive where the firing rate settles first. Times come from `saturation_time`; the tests are by rank.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.measure.lag_intervals import UNKNOWN, Bootstrap, Interval
from netsci.measure.lag_table import GROUPS, find_lags
from netsci.measure.rank_tests import RankTest, rank_sum_test, signed_rank_test

if TYPE_CHECKING:
    import pandas as pd

BOTH_LAGS = "as S2 tests it: both lags of a pair count, as if independent; p is too small if they agree"


@dataclass(frozen=True, eq=False)
class TimeLags:
    """The lags of a table with their tests and estimates, as tidy tables.

    lags : pair, connectivity, accuracy_time, rate_time and lag = accuracy_time - rate_time, in time steps, >
        0 if the firing rate settles first; only rows with both times.
    tests : question, group, test, zero_method, alternative, n, n_other, zeros, method, statistic, z, p_value,
        log10_p, p_text, rank_biserial, its bootstrap interval rank_biserial_low and rank_biserial_high,
        common_language, note: one row a test (see `RankTest`).
    estimates : group ("dense", "sparse", "all", and over complete pairs "sparse minus dense"), lags ("all" or
        "positive"), n, measure ("mean" or "median"), value, low, high (in time steps, with an interval; NaN
        where undefined or without a generator), note ("", or that the interval is of few pairs, or none).
    missing : number of rows without both times, by connectivity.
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

    lag = accuracy_time - rate_time, in time steps.

    The questions are: is the accuracy later than the rate (one-sided signed-rank, by zero_method "wilcox"
    and "pratt", in dense, sparse and all networks); do positive lags, and all lags, differ between sparse
    and dense (two-sided Mann-Whitney; U counts for sparse); is the lag of the sparse network of a pair
    longer than that of the dense one (one-sided signed-rank over complete pairs).

    Parameters
    ----------
    table : columns pair (what a dense and a sparse network share), connectivity ("dense" or "sparse"; each at
        most once a pair), accuracy_time and rate_time (time steps; missing where a curve never saturates).
    rng : numpy Generator for the intervals, which resample pairs with all their lags; without it they are
        NaN. Resamples with an undefined value do not count; where all others agree there is no interval.
        Below 20 pairs the intervals are BCa or exact, and noted (see `netsci.measure.lag_intervals`).
    bootstrap : number of resamples, at least 1. confidence : of the intervals, in (0, 1).

    Returns
    -------
    TimeLags. A group without a lag other than zero has NaN for statistic and p-value, and a note.

    Raises
    ------
    TypeError
        If table is not a DataFrame, times or confidence are not numbers, bootstrap is not a whole number or
        rng is not a Generator.
    ValueError
        If a column is missing, connectivity has another value, a network occurs twice or times are infinite.

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

    intervals = Bootstrap(rng, bootstrap, confidence)
    lags, missing = find_lags(table)
    by_pair = lags.pivot(index="pair", columns="connectivity", values="lag").reindex(columns=list(GROUPS))
    both = by_pair.to_numpy(dtype=np.float64)
    value = {name: both[:, [k]] for k, name in enumerate(GROUPS)} | {"all": both}
    longer = _drop_unknown(both[:, [1]] - both[:, [0]])[:, np.newaxis]
    tests = []
    for question, groups in (
        ("accuracy later than rate", value),
        ("sparse lag longer than dense, by pair", {"pairs": longer}),
    ):
        for group, x in groups.items():
            for zeros in ("wilcox", "pratt"):
                found = signed_rank_test(_drop_unknown(x), zero_method=zeros)
                effect = intervals.signed_effect(x, zero_method=zeros)
                tests.append(_row(question, group, found, "greater", effect, zeros))
    for name, chosen in (("positive lags", _positive(both)), ("all lags", both)):
        found = rank_sum_test(_drop_unknown(chosen[:, 1]), _drop_unknown(chosen[:, 0]))
        effect = intervals.sum_effect(chosen)
        tests.append(_row(f"{name} of sparse against dense", "sparse, dense", found, "two-sided", effect))
    samples = [(group, name, x) for group, every in value.items() for name, x in _signs(every)]
    estimates = [
        {"group": group, "lags": name, "n": len(_drop_unknown(x)), **estimate}
        for group, name, x in [*samples, ("sparse minus dense", "all", longer)]
        for estimate in intervals.estimates(x)
    ]
    return TimeLags(lags, pd.DataFrame(tests), pd.DataFrame(estimates), missing)


def _drop_unknown(lags: NDArray[np.float64]) -> NDArray[np.float64]:
    return lags[~np.isnan(lags)]


def _positive(lags: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lags of networks whose firing rate settles first, NaN in the place of the others."""
    return np.where(lags > 0, lags, np.nan)


def _signs(lags: NDArray[np.float64]) -> tuple[tuple[str, NDArray[np.float64]], ...]:
    return ("all", lags), ("positive", _positive(lags))


def _row(
    question: str,
    group: str,
    found: RankTest,
    alternative: str,
    effect: Interval,
    zero_method: str = "",
) -> dict[str, Any]:
    if math.isnan(found.rank_biserial):
        effect = UNKNOWN
    notes = [note for note in (found.note, effect.note) if note]
    if found.p_value == 0:
        notes.append("p is below the smallest double; log10_p holds it")
    if group == "all":
        notes.append(BOTH_LAGS)
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
        "rank_biserial_low": effect.low,
        "rank_biserial_high": effect.high,
        "common_language": found.common_language,
        "note": "; ".join(notes),
    }
