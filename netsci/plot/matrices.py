"""The adjacency view: where links are, presynaptic units downwards and postsynaptic units across."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from netsci.plot.look import Column, Look, check_look, compose
from netsci.plot.scene import Panel, Series
from netsci.plot.tidy import axis_label, check_columns, first_text, levels, name_of, numbers, split

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 4_000_000


def matrix(
    table: pd.DataFrame,
    *,
    panel: Column = None,
    shapes: Mapping[Any, tuple[int, int]] | tuple[int, int] | None = None,
    **look: Unpack[Look],
) -> Any:
    """Return a spy plot of each panel: a square at every link, or cells coloured by `value`.

    Columns: row (presynaptic unit) and column (postsynaptic unit), numbers from 0, optionally value (coloured
    on one scale for all panels; labels["value"] names it with its unit) and caption. With `value`, row and
    column are the centres of cells on a regular grid; bins of several units have fractional centres. If bins
    have several sizes, the columns height and width give the size of each cell, in units.
    panel : column with the panels; None for one panel.
    shapes : (rows, columns) of the matrix, or {value of `panel`: (rows, columns)}. Give it if the last rows
    or columns may have no link; None ends the matrix at the last link.
    look : further options, see `netsci.plot.look.Look`. Returns the figure of its backend.

    Raises ValueError for a missing column, a grid of more than 4,000,000 cells (with `value`), or cells that
    overlap; TypeError for a column that is not numeric.
    """
    check_look(look, without=("order", "hollow", "log", "share", "quantity"))
    check_columns(table, ("row", "column", panel))
    panels, n_panels = [], len(levels(table, panel))
    for value, rows in split(table, panel):
        across, down = numbers(rows, "column"), numbers(rows, "row")
        keep = np.isfinite(across * down)
        across, down = across[keep], down[keep]
        shape = shapes if isinstance(shapes, tuple) or shapes is None else shapes.get(value)
        if "value" in table.columns and len(down):
            x, y = (_edges(rows[keep], *of) for of in (("column", "width"), ("row", "height")))
            series = _cells(x, y, across, down, numbers(rows, "value")[keep])
            shape = shape or (math.ceil(y[-1] + 0.5), math.ceil(x[-1] + 0.5))
        else:
            if shape is None and len(down):
                shape = (int(down.max()) + 1, int(across.max()) + 1)
            series = Series("points", across, down, role="cells", colour=0, size=_side(shape, n_panels))
        panels.append(_panel(series, shape, name_of(value), rows))
    labels = look.get("labels")
    return compose(
        panels,
        look,
        x_label=axis_label("column", {"column": "postsynaptic unit", **(labels or {})}),
        y_label=axis_label("row", {"row": "presynaptic unit", **(labels or {})}),
        value_label=axis_label("value", labels),
        share=False,
        panel_size=(460, 420) if len(panels) <= 1 else (310, 290),
    )


def _panel(series: Series, shape: tuple[int, int] | None, title: str, rows: pd.DataFrame) -> Panel:
    drawn = shape is not None and len(series.x) > 0
    height, width = shape or (1, 1)
    return Panel(
        (series,) if drawn else (),
        title=title,
        caption=first_text(rows, "caption"),
        x_range=(-0.5, width - 0.5),
        y_range=(height - 0.5, -0.5),
        integers=True,
        empty="" if drawn else "no data",
    )


def _cells(
    x: NDArray[Any], y: NDArray[Any], across: NDArray[Any], down: NDArray[Any], values: NDArray[Any]
) -> Series:
    """Lay the values between the edges x and y; NaN where the table has no row."""
    n_across, n_down = len(x) - 1, len(y) - 1
    if n_across * n_down > MOST_CELLS:
        raise ValueError(
            f"the grid has {n_down} x {n_across} cells, more than {MOST_CELLS:,}; bin the matrix first"
        )
    grid = np.full((n_down, n_across), np.nan)
    grid[np.searchsorted(y, down) - 1, np.searchsorted(x, across) - 1] = values
    return Series("cells", x, y, role="cells", values=grid)


def _edges(rows: pd.DataFrame, centre: str, size: str) -> NDArray[np.float64]:
    """Return the edges of the cells: from their sizes, else of the smallest regular grid that holds them."""
    centres = numbers(rows, centre)
    if size in rows.columns:
        half = 0.5 * numbers(rows, size)
        edges = np.unique(np.round(np.concatenate([centres - half, centres + half]), 9))
        places = np.searchsorted(edges, centres) - 1
        if not (np.diff(edges)[places] > 2 * half - 1e-6).all():
            raise ValueError(
                f"cells overlap: the {size} of some reaches past the edge of the next in {centre!r}: give "
                f"{size} as the distance between the edges of each cell"
            )
        return np.asarray(edges, dtype=np.float64)
    distinct = np.unique(centres)
    step = float(np.diff(distinct).min()) if len(distinct) > 1 else 1.0
    count = round((distinct[-1] - distinct[0]) / step) + 1
    return np.asarray(distinct[0] + step * (np.arange(count + 1) - 0.5), dtype=np.float64)


def _side(shape: tuple[int, int] | None, n_panels: int) -> float:
    """Return a square's side in pixels: the cell's, but never too small to see."""
    longest = max(shape) if shape else 1
    return float(np.clip((290 if n_panels > 1 else 420) / longest, 1.6, 12.0))
