"""Collect what a page needs to move and recolour a disk: positions, links and colourings of the nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from netsci import graph
from netsci.graph import LayeredGraph
from netsci.graph.checks import as_links
from netsci.plot import theme
from netsci.plot.plotly_layout import escape
from netsci.plot.tidy import shorten

MOST_GROUPS = 7  # communities with a name and a colour of their own; the rest are one group
REST = "smaller ones"
MOST_NAMED = 8  # populations with a colour of their own, as the palette holds; more have a ramp by depth
MOST_TICKS = 6  # populations that the ramp names
LEGEND_NAME, RAMP_NAME, HOVER_NAME = 28, 14, 60  # characters
MEASURES = ("strength", "betweenness", "pagerank", "core", "clustering", "live")
NAMES = {"pagerank": "PageRank"}
MOST_WORK = 5e7  # nodes times links: betweenness in about a second


def stage(nodes: pd.DataFrame, links: pd.DataFrame, figure: Any) -> dict[str, Any]:
    """Return plain JSON data for `disk.js`.

    nodes : one row for each node with label, population, degree, theta, radius, community. links : source and
    target, rows of `nodes`. figure : the disk drawn with plotly; its markers give the sizes.
    """
    degree = nodes["degree"].to_numpy(np.int64)
    looks = [_populations(nodes["population"].tolist())]
    if "community" in nodes:
        looks.append(_communities(nodes["community"].to_numpy(np.int64)))
    looks.append(_degrees(degree))
    return {
        "radius": nodes["radius"].round(9).tolist(),
        "theta": nodes["theta"].round(9).tolist(),
        "degree": degree.tolist(),
        "labels": nodes["label"].tolist(),
        "hover": _hovers(nodes),
        "size": _sizes(figure, len(nodes)),
        "links": {"source": links["source"].tolist(), "target": links["target"].tolist()},
        "looks": looks,
        "ink": theme.INK["light"],
    }


def add_measures(nodes: pd.DataFrame, whole: LayeredGraph, chosen: NDArray[np.int64]) -> pd.DataFrame:
    """Return the table of nodes with what `netsci.graph.node_table` knows of them, for hover and download.

    chosen : the numbers of the nodes in the whole graph, row by row. Columns that are undefined for all nodes
    are left out, and so is betweenness where it would take long.
    """
    names = [name for name in MEASURES if name not in nodes]
    if whole.n_nodes * whole.n_links > MOST_WORK:
        names.remove("betweenness")
    found = graph.node_table(whole, measures=names).iloc[chosen].reset_index(drop=True)
    known = [name for name in names if found[name].notna().any()]
    return nodes.join(found[known])


def _hovers(nodes: pd.DataFrame) -> list[str]:
    """Return what a reader sees over each node: its name, its population, and its measures."""
    shown = [name for name in MEASURES if name in nodes]
    texts = []
    for row in nodes.to_dict("records"):
        lines = [escape(shorten(str(row[name]), HOVER_NAME)) for name in ("label", "population")]
        lines += ["on no path"] if "live" in row and not row["live"] else []
        lines += [f"{NAMES.get(name, name)} {row[name]:.3g}" for name in shown if name != "live"]
        texts.append("<br>".join([*lines, f"degree {row['degree']}"]))
    return texts


def communities(links: sp.csr_array) -> NDArray[np.int64]:
    """Return the community of every node of an undirected network, each link stored once, largest first."""
    found = graph.communities(as_links(links + links.T), runs=1, rng=np.random.default_rng(0))
    return found.membership


def _sizes(figure: Any, count: int) -> list[float]:
    """Return the diameter of every node, which the drawing keeps by population."""
    drawn = [trace for trace in figure.data if (trace.meta or {}).get("role") == "nodes"]
    sizes = np.concatenate([np.atleast_1d(np.asarray(trace.marker.size, float)) for trace in drawn])
    order = np.concatenate([np.asarray(trace.customdata, np.int64) for trace in drawn])
    result = np.empty(count)
    result[order] = sizes
    return [round(float(size), 2) for size in result]


def _populations(of: Sequence[str]) -> dict[str, Any]:
    """Return the populations as groups, or as a ramp of colours where a legend would be too long."""
    levels = list(dict.fromkeys(of))
    if len(levels) <= MOST_NAMED:
        return _groups("population", of, levels, theme.colours(len(levels)))
    depth = {level: number for number, level in enumerate(levels)}
    ticks = np.unique(np.rint(np.linspace(0, len(levels) - 1, MOST_TICKS)).astype(int)).tolist()
    return {
        "name": "population",
        "values": [depth[level] for level in of],
        "low": 0,
        "high": len(levels) - 1,
        "ticks": ticks,
        "texts": [escape(shorten(levels[tick], RAMP_NAME)) for tick in ticks],
        "colours": [[i / (len(theme.RAMP) - 1), colour] for i, colour in enumerate(theme.RAMP)],
    }


def _groups(name: str, of: Sequence[Any], levels: Sequence[Any], colours: Sequence[str]) -> dict[str, Any]:
    members: dict[Any, list[int]] = {level: [] for level in levels}
    for number, level in enumerate(of):
        members[level].append(number)
    groups = [
        {"name": escape(shorten(str(level), LEGEND_NAME)), "colour": colour, "members": members[level]}
        for level, colour in zip(levels, colours, strict=True)
    ]
    return {"name": name, "groups": groups}


def _communities(of: NDArray[np.int64]) -> dict[str, Any]:
    names = [f"community {c + 1}" if c < MOST_GROUPS else REST for c in of.tolist()]
    levels = sorted(set(names), key=lambda name: of[names.index(name)])
    # Adjacent numbers of a ramp are too alike to tell communities apart; the rest of them stand back.
    colours = [
        theme.NEUTRAL["light"] if level == REST else theme.PALETTE["light"][i]
        for i, level in enumerate(levels)
    ]
    return _groups("community", names, levels, colours) | {"of": [f"community {c + 1}" for c in of.tolist()]}


def _degrees(degree: NDArray[np.int64]) -> dict[str, Any]:
    """Return the logarithms of the degrees with the ticks of their scale."""
    values = np.log10(np.maximum(degree, 1))
    low, high = float(values.min()), float(values.max())
    every = [step * 10**power for power in range(int(high) + 1) for step in (1, 2, 5)]
    shown = [tick for tick in every if low - 1e-9 <= np.log10(tick) <= high + 1e-9] or [int(degree.max())]
    return {
        "name": "degree",
        "values": [round(float(v), 4) for v in values],
        "low": low,
        "high": high if high > low else low + 1,
        "ticks": np.log10(shown).tolist(),
        "texts": [f"{tick:,}" for tick in shown],
    }
