"""From curves over time to tables of saturation times, under any window, tolerance, end and rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.arguments import check_instance
from netsci.measure.saturation import saturation_times

if TYPE_CHECKING:
    import pandas as pd

KEYS = ("pair", "connectivity")
COLUMNS = (*KEYS, "step", "accuracy", "rate")


def saturation_table(
    curves: pd.DataFrame,
    *,
    window: int,
    tolerance: float = 0.01,
    at: str = "end",
    rule: str = "one-sided",
) -> pd.DataFrame:
    """Return the saturation times of accuracy and firing rate of every network of a tidy table of curves.

    curves : one row for each network and time step, with the columns pair and connectivity, which name the
    network, step, accuracy and rate (MASFR, or the rate of each step); further columns, such as ann or
    layer, have one value a network and are kept. Times of a layer each: give it as part of the pair, or
    call by layer.
    window, tolerance, at, rule : as in `saturation_time`.

    Returns a table as `time_lag_tests` takes it: pair, connectivity, the further columns, accuracy_time and
    rate_time, in the unit of step, NaN where a curve never saturates; networks in order of appearance.

    Raises TypeError if curves is no DataFrame or a value no number; ValueError if a column is missing, a
    network has other steps than the first one or two rows of one step, a further column varies within a
    network, or as `saturation_time`.

    Examples
    --------
    >>> import pandas as pd
    >>> curves = pd.DataFrame({"pair": 0, "connectivity": "dense", "step": [1, 2, 3, 4],
    ...                        "accuracy": [0.1, 0.5, 0.9, 0.9], "rate": [0.2, 0.2, 0.2, 0.2]})
    >>> saturation_table(curves, window=1)[["accuracy_time", "rate_time"]].values.tolist()
    [[4.0, 2.0]]

    Source: S1 Algorithm 1; S2 sections 2.3 and 3.3.
    """
    import pandas as pd

    check_instance(curves, pd.DataFrame, "curves", "a pandas DataFrame with a row for each time step")
    absent = [name for name in COLUMNS if name not in curves.columns]
    if absent:
        raise ValueError(f"curves lack the column(s) {', '.join(absent)}; they need {', '.join(COLUMNS)}")
    if not len(curves):
        raise ValueError("curves must hold at least one network; the table is empty")
    further = [name for name in curves.columns if name not in COLUMNS]
    rows: list[dict[Any, Any]] = []
    every: dict[str, list[np.ndarray]] = {"accuracy": [], "rate": []}
    steps: np.ndarray | None = None
    for key, lines in curves.groupby(list(KEYS), sort=False, dropna=False):
        ordered = lines.sort_values("step", kind="stable")
        own = ordered["step"].to_numpy()
        steps = own if steps is None else steps
        if not np.array_equal(own, steps) or len(np.unique(own)) < len(own):
            raise ValueError(
                f"every network needs one row for each step, the same ones; {key} has {len(own)} rows, the "
                f"first network {len(steps)}"
            )
        for name in further:
            if lines[name].nunique(dropna=False) > 1:
                raise ValueError(f"column {name!r} must have one value a network; it varies in {key}")
        rows.append(lines.iloc[0][[*KEYS, *further]].to_dict())
        for name, kept in every.items():
            kept.append(ordered[name].to_numpy())
    found = pd.DataFrame(rows)
    for name, kept in every.items():
        how: dict[str, Any] = {"window": window, "tolerance": tolerance, "at": at, "rule": rule}
        found[f"{name}_time"] = saturation_times(np.stack(kept), times=steps, **how)
    return found
