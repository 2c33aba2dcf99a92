"""Estimates with their intervals over categories, every seed visible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from netsci.plot.scene import Panel, Scene, Series, draw, grid_columns
from netsci.plot.tidy import (
    axis_label,
    check_columns,
    check_pair,
    first_text,
    is_numeric,
    levels,
    name_of,
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
    hue: str | None = None,
    low: str | None = None,
    high: str | None = None,
    panel: str | None = None,
    labels: Mapping[str, str] | None = None,
    title: str = "",
    order: Sequence[Any] | None = None,
    share: bool = True,
    columns: int | None = None,
    mode: str = "light",
    backend: str = "matplotlib",
) -> Any:
    """Return dots with intervals over categories, small multiples by `panel`, hues side by side.

    Columns: x a category and y a number (its unit belongs in `labels`); where y holds text and x numbers
    the categories run downwards. A row that holds both `low` and `high` is an estimate, drawn as a dot with
    its interval; a row without them is a single seed, drawn small and faint beside it. Without `low` and
    `high` every row is a dot. Categories stand in order of appearance; `order` lists the hues.

    Raises ValueError for a missing column or an infinite value; TypeError where the value is not numeric.
    """
    check_columns(table, (x, y, hue, low, high, panel))
    check_pair(low, high)
    sideways = len(table) > 0 and is_numeric(table, x) and not is_numeric(table, y)
    category, value = (y, x) if sideways else (x, y)
    places, hues, panels = levels(table, category), levels(table, hue, order), []
    for title_, rows in split(table, panel):
        series: list[Series] = []
        for number, level in enumerate(hues):
            one = rows_of(rows, hue, level)
            where = _places(one, category, places, number, len(hues))
            series += _dots(one, (value, low, high), where, (name_of(level), number), sideways)
        panels.append(_panel(series, (name_of(title_), places), sideways, rows))
    scene = Scene(
        tuple(panels) or (Panel(empty="no data"),),
        title=title,
        x_label=axis_label(x, labels),
        y_label=axis_label(y, labels),
        share=share,
        columns=grid_columns(len(panels), columns),
        n_colours=len(hues),
        panel_size=_panel_size(len(panels), len(places), sideways),
        mode=mode,
    )
    return draw(scene, backend)


def _panel(series: list[Series], named: tuple[str, list[Any]], sideways: bool, rows: pd.DataFrame) -> Panel:
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
    who: tuple[str, int],
    sideways: bool,
) -> list[Series]:
    """Return the seeds and the estimates of one hue."""
    value, low, high = columns
    at, room = where
    name, number = who
    y = numbers(rows, value)
    style: dict[str, Any] = {"name": name, "colour": number, "symbol": number}
    if not len(rows):
        return []
    if low is None or high is None:
        xy = _turn(at, y, sideways)
        return [Series("points", xy[0], xy[1], size=7.0, key=bool(name), **style)]
    below, above = numbers(rows, low), numbers(rows, high)
    estimate = np.isfinite(below) & np.isfinite(above)
    series = []
    if (~estimate).any():
        aside = at[~estimate] + _spread(at[~estimate], room)
        xy = _turn(aside, y[~estimate], sideways)
        series.append(Series("points", xy[0], xy[1], role="seed", size=4.0, opacity=0.45, **style))
    if estimate.any():
        xy = _turn(at[estimate], y[estimate], sideways)
        style |= {"low": below[estimate], "high": above[estimate], "along": "x" if sideways else "y"}
        series.append(Series("interval", xy[0], xy[1], size=8.0, key=bool(name), **style))
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
