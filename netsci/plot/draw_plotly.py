"""A scene drawn with plotly: traces here, axes and texts in `plotly_layout`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from netsci.plot import theme
from netsci.plot.naming import name_sides
from netsci.plot.plotly_layout import axes_size, escape, layout
from netsci.plot.scene import Panel, Scene, Series
from netsci.plot.tidy import shorten

NAME_SIZE, SYMBOL = 11.0, 9.0  # pixels: type of names beside points, and the symbol that they stand beside


def figure(scene: Scene) -> go.Figure:
    """Return the scene as a plotly figure; layout.meta tells a page how the panels stand."""
    traces: list[Any] = []
    keys = {s.name for s in scene.keys}
    for number, panel in enumerate(scene.panels):
        for series, sides in zip(panel.series, _sides(panel, scene), strict=True):
            key = series.key and series.name in keys
            keys -= {series.name} if key else set()
            traces.append(_trace(series, panel, scene, (number, key, sides)))
        if panel.empty and len(scene.panels) > 1:
            traces.append(_nothing(number))
    return go.Figure(data=traces, layout=layout(scene))


def _trace(s: Series, panel: Panel, scene: Scene, place: tuple[int, bool, list[tuple[str, str]]]) -> Any:
    """Return one series as a trace; place: its panel's number, whether it is a key, sides of its names."""
    number, key, sides = place
    suffix = "" if number == 0 else str(number + 1)
    colour = theme.colour(s.colour, scene.n_colours, scene.mode)
    common: dict[str, Any] = {
        "xaxis": f"x{suffix}",
        "yaxis": f"y{suffix}",
        "name": escape(shorten(s.name)),
        "meta": {"role": s.role},
    }
    if s.mark == "cells":
        return _heatmap(s, scene, common)
    if s.name:
        # Its groups are keys of a JavaScript object, which has a "__proto__" and a "toString" of its own.
        common |= {"legendgroup": f"series {escape(s.name)}"}
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
    marker: dict[str, Any] = {"color": colour, "size": s.size, "symbol": _symbol(s)}
    if s.hollow:
        marker |= {"line": {"width": 1.5}}
    common |= _hover(s, panel, scene) | _names(s, sides, scene)
    if s.mark == "interval" or s.whisker is not None:
        common |= {f"error_{s.along}": _error(s, colour)}
    if s.mark == "line":
        line = {"color": colour, "width": s.width} | ({"dash": "dash"} if s.dashed else {})
        mode = ("lines" if s.symbol is None else "lines+markers") + ("+text" if any(s.text) else "")
        ends = {} if s.symbol is None else {"marker": marker}
        # Links are points by the ten thousand, and a pixel needs no more than seven digits.
        precision: Any = np.float32 if s.role == "links" else s.x.dtype
        x, y = s.x.astype(precision), s.y.astype(precision)
        return kind(x=x, y=y, mode=mode, line=line, connectgaps=False, **ends, **common)
    if s.role == "cells":
        marker |= {"symbol": "square", "line": {"width": 0}}
    elif s.role == "nodes":
        marker |= {"line": {"width": 0.6, "color": theme.PAPER[scene.mode]}, "opacity": 1.0}
    mode = "markers+text" if any(s.text) else "markers"
    return kind(x=s.x, y=s.y, mode=mode, marker=marker, **common)


def _nothing(number: int) -> go.Scatter:
    """Return a trace that draws nothing: without one, plotly places the texts of a panel elsewhere."""
    suffix = "" if number == 0 else str(number + 1)
    axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    return go.Scatter(x=[None], y=[None], showlegend=False, hoverinfo="skip", meta={"role": "empty"}, **axes)


def _symbol(s: Series) -> str:
    return theme.PLOTLY_SYMBOLS[(s.symbol or 0) % len(theme.PLOTLY_SYMBOLS)] + ("-open" if s.hollow else "")


def _names(s: Series, sides: list[tuple[str, str]], scene: Scene) -> dict[str, Any]:
    """Return the names beside the points of a series, each on its side."""
    if not any(s.text):
        return {}
    return {
        "text": [escape(text) for text in s.text],
        "textposition": [" ".join(side) for side in sides],
        "textfont": {"size": NAME_SIZE, "color": theme.SOFT[scene.mode]},
        "cliponaxis": False,
    }


def _sides(panel: Panel, scene: Scene) -> Iterator[list[tuple[str, str]]]:
    """Yield the sides of each series' names, for a panel as large as it is in a page of the usual width."""
    named = [s for s in panel.series if any(s.text)]
    ends = {axis: scene.limits(panel, axis) for axis in "xy"}
    at, texts = [], []
    for s in named:
        places = [_place(s, axis, panel, scene, ends[axis]) for axis in "xy"]
        known = np.isfinite(places[0]) & np.isfinite(places[1])
        at += [(float(x), float(y)) for x, y in zip(*places, strict=True)]
        texts += [text if shown else "" for text, shown in zip(s.text, known, strict=True)]
    frame = (0.0, 0.0, *axes_size(scene))
    found = iter(name_sides(at, texts, frame, type_size=NAME_SIZE, symbol=SYMBOL))
    for s in panel.series:
        yield [next(found) for _ in s.x] if any(s.text) else []


def _place(
    s: Series, axis: str, panel: Panel, scene: Scene, ends: tuple[float, float] | None
) -> NDArray[np.float64]:
    """Return where the points of a series lie on an axis, in pixels from its lower end."""
    values = np.asarray(s.x if axis == "x" else s.y, dtype=np.float64)
    low, high = ends or (0.0, 1.0)
    if scene.is_log(panel, axis):
        values, low, high = np.log10(values), np.log10(low), np.log10(high)
    return (values - low) / (high - low) * axes_size(scene)[0 if axis == "x" else 1]


def _hover(s: Series, panel: Panel, scene: Scene) -> dict[str, Any]:
    """Return what a reader sees over a point: prepared texts, else the name and both labelled values."""
    if s.role in ("boundary", "links"):
        return {"hoverinfo": "skip"}
    if s.hover:
        texts = ["<br>".join(escape(line) for line in text.split("\n")) for text in s.hover]
        return {"hovertext": texts, "hovertemplate": "%{hovertext}<extra></extra>"}
    head = f"<b>{escape(s.name)}</b><br>" if s.name else ""
    if s.role == "fit":
        head = f"<b>{escape(s.name)}</b> (fit)<br>" if s.name else "fit<br>"
    parts = []
    if not panel.x_ticks:
        parts.append(f"{escape(panel.x_label or scene.x_label)}: %{{x:.5~g}}")
    if not panel.y_ticks:
        parts.append(f"{escape(panel.y_label or scene.y_label)}: %{{y:.5~g}}")
    if any(s.text):
        parts.insert(0, "%{text}")
    if s.mark == "interval" or s.whisker is not None:
        pairs = zip(*s.ends, strict=True)
        ends = [f" ({low:.5g} to {high:.5g})" if np.isfinite(high - low) else "" for low, high in pairs]
        return {
            "hovertext": ends,
            "hovertemplate": f"{head}{'<br>'.join(parts)}%{{hovertext}}<extra></extra>",
        }
    return {"hovertemplate": head + "<br>".join(parts) + "<extra></extra>"}


def _outline(s: Series) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the closed outline of a band. Where values are missing it is cut, with NaN between the parts."""
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
    labels = (escape(scene.y_label), escape(scene.x_label), escape(scene.value_label))
    template = "{}: %{{y}}<br>{}: %{{x}}<br>{}: %{{z:.4~g}}<extra></extra>".format(*labels)
    return go.Heatmap(
        x=s.x, y=s.y, z=s.values, coloraxis="coloraxis", hoverongaps=False, hovertemplate=template, **common
    )
