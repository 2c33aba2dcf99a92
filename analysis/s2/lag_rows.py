"""Do sparse networks lag longer? One row of numbers for a table of saturation times, and its verdict.

pairs with times -> mean lags, their difference, what it is made of, intervals over settings, p-values
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.s2.lag_chance import find_complete, swap_settings, swap_times
from netsci.measure import ann_intervals, time_lag_tests

LONGER, SHORTER, OPEN, NOTHING = "longer", "shorter", "undecided", "no pair"
FIRST, LATER, PARTLY = "rate first", "accuracy first", "accuracy first in one kind"
GROUP = "sparse minus dense"
PURPOSE = 71  # of the generators that intervals are drawn from


@dataclass(frozen=True)
class Compared:
    """What a table of saturation times says of dense and sparse networks. Times and lags are in steps.

    pairs : complete pairs, with both times. settings : drawn for the intervals. dense, sparse : mean lags,
    with their intervals. difference : of the lag, sparse less dense, over pairs; accuracy_later and
    rate_later are its parts. p_longer : one-sided signed-rank, by pair. p_differ : two-sided rank-sum of all
    lags, as if independent; p_differ_positive : of positive lags, as S2. p_dense, p_sparse, p_all : one-sided
    signed-rank of accuracy later than rate. effect, effect_positive : rank-biserial of the rank sums.
    positive_dense, positive_sparse : mean of the positive lags. never_dense, never_sparse : networks without
    one of both times; n_dense, n_sparse : those of complete pairs.
    """

    pairs: int
    settings: int
    dense: float
    dense_low: float
    dense_high: float
    sparse: float
    sparse_low: float
    sparse_high: float
    difference: float
    difference_low: float
    difference_high: float
    accuracy_later: float
    accuracy_later_low: float
    accuracy_later_high: float
    rate_later: float
    rate_later_low: float
    rate_later_high: float
    effect: float
    effect_low: float
    effect_high: float
    effect_positive: float
    effect_positive_low: float
    effect_positive_high: float
    p_longer: float
    p_settings: float
    p_differ: float
    p_differ_positive: float
    p_dense: float
    p_sparse: float
    p_all: float
    positive_dense: float
    positive_sparse: float
    n_dense: int
    n_sparse: int
    never_dense: int
    never_sparse: int

    @property
    def verdict(self) -> str:
        """Whether sparse networks lag longer: "longer", "shorter", "undecided", or "no pair"."""
        if not self.pairs:
            return NOTHING
        return _side(self.difference_low, self.difference_high, (LONGER, SHORTER))

    @property
    def order(self) -> str:
        """FIRST or LATER, as both kinds do; PARTLY if the accuracy settles first in one alone; else OPEN."""
        sides = {
            _side(low, high, (FIRST, LATER))
            for low, high in ((self.dense_low, self.dense_high), (self.sparse_low, self.sparse_high))
        }
        if len(sides) == 1:
            return sides.pop()
        return PARTLY if LATER in sides else OPEN

    def row(self) -> dict[str, object]:
        """Return all numbers and both verdicts by name."""
        return {**asdict(self), "verdict": self.verdict, "order": self.order}


def _side(low: float, high: float, names: tuple[str, str]) -> str:
    if low > 0:
        return names[0]
    return names[1] if high < 0 else OPEN


def compare(table: pd.DataFrame, seed: int, *, bootstrap: int = 2000) -> Compared:
    """Return what a table of saturation times says of dense and sparse networks.

    table : as `analysis.s2.lag_networks.find_times` returns it. A dense network that stands in several pairs
    counts once where networks are counted, and in each of its pairs where pairs are. bootstrap : resamples.
    """
    pairs, each = find_complete(table), table.drop_duplicates("member")
    single = pairs.drop_duplicates("member")
    by_pair = time_lag_tests(pairs)
    found = _draw(pairs, seed, bootstrap)
    repeats = len(single) < len(pairs)
    rank = time_lag_tests(single) if repeats else by_pair
    alone = _draw(single, seed, bootstrap) if repeats else found

    def p(question: str, group: str, of: pd.DataFrame) -> float:
        rows = of[(of["question"] == question) & (of["group"] == group)]
        return float(rows["p_value"].iloc[0])

    never = each[["accuracy_time", "rate_time"]].isna().any(axis=1)
    later, both = "accuracy later than rate", "sparse, dense"
    lags = rank.lags
    positive = {
        kind: lags.loc[(lags["connectivity"] == kind) & (lags["lag"] > 0), "lag"]
        for kind in ("dense", "sparse")
    }
    return Compared(
        pairs=int(found.loc[(GROUP, "lag difference"), "n"]),
        settings=int(found.loc[(GROUP, "lag difference"), "anns"]),
        **_estimate("dense", alone.loc[("dense", "mean lag")]),
        **_estimate("sparse", alone.loc[("sparse", "mean lag")]),
        **_estimate("difference", found.loc[(GROUP, "lag difference")]),
        **_estimate("accuracy_later", found.loc[(GROUP, "accuracy later")]),
        **_estimate("rate_later", found.loc[(GROUP, "rate later")]),
        **_estimate("effect", alone.loc[("sparse against dense", "rank-biserial, all lags")]),
        **_estimate("effect_positive", alone.loc[("sparse against dense", "rank-biserial, positive lags")]),
        p_settings=swap_settings(pairs, seed).p,
        p_longer=p("sparse lag longer than dense, by pair", "pairs", by_pair.tests),
        p_differ=p("all lags of sparse against dense", both, rank.tests),
        p_differ_positive=p("positive lags of sparse against dense", both, rank.tests),
        p_dense=p(later, "dense", rank.tests),
        p_sparse=p(later, "sparse", rank.tests),
        p_all=p(later, "all", rank.tests),
        positive_dense=float(positive["dense"].mean()),
        positive_sparse=float(positive["sparse"].mean()),
        n_dense=int((lags["connectivity"] == "dense").sum()),
        n_sparse=int((lags["connectivity"] == "sparse").sum()),
        never_dense=int((never & (each["connectivity"] == "dense")).sum()),
        never_sparse=int((never & (each["connectivity"] == "sparse")).sum()),
    )


def compare_swapped(table: pd.DataFrame, seed: int, *, bootstrap: int = 2000) -> Compared:
    """Return what remains of the difference where dense and sparse of whole settings are swapped."""
    drawn = {"difference": swap_settings(find_complete(table), seed).differences}
    return _of_draws(compare(table, seed, bootstrap=bootstrap), drawn)


def compare_swapped_times(table: pd.DataFrame, seed: int, *, bootstrap: int = 2000) -> Compared:
    """Return what remains of the lags where both times of whole trained networks are swapped."""
    drawn = swap_times(find_complete(table), seed)
    return replace(_of_draws(compare(table, seed, bootstrap=bootstrap), drawn), p_settings=np.nan)


def _of_draws(of: Compared, drawn: Mapping[str, NDArray[np.float64]]) -> Compared:
    """Return means over all draws, with the ends that hold 95 % of them; but p_settings, the rest is NaN."""
    kept: dict[str, Any] = {one.name: np.nan for one in fields(of) if one.type in (float, "float")}
    for name, means in drawn.items():
        low, high = np.quantile(means, (0.025, 0.975)) if len(means) else (np.nan, np.nan)
        kept |= {name: float(means.mean()) if len(means) else np.nan}
        kept |= {f"{name}_low": float(low), f"{name}_high": float(high)}
    return replace(of, **(kept | {"p_settings": of.p_settings}))


def _draw(table: pd.DataFrame, seed: int, bootstrap: int) -> pd.DataFrame:
    """Return means and effects with their intervals, by group and measure."""
    rng = np.random.default_rng([seed, PURPOSE])
    return ann_intervals(table, rng=rng, bootstrap=bootstrap).set_index(["group", "measure"])


def _estimate(name: str, row: pd.Series) -> dict[str, float]:
    """Return a value with its interval; where resamples do not vary, the interval is the value."""
    value, low, high = float(row["value"]), float(row["low"]), float(row["high"])
    if str(row["note"]).startswith("no interval"):
        low = high = value
    return {name: value, f"{name}_low": low, f"{name}_high": high}
