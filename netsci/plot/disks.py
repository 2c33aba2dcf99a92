"""The hyperbolic disk: nodes where they were embedded, links as geodesics computed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from netsci.plot.look import Column, Look, check_look, compose
from netsci.plot.scene import Panel, Series, grid_columns
from netsci.plot.tidy import check_columns, first_text, levels, name_of, numbers, rows_of, split

if TYPE_CHECKING:
    import pandas as pd

MOST_SVG_LINKS = 10_000  # beyond, a browser draws vectors too slowly: WebGL


def disk(
    nodes: pd.DataFrame,
    arcs: pd.DataFrame,
    *,
    panel: Column = None,
    colour: str = "population",
    **look: Unpack[Look],
) -> Any:
    """Return nodes and links in the Poincare disk, one for each `panel`; colour by layer, size by ln degree.

    Columns of nodes: x, y (in the unit disk: Poincare, or native radius over its largest), degree (links),
    label, the one named by `colour`, optionally caption (text below the disk). Columns of arcs: x, y, the
    points of each link in turn with one NaN row between links. Both hold `panel` if it is given. All links of
    a panel are one trace; with plotly it is WebGL beyond 10,000 links. Further options:
    `netsci.plot.look.Look`.

    Raises ValueError for a missing column or a node outside the unit disk; TypeError for a column that
    should be numeric and is not.
    """
    check_look(look, without=("hollow", "log", "share", "quantity"))
    check_columns(nodes, ("x", "y", "degree", "label", colour, panel), "nodes")
    check_columns(arcs, ("x", "y", panel), "arcs")
    hues = levels(nodes, colour, look.get("order"))
    degree = (look.get("labels") or {}).get("degree", "degree")
    panels = []
    for value, rows in split(nodes, panel):
        series = [_boundary(), _links(rows_of(arcs, panel, value))]
        for number, level in enumerate(hues):
            one = rows_of(rows, colour, level)
            if len(one):
                series.append(_nodes(one, (name_of(level), number), len(rows), degree))
        panels.append(_panel(series, name_of(value), rows))
    side = {1: 540, 2: 400, 3: 310}.get(grid_columns(len(panels), look.get("columns"), widest=4), 250)
    panels = panels or [Panel(empty="no data", bare=True)]
    return compose(panels, look, widest=4, n_colours=len(hues), panel_size=(side, side))


def _panel(series: list[Series], title: str, rows: pd.DataFrame) -> Panel:
    drawn = np.isfinite(numbers(rows, "x") * numbers(rows, "y")).any()
    rim = (-1.04, 1.04)
    return Panel(
        tuple(series) if drawn else (),
        title=title,
        caption=first_text(rows, "caption"),
        x_range=rim,
        y_range=rim,
        bare=True,
        equal=True,
        empty="" if drawn else "no data",
    )


def _boundary() -> Series:
    turn = np.linspace(0.0, 2.0 * np.pi, 181)
    return Series("line", np.cos(turn), np.sin(turn), role="boundary", width=1.0)


def _links(rows: pd.DataFrame) -> Series:
    """Return all links as one broken line, the fainter the more there are."""
    x, y = numbers(rows, "x"), numbers(rows, "y")
    count = int(np.sum(np.isfinite(x[:-1]) & ~np.isfinite(x[1:]))) + (len(x) > 0 and bool(np.isfinite(x[-1])))
    # One path is painted once, so lines that cross do not add up: only thinness lets structure show through.
    width = float(np.clip(16.0 / np.sqrt(max(count, 1)), 0.12, 0.7))
    return Series("line", x, y, role="links", width=width, opacity=0.5, webgl=count > MOST_SVG_LINKS)


def _nodes(rows: pd.DataFrame, who: tuple[str, int], n_nodes: int, degree_name: str) -> Series:
    x, y, degree = numbers(rows, "x"), numbers(rows, "y"), numbers(rows, "degree")
    if (np.hypot(x, y) > 1.0 + 1e-9).any():
        raise ValueError(
            "nodes must lie in the unit disk, x^2 + y^2 <= 1; convert radii with rho = tanh(r/2)"
        )
    hover = tuple(
        f"{name_of(label)}\n{who[0]}\n{degree_name} {k:g}"
        for label, k in zip(rows["label"], degree, strict=True)
    )
    return Series(
        "points",
        x,
        y,
        name=who[0],
        role="nodes",
        colour=who[1],
        symbol=0,
        size=_diameters(degree, n_nodes),
        opacity=0.9,
        hover=hover,
        key=True,
        webgl=n_nodes > MOST_SVG_LINKS,
    )


def _diameters(degree: NDArray[np.float64], n_nodes: int) -> NDArray[np.float64]:
    """Return diameters in pixels, linear in ln degree and smaller in crowded disks."""
    crowd = float(np.clip((400.0 / max(n_nodes, 1)) ** 0.3, 0.45, 1.4))
    return crowd * (3.0 + 2.2 * np.log(np.maximum(np.nan_to_num(degree, nan=1.0), 1.0)))
