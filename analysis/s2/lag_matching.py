"""Pairs of a dense and a sparse network of one accuracy, and how far apart accuracies were before.

members -> match_members: pairs -> measure_matching: a row a data set, gaps in points, numbers of networks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.s2 import lag_networks as nets
from analysis.s2.lag_grid import DENSE, EARLIER, GRID, PERCEPTRON
from analysis.s2.lag_networks import Member, make_pairs, name_setting
from netsci.measure import match_accuracy

WITHIN = 0.5  # points of accuracy
CLOSER = {"MNIST": 0.1}  # data sets on which nearly every pair is within WITHIN as it stands
PAIRS, ANNS = 30, 10  # at least, and of each kind
ALL = "all"
COLUMNS = ["data", "within", "pairs_before", "gap_before", "pairs", "gap", "dense", "sparse"]


def find_limit(data: str) -> float:
    """Return how far apart two accuracies of a data set may be, in points."""
    return CLOSER.get(data, WITHIN)


def read_accuracy(member: Member) -> float:
    """Return the accuracy at the last step, in percent; NaN if a training diverged."""
    return np.nan if member.curves is None else 100.0 * float(member.curves.accuracy[-1])


def match_members(members: Sequence[Member]) -> pd.DataFrame:
    """Return pairs of a dense and a sparse perceptron of one accuracy, data set and method, each used once.

    Dense networks of earlier epochs of the same runs are offered too. Accuracy is that at the last step.
    """
    rows = []
    for number, one in enumerate(members):
        p = one.place
        if p.kind == PERCEPTRON and p.purpose in (GRID, EARLIER) and not one.at_chance:
            rows.append(
                {
                    "connectivity": "dense" if p.links == DENSE else "sparse",
                    "ann": one.ann,
                    "setting": name_setting(p),
                    "data": p.data,
                    "sparsity": p.links,
                    "rate_of_learning": p.rate,
                    "batch": p.batch,
                    "method": one.method,
                    "member": number,
                    "accuracy": read_accuracy(one),
                }
            )
    found = []
    for data, own in pd.DataFrame(rows).groupby("data", sort=False) if rows else ():
        pairs = match_accuracy(own, within=find_limit(str(data)), by=("method",))
        found.append(pairs.assign(pair=[f"{data}, {number}" for number in pairs["pair"]]))
    found = [one for one in found if len(one)]
    if not found:
        return pd.DataFrame(columns=[*nets.COLUMNS, "accuracy", "accuracy_gap"])
    return pd.concat(found, ignore_index=True)


def measure_matching(members: Sequence[Member]) -> pd.DataFrame:
    """Return, by data set and of all, how far accuracies of pairs are apart, before and after matching.

    Columns: data, within (points), pairs_before, gap_before (mean, dense less sparse, points), pairs, gap,
    dense, sparse (how many trained networks the matched pairs come from).
    """
    grid, _ = make_pairs(members)
    accuracy = np.array([read_accuracy(members[number]) for number in grid["member"]])
    sign = np.where(grid["connectivity"] == "dense", 1.0, -1.0)
    before = pd.Series(sign * accuracy, grid.index, float).groupby(grid["pair"], sort=False).sum()
    of = grid.drop_duplicates("pair").set_index("pair")["data"]
    matched = match_members(members)
    rows: list[dict[str, Any]] = []
    for data in [ALL, *of.unique()] if len(of) else []:
        gaps = before if data == ALL else before[of == data]
        own = matched if data == ALL else matched[matched["data"] == data]
        row = {"data": data, "within": np.nan if data == ALL else find_limit(data)}
        row |= {"pairs_before": len(gaps), "gap_before": float(gaps.mean())}
        row |= {"pairs": own["pair"].nunique(), "gap": float(own["accuracy_gap"].mean())}
        row |= {kind: own.loc[own["connectivity"] == kind, "ann"].nunique() for kind in ("dense", "sparse")}
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


def say_matching(found: pd.DataFrame) -> str:
    """Return how many pairs of one accuracy there are, from how many networks, and how far apart they were.

    found : of `measure_matching`; "" where it is empty.
    """
    if found.empty:
        return ""
    every = found.set_index("data").loc[ALL]
    few = every["pairs"] < PAIRS or min(every["dense"], every["sparse"]) < ANNS
    said = (
        f"Pairs of one accuracy: {every['pairs']:.0f}, from {every['dense']:.0f} dense and "
        f"{every['sparse']:.0f} sparse trained networks"
    )
    said += f", fewer than the {PAIRS} pairs from {ANNS} of each kind that were wanted. " if few else ". "
    gaps = [
        f"{line.data} {line.gap_before:+.2f}, {_say_after(line)}"
        for line in found.itertuples()
        if line.data != ALL
    ]
    return (
        f"{said}Mean accuracy of dense less that of sparse, in points, before and after: {'; '.join(gaps)}."
    )


def _say_after(line: Any) -> str:
    """Return the gap of matched pairs with their number and limit."""
    if not line.pairs:
        return f"no pair within {line.within:g}"
    return f"{line.gap:+.2f} ({line.pairs} of {line.pairs_before} pairs, within {line.within:g})"
