"""Draw the layers of a network as a figure: populations as bars, projections as bands; a strip where many."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np
import pandas as pd

from netsci.plot.look import Look, check_look, compose
from netsci.plot.scene import Panel, Series
from netsci.view.flow import arrange_blocks, height, is_small, lay_out
from netsci.view.network import read_network

HALF = 0.06  # of a bar, in columns
LANE = 1.5  # height of a lane, bars being at most 1 high
MOST_ROWS, MOST_COLUMNS = 40, 64


def layers(x: Any, *, example: Any = None, **look: Unpack[Look]) -> Any:
    """Draw the layers: width (logarithmic height), density (shade of the bands), dead units (orange foot).

    x, example : as `netsci.view.read_network` takes them. Networks of more than a dozen columns, 24
    populations or 30 projections become a strip: the density of each kind of layer (row) in each block
    (column). look : options of `netsci.plot.look.Look`, such as title, size, mode and backend.

    Returns a matplotlib figure, or plotly's with backend="plotly".
    """
    check_look(look, without=("order", "hollow", "log", "share", "quantity", "columns"))
    graph = read_network(x, example=example).graph
    boxes, arrows = lay_out(graph)
    if is_small(boxes, arrows):
        panel, size = _flow(boxes, arrows)
        return compose([panel], look, n_colours=2, panel_size=size)
    panel, size = _strip(arrange_blocks(graph))
    return compose([panel], look, value_label="density", panel_size=size, share=False)


def _flow(boxes: pd.DataFrame, arrows: pd.DataFrame) -> tuple[Panel, tuple[int, int]]:
    largest = int(boxes["size"].max())
    lanes = boxes.groupby("column")["lane"].max() + 1
    tall = int(lanes.max()) * LANE
    places = {}
    for row in boxes.to_dict("records"):
        middle = tall - tall / int(lanes[row["column"]]) * (row["lane"] + 0.5)
        half = height(row["size"], largest) / 2
        places[row["name"]] = (row["column"], middle - half, middle + half)
    series = [one for row in arrows.to_dict("records") for one in _band(row, places)]
    series += [one for row in boxes.to_dict("records") for one in _bar(row, places[row["name"]])]
    right = int(boxes["column"].max())
    panel = Panel(tuple(series), x_range=(-0.5, right + 0.9), y_range=(-0.1, tall + 0.2), bare=True)
    return panel, (min(1100, 150 * right + 220), int(150 * tall) + 40)


def _bar(row: dict[str, Any], place: tuple[int, float, float]) -> list[Series]:
    column, low, high = place
    ends = np.array([column - HALF, column + HALF])
    dead = row["dead"] / row["size"]
    hover = f"{row['name']}\n{row['size']:,} units, {row['dead']:,} dead"
    label = f"{row['name']} ({row['size']:,})"
    bars = [_block(ends, low, high, colour=None, role="boundary")]
    if dead:
        bars.append(_block(ends, low, low + (high - low) * dead, colour=1, role="fit"))
        label += f", {100 * dead:.0f} % dead"
    tip = _name(column - HALF, high + 0.1, label, hover)
    return [*bars, tip]


def _name(x: float, y: float, text: str, hover: str) -> Series:
    """Return a text right of a place; the point itself is too small to be seen."""
    at = np.array([x], dtype=float), np.array([y], dtype=float)
    return Series("points", *at, colour=None, size=0.1, hover=(hover,), text=(text,))


def _block(x: Any, low: float, high: float, *, colour: int | None, role: str) -> Series:
    middle = np.full(2, (low + high) / 2)
    return Series("band", x, middle, role=role, colour=colour, low=np.full(2, low), high=np.full(2, high))


def _band(row: dict[str, Any], places: dict[str, tuple[int, float, float]]) -> list[Series]:
    a, b = places[row["source"]], places[row["target"]]
    density = row["density"]
    shade = 0.08 + 0.6 * math.sqrt(density) if density == density else 0.1
    share = f"{100 * density:.3g} %" if density == density else "—"
    hover = f"{row['name']}\n{row['links']:,} links, density {share}"
    if b[0] == a[0] + 1:
        x = np.array([a[0] + HALF, b[0] - HALF])
        low, high = np.array([a[1], b[1]]), np.array([a[2], b[2]])
        middle = (low + high) / 2
        shape = Series("band", x, middle, colour=0, opacity=shade, low=low, high=high, hover=(hover,) * 2)
        return [shape, _name(float(x.mean()) - 0.15, float(middle.mean()), share, hover)]
    # Past other bars, back, or onto itself: an arc below them.
    turn = np.linspace(0.0, np.pi, 33)
    centre, half = (a[0] + b[0]) / 2, abs(a[0] - b[0]) / 2 or 0.2
    base = min(a[1], b[1])
    x, y = centre - half * np.cos(turn), base - 0.28 * np.sin(turn)
    shade = min(1.0, shade + 0.25)
    arc = Series("line", x, y, colour=0, opacity=shade, width=2.5, hover=(hover,) * len(x))
    return [arc, _name(centre, base - 0.36, share, hover)]


def _strip(table: pd.DataFrame) -> tuple[Panel, tuple[int, int]]:
    kinds = list(dict.fromkeys(table["kind"]))[:MOST_ROWS]
    blocks = list(dict.fromkeys(table["block"]))[:MOST_COLUMNS]
    values = np.full((len(kinds), len(blocks)), np.nan)
    for row in table.to_dict("records"):
        if row["kind"] in kinds and row["block"] in blocks:
            values[kinds.index(row["kind"]), blocks.index(row["block"])] = row["density"]
    series = Series(
        "cells",
        np.arange(len(blocks) + 1) - 0.5,
        np.arange(len(kinds) + 1) - 0.5,
        role="cells",
        values=values,
    )
    panel = Panel(
        (series,),
        x_range=(-0.5, len(blocks) - 0.5),
        y_range=(len(kinds) - 0.5, -0.5),
        x_ticks=tuple(blocks),
        y_ticks=tuple(kinds),
    )
    return panel, (180 + 30 * len(blocks), 80 + 24 * len(kinds))
