"""Drawing a printed table: our runs, filled and solid, beside what is printed, hollow and dashed.

A cell that was not run is not drawn, unless nothing of the table was run: then all that is printed is drawn.
Every panel has its own value axis: no two measures share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.table import compared
from analysis.engine.words import choice
from netsci.plot.scene import Panel, Scene, Series, draw, grid_columns

OURS, PRINTED = "this library", "printed"
Tables = Mapping[str, pd.DataFrame]
Naming = Callable[[str, str], str]  # (row, column) -> text


def shown(tables: Tables, *, all_printed: bool = False) -> pd.DataFrame:
    """Return what is drawn, long: row, column, who, value, low, high."""
    both = compared(tables)
    run = both[both["mean"].notna()]
    theirs = both if run.empty or all_printed else run
    theirs = theirs[theirs["printed"].notna()]
    theirs = theirs.assign(who=PRINTED, value=theirs["printed"], low=np.nan, high=np.nan)
    rows = pd.concat([run.assign(who=OURS, value=run["mean"]), theirs], ignore_index=True)
    return rows[["row", "column", "who", "value", "low", "high"]]


def dots(
    tables: Tables,
    backend: str,
    *,
    place: Callable[[str, str, str], str],
    panel: Naming,
    hue: Naming = lambda row, column: "",
    title: str = "",
    log: Sequence[str] = (),
    all_printed: bool = False,
) -> Any:
    """Draw dots with intervals, places downwards, one panel a measure.

    place(row, column, who), hue : names. panel : "title|name of the value axis", or the name alone; "" leaves
    a cell out. log : panels with a logarithmic axis.
    """
    rows = shown(tables, all_printed=all_printed)
    names = [panel(row, column) for row, column in zip(rows["row"], rows["column"], strict=True)]
    of = zip(rows["row"], rows["column"], rows["who"], strict=True)
    rows = rows.assign(panel=names, place=[place(*cell) for cell in of]).query("panel != ''")
    rows = _hued(rows, hue)
    hues = _hues(rows)
    places = list(dict.fromkeys(rows["place"]))
    panels = []
    for name, group in rows.groupby("panel", sort=False):
        series = []
        for who, one in group.groupby(["hue", "who"], sort=False):
            beside = (hues.index(who) - (len(hues) - 1) / 2) * 0.72 / len(hues)
            at = np.array([places.index(where) + beside for where in one["place"]], dtype=float)
            ends = (one["low"].to_numpy(float), one["high"].to_numpy(float))
            x = one["value"].to_numpy(float)
            series.append(Series("points", x, at, whisker=ends, along="x", size=7.0, **_style(who, hues)))
        heading, bar, axis = str(name).partition("|")
        panels.append(
            Panel(
                tuple(series),
                title=heading if bar else "",
                x_label=axis if bar else heading,
                y_ticks=tuple(places),
                y_range=(len(places) - 0.5, -0.5),
                log="x" if name in log else "",
            )
        )
    size = (320 if len(panels) > 1 else 520, max(180, 60 + 34 * len(places)))
    return _drawn(panels, hues, backend, title=title, panel_size=size, widest=2 if len(panels) == 4 else 3)


def curves(
    tables: Tables,
    backend: str,
    *,
    label: str,
    panel: Callable[[str], str],
    hue: Naming = lambda row, column: "",
    y_label: str = "accuracy (%)",
    log: str = "",
    share: bool = False,
    title: str = "",
) -> Any:
    """Draw values against a choice that the column names, a panel for each panel(row)."""
    rows = _hued(shown(tables), hue)
    hues = _hues(rows)
    rows = rows.assign(x=[choice(column) for column in rows["column"]], panel=rows["row"].map(panel))
    panels = []
    for name, group in rows.groupby("panel", sort=False):
        series = []
        for who, one in group.sort_values("x").groupby(["hue", "who"], sort=False):
            x, y = one["x"].to_numpy(float), one["value"].to_numpy(float)
            ends = (one["low"].to_numpy(float), one["high"].to_numpy(float))
            style = _style(who, hues)
            if np.isfinite(ends[0]).any():
                low, high = (np.where(np.isfinite(end), end, y) for end in ends)
                band = {"low": low, "high": high, "opacity": 0.15}
                series.append(Series("band", x, y, name=style["name"], colour=style["colour"], **band))
            line = {name: style[name] for name in ("name", "colour", "dashed")}
            series.append(Series("line", x, y, width=1.3 if style["dashed"] else 1.8, **line))
            series.append(Series("points", x, y, size=6.0, **style))
        panels.append(Panel(tuple(series), title=str(name), log=log))
    labels = {"x_label": label, "y_label": y_label}
    return _drawn(panels, hues, backend, title=title, share=share, panel_size=(320, 250), **labels)


def _hued(rows: pd.DataFrame, hue: Naming) -> pd.DataFrame:
    pairs = zip(rows["row"], rows["column"], strict=True)
    return rows.assign(hue=[hue(*pair) for pair in pairs])


def _hues(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return (network, source), ours before the printed ones, dense before sparse."""
    found = set(zip(rows["hue"], rows["who"], strict=True))
    return sorted(found, key=lambda pair: (pair[1] == PRINTED, not pair[0].startswith("dense"), pair[0]))


def _style(who: tuple[str, str], hues: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return how a hue is drawn: a colour a network, hollow and dashed where it is printed."""
    networks = list(dict.fromkeys(network for network, _ in hues))
    number, theirs = networks.index(who[0]), who[1] == PRINTED
    name = f"{who[0]}, {who[1]}" if who[0] else who[1]
    style = {"name": name, "colour": number, "symbol": number, "hollow": theirs, "dashed": theirs}
    return style | {"key": True}


def _drawn(
    panels: Sequence[Panel],
    hues: Sequence[tuple[str, str]],
    backend: str,
    *,
    share: bool = True,
    widest: int = 3,
    **scene: Any,
) -> Any:
    return draw(
        Scene(
            tuple(panels) or (Panel(empty="no data"),),
            columns=grid_columns(len(panels), None, widest=widest),
            n_colours=len({network for network, _ in hues}),
            share=share,
            **scene,
        ),
        backend,
    )
