"""The hyperbolic ball: a three-dimensional embedding to turn in a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from netsci.arguments import check_choice, check_mapping, check_text
from netsci.plot import theme
from netsci.plot.scene import MODES
from netsci.plot.tidy import check_columns, levels, name_of, numbers, rows_of

if TYPE_CHECKING:
    import pandas as pd

SIDE = 560  # pixels


def ball(
    nodes: pd.DataFrame,
    arcs: pd.DataFrame,
    *,
    colour: str = "population",
    labels: Mapping[str, str] | None = None,
    title: str = "",
    mode: str = "light",
) -> Any:
    """Return a plotly figure of nodes and links in the unit ball, to turn and zoom; it needs WebGL.

    Columns of nodes: x, y, z (in the unit ball), degree (links), label, the one named by `colour`. Columns of
    arcs: x, y, z, the points of each link in turn with one NaN row between links; all links are one trace.

    colour : column of nodes. labels : names of columns, as in `netsci.plot.look.Look`. title : above the
        figure.
    mode : "light" or "dark".

    Raises ValueError for a missing column or a node outside the unit ball; TypeError for a column that
    should be numeric and is not.
    """
    import plotly.graph_objects as go

    from netsci.plot.plotly_layout import escape

    check_mapping(labels, "labels", "a dictionary of names by column, or None")
    check_text(title, "title")
    check_choice(mode, MODES, "mode")
    check_columns(nodes, ("x", "y", "z", "degree", "label", colour), "nodes")
    check_columns(arcs, ("x", "y", "z"), "arcs")
    at = np.column_stack([numbers(nodes, axis) for axis in "xyz"])
    if (np.linalg.norm(at, axis=1) > 1.0 + 1e-9).any():
        raise ValueError(
            "nodes must lie in the unit ball, x^2 + y^2 + z^2 <= 1; divide by the largest radius"
        )
    hues = levels(nodes, colour)
    degree_name = (labels or {}).get("degree", "degree")
    lines = {axis: numbers(arcs, axis).astype(np.float32) for axis in "xyz"}
    traces = [
        go.Scatter3d(
            **lines,
            mode="lines",
            line={"color": theme.NEUTRAL[mode], "width": 1},
            opacity=0.35,
            hoverinfo="skip",
            showlegend=False,
            connectgaps=False,
            meta={"role": "links"},
        )
    ]
    for number, level in enumerate(hues):
        rows = rows_of(nodes, colour, level)
        degree = numbers(rows, "degree")
        hover = [
            f"{escape(name_of(label))}<br>{escape(name_of(level))}<br>{escape(degree_name)} {k:g}"
            for label, k in zip(rows["label"], degree, strict=True)
        ]
        traces.append(
            go.Scatter3d(
                **{axis: numbers(rows, axis) for axis in "xyz"},
                mode="markers",
                name=escape(name_of(level)),
                marker={
                    "color": theme.colour(number, len(hues), mode),
                    "size": 2.0 + 1.6 * np.log(np.maximum(np.nan_to_num(degree, nan=1.0), 1.0)),
                    "line": {"width": 0},
                },
                hovertext=hover,
                hovertemplate="%{hovertext}<extra></extra>",
                showlegend=len(hues) > 1,
                meta={"role": "nodes"},
            )
        )
    return go.Figure(data=traces, layout=_layout(title, mode))


def _layout(title: str, mode: str) -> dict[str, Any]:
    axis = {"visible": False, "range": [-1.02, 1.02]}
    layout: dict[str, Any] = {
        "template": theme.template(mode),
        "height": SIDE,
        "margin": {"l": 10, "r": 10, "t": 40, "b": 10},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "itemsizing": "constant"},
        "scene": {
            **{"xaxis": axis, "yaxis": axis, "zaxis": axis},
            "aspectmode": "cube",
            "dragmode": "orbit",
            "camera": {"eye": {"x": 0.8, "y": 0.8, "z": 0.55}},  # plotly's own stands twice as far off
        },
    }
    if title:
        from netsci.plot.plotly_layout import escape

        layout["title"] = {"text": escape(title)}
    return layout
