"""Sections on structure beyond degrees: measures against null models, and what attacks leave connected."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from netsci import plot
from netsci.graph import LayeredGraph
from netsci.graph.percolation_curve import percolation_curve
from netsci.graph.significance import structure_table
from netsci.plot import theme
from netsci.report.page import Section
from netsci.report.words import count, percent

MOST_COMPARED = 8  # projections, those with most links that are not too large
MOST_LINKS = 50_000  # of a projection that is compared with null models
REPLICATES, FEWER = 20, 10  # null networks; fewer for projections with more links than MANY
MANY = 20_000
FAR = 2.0  # null standard deviations
TITLE = "Structure against null models"
NAMES = {
    "robins_alexander": "clustering (Robins-Alexander)",
    "latapy_rows": "clustering of rows (Latapy)",
    "latapy_columns": "clustering of columns (Latapy)",
    "nodf": "nestedness (NODF)",
    "lcp_correlation": "LCP correlation",
    "small_worldness": "small-worldness",
}

ATTACKS = {"random": "random nodes", "degree": "hubs first", "weight": "weakest links first"}
CURVES = "Attack tolerance"
CURVE_POINTS = 51
CURVE_LINKS = 2_000_000  # links times runs that one curve may cost


def structure_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return measures with their z-scores against networks of the same degrees."""
    fit = [p for p in graph.projections if 0 < p.n_links <= MOST_LINKS and 0 < p.sparsity < 1]
    chosen = sorted(fit, key=lambda p: -p.n_links)[:MOST_COMPARED]
    shown = [p for p in graph.projections if p in chosen]
    missing = [
        f"null models: {p.name}: {_why_not(p)}" for p in graph.projections if not any(p is q for q in shown)
    ]
    if not shown:
        return Section(TITLE, "No projection is compared with null models; the notes say why."), missing
    part = LayeredGraph(graph.populations, tuple(shown))
    replicates = FEWER if max(p.n_links for p in shown) > MANY else REPLICATES
    table = structure_table(part, replicates=replicates, rng=np.random.default_rng(0))
    names = table["measure"].map(lambda name: NAMES.get(name, name.replace("_", " ")))
    table = table.assign(measure=names)
    defined = table[np.isfinite(table["z"])]
    without = table[~np.isfinite(table["z"])]
    for (projection, note), rows in without.groupby(["projection", "note"], sort=False):
        missing.append(f"null models: {projection}: {', '.join(rows['measure'])}: {note}")
    figure = None
    if len(defined):
        figure = plot.points(
            defined,
            x="z",
            y="measure",
            hue="projection",
            labels={"z": "z (standard deviations of the null model)", "measure": ""},
            backend="plotly",
        )
        grey = theme.GRID["light"]  # within two standard deviations nothing stands out
        figure.add_vrect(x0=-FAR, x1=FAR, fillcolor=grey, opacity=0.5, line_width=0, layer="below")
    notes = [
        f"Null model: {replicates} networks with the same degree of every row and column (degree-preserving "
        "rewiring, uniform among all such networks). z = (value - null mean) / null standard deviation; p is "
        f"the two-sided rank among them, at least {1 / (1 + replicates):.3f}.",
    ]
    columns = ["projection", "measure", "value", "null_mean", "null_std", "z", "p"]
    said = table[columns].rename(columns=lambda name: name.replace("_", " "))
    alt = (
        f"z-scores of {count(defined['measure'].nunique(), 'measure')} in "
        f"{count(defined['projection'].nunique(), 'projection')} against the degree-preserving null model."
    )
    return Section(TITLE, _verdict(defined, len(table)), figure, said, table, alt, notes), missing


def _why_not(p) -> str:  # type: ignore[no-untyped-def]
    if not p.n_links:
        return "it has no link"
    if not 0 < p.sparsity < 1:
        return "it is dense, so every network of its degrees is itself"
    if p.n_links > MOST_LINKS:
        return f"it has {p.n_links:,} links; rewired copies are made up to {MOST_LINKS:,}"
    return f"the {MOST_COMPARED} projections with most links below {MOST_LINKS:,} are compared"


def _verdict(defined: pd.DataFrame, total: int) -> str:
    if not len(defined):
        return (
            f"Not one of {count(total, 'value')} has a z-score: no null network differs from another in them."
        )
    far = defined[defined["z"].abs() > FAR]
    head = (
        f"{len(far)} of {count(len(defined), 'value')} lie more than {FAR:g} standard deviations from "
        "networks with the same degrees"
    )
    if not len(far):
        return f"{head}: beyond its degrees the topology looks random."
    most = far.loc[far["z"].abs().idxmax()]
    where = f" of {most['projection']}" if defined["projection"].nunique() > 1 else ""
    return f"{head}; the farthest is {most['measure']}{where} (z = {most['z']:+.1f})."


def attack_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the largest component against the share removed: at random, hubs first, weakest links first."""
    if graph.n_nodes < 3 or not graph.n_links:
        return Section(CURVES, "Nothing to remove: there are no links."), []
    runs = int(np.clip(CURVE_LINKS // graph.n_links, 2, 20))
    missing, tables = [], []
    for attack, name in ATTACKS.items():
        if attack == "weight" and any(p.weights is None for p in graph.projections):
            missing.append("weakest links first: the links carry no weights")
            continue
        rng = np.random.default_rng(0)
        curve = percolation_curve(graph, attack=attack, runs=runs, points=CURVE_POINTS, rng=rng)
        tables.append(curve.assign(attack=name))
    table = pd.concat(tables, ignore_index=True)
    figure = plot.lines(
        table,
        x="removed",
        y="mean",
        hue="attack",
        low="low",
        high="high",
        labels={"removed": "share removed (of nodes, or of links)", "mean": "largest component / all nodes"},
        backend="plotly",
    )
    said = pd.DataFrame([_robustness(name, rows) for name, rows in table.groupby("attack", sort=False)])
    half = {str(row["attack"]): row["half gone at"] for row in said.to_dict("records")}
    verdict = "; ".join(_half(name, at) for name, at in half.items())
    notes = [
        f"Means over {runs} runs with bands from the 5 % to the 95 % quantile; degrees are those of the "
        "whole network, ties in random order. area: mean height of the curve. This is percolation in the "
        "classical sense; links that lead nowhere are the section above.",
    ]
    alt = (
        "Share of all nodes in the largest component against the share removed, one line for each of "
        f"{', '.join(half)}."
    )
    return Section(CURVES, f"{verdict[:1].upper()}{verdict[1:]}.", figure, said, table, alt, notes), missing


def _robustness(name: object, rows: pd.DataFrame) -> dict[str, object]:
    removed, mean = rows["removed"].to_numpy(float), rows["mean"].to_numpy(float)
    below = np.flatnonzero(mean < mean[0] / 2)
    return {
        "attack": name,
        "largest component": float(mean[0]),
        "half gone at": float(removed[below[0]]) if len(below) else math.nan,
        "area": float(np.trapezoid(mean, removed)),
    }


def _half(name: str, at: object) -> str:
    share = float(str(at))
    if math.isnan(share):
        return f"{name}: the largest component never falls to half"
    return f"{name}: half of the largest component is gone once {percent(share)} are removed"
