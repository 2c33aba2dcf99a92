"""At which share removed a network has lost half: in an attack and in random order, with its range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netsci.graph import LayeredGraph, robustness
from netsci.graph.output_curve import output_curve
from netsci.graph.percolation import find_ends
from netsci.report.words import percent

HALF, LOST = "half gone at", "half of the outputs lost at"
RANGE = ", range"
BASELINES = {"random nodes": "nodes", "random links": "links"}  # what a random order removes


def summarise_attack(name: object, rows: pd.DataFrame) -> dict[str, object]:
    """Return the row of one attack, from its curves of the largest component and of the outputs reached.

    The runs' curves only fall, so those of the 5 % and 95 % quantile cross a half at the quantiles of where
    the runs do.
    """
    removed = rows["removed"].to_numpy(float)
    row: dict[str, object] = {"attack": name, "largest component": float(rows["mean"].iloc[0])}
    row |= _halve(HALF, removed, *(rows[key].to_numpy(float) for key in ("mean", "low", "high")))
    row["area"] = robustness(rows)
    outputs = (rows[key].to_numpy(float) for key in ("outputs", "outputs low", "outputs high"))
    return row | _halve(LOST, removed, *outputs)


def reach_outputs(graph: LayeredGraph, attack: str, runs: int, points: int) -> dict[str, Any]:
    """Return the share of outputs that inputs still reach, NaN where no population is an output alone."""
    entries, exits = find_ends(graph)
    if entries & exits:
        return dict.fromkeys(("outputs", "outputs low", "outputs high"), math.nan)
    found = output_curve(graph, attack=attack, runs=runs, points=points, rng=np.random.default_rng(0))
    return {"outputs": found["mean"], "outputs low": found["low"], "outputs high": found["high"]}


def say_attacks(table: pd.DataFrame) -> str:
    """Say at which share removed each attack leaves half, beside a random order of the same elements.

    table : rows of `summarise_attack`. A number without a random order to read it against is not said.
    """
    parts = [
        _say(table, HALF, "The largest component has lost half of its nodes"),
        _say(table, LOST, "Half of the outputs that inputs reach are lost"),
    ]
    return " ".join(part for part in parts if part)


def _say(table: pd.DataFrame, column: str, head: str) -> str:
    rows = {str(row["attack"]): row for row in table.to_dict("records")}
    said = []
    for name, row in rows.items():
        baseline = "random links" if name.startswith("weakest") else "random nodes"
        if name in BASELINES or baseline not in rows:
            continue
        usual = rows[baseline]
        if row[column] == usual[column] or (math.isnan(row[column]) and math.isnan(usual[column])):
            continue  # no order is worse than another
        spread = f" ({usual[column + RANGE]})" if usual[column + RANGE] else ""
        what = BASELINES[baseline]
        said.append(
            f"{_say_when(row[column], what)}, {name}, and {_say_when(usual[column], what)} in random "
            f"order{spread}"
        )
    return f"{head} {'; '.join(said)}." if said else ""


def _say_when(share: float, what: str) -> str:
    """Say when something is lost, by the share of nodes or links that is removed."""
    return "never" if math.isnan(share) else f"when {percent(share)} of the {what} are removed"


def _halve(
    column: str,
    removed: NDArray[np.float64],
    mean: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> dict[str, object]:
    """Return the share removed at which half of a curve's first value is lost, and its range."""
    at, first, last = (_cross(removed, curve, mean[0] / 2) for curve in (mean, low, high))
    told = "" if math.isnan(first) else f"{percent(first)} to {percent(last) if last == last else 'never'}"
    return {column: at, column + RANGE: told}


def _cross(removed: NDArray[np.float64], curve: NDArray[np.float64], half: float) -> float:
    """Return where a curve is at most `half`, which must be above 0; NaN if nowhere."""
    below = np.flatnonzero(curve <= half + 1e-12)  # means of runs differ in the last digits
    return float(removed[below[0]]) if len(below) and half > 0 else math.nan
