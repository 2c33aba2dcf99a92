"""Where the links of a network are, as tables and as one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Unpack

import numpy as np
import pandas as pd

from netsci import plot
from netsci.graph import LayeredGraph, Projection
from netsci.plot.look import Look
from netsci.view.network import read_network

MOST_PANELS = 9
MOST_POINTS = 12_000  # links; beyond, links are counted in bins
MOST_BINS = 50  # a side; nine panels of them are a megabyte of page
LINKS_A_BIN = 4  # on average: fewer would show noise


def matrix(x: Any, *, example: Any = None, **look: Unpack[Look]) -> Any:
    """Draw where the links are: one by one up to 12,000, else their density in bins over the mean.

    x, example : as `netsci.view.read_network` takes them; of many projections the nine with most links are
    drawn. look : options of `netsci.plot.look.Look`, such as title, size, mode and backend.

    Returns a matplotlib figure, or plotly's with backend="plotly". Raises ValueError if there is no link.
    """
    graph = read_network(x, example=example).graph
    shown = choose_projections(graph)
    if not shown:
        raise ValueError("x has no link, so there is nothing to draw; give a network with links")
    table, binned = tabulate(shown, number_names(shown))
    return draw_matrix(graph, shown, table, binned, **look)


def draw_matrix(
    graph: LayeredGraph, shown: Sequence[Projection], table: pd.DataFrame, binned: bool, **look: Unpack[Look]
) -> Any:
    """Draw what `tabulate` returned."""
    labels = {"row": "node", "column": "node"} if len(graph.populations) == 1 else {}
    labels |= {"value": "density / mean density"} if binned else {}
    options: Look = {"labels": labels, **look}
    shapes = {name: p.shape for p, name in zip(shown, number_names(shown), strict=True)}
    return plot.matrix(table, panel="projection", shapes=shapes, **options)


def choose_projections(graph: LayeredGraph, most: int = MOST_PANELS) -> list[Projection]:
    """Return the projections to draw, those with most links, in the graph's order."""
    ranked = sorted(range(len(graph.projections)), key=lambda i: -graph.projections[i].n_links)
    kept = [graph.projections[i] for i in sorted(ranked[:most])]
    return [p for p in kept if p.links.nnz > 0]


def number_names(projections: Sequence[Projection]) -> list[str]:
    """Return the names, numbered where two agree."""
    names: list[str] = []
    for p in projections:
        name, again = p.name, 2
        while name in names:
            name, again = f"{p.name} ({again})", again + 1
        names.append(name)
    return names


def tabulate(
    shown: Sequence[Projection], names: Sequence[str], most: int = MOST_POINTS
) -> tuple[pd.DataFrame, bool]:
    """Return the links one by one, or their density in bins where there are many, and whether in bins."""
    binned = sum(p.links.nnz for p in shown) > most
    make = _bins if binned else _points
    table = pd.concat([make(p, name) for p, name in zip(shown, names, strict=True)], ignore_index=True)
    return table, binned


def _points(p: Projection, name: str) -> pd.DataFrame:
    coo = p.links.tocoo()
    return pd.DataFrame({"projection": name, "row": coo.row, "column": coo.col})


def _bins(p: Projection, name: str) -> pd.DataFrame:
    """Return the density of each bin relative to the projection's; bins as fine as their counts allow."""
    rows, columns = p.shape
    bins = max(1.0, p.links.nnz / LINKS_A_BIN)
    down = min(rows, MOST_BINS, max(1, round(math.sqrt(bins * rows / columns))))
    across = min(columns, MOST_BINS, max(1, int(bins // down)))
    # As equal as whole units allow: a thin last bin would be all noise and set the scale of colours.
    y, x = (np.rint(np.linspace(0, n, k + 1)).astype(np.int64) for n, k in ((rows, down), (columns, across)))
    coo = p.links.tocoo()
    place = (np.searchsorted(y, coo.row, "right") - 1) * across + np.searchsorted(x, coo.col, "right") - 1
    links = np.bincount(place, minlength=down * across).reshape(down, across)
    tall, wide = np.diff(y), np.diff(x)
    relative = links / np.outer(tall, wide) / (p.links.nnz / (rows * columns))
    i, j = (index.ravel() for index in np.indices(links.shape))
    return pd.DataFrame(
        {
            "projection": name,
            "row": y[i] + 0.5 * tall[i] - 0.5,
            "column": x[j] + 0.5 * wide[j] - 0.5,
            "height": tall[i],
            "width": wide[j],
            "links": links.ravel(),
            "value": np.round(relative.ravel(), 4),
        }
    )
