"""Draw curves: lines with bands, degree CCDFs with their fits, and histograms computed elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from netsci.plot.look import Column, Hue, Look, check_look, compose, style_hues
from netsci.plot.multiples import check_axes, check_log, multiples, panel_size
from netsci.plot.scene import Series
from netsci.plot.tidy import (
    axis_label,
    check_columns,
    check_pair,
    levels,
    name_of,
    numbers,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_MARKED = 40  # a longer line carries no symbols: they would hide it


def lines(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: Column = None,
    panel: Column = None,
    low: Column = None,
    high: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return a figure of a line for each `hue`, with a band from `low` to `high`; one panel for each `panel`.

    Columns: x, y, low, high numeric (their units belong in `labels`); hue and panel of any type, in order of
    appearance unless `order` lists the hues. Rows are drawn by rising x; NaN breaks a line. Panels share
    their y axis unless share=False; an optional column `caption` is written below its panel. Further options:
    `netsci.plot.look.Look`.

    Raises ValueError for a missing column, an infinite value, a value <= 0 on a log axis, or several units in
    one panel (an optional column `unit`); TypeError for a column that should be numeric and is not.
    """
    check_look(look)
    check_columns(table, (x, y, hue, panel, low, high))
    check_pair(low, high)
    log, share = check_axes(table, panel, look, share=True)
    hues = style_hues(levels(table, hue, look.get("order")), look.get("hollow", ()))

    def draw_one(one: pd.DataFrame, of: Hue) -> list[Series]:
        numbers(one, x)
        return _line(one.sort_values(x, kind="stable"), (x, y, low, high), of, log)

    panels = multiples(table, panel, hue, hues, draw_one, look.get("quantity"))
    labels = look.get("labels")
    return compose(
        panels,
        look,
        x_label=axis_label(x, labels),
        y_label="" if look.get("quantity") else axis_label(y, labels),
        log=log,
        share=share,
        n_colours=len(hues),
        panel_size=panel_size(len(panels)),
    )


def scatter(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: Column = None,
    panel: Column = None,
    low: Column = None,
    high: Column = None,
    text: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return a figure of a symbol for each row, with a whisker and a name beside it, by `panel`.

    Columns: x, y numeric, low and high (ends of the whisker, NaN for none), text (the name beside the point,
    missing for none); hue and panel of any type. Further options: `netsci.plot.look.Look`.

    Raises ValueError for a missing column, an infinite value, a value <= 0 on a log axis, or several units in
    one panel; TypeError for a column that should be numeric and is not.
    """
    check_look(look)
    check_columns(table, (x, y, hue, panel, low, high, text))
    check_pair(low, high)
    log, share = check_axes(table, panel, look, share=False)
    hues = style_hues(levels(table, hue, look.get("order")), look.get("hollow", ()))

    def draw_one(one: pd.DataFrame, of: Hue) -> list[Series]:
        return [_symbols(one, (x, y, low, high), text, of, log)]

    panels = multiples(table, panel, hue, hues, draw_one, look.get("quantity"))
    labels = look.get("labels")
    return compose(
        panels,
        look,
        x_label=axis_label(x, labels),
        y_label="" if look.get("quantity") else axis_label(y, labels),
        log=log,
        share=share,
        n_colours=len(hues),
        panel_size=panel_size(len(panels)),
    )


def ccdf(
    table: pd.DataFrame,
    *,
    hue: Column = None,
    panel: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return complementary cumulative degree distributions on log-log axes: data as symbols, fits dashed.

    Columns, as `netsci.graph.degree_ccdf` gives them: degree (links, > 0), ccdf (share of the nodes with
    links that have at least that degree, in (0, 1]), optionally fit (the fitted CCDF, > 0, NaN where nothing
    is fitted), note (text shown in the panel, such as "gamma = 2.71, xmin = 5") and caption (below it). hue
    and panel : columns with the colours and the panels, None for one. Further options:
    `netsci.plot.look.Look`. Returns the figure of the backend.

    Raises ValueError for a missing column or a value <= 0; TypeError for a column that is not numeric.
    """
    check_look(look, without=("log", "share", "quantity"))
    check_columns(table, ("degree", "ccdf", hue, panel))
    hues = style_hues(levels(table, hue, look.get("order")), look.get("hollow", ()))
    panels = multiples(table, panel, hue, hues, _data_and_fit)
    labels = look.get("labels") or {}
    return compose(
        panels,
        look,
        x_label=axis_label("degree", {"degree": "degree k (links)", **labels}),
        y_label=axis_label("ccdf", {"ccdf": "share of nodes with degree ≥ k", **labels}),
        log="xy",
        n_colours=len(hues),
        panel_size=panel_size(len(panels)),
    )


def distribution(
    table: pd.DataFrame,
    *,
    hue: Column = None,
    panel: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return histograms as steps: one outline for each `hue`, one panel for each value of `panel`.

    Columns: left, right (edges of a bin, in the unit that labels["left"] names), density (per that unit).
    hue, panel : columns of any type; None for one. Further options: `netsci.plot.look.Look`.

    Raises ValueError for a missing column or a bin whose right edge is not beyond its left one; TypeError
    for a column that is not numeric.
    """
    check_look(look, without=("hollow", "quantity"))
    check_columns(table, ("left", "right", "density", hue, panel))
    log = check_log(
        look.get("log", ""), ("", "x")
    )  # steps start from zero, which has no place on a log y axis
    hues = style_hues(levels(table, hue, look.get("order")))

    def draw_one(one: pd.DataFrame, of: Hue) -> list[Series]:
        return _histogram(one, of, len(hues), log)

    panels = multiples(table, panel, hue, hues, draw_one)
    labels = look.get("labels") or {}
    return compose(
        panels,
        look,
        x_label=axis_label("left", {"left": "value", **labels}),
        y_label=axis_label("density", labels),
        log=log,
        share=look.get("share", False),
        n_colours=len(hues),
        panel_size=panel_size(len(panels)),
    )


def _data_and_fit(rows: pd.DataFrame, of: Hue) -> list[Series]:
    """Return the symbols of one CCDF and, where there is one, its fitted law."""
    rows = rows.sort_values("degree", kind="stable")
    degree, share = numbers(rows, "degree", log=True), numbers(rows, "ccdf", log=True)
    style: dict[str, Any] = {"name": of.name, "colour": of.number}
    look: dict[str, Any] = {"symbol": of.number, "size": 5.0, "opacity": 0.8, "hollow": of.hollow}
    drawn = [Series("points", degree, share, key=bool(of.name), **look, **style)]
    if "fit" in rows and rows["fit"].notna().any():
        fit = numbers(rows, "fit", log=True)
        drawn.append(Series("line", degree, fit, role="fit", dashed=True, width=1.6, **style))
    return drawn


def _histogram(rows: pd.DataFrame, of: Hue, n_hues: int, log: str) -> list[Series]:
    """Return the outline of one histogram and the area under it."""
    steps, height = _steps(rows.sort_values("left", kind="stable"), log="x" in log)
    style: dict[str, Any] = {"name": of.name, "colour": of.number}
    dashed = n_hues > 1 and of.number % 2 == 1
    return [
        Series("band", steps, height, role="band", low=0 * height, high=height, opacity=0.16, **style),
        Series("line", steps, height, key=bool(of.name), dashed=dashed, **style),
    ]


def _line(rows: pd.DataFrame, columns: tuple[str, str, Column, Column], of: Hue, log: str) -> list[Series]:
    """Return the line of one hue and the band around it."""
    x, y, low, high = columns
    at, value = numbers(rows, x, log="x" in log), numbers(rows, y, log="y" in log)
    style: dict[str, Any] = {"name": of.name, "colour": of.number}
    series = []
    if low is not None and high is not None:
        below, above = (numbers(rows, edge, log="y" in log) for edge in (low, high))
        series.append(Series("band", at, value, role="band", opacity=0.18, low=below, high=above, **style))
    style |= {"dashed": True, "width": 1.3, "hollow": True} if of.hollow else {}
    symbol = of.number if len(at) <= MOST_MARKED else None
    series.append(Series("line", at, value, symbol=symbol, size=5.0, key=bool(of.name), **style))
    return series


def _symbols(
    rows: pd.DataFrame, columns: tuple[str, str, Column, Column], text: Column, of: Hue, log: str
) -> Series:
    """Return the symbols of one hue with their whiskers and names."""
    x, y, low, high = columns
    style: dict[str, Any] = {"name": of.name, "colour": of.number, "symbol": of.number, "hollow": of.hollow}
    if low is not None and high is not None:
        style["whisker"] = tuple(numbers(rows, edge, log="y" in log) for edge in (low, high))
    if text is not None:
        style["text"] = tuple("" if name != name or name is None else name_of(name) for name in rows[text])
    at, value = numbers(rows, x, log="x" in log), numbers(rows, y, log="y" in log)
    return Series("points", at, value, size=8.0, key=bool(of.name), **style)


def _steps(rows: pd.DataFrame, *, log: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outline of a histogram, down to zero at both ends and where bins do not touch."""
    left, right = numbers(rows, "left", log=log), numbers(rows, "right", log=log)
    density = numbers(rows, "density")
    if not (right > left).all():
        raise ValueError(
            "each bin needs left < right; some rows have right <= left or NaN: leave those rows out"
        )
    x, y = [left[0]], [0.0]
    for i in range(len(left)):
        if i and left[i] != right[i - 1]:
            x += [right[i - 1], left[i]]
            y += [0.0, 0.0]
        x += [left[i], right[i]]
        y += [density[i], density[i]]
    return np.array([*x, right[-1]]), np.array([*y, 0.0])
