"""Draw estimates and their intervals over categories, with each seed beside them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from netsci.plot.look import Column, Hue, Look, check_look, compose, style_hues
from netsci.plot.scene import Panel, Series
from netsci.plot.tidy import (
    axis_label,
    check_columns,
    check_pair,
    check_units,
    first_text,
    is_numeric,
    levels,
    name_of,
    name_quantity,
    numbers,
    rows_of,
    split,
)

if TYPE_CHECKING:
    import pandas as pd


def points(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: Column = None,
    low: Column = None,
    high: Column = None,
    panel: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return a figure of dots with intervals over categories, one panel for each `panel`, hues side by side.

    Columns: x a category and y a number (its unit belongs in `labels`); where y holds text and x numbers
    the categories run downwards. A row that holds both `low` and `high` is an estimate, drawn as a dot with
    its interval; a row without them is a single seed, drawn small and faint beside it. Without `low` and
    `high` every row is a dot. Categories stand in order of appearance; `order` lists the hues. Panels share
    their y axis unless share=False. Further options: `netsci.plot.look.Look`.

    Raises ValueError for a missing column, an infinite value, a value <= 0 on a log axis, or several units in
    one panel (an optional column `unit`); TypeError where the value is not numeric.
    """
    check_look(look, without=("quantity",))
    log, share = _check_log(look), look.get("share", True)
    check_columns(table, (x, y, hue, low, high, panel))
    check_pair(low, high)
    sideways = len(table) > 0 and is_numeric(table, x) and not is_numeric(table, y)
    check_units(table, panel, share=share and not sideways)
    category, value = (y, x) if sideways else (x, y)
    places = levels(table, category)
    hues = style_hues(levels(table, hue, look.get("order")), look.get("hollow", ()))
    panels = []
    for level, rows in split(table, panel):
        is_log = log if isinstance(log, bool) else level in log
        dots = _all_dots(rows, (category, value, low, high), (hue, hues), places, sideways, is_log)
        panels.append(_panel(dots, (name_of(level), places), sideways, rows, log=is_log))
    labels = look.get("labels")
    return compose(
        panels,
        look,
        x_label=axis_label(x, labels),
        y_label=axis_label(y, labels),
        log="" if sideways or not any(one.log for one in panels) or not share else "y",
        share=share,
        n_colours=len(hues),
        panel_size=_panel_size(len(panels), len(places), sideways),
    )


def measures(
    table: pd.DataFrame,
    *,
    y: str,
    hue: Column = None,
    low: Column = None,
    high: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return a figure of one panel for each measure and unit, with a value axis of its own.

    Columns: y a category (downwards), `value` a number, `measure` what it is, `unit` its unit ("", "1" or
    missing for none); the axis of a panel is named by both, as in "energy (mJ)", or by labels[its measure].
    low, high and hue are those of `points`; `log` lists the measures with a log axis. Panels share their
    rows, one a category; with share=False each has only those that have its measure. Further options:
    `netsci.plot.look.Look`.

    Raises ValueError for a missing column, an infinite value or a value <= 0 on a log axis; TypeError where
    the value is not numeric.
    """
    check_look(look, without=("quantity",))
    if y is None:
        raise TypeError("y must name a column of categories; got None")
    check_columns(table, (y, "value", "measure", "unit", hue, low, high))
    check_pair(low, high)
    log, share, labels = _check_log(look), look.get("share", True), look.get("labels") or {}
    hues = style_hues(levels(table, hue, look.get("order")), look.get("hollow", ()))
    table = table.assign(unit=table["unit"].astype(object).where(table["unit"].notna(), ""))
    named = {(kind, of) for kind, of in zip(table["measure"], table["unit"], strict=True)}
    panels, tallest = [], 0
    for kind, rows in split(table, "measure"):
        is_log = log if isinstance(log, bool) else kind in log
        for of, some in split(rows, "unit"):
            places = levels(table if share else some, y)
            tallest = max(tallest, len(places))
            dots = _all_dots(some, (y, "value", low, high), (hue, hues), places, True, is_log)
            name = name_quantity(labels.get(kind, name_of(kind)), of)
            panels.append(_panel(dots, ("", places), True, some, log=is_log, label=name))
    return compose(
        panels,
        look,
        y_label=axis_label(y, labels),
        share=share,
        n_colours=len(hues),
        panel_size=_panel_size(len(named), tallest, True),
    )


def _check_log(look: Look) -> bool | Collection[Any]:
    """Return whether values have a log axis, or the panels in which they have one."""
    log = look.get("log", False)
    if isinstance(log, str):
        raise TypeError(f"log must be True, False or the panels with a log axis of values; got {log!r}")
    return log


def _all_dots(
    rows: pd.DataFrame,
    columns: tuple[str, str, Column, Column],
    hues: tuple[Column, list[Hue]],
    places: list[Any],
    sideways: bool,
    log: bool,
) -> list[Series]:
    """Return the seeds and estimates of all hues of one panel."""
    category, value, low, high = columns
    series: list[Series] = []
    for rank, of in enumerate(hues[1]):
        one = rows_of(rows, hues[0], of.level)
        where = _places(one, category, places, rank, len(hues[1]))
        series += _dots(one, (value, low, high), where, of, sideways, log)
    return series


def _panel(
    series: list[Series],
    named: tuple[str, list[Any]],
    sideways: bool,
    rows: pd.DataFrame,
    *,
    log: bool = False,
    label: str = "",
) -> Panel:
    """Return the panel with its title and the names of its categories."""
    title, places = named
    drawn = any(np.isfinite(s.x * s.y).any() for s in series)
    names, last = tuple(map(name_of, places)), len(places) - 0.5
    return Panel(
        tuple(series) if drawn else (),
        title=title,
        caption=first_text(rows, "caption"),
        x_ticks=() if sideways else names,
        y_ticks=names if sideways else (),
        x_range=None if sideways or not names else (-0.5, last),
        y_range=(last, -0.5) if sideways else None,
        empty="" if drawn else "no data",
        log=("x" if sideways else "y") if log else "",
        x_label=label,
    )


def _places(
    rows: pd.DataFrame, category: str, places: list[Any], number: int, n_hues: int
) -> tuple[NDArray[np.float64], float]:
    """Return where each row stands on the category axis (hues side by side), and the room of one hue."""
    room = 0.72 / n_hues
    position = {place: i for i, place in enumerate(places)}
    centre = (number - (n_hues - 1) / 2) * room
    at = [position.get(value, np.nan) + centre for value in rows[category]]
    return np.array(at, dtype=np.float64), room


def _dots(
    rows: pd.DataFrame,
    columns: tuple[str, str | None, str | None],
    where: tuple[NDArray[np.float64], float],
    of: Hue,
    sideways: bool,
    log: bool,
) -> list[Series]:
    """Return the seeds and the estimates of one hue."""
    value, low, high = columns
    at, room = where
    y = numbers(rows, value, log=log)
    style: dict[str, Any] = {"name": of.name, "colour": of.number, "symbol": of.number, "hollow": of.hollow}
    if not len(rows):
        return []
    if low is None or high is None:
        xy = _turn(at, y, sideways)
        return [Series("points", xy[0], xy[1], size=7.0, key=bool(of.name), **style)]
    below, above = numbers(rows, low, log=log), numbers(rows, high, log=log)
    estimate = np.isfinite(below) & np.isfinite(above)
    series = []
    if (~estimate).any():
        aside = at[~estimate] + _spread(at[~estimate], room)
        xy = _turn(aside, y[~estimate], sideways)
        series.append(Series("points", xy[0], xy[1], role="seed", size=4.0, opacity=0.45, **style))
    if estimate.any():
        xy = _turn(at[estimate], y[estimate], sideways)
        style |= {"low": below[estimate], "high": above[estimate], "along": "x" if sideways else "y"}
        series.append(Series("interval", xy[0], xy[1], size=8.0, key=bool(of.name), **style))
    return series


def _spread(at: NDArray[np.float64], room: float) -> NDArray[np.float64]:
    """Return an offset for each seed, so that seeds of one place stand apart and beside the estimate."""
    offset = np.zeros(len(at))
    for place in np.unique(at[np.isfinite(at)]):
        same = np.flatnonzero(at == place)
        offset[same] = room * (0.2 + 0.2 * np.linspace(0, 1, len(same)) if len(same) > 1 else 0.28)
    return offset


def _turn(at: NDArray[Any], value: NDArray[Any], sideways: bool) -> tuple[NDArray[Any], NDArray[Any]]:
    return (value, at) if sideways else (at, value)


def _panel_size(n_panels: int, n_places: int, sideways: bool) -> tuple[int, int]:
    width, height = (520, 340) if n_panels <= 1 else (320, 260)
    return (width, max(180, 60 + 34 * n_places)) if sideways else (width, height)
