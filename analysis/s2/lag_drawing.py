"""Drawings of the time lag: S2 Figure 3, the controls, and what a difference in lag is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.drawing import SCALES
from analysis.s2.lag_controls import CHANCE_ALONE, OTHER, SAME
from analysis.s2.lag_grid import PERCEPTRON
from netsci import plot
from netsci.plot.draw import draw
from netsci.plot.scene import Panel, Scene, Series

KINDS = ("dense", "sparse")
MARGIN = 3.0  # steps beyond the times that are drawn
Tables = Mapping[str, pd.DataFrame]


def draw_figure(scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracy's time over the rate's, dense and sparse, and densities of the positive lags."""
    shown = find_shown(tables["networks"])
    panels = tuple(_scatter(shown, number, kind) for number, kind in enumerate(KINDS))
    scene = Scene(
        (*panels, _densities(tables["density"])),
        title=SCALES["smoke"] if scale == "smoke" else "",
        share=False,
        columns=3,
        n_colours=2,
        panel_size=(330, 300),
    )
    return draw(scene, backend)


def find_shown(networks: pd.DataFrame) -> pd.DataFrame:
    """Return the perceptrons that have a lag, each once."""
    shown = networks[networks["lag"].notna() & (networks["network"] == PERCEPTRON)]
    return shown.drop_duplicates(["data", "links", "rate_of_learning", "batch", "method"])


def _scatter(shown: pd.DataFrame, number: int, kind: str) -> Panel:
    """Return one symbol for all networks of the same two times, larger where there are more."""
    own = shown[(shown["links"] == "dense") == (kind == "dense")]
    title = f"{kind} networks"
    labels: dict[str, Any] = {"x_label": "firing rate settles (step)", "y_label": "accuracy settles (step)"}
    if own.empty:
        return Panel(title=title, empty="no data", **labels)
    spots = own.groupby(["rate_time", "accuracy_time"], as_index=False).size()
    every = shown[["rate_time", "accuracy_time"]].to_numpy()
    low, high = float(every.min()) - MARGIN, float(every.max()) + MARGIN
    ends = np.array([low, high])
    size = 4.0 + 3.0 * np.sqrt(spots["size"].to_numpy(float))
    line = Series("line", ends, ends, name="both at once", dashed=True, width=1.0, key=number == 0)
    x, y = (spots[name].to_numpy(float) for name in ("rate_time", "accuracy_time"))
    dots = Series("points", x, y, name=kind, colour=number, symbol=number, size=size, opacity=0.65, key=True)
    later = float((own["lag"] > 0).mean())
    note = f"above the line: {100 * later:.0f} %"
    limits: dict[str, Any] = {"x_range": (low, high), "y_range": (low, high)}
    return Panel((line, dots), title=title, note=note, note_corner="lower right", **limits, **labels)


def _densities(density: pd.DataFrame) -> Panel:
    """Return the density of the positive lags of each kind, and a line at their mean."""
    series = []
    top = density["density"].max()
    for number, kind in enumerate(KINDS):
        own = density[density["connectivity"] == kind]
        curve = own[own["density"].notna()]
        if len(curve):
            x, y = (curve[name].to_numpy(float) for name in ("lag", "density"))
            series.append(Series("line", x, y, name=kind, colour=number))
            mean = float(own["mean"].iloc[0])
            ends = np.array([0.0, 1.05 * float(top)])
            at = np.array([mean, mean])
            series.append(
                Series("line", at, ends, name=f"{kind}, mean", colour=number, dashed=True, width=1.0)
            )
    labels: dict[str, Any] = {"x_label": "lag of the accuracy (steps)", "y_label": "density"}
    title = "lags above 0 (dashed: mean)"
    return (
        Panel(tuple(series), title=title, **labels)
        if series
        else Panel(title=title, empty="no data", **labels)
    )


def draw_controls(scale: str, tables: Tables, backend: str) -> Any:
    """Draw the difference of the mean lag, sparse less dense, with its interval, a row a control."""
    controls = tables["controls"]
    if controls.empty:
        names = ["name", "difference", "difference_low", "difference_high", "null", "kind"]
        controls = pd.DataFrame(columns=names)
    controls = controls[controls["kind"] != SAME]  # by construction they repeat the first row
    asked = {CHANCE_ALONE: "chance alone", OTHER: "another quantity"}
    shown = controls.assign(kind=controls["kind"].map(asked).fillna("the same question"))
    # a row without an interval is a single setting: its dot has no whisker
    ends = {
        name: shown[f"difference_{name}"].where(shown[f"difference_{name}"].notna(), shown["difference"])
        for name in ("low", "high")
    }
    return plot.points(
        shown.assign(**ends),
        x="difference",
        y="name",
        hue="kind",
        low="low",
        high="high",
        labels={
            "difference": "lag of sparse less that of dense (steps; above 0: sparse lags longer)",
            "name": "",
        },
        title=SCALES["smoke"] if scale == "smoke" else "",
        backend=backend,
    )


def draw_parts(scale: str, tables: Tables, backend: str) -> Any:
    """Draw what a difference in lag is made of, and when each layer settles."""
    table = tables["parts"]
    return plot.measures(
        table,
        y="row",
        hue="part",
        low="low",
        high="high",
        share=False,
        labels={"row": ""},
        columns=1,
        title=SCALES["smoke"] if scale == "smoke" else "",
        backend=backend,
    )
