"""Curves: lines with bands, degree CCDFs with their fits, and histograms computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.plot.scene import Panel, Scene, Series, draw, grid_columns
from netsci.plot.tidy import (
    axis_label,
    check_columns,
    check_pair,
    first_text,
    levels,
    name_of,
    numbers,
    rows_of,
    split,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_MARKED = 40  # a longer line carries no symbols: they would hide it
LOGS = ("", "x", "y", "xy")


def lines(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str | None = None,
    panel: str | None = None,
    low: str | None = None,
    high: str | None = None,
    labels: Mapping[str, str] | None = None,
    title: str = "",
    order: Sequence[Any] | None = None,
    log: str = "",
    share: bool = True,
    columns: int | None = None,
    mode: str = "light",
    backend: str = "matplotlib",
) -> Any:
    """Return small multiples by `panel`, in each one line a `hue` with a band between `low` and `high`.

    Columns: x, y, low, high numeric (their units belong in `labels`, a mapping from column to axis label);
    hue and panel of any type, in order of appearance unless `order` lists the hues. Rows are drawn by
    rising x; NaN breaks a line. `log` names the log axes: "", "x", "y" or "xy"; `share` gives the panels
    one y axis; an optional column `caption` is written below its panel.

    Raises ValueError for a missing column, an infinite value, or a value <= 0 on a log axis; TypeError for
    a column that should be numeric and is not.
    """
    check_columns(table, (x, y, hue, panel, low, high))
    check_pair(low, high)
    _check_log(log, LOGS)
    hues = levels(table, hue, order)

    def draw_one(one: pd.DataFrame, name: str, number: int) -> list[Series]:
        return _line(one.sort_values(x, kind="stable"), (x, y, low, high), name, number, log)

    panels = _multiples(table, panel, hue, hues, draw_one)
    scene = Scene(
        panels,
        title=title,
        x_label=axis_label(x, labels),
        y_label=axis_label(y, labels),
        log=log,
        share=share,
        columns=grid_columns(len(panels), columns),
        n_colours=len(hues),
        panel_size=_panel_size(len(panels)),
        mode=mode,
    )
    return draw(scene, backend)


def ccdf(
    table: pd.DataFrame,
    *,
    hue: str | None = None,
    panel: str | None = None,
    labels: Mapping[str, str] | None = None,
    title: str = "",
    order: Sequence[Any] | None = None,
    columns: int | None = None,
    mode: str = "light",
    backend: str = "matplotlib",
) -> Any:
    """Return complementary cumulative degree distributions on log-log axes: symbols the data, dashes the fit.

    Columns: degree (links, > 0), ccdf (share of nodes of at least that degree, in (0, 1]), optionally fit
    (the fitted CCDF, NaN where nothing is fitted), note (text shown in the panel, such as
    "gamma = 2.71, xmin = 5") and caption (below it).

    Raises ValueError for a missing column or a value <= 0; TypeError for a column that is not numeric.
    """
    check_columns(table, ("degree", "ccdf", hue, panel))
    hues = levels(table, hue, order)
    panels = _multiples(table, panel, hue, hues, _data_and_fit)
    scene = Scene(
        panels,
        title=title,
        x_label=axis_label("degree", {"degree": "degree k (links)", **(labels or {})}),
        y_label=axis_label("ccdf", {"ccdf": "share of nodes with degree ≥ k", **(labels or {})}),
        log="xy",
        columns=grid_columns(len(panels), columns),
        n_colours=len(hues),
        panel_size=_panel_size(len(panels)),
        mode=mode,
    )
    return draw(scene, backend)


def distribution(
    table: pd.DataFrame,
    *,
    hue: str | None = None,
    panel: str | None = None,
    labels: Mapping[str, str] | None = None,
    title: str = "",
    order: Sequence[Any] | None = None,
    log: str = "",
    share: bool = False,
    columns: int | None = None,
    mode: str = "light",
    backend: str = "matplotlib",
) -> Any:
    """Return histograms as steps, small multiples by `panel` and one outline a `hue`.

    Columns: left, right (edges of a bin, in the unit that labels["left"] names), density (per that unit).

    Raises ValueError for a missing column or a bin whose right edge is not beyond its left one; TypeError
    for a column that is not numeric.
    """
    check_columns(table, ("left", "right", "density", hue, panel))
    _check_log(log, ("", "x"))  # steps start from zero, which has no place on a log y axis
    hues = levels(table, hue, order)

    def draw_one(one: pd.DataFrame, name: str, number: int) -> list[Series]:
        return _histogram(one, name, number, len(hues), log)

    panels = _multiples(table, panel, hue, hues, draw_one)
    scene = Scene(
        panels,
        title=title,
        x_label=axis_label("left", {"left": "value", **(labels or {})}),
        y_label=axis_label("density", labels),
        log=log,
        share=share,
        columns=grid_columns(len(panels), columns),
        n_colours=len(hues),
        panel_size=_panel_size(len(panels)),
        mode=mode,
    )
    return draw(scene, backend)


def _check_log(log: str, allowed: tuple[str, ...]) -> None:
    if log not in allowed:
        raise ValueError(f"log must be one of {', '.join(map(repr, allowed))}; got {log!r}")


def _multiples(
    table: pd.DataFrame,
    panel: str | None,
    hue: str | None,
    hues: Sequence[Any],
    draw_one: Callable[[pd.DataFrame, str, int], list[Series]],
) -> tuple[Panel, ...]:
    """Return one panel a value of `panel`, with what draw_one(rows, name, number) gives each hue."""
    panels = []
    for value, rows in split(table, panel):
        series: list[Series] = []
        for number, level in enumerate(hues):
            one = rows_of(rows, hue, level)
            if len(one):
                series += draw_one(one, name_of(level), number)
        panels.append(_panel(series, name_of(value), rows, "\n".join(_notes(rows, hue, hues))))
    return tuple(panels) or (_panel([], "", table),)


def _data_and_fit(rows: pd.DataFrame, name: str, number: int) -> list[Series]:
    """Return the symbols of one CCDF and, where there is one, its fitted law."""
    rows = rows.sort_values("degree", kind="stable")
    degree, share = numbers(rows, "degree", log=True), numbers(rows, "ccdf", log=True)
    style: dict[str, Any] = {"name": name, "colour": number}
    drawn = [Series("points", degree, share, symbol=number, size=5.0, opacity=0.8, key=bool(name), **style)]
    if "fit" in rows and rows["fit"].notna().any():
        fit = numbers(rows, "fit", log=True)
        drawn.append(Series("line", degree, fit, role="fit", dashed=True, width=1.6, **style))
    return drawn


def _histogram(rows: pd.DataFrame, name: str, number: int, n_hues: int, log: str) -> list[Series]:
    """Return the outline of one histogram and the area under it."""
    steps, height = _steps(rows.sort_values("left", kind="stable"), log="x" in log)
    style: dict[str, Any] = {"name": name, "colour": number}
    dashed = n_hues > 1 and number % 2 == 1
    return [
        Series("band", steps, height, role="band", low=0 * height, high=height, opacity=0.16, **style),
        Series("line", steps, height, key=bool(name), dashed=dashed, **style),
    ]


def _line(
    rows: pd.DataFrame, columns: tuple[str, str, str | None, str | None], name: str, number: int, log: str
) -> list[Series]:
    """Return the line of one hue and the band around it."""
    x, y, low, high = columns
    at, value = numbers(rows, x, log="x" in log), numbers(rows, y, log="y" in log)
    style: dict[str, Any] = {"name": name, "colour": number}
    series = []
    if low is not None and high is not None:
        below, above = (numbers(rows, edge, log="y" in log) for edge in (low, high))
        series.append(Series("band", at, value, role="band", opacity=0.18, low=below, high=above, **style))
    symbol = number if len(at) <= MOST_MARKED else None
    series.append(Series("line", at, value, symbol=symbol, size=5.0, key=bool(name), **style))
    return series


def _steps(rows: pd.DataFrame, *, log: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outline of a histogram, down to zero at both ends and where bins do not touch."""
    left, right = numbers(rows, "left", log=log), numbers(rows, "right", log=log)
    density = numbers(rows, "density")
    if not (right > left).all():
        raise ValueError("each bin needs left < right; some rows have right <= left or NaN")
    x, y = [left[0]], [0.0]
    for i in range(len(left)):
        if i and left[i] != right[i - 1]:
            x += [right[i - 1], left[i]]
            y += [0.0, 0.0]
        x += [left[i], right[i]]
        y += [density[i], density[i]]
    return np.array([*x, right[-1]]), np.array([*y, 0.0])


def _notes(rows: pd.DataFrame, hue: str | None, hues: Sequence[Any]) -> list[str]:
    """Return one note a hue, named where there are several."""
    if "note" not in rows:
        return []
    notes = {name_of(level): first_text(rows_of(rows, hue, level), "note") for level in hues}
    notes = {name: note for name, note in notes.items() if note}
    return [f"{name}: {note}" if name and len(notes) > 1 else note for name, note in notes.items()]


def _panel(series: list[Series], title: str, rows: pd.DataFrame, note: str = "") -> Panel:
    """Return the panel, which says "no data" where no series holds one finite point."""
    drawn = any(np.isfinite(s.x * s.y).any() for s in series)
    return Panel(
        tuple(series) if drawn else (),
        title=title,
        note=note if drawn else "",
        caption=first_text(rows, "caption"),
        empty="" if drawn else "no data",
    )


def _panel_size(n_panels: int) -> tuple[int, int]:
    return (520, 340) if n_panels <= 1 else (320, 250)
