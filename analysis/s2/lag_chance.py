"""What chance does to a table of saturation times: whole settings or trained networks change places.

Networks of a setting share trained ANNs, so no pair of it is independent of the others: what is dealt is the
setting, with all its pairs.

    p = (1 + draws whose mean difference is as large as ours, of either sign) / (1 + draws)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

CHANCE = 72  # purpose of generators
SWAPPED, SHUFFLED, TIMES = 0, 1, 2
KINDS = ("dense", "sparse")
DRAWS = 9_999
CLOSE = 1e-9  # steps: means that differ by less are the same


@dataclass(frozen=True, eq=False)
class Swapped:
    """Mean differences of the lag, sparse less dense, with settings swapped at random, and the p-value.

    differences : float64 [draw], in steps. p : of the table's own difference, two-sided, NaN without one.
    """

    differences: NDArray[np.float64]
    p: float


def find_complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs of which both networks have both times."""
    known = table[table[["accuracy_time", "rate_time"]].notna().all(axis=1)]
    whole = known.groupby("pair", sort=False)["connectivity"].transform("nunique") == 2
    return known[whole].reset_index(drop=True)


def swap_settings(pairs: pd.DataFrame, seed: int, *, draws: int = DRAWS) -> Swapped:
    """Return the differences of the lag where a coin for each setting swaps its dense and sparse networks.

    pairs : complete ones (`find_complete`), with a column setting. Where a pair joins two settings, nothing
    can be swapped: no draw, p is NaN.
    """
    by_pair = pairs.groupby("pair", sort=False)["setting"]
    if pairs.empty or (by_pair.nunique() > 1).any():
        return Swapped(np.empty(0), np.nan)
    lags = pairs.assign(lag=pairs["accuracy_time"] - pairs["rate_time"])
    wide = lags.pivot(index="pair", columns="connectivity", values="lag")
    longer = wide["sparse"] - wide["dense"]
    sums = longer.groupby(by_pair.first().reindex(longer.index), sort=True).sum().to_numpy()
    rng = np.random.default_rng([seed, CHANCE, SWAPPED])
    means = rng.choice([-1.0, 1.0], size=(draws, len(sums))) @ sums / len(longer)
    extreme = np.abs(means) >= abs(float(longer.mean())) - CLOSE
    return Swapped(means, (1 + int(extreme.sum())) / (1 + draws))


def shuffle_settings(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the table with the sparse networks of a setting given to the dense ones of a random one.

    Settings of one data set change places, with all their networks; sparsity and method of a pair stay the
    same. A network whose new partner makes no pair has none.
    """
    rng = np.random.default_rng([seed, CHANCE, SHUFFLED])
    partner: dict[str, str] = {}
    for _, rows in table.groupby("data", sort=False):
        names = rows["setting"].unique()
        partner |= dict(zip(names, rng.permutation(names), strict=True))
    sparse = table["connectivity"] == "sparse"
    of = zip(table["setting"], table["sparsity"], table["method"], strict=True)
    met = [f"{partner[setting]}, {sparsity}, {method}" for setting, sparsity, method in of]
    return table.assign(pair=table["pair"].where(~sparse, pd.Series(met, table.index, object)))


def swap_times(pairs: pd.DataFrame, seed: int, *, draws: int = DRAWS) -> dict[str, NDArray[np.float64]]:
    """Return the mean lags where a coin swaps accuracy time and rate time, one for each kind of a setting.

    pairs : complete ones. Returns float64 [draw], in steps: "dense" and "sparse", over networks, and their
    "difference", over pairs.
    """
    rng = np.random.default_rng([seed, CHANCE, TIMES])
    lags = pairs.assign(lag=pairs["accuracy_time"] - pairs["rate_time"])
    anns = pd.Index(lags["ann"].unique())
    coins = rng.choice([-1.0, 1.0], size=(draws, len(anns)))

    def weigh(rows: pd.DataFrame) -> NDArray[np.float64]:
        sums = rows.groupby("ann")["lag"].sum().reindex(anns, fill_value=0.0)
        return np.asarray(coins @ sums.to_numpy() / len(rows))

    single = lags.drop_duplicates("member")
    found = {kind: weigh(single[single["connectivity"] == kind]) for kind in KINDS}
    dense, sparse = (weigh(lags[lags["connectivity"] == kind]) for kind in KINDS)
    return found | {"difference": sparse - dense}
