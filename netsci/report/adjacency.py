"""The section that shows where the links are."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from netsci import plot
from netsci.graph import LayeredGraph, Projection
from netsci.report.page import Section
from netsci.report.words import count

MOST_PANELS = 9
MOST_POINTS = 12_000  # links; beyond, links are counted in bins
MOST_BINS = 50  # a side; nine panels of them are a megabyte of page
LINKS_A_BIN = 4  # on average: fewer would show noise
TITLE = "Adjacency"


def adjacency_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the section; links one by one, or their density in bins where there are many."""
    shown = sorted(graph.projections, key=lambda p: -p.n_links)[:MOST_PANELS]
    shown = [p for p in graph.projections if p in shown and p.links.nnz > 0]
    if not shown:
        return Section(TITLE, "Nothing to draw: there is no link."), []
    full = [p for p in shown if p.links.nnz == p.shape[0] * p.shape[1]]
    if len(full) == len(shown):
        return Section(TITLE, "Every place holds a link: the matrices are full, so none is drawn."), []
    names = _titles(shown)
    notes = []
    if len(shown) < len(graph.projections):
        notes.append(
            f"Drawn: {len(shown)} of {count(len(graph.projections), 'projection')}, those with most links."
        )
    plain = len(graph.populations) == 1
    labels = {"row": "node", "column": "node"} if plain else {}
    shapes = {name: p.shape for p, name in zip(shown, names, strict=True)}
    if sum(p.links.nnz for p in shown) <= MOST_POINTS:
        table = pd.concat([_points(p, name) for p, name in zip(shown, names, strict=True)], ignore_index=True)
        figure = plot.matrix(table, panel="projection", shapes=shapes, labels=labels, backend="plotly")
        how = "a square at each link"
    else:
        table = pd.concat([_bins(p, name) for p, name in zip(shown, names, strict=True)], ignore_index=True)
        labels = labels | {"value": "density / mean density"}
        figure = plot.matrix(table, panel="projection", shapes=shapes, labels=labels, backend="plotly")
        how = "bins of rows and columns, coloured by their density of links over the projection's mean"
        notes.append(
            "Too many links to draw one by one: each cell is a bin of neighbouring rows and columns."
        )
    if any(p.rows_per_unit > 1 for p in shown):
        notes.append("Convolutions and flattens have several rows a source unit (channel x position).")
    alt = f"Matrices of {count(len(shown), 'projection')}, presynaptic downwards, postsynaptic across: {how}."
    return Section(TITLE, _verdict(shown), figure, None, table, alt, notes), []


def _titles(projections: list[Projection]) -> list[str]:
    """Return the names, numbered where two agree."""
    names: list[str] = []
    for p in projections:
        name, again = p.name, 2
        while name in names:
            name, again = f"{p.name} ({again})", again + 1
        names.append(name)
    return names


def _verdict(shown: list[Projection]) -> str:
    empty = [int((p.degrees("source") == 0).sum() + (p.degrees("target") == 0).sum()) for p in shown]
    links = sum(p.n_links for p in shown)
    if not any(empty):
        return f"{count(links, 'link')} drawn; no row or column is empty."
    holes = count(sum(empty), "row or column is", "rows and columns are")
    return f"{count(links, 'link')} drawn; {holes} empty."


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
