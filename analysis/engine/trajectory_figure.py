"""Draw converted networks along T: lines with bands, and symbols where accuracy saturates.

courses (model, conversion, network, seed, T, accuracy, energies) -> a panel a model and conversion
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from netsci.measure import mean_and_interval, saturation_time
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series, grid_columns

SYMBOL = 10.0  # size of the symbol at saturation


def draw_courses(
    courses: pd.DataFrame,
    panels: Sequence[tuple[str, str, str]],
    *,
    window: int,
    tolerance: float,
    title: str,
    backend: str,
) -> Any:
    """Draw accuracy along x, the mean over seeds with a band.

    panels : (model, conversion, x), x being "T" or a column of energies. window : of the saturation rule,
    whose time is marked on panels over T; 0 marks none.
    """
    networks = list(dict.fromkeys(courses["network"]))
    made = []
    for model, conversion, x in panels:
        rows = courses[(courses["model"] == model) & (courses["conversion"] == conversion)]
        if not rows.empty:
            name = f"{model}, {conversion}" + ("" if x == "T" else f" ({x})")
            made.append((name, rows, x))
    shown = {name for _, rows, _ in made for name in rows["network"]}
    colours = {name: number for number, name in enumerate(one for one in networks if one in shown)}
    drawn = []
    for name, rows, x in made:
        marked = window if x == "T" else 0
        series = [
            one
            for network, number in colours.items()
            for one in _draw_network(rows[rows["network"] == network], x, network, number, marked, tolerance)
        ]
        drawn.append(Panel(tuple(series), title=name, log="x"))
    over_t = all(x == "T" for _, _, x in panels)
    scene = Scene(
        tuple(drawn) or (Panel(empty="no data"),),
        title=title,
        x_label="T" if over_t else "energy an image (µJ)",
        y_label="accuracy (%)",
        share=False,
        columns=grid_columns(len(drawn), None, widest=2 if len(drawn) == 4 else 3),
        n_colours=len(colours),
    )
    return draw(scene, backend)


def _draw_network(
    rows: pd.DataFrame, x: str, name: str, number: int, window: int, tolerance: float
) -> list[Series]:
    """Return band, line and symbol of a network; none if it is not in these rows."""
    if rows.empty:
        return []
    mean = average(rows, x).sort_values("x", kind="stable")
    at, value, low, high = (mean[c].to_numpy(float) for c in ("x", "accuracy", "low", "high"))
    style: dict[str, Any] = {"name": name, "colour": number}
    few = number if len(at) <= SYMBOL else None  # windows, and not steps: each is a network of its own
    found = [
        Series("band", at, value, role="band", opacity=0.18, low=low, high=high, **style),
        Series("line", at, value, symbol=few, size=5.0, key=True, **style),
    ]
    if window and few is None and (place := find_saturation(rows, window, tolerance)) is not None:
        steps, accuracy = (np.array([one]) for one in place)
        found.append(Series("points", steps, accuracy, symbol=number, size=SYMBOL, **style))
    return found


def find_saturation(rows: pd.DataFrame, window: int, tolerance: float) -> tuple[float, float] | None:
    """Return where the accuracy of a network saturates, T and accuracy, as means over seeds.

    None where it never does in one of them, so that the mean is that of all.

    Examples
    --------
    >>> curve = pd.DataFrame({"seed": 0, "T": [1, 2, 3, 4], "accuracy": [10.0, 50.0, 50.0, 50.0]})
    >>> find_saturation(curve, 2, 0.01)
    (4.0, 50.0)
    """
    places = []
    for _, one in rows.groupby("seed"):
        ordered = one.sort_values("T")
        if len(ordered) < 2:
            return None
        time = saturation_time(ordered["accuracy"].to_numpy(float), window=window, tolerance=tolerance)
        if time is None:
            return None
        at = ordered.iloc[int(time) - 1]
        places.append((float(at["T"]), float(at["accuracy"])))
    steps, accuracy = np.mean(places, axis=0)
    return float(steps), float(accuracy)


def average(rows: pd.DataFrame, x: str) -> pd.DataFrame:
    """Return the mean energy and accuracy at each T, and the interval of the accuracy over seeds."""
    keys = ["network", "T"]
    long = rows[[*keys, "seed", "accuracy"]].rename(columns={"accuracy": "value"})
    found = mean_and_interval(long)[[*keys, "mean", "low", "high"]]
    place = rows.assign(x=rows[x]).groupby(keys, sort=False, as_index=False)["x"].mean()
    return found.rename(columns={"mean": "accuracy"}).merge(place, on=keys)
