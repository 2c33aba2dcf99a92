"""Degree distributions and percolation curves of a network, each in one call."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from netsci import plot
from netsci.graph import LayeredGraph, degree_ccdf, degree_exponent, percolation_curve
from netsci.graph.degree.exponent import FEW_NODES, LEAST_IN_TAIL
from netsci.plot.look import Look
from netsci.view.network import read_network

MOST_PANELS = 9
CURVE_POINTS = 51
CURVE_LINKS = 2_000_000  # links times runs that one curve may cost
ATTACKS = {"random": "random nodes", "degree": "hubs first"}


def ccdf(x: Any, *, example: Any = None, **look: Unpack[Look]) -> Any:
    """Draw the degree distributions (CCDF): all nodes together, then both sides of each projection.

    An exponent is fitted and drawn where at least 100 nodes have degrees and it does not end at its bound. Of
    many projections the eight with most links are drawn.

    x, example : as `netsci.view.read_network` takes them. look : options of `netsci.plot.look.Look`, such as
    title, size, mode and backend. Returns a matplotlib figure, or plotly's with backend="plotly".
    """
    graph = read_network(x, example=example).graph
    table = pd.concat(_curves(graph), ignore_index=True)
    sides = [side for side in ("degree", "presynaptic", "postsynaptic") if (table["side"] == side).any()]
    columns = min(3, table["group"].nunique())
    options: Look = {"order": sides, "columns": columns, **look}
    return plot.ccdf(table, hue="side", panel="group", **options)


def _curves(graph: LayeredGraph) -> list[pd.DataFrame]:
    pooled = np.concatenate(list(graph.degrees("all").values()))
    curves = [_curve(pooled, "all nodes", "degree")]
    if len(graph.projections) == 1 and graph.projections[0].undirected:
        return curves
    ranked = sorted(range(len(graph.projections)), key=lambda i: -graph.projections[i].n_links)
    for i in sorted(ranked[: MOST_PANELS - 1]):
        p = graph.projections[i]
        for label, side in (("presynaptic", "source"), ("postsynaptic", "target")):
            degrees = p.degrees(side)
            if side == "source":  # the rows of one unit are added up
                degrees = degrees.reshape(-1, p.rows_per_unit).sum(axis=1)
            curves.append(_curve(degrees, p.name, "degree" if p.undirected else label))
            if p.undirected:
                break
    return curves


def _curve(degrees: NDArray[np.int64], group: str, side: str) -> pd.DataFrame:
    fit = degree_exponent(degrees) if np.count_nonzero(degrees) >= FEW_NODES else None
    if fit is None:
        note = f"no fit below {FEW_NODES} nodes"
        return degree_ccdf(degrees, None).assign(group=group, side=side, note=note)
    if fit.at_bound or math.isnan(fit.gamma) or fit.n_tail < LEAST_IN_TAIL:
        short = f"fewer than {LEAST_IN_TAIL} nodes in the tail"
        note = "no fit" if math.isnan(fit.gamma) else "γ at its bound" if fit.at_bound else short
        return degree_ccdf(degrees, None).assign(group=group, side=side, note=note)
    note = f"γ = {fit.gamma:.2f}, xmin = {fit.xmin:g}"
    return degree_ccdf(degrees, fit).assign(group=group, side=side, note=note)


def curve(x: Any, *, example: Any = None, **look: Unpack[Look]) -> Any:
    """Draw the largest component while nodes are removed, in random order and hubs first.

    Means of up to 20 runs with bands from the 5 % to the 95 % quantile (`netsci.graph.percolation_curve`,
    seed 0). x, example : as `netsci.view.read_network` takes them. look : options of
    `netsci.plot.look.Look`, such as title, size, mode and backend.

    Returns a matplotlib figure, or plotly's with backend="plotly". Raises ValueError if there is no link.
    """
    graph = read_network(x, example=example).graph
    if not graph.n_links:
        raise ValueError("x has no link, so nothing can be removed; give a network with links")
    runs = int(np.clip(CURVE_LINKS // graph.n_links, 2, 20))
    tables = []
    for attack, name in ATTACKS.items():
        rng = np.random.default_rng(0)
        found = percolation_curve(graph, attack=attack, runs=runs, points=CURVE_POINTS, rng=rng)
        tables.append(found.assign(attack=name))
    labels = {"removed": "share of nodes removed", "mean": "largest component / all nodes"}
    table = pd.concat(tables, ignore_index=True)
    options: Look = {"labels": labels, **look}
    return plot.lines(table, x="removed", y="mean", hue="attack", low="low", high="high", **options)
