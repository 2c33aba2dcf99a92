"""A scene drawn with plotly: traces here, axes and texts in `plotly_layout`."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from netsci.plot import theme
from netsci.plot.plotly_layout import layout, literal
from netsci.plot.scene import Panel, Scene, Series
from netsci.plot.tidy import short


def figure(scene: Scene) -> go.Figure:
    """Return the scene as a plotly figure; layout.meta tells a page how the panels stand."""
    traces: list[Any] = []
    keys = {s.name for s in scene.keys}
    for number, panel in enumerate(scene.panels):
        for series in panel.series:
            key = series.key and series.name in keys
            keys -= {series.name} if key else set()
            traces.append(_trace(series, panel, scene, number, key))
    return go.Figure(data=traces, layout=layout(scene))


def _trace(s: Series, panel: Panel, scene: Scene, number: int, key: bool) -> Any:
    """Return one series as a trace on the axes of its panel."""
    suffix = "" if number == 0 else str(number + 1)
    colour = theme.colour(s.colour, scene.n_colours, scene.mode)
    common: dict[str, Any] = {
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "name": literal(short(s.name)),
        "meta": {"role": s.role},
    }
    if s.mark == "cells":
        return _heatmap(s, scene, common)
    if s.name:
        common |= {"legendgroup": literal(s.name)}
    common |= {"showlegend": key, "opacity": s.opacity}
    if s.mark == "band":
        x, y = _outline(s)
        return go.Scatter(
            x=x,
            y=y,
            fill="toself",
            fillcolor=colour,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            **common,
        )
    kind = go.Scattergl if s.webgl else go.Scatter
    marker = {"color": colour, "size": s.size, "symbol": theme.PLOTLY_SYMBOLS[(s.symbol or 0) % 8]}
    common |= _hover(s, panel, scene)
    if s.mark == "line":
        line = {"color": colour, "width": s.width} | ({"dash": "dash"} if s.dashed else {})
        mode = "lines" if s.symbol is None else "lines+markers"
        ends = {} if s.symbol is None else {"marker": marker}
        # Links are points by the ten thousand, and a pixel needs no more than seven digits.
        precision: Any = np.float32 if s.role == "links" else s.x.dtype
        x, y = s.x.astype(precision), s.y.astype(precision)
        return kind(x=x, y=y, mode=mode, line=line, connectgaps=False, **ends, **common)
    if s.role == "cells":
        marker |= {"symbol": "square", "line": {"width": 0}}
    elif s.role == "nodes":
        marker |= {"line": {"width": 0.6, "color": theme.PAPER[scene.mode]}, "opacity": 1.0}
    if s.mark == "interval":
        common |= {f"error_{s.along}": _error(s, colour)}
    return kind(x=s.x, y=s.y, mode="markers", marker=marker, **common)


def _hover(s: Series, panel: Panel, scene: Scene) -> dict[str, Any]:
    """Return what a reader sees over a point: prepared texts, else the name and both labelled values."""
    if s.role in ("boundary", "links"):
        return {"hoverinfo": "skip"}
    if s.hover:
        texts = ["<br>".join(literal(line) for line in text.split("\n")) for text in s.hover]
        return {"hovertext": texts, "hovertemplate": "%{hovertext}<extra></extra>"}
    head = f"<b>{literal(s.name)}</b><br>" if s.name else ""
    if s.role == "fit":
        head = f"<b>{literal(s.name)}</b> (fit)<br>" if s.name else "fit<br>"
    parts = []
    if not panel.x_ticks:
        parts.append(f"{literal(scene.x_label)}: %{{x:.5~g}}")
    if not panel.y_ticks:
        parts.append(f"{literal(scene.y_label)}: %{{y:.5~g}}")
    if s.mark == "interval":
        ends = [f"{low:.5g} to {high:.5g}" for low, high in zip(*s.ends, strict=True)]
        return {
            "hovertext": ends,
            "hovertemplate": f"{head}{'<br>'.join(parts)} (%{{hovertext}})<extra></extra>",
        }
    return {"hovertemplate": head + "<br>".join(parts) + "<extra></extra>"}


def _outline(s: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the closed outline of a band, one part a gapless stretch, NaN between the parts."""
    low, high = s.ends
    good = np.isfinite(s.x) & np.isfinite(low) & np.isfinite(high)
    xs: list[NDArray[Any]] = []
    ys: list[NDArray[Any]] = []
    for part in np.split(np.arange(len(s.x)), np.flatnonzero(np.diff(good.astype(np.int8))) + 1):
        if not len(part) or not good[part[0]]:
            continue
        gap = [np.array([np.nan])] if xs else []
        xs += [*gap, s.x[part], s.x[part][::-1]]
        ys += [*gap, high[part], low[part][::-1]]
    return np.concatenate(xs or [np.zeros(0)]), np.concatenate(ys or [np.zeros(0)])


def _error(s: Series, colour: str) -> dict[str, Any]:
    below, above = s.error
    return {
        "type": "data",
        "symmetric": False,
        "array": above,
        "arrayminus": below,
        "color": colour,
        "thickness": 1.5,
        "width": 0,
    }


def _heatmap(s: Series, scene: Scene, common: dict[str, Any]) -> go.Heatmap:
    labels = (literal(scene.y_label), literal(scene.x_label), literal(scene.value_label))
    template = "{}: %{{y}}<br>{}: %{{x}}<br>{}: %{{z:.4~g}}<extra></extra>".format(*labels)
    return go.Heatmap(
        x=s.x, y=s.y, z=s.values, coloraxis="coloraxis", hoverongaps=False, hovertemplate=template, **common
    )
