"""Spiking activity: single spikes over time, firing rates of units, operations of layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from netsci.plot.curves import distribution
from netsci.plot.look import Column, Look, check_look, compose
from netsci.plot.scene import Panel, Series
from netsci.plot.tidy import (
    axis_label,
    check_columns,
    check_units,
    first_text,
    levels,
    name_of,
    numbers,
    rows_of,
    split,
)

if TYPE_CHECKING:
    import pandas as pd

BAR = 0.8  # width of all bars of a category, in categories


def raster(
    table: pd.DataFrame,
    *,
    panel: str | None = "population",
    sizes: Mapping[Any, int] | None = None,
    steps: int | None = None,
    **look: Unpack[Look],
) -> Any:
    """Return a spike raster of one sample: a dot for each spike, steps across and units upwards.

    table : a row for each spike, as `netsci.measure.Trace.raster_table` gives them, of one sample. Columns:
    step and unit (numbers from 0), the one named by `panel`, optionally sample, and caption (a text below the
    panel: the first of its rows counts).
    panel : column with the panels, such as the population; None for one panel.
    sizes : {value of `panel`: number of units}, in the order of the panels; a panel without a spike then says
    "no spikes". None ends a panel at its highest unit that fires. With panel=None sizes play no part.
    steps : number of time steps T; None ends the axis at the last step with a spike.
    look : further options, see `netsci.plot.look.Look`. Returns the figure of its backend.

    Raises ValueError for a missing column, where the table holds several samples (filter first) or a spike
    lies beyond `sizes` or `steps`; TypeError for a column that is not numeric.
    """
    check_look(look, without=("order", "hollow", "log", "share", "quantity"))
    check_columns(table, ("step", "unit", panel))
    if "sample" in table.columns and len(samples := levels(table, "sample")) > 1:
        raise ValueError(
            f"table holds {len(samples)} samples, whose spikes would hide each other; keep the rows of one"
        )
    if panel is not None and sizes is not None:
        levels(table, panel, list(sizes))  # raises where a population has no size
        parts = [(name, rows_of(table, panel, name)) for name in sizes]
    else:
        parts = list(split(table, panel))
    last = steps if steps is not None else _end(table, "step")
    panels = []
    for name, rows in parts:
        across, up = numbers(rows, "step"), numbers(rows, "unit")
        size = sizes[name] if sizes is not None and name in sizes else _end(rows, "unit")
        _check_inside(rows, name, last, size)
        panels.append(_dots(across, up, (name_of(name), first_text(rows, "caption")), (last, size)))
    labels = look.get("labels") or {}
    return compose(
        panels,
        look,
        x_label=axis_label("step", {"step": "time step", **labels}),
        y_label=axis_label("unit", labels),
        share=False,
        panel_size=(520, 340) if len(panels) <= 1 else (320, 250),
    )


def firing_rates(
    table: pd.DataFrame,
    *,
    panel: str | None = "population",
    hue: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return a figure with histograms of firing rates, one panel for each population.

    Columns: left, right (spikes per unit and step), density, `panel` and `hue`, as
    `netsci.measure.Trace.rate_histogram` gives them. None for panel or hue: one panel, one colour. Options
    and errors are those of `distribution`, which draws it.
    """
    check_look(look, without=("hollow", "quantity"))
    named = {"left": "firing rate (spikes per unit and step)", "density": "density of units"}
    look["labels"] = {**named, **(look.get("labels") or {})}
    return distribution(table, hue=hue, panel=panel, **look)


def operations(
    table: pd.DataFrame,
    *,
    x: str = "projection",
    y: str = "value",
    hue: Column = None,
    panel: Column = None,
    **look: Unpack[Look],
) -> Any:
    """Return bars of counts by layer, hues (such as exact and estimated) side by side.

    Columns: x the layer, y its count (operations, or an energy: labels[y] names it with its unit), one row a
    bar; hue the colour, panel the panel, None for one. log : whether the axis is logarithmic, for layers that
    are powers of ten apart; read the points then, not the lengths. Such an axis has no zero: bars start at a
    power of ten, the same in all panels, below the least positive count; on a linear one they start at 0. A
    count of 0 is written into the panel's note. NaN has no bar.

    Raises ValueError for a missing column, a negative or infinite count or two rows for one bar; TypeError
    where y is not numeric.
    """
    check_look(look, without=("hollow", "share", "quantity"))
    log = bool(look.get("log", True))
    check_columns(table, (x, y, hue, panel))
    check_units(table, panel, share=True)
    floor, ceiling = _ends(table, y, log, [name for name in (panel, x, hue) if name is not None])
    places, hues, panels = levels(table, x), levels(table, hue, look.get("order")), []
    position = {place: number for number, place in enumerate(places)}
    for value, rows in split(table, panel):
        series: list[Series] = []
        for number, level in enumerate(hues):
            one = rows_of(rows, hue, level)
            at = np.array([position.get(place, np.nan) for place in one[x]], dtype=np.float64)
            centre = at + (number - (len(hues) - 1) / 2) * BAR / len(hues)
            series += _bars(centre, numbers(one, y), floor, (name_of(level), number, len(hues)))
        zeros = list(dict.fromkeys(map(name_of, rows[numbers(rows, y) == 0][x])))
        caption = first_text(rows, "caption")
        panels.append(
            _panel(series, (name_of(value), caption), list(map(name_of, places)), zeros, (floor, ceiling))
        )
    labels = look.get("labels") or {}
    return compose(
        panels,
        look,
        x_label=axis_label(x, labels),
        y_label=axis_label(y, {"value": "operations", **labels}),
        log="y" if log else "",
        n_colours=len(hues),
        panel_size=(520, 340) if len(panels) <= 1 else (320, 260),
    )


def _ends(table: pd.DataFrame, y: str, log: bool, keys: list[str]) -> tuple[float, float]:
    """Return where bars start and where the axis ends; raise unless every bar has one count, at least 0."""
    counts = numbers(table, y)
    if (counts < 0).any():
        raise ValueError(f"column {y!r} holds negative counts; operations and energies are at least 0")
    if table.duplicated(keys).any():
        raise ValueError(f"table holds several rows for one bar; keep one for each of {', '.join(keys)}")
    positive = counts[counts > 0]
    if not positive.size:
        return 1.0, 10.0
    if not log:
        return 0.0, 1.08 * float(positive.max())
    return 10.0 ** math.floor(math.log10(positive.min()) - 1e-9), 1.6 * float(positive.max())


def _panel(
    series: list[Series],
    texts: tuple[str, str],
    places: list[str],
    zeros: list[str],
    ends: tuple[float, float],
) -> Panel:
    """Return the panel of bars, with the names of the layers and of those that counted nothing."""
    drawn = bool(series)
    return Panel(
        tuple(series),
        title=texts[0],
        note=f"0: {', '.join(zeros)}" if zeros and drawn else "",
        note_corner="upper right",
        caption=texts[1],
        x_ticks=tuple(places) if drawn else (),
        x_range=(-0.5, len(places) - 0.5) if drawn else None,
        y_range=ends if drawn else None,
        empty="" if drawn else ("no operations" if zeros else "no data"),
    )


def _dots(
    across: NDArray[np.float64], up: NDArray[np.float64], texts: tuple[str, str], shape: tuple[int, int]
) -> Panel:
    """Return the panel of one population: its spikes, dots that keep small where units are many."""
    steps, size = shape
    title, caption = texts
    tall = float(np.clip(200 / max(size, 1), 1.6, 6.0))
    drawn = bool(np.isfinite(across * up).any())
    return Panel(
        (Series("points", across, up, role="data", colour=0, size=tall),) if drawn else (),
        title=title,
        caption=caption,
        x_range=(-0.5, steps - 0.5) if drawn else None,
        y_range=(-0.5, size - 0.5) if drawn else None,
        integers=drawn,
        empty="" if drawn else ("no spikes" if size else "no data"),
    )


def _bars(
    centre: NDArray[np.float64], height: NDArray[np.float64], floor: float, who: tuple[str, int, int]
) -> list[Series]:
    """Return the bars of one hue, broken by NaN, and a point on top of each that tells its value."""
    name, number, n_hues = who
    shown = height > 0
    if not shown.any():
        return []
    half = 0.46 * BAR / n_hues
    gap = np.full(int(shown.sum()), np.nan)
    x = np.column_stack([centre[shown] - half, centre[shown] + half, gap]).ravel()
    top = np.column_stack([height[shown], height[shown], gap]).ravel()
    style: dict[str, Any] = {"name": name, "colour": number}
    return [
        Series("band", x, top, role="bar", low=np.where(np.isnan(top), np.nan, floor), high=top,
               opacity=0.55, **style),
        Series("points", centre[shown], height[shown], symbol=number, size=5.0, key=bool(name), **style),
    ]  # fmt: skip


def _check_inside(rows: pd.DataFrame, name: Any, steps: int, size: int) -> None:
    """Raise ValueError where a spike would lie outside its panel and so not be seen."""
    for column, end, option in (("step", steps, "steps"), ("unit", size, "sizes")):
        found = numbers(rows, column)
        if ((found < 0) | (found >= end)).any():
            where = f" in {name_of(name)}" if name_of(name) else ""
            raise ValueError(
                f"column {column!r} must lie in [0, {end}){where}; it reaches from {np.nanmin(found):g} to "
                f"{np.nanmax(found):g}: give {option} that hold every spike"
            )


def _end(table: pd.DataFrame, column: str) -> int:
    values = numbers(table, column)
    return int(np.nanmax(values)) + 1 if np.isfinite(values).any() else 0
