"""Sections on structure beyond degrees: measures against null models, and what attacks leave connected."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from netsci import plot
from netsci.graph import LayeredGraph, percolation_curve, robustness, structure_table
from netsci.plot import theme
from netsci.report.page import Section
from netsci.report.words import count, group_reasons, percent

MOST_COMPARED = 8  # projections, those with most links that are not too large
MOST_LINKS = 50_000  # of a projection that is compared with null models
REPLICATES, FEWER = 20, 10  # null networks; fewer for projections with more links than MANY
MANY = 20_000
FAR = 2.0  # null standard deviations
CHANCE = 0.05  # share of values that chance puts farther than that
TITLE = "Structure against null models"
NAMES = {
    "robins_alexander": "Robins-Alexander clustering",
    "latapy_rows": "Latapy clustering, rows",
    "latapy_columns": "Latapy clustering, columns",
    "nodf": "nestedness (NODF)",
    "lcp_correlation": "LCP correlation",
    "small_worldness": "small-worldness",
}

ATTACKS = {
    "random": "random nodes",
    "degree": "hubs first",
    "random_links": "random links",  # what "weakest links first" is to be read against
    "weight": "weakest links first",
}
CURVES = "Attack tolerance"
EQUAL = "equal: random order"
CURVE_POINTS = 51
CURVE_LINKS = 2_000_000  # links times runs that one curve may cost


def structure_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return measures with their z-scores against networks of the same degrees."""
    fit = [p for p in graph.projections if 0 < p.n_links <= MOST_LINKS and 0 < p.sparsity < 1]
    chosen = sorted(fit, key=lambda p: -p.n_links)[:MOST_COMPARED]
    shown = [p for p in graph.projections if p in chosen]
    missing = group_reasons(
        (p.name, _why_not(p)) for p in graph.projections if not any(p is q for q in shown)
    )
    if not shown:
        return Section(TITLE, "No projection is compared with null models; the notes say why."), missing
    part = LayeredGraph(graph.populations, tuple(shown))
    replicates = FEWER if max(p.n_links for p in shown) > MANY else REPLICATES
    table = structure_table(part, replicates=replicates, rng=np.random.default_rng(0))
    names = table["measure"].map(lambda name: NAMES.get(name, name.replace("_", " ")))
    table = table.assign(measure=names)
    defined = table[np.isfinite(table["z"])]
    without = table[~np.isfinite(table["z"])]
    pairs = without.groupby(["projection", "note"], sort=False)["measure"].agg(", ".join)
    missing += group_reasons((str(of), f"{measures}: {note}") for (of, note), measures in pairs.items())
    figure = None
    if len(defined):
        figure = plot.points(
            defined,
            x="z",
            y="measure",
            hue="projection",
            labels={"z": "z (null s.d.)", "measure": ""},
            backend="plotly",
        )
        grey = theme.GRID["light"]  # within two standard deviations nothing stands out
        figure.add_vrect(x0=-FAR, x1=FAR, fillcolor=grey, opacity=0.5, line_width=0, layer="below")
    notes = [
        f"Null model: {replicates} networks with the same degree of every row and column (degree-preserving "
        "rewiring, uniform among all such networks). z = (value - null mean) / null standard deviation "
        f"(s.d.); p is the two-sided rank among them, at least {1 / (1 + replicates):.3f}.",
    ]
    columns = ["projection", "measure", "value", "null_mean", "null_std", "z", "p"]
    said = table[columns].rename(columns=lambda name: name.replace("_", " "))
    alt = (
        f"z-scores of {count(defined['measure'].nunique(), 'measure')} in "
        f"{count(defined['projection'].nunique(), 'projection')} against the degree-preserving null model."
    )
    return Section(TITLE, _verdict(defined, len(table), replicates), figure, said, table, alt, notes), missing


def _why_not(p) -> str:  # type: ignore[no-untyped-def]
    if not p.n_links:
        return "it has no link"
    if not 0 < p.sparsity < 1:
        return "it is dense, so no other network has the same degrees"
    if p.n_links > MOST_LINKS:
        return f"it has {p.n_links:,} links; rewired copies are made up to {MOST_LINKS:,}"
    return f"the {MOST_COMPARED} projections with most links below {MOST_LINKS:,} are compared"


def _verdict(defined: pd.DataFrame, total: int, replicates: int) -> str:
    if not len(defined):
        return f"No z-score is defined for {count(total, 'value')}: the null networks do not differ in them."
    far = defined[defined["z"].abs() > FAR]
    lie = "lies" if len(far) == 1 else "lie"
    head = (
        f"{len(far)} of {count(len(defined), 'value')} {lie} more than {FAR:g} standard deviations from "
        f"{count(replicates, 'random network')} with the same degrees; chance alone would put about "
        f"{CHANCE * len(defined):.1f} there"
    )
    if not len(far):
        return f"{head}. Beyond its degrees the topology looks random."
    most = far.loc[far["z"].abs().idxmax()]
    where = f" of {most['projection']}" if defined["projection"].nunique() > 1 else ""
    return f"{head}. The farthest is {most['measure']}{where} (z = {most['z']:+.1f})."


def attack_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the largest component against the share removed: in random order, hubs or weak links first."""
    if graph.n_nodes < 3 or not graph.n_links:
        return Section(CURVES, "There are no links, so nothing can be removed."), []
    runs = int(np.clip(CURVE_LINKS // graph.n_links, 2, 20))
    missing, tables, equal = [], [], _equal_weights(graph)
    for attack, name in ATTACKS.items():
        if attack == "weight" and any(p.weights is None for p in graph.projections):
            missing.append("weakest links first: the links carry no weights")
            continue
        rng = np.random.default_rng(1 if attack == "random_links" else 0)  # orders of its own
        curve = percolation_curve(graph, attack=attack, runs=runs, points=CURVE_POINTS, rng=rng)
        tables.append(curve.assign(attack=f"{name} ({EQUAL})" if attack == "weight" and equal else name))
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
    notes = [
        f"Means over {runs} runs with bands from the 5 % to the 95 % quantile; degrees are those of the "
        "whole network, ties in random order. area: mean height of the curve. This is percolation in the "
        "classical sense. The section above is on links that lead nowhere.",
    ]
    if equal:
        notes.append("All weights have one magnitude, so weakest first is a random order of the links.")
    alt = (
        "Share of all nodes in the largest component against the share removed, one line for each of "
        f"{', '.join(half)}."
    )
    section = Section(CURVES, _halves(half), figure, said, table, alt, notes, table_file="half-gone-at")
    return section, missing


def _equal_weights(graph: LayeredGraph) -> bool:
    """Whether all links carry weights of one magnitude, which then order nothing."""
    held = [np.abs(p.weights.data) for p in graph.projections if p.weights is not None and p.weights.nnz]
    return bool(held) and float(max(w.max() for w in held)) == float(min(w.min() for w in held))


def _robustness(name: object, rows: pd.DataFrame) -> dict[str, object]:
    removed, mean = rows["removed"].to_numpy(float), rows["mean"].to_numpy(float)
    below = np.flatnonzero(mean <= mean[0] / 2 + 1e-12)  # means of runs differ in the last digits
    return {
        "attack": name,
        "largest component": float(mean[0]),
        "half gone at": float(removed[below[0]]) if len(below) else math.nan,
        "area": robustness(rows),
    }


def _halves(half: dict[str, object]) -> str:
    """Say at which share removed the largest component has fallen to half or less, for each attack."""
    shares = {name: float(str(at)) for name, at in half.items()}
    parts = [
        f"{name} {'never' if math.isnan(share) else 'at ' + percent(share)}" for name, share in shares.items()
    ]
    return f"The largest component has half its nodes or fewer once removed are: {', '.join(parts)}."
