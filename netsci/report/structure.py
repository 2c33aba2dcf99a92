"""Sections on structure beyond degrees: measures against null models, and what attacks leave connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from netsci import plot
from netsci.graph import LayeredGraph, Projection, percolation_curve, structure_table
from netsci.graph.structure.significance import COLUMNS, LEAST, TWO_SIDES
from netsci.plot import theme
from netsci.report.chance import say_about
from netsci.report.page import Section
from netsci.report.tolerance import reach_outputs, say_attacks, summarise_attack
from netsci.report.words import count, group_reasons, list_names, percent

MOST_COMPARED = 8  # projections, those with most links that are not too large
MOST_LINKS = 50_000  # of a projection that is compared with null models
REPLICATES, FEWER = 99, 20  # null networks; fewer for projections with more links than MANY
MANY = 20_000
FAR = 2.0  # null standard deviations
LEVEL = 0.05  # a corrected p below it stands out
TITLE = "Structure against null models"
NAMES = {
    "robins_alexander": "Robins-Alexander clustering",
    "latapy_rows": "Latapy clustering, rows",
    "latapy_columns": "Latapy clustering, columns",
    "nodf": "nestedness (NODF)",
    "lcp_correlation": "LCP correlation",
    "two_modules": "modularity of two modules",
    "small_worldness": "small-worldness",
    "ch3_l3_auc": "CH3-L3 AUC",
}
SHOWN = COLUMNS[:-1]  # notes stand below the table

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


@dataclass(frozen=True, eq=False)
class Comparison:
    """The table of `structure_table` for the projections that are compared, measures by their name on a page.

    replicates : null networks behind it. missing : why other projections are not in it.
    """

    table: pd.DataFrame
    replicates: int
    missing: list[str]

    @property
    def outstanding(self) -> pd.DataFrame:
        """The lines that stand out, the farthest first."""
        far = self.table[self.table["p_corrected"] < LEVEL]
        return far.sort_values("z", key=lambda z: -z.abs(), kind="stable")


def compare_structure(graph: LayeredGraph) -> Comparison:
    """Compare the projections with most links that are not too large with networks of the same degrees."""
    fit = [p for p in graph.projections if 0 < p.n_links <= MOST_LINKS and 0 < p.sparsity < 1]
    chosen = sorted(fit, key=lambda p: -p.n_links)[:MOST_COMPARED]
    shown = [p for p in graph.projections if any(p is q for q in chosen)]
    missing = group_reasons(
        (p.name, _why_not(p)) for p in graph.projections if not any(p is q for q in shown)
    )
    part = LayeredGraph(graph.populations, tuple(shown))
    replicates = FEWER if max((p.n_links for p in shown), default=0) > MANY else REPLICATES
    table = structure_table(part, replicates=replicates, rng=np.random.default_rng(0))
    names = table["measure"].map(lambda name: NAMES.get(name, name.replace("_", " ")))
    return Comparison(table.assign(measure=names), replicates, missing)


def structure_section(graph: LayeredGraph, compared: Comparison | None = None) -> tuple[Section, list[str]]:
    """Return measures with their z-scores against networks of the same degrees."""
    compared = compare_structure(graph) if compared is None else compared
    table, missing = compared.table, list(compared.missing)
    if not len(table):
        return Section(TITLE, "No projection is compared with null models; the notes say why."), missing
    defined = table[np.isfinite(table["z"])]
    without = table[~np.isfinite(table["z"])]
    pairs = without.groupby(["projection", "note"], sort=False)["measure"].agg(", ".join)
    missing += group_reasons((str(of), f"{measures}: {note}") for (of, note), measures in pairs.items())
    said = table[list(SHOWN)].rename(columns=lambda name: name.replace("_", " "))
    alt = (
        f"z-scores of {count(defined['measure'].nunique(), 'measure')} in "
        f"{count(defined['projection'].nunique(), 'projection')} against the degree-preserving null model."
    )
    figure = _figure(defined) if len(defined) else None
    section = Section(TITLE, _verdict(compared), figure, said, table, alt, _notes(compared))
    return section, missing


def _figure(defined: pd.DataFrame) -> Any:
    figure = plot.points(
        defined,
        x="z",
        y="measure",
        hue="projection",
        labels={"z": "z (null s.d.)", "measure": ""},
        backend="plotly",
    )
    grey = theme.GRID["light"]  # a single measure is often this far out by chance
    figure.add_vrect(x0=-FAR, x1=FAR, fillcolor=grey, opacity=0.5, line_width=0, layer="below")
    return figure


def _notes(compared: Comparison) -> list[str]:
    table, replicates = compared.table, compared.replicates
    notes = [
        f"Null model: {replicates} networks with the same degree of every row and column (degree-preserving "
        f"rewiring, uniform among all such networks; {REPLICATES} where no projection has more than {MANY:,} "
        f"links, else {FEWER}). z = (value - null mean) / null standard deviation (s.d.), from at least "
        f"{LEAST} networks with a value; p is the two-sided rank among them, at least "
        f"{1 / (1 + replicates):.3f}.",
        "p corrected is the share of such networks in which any value of this table lies as far out. What "
        f"stands out has a corrected p below {LEVEL:g}; a random network has one such value with a chance of "
        f"at most {percent(LEVEL)}.",
    ]
    sides = list(dict.fromkeys(table.loc[table["note"].str.contains(TWO_SIDES), "projection"]))
    if sides:
        notes.append(
            f"{list_names(sides)}: directed links of one population. Its senders and its receivers are "
            "measured as two sides; self-loops do not count."
        )
    return notes


def _why_not(p: Projection) -> str:
    if p.n_links == p.n_loops:
        return "it has no link but self-loops" if p.n_loops else "it has no link"
    if not 0 < p.sparsity < 1:
        return "it is dense, so no other network has the same degrees"
    if p.n_links > MOST_LINKS:
        return f"it has {p.n_links:,} links; rewired copies are made up to {MOST_LINKS:,}"
    return f"the {MOST_COMPARED} projections with most links below {MOST_LINKS:,} are compared"


def _verdict(compared: Comparison) -> str:
    defined = compared.table[np.isfinite(compared.table["z"])]
    random = f"{count(compared.replicates, 'random network')} with the same degrees"
    if not len(defined):
        total = count(len(compared.table), "value")
        return f"No z-score is defined for {total}: the null networks do not differ in them."
    beyond = int((defined["z"].abs() > FAR).sum())
    lie = "lies" if beyond == 1 else "lie"
    chance = (
        f"{beyond} of {count(len(defined), 'value')} {lie} more than {FAR:g} standard deviations from "
        f"{random}; chance alone would put {say_about(_expect_beyond(defined['replicates']))} there"
    )
    far = compared.outstanding
    if not len(far):
        none = f"Beyond the degrees none of these {count(len(defined), 'measure')} stands out"
        return f"{none}; weak structure would not show. {chance}."
    several = compared.table["projection"].nunique() > 1
    named = [
        f"{row['measure']}{' of ' + row['projection'] if several else ''} ({_how_far(row['z'])})"
        for row in far.to_dict("records")
    ]
    verb = "stands" if len(far) == 1 else "stand"
    return (
        f"{len(far)} of these {count(len(defined), 'measure')} {verb} out (p below {LEVEL:g}, corrected for "
        f"all of them): {list_names(named)}. {chance}."
    )


def _how_far(z: float) -> str:
    return f"z = {z:+.1f}" if np.isfinite(z) else "no null network has another value"


def _expect_beyond(replicates: pd.Series) -> float:
    """Return how many z lie beyond `FAR` by chance: (1 + 1/R)^-1/2 z of R replicates has Student's law."""
    from scipy.stats import t

    r = replicates.to_numpy(float)
    return float(np.sum(2 * t.sf(FAR / np.sqrt(1 + 1 / r), r - 1)))


def attack_section(graph: LayeredGraph) -> tuple[Section, list[str]]:
    """Return the largest component against the share removed: in random order, hubs or weak links first."""
    if graph.n_nodes < 3 or not any(p.n_links > p.n_loops for p in graph.projections):
        return Section(CURVES, "There are no links between two nodes, so nothing can fall apart."), []
    runs = int(np.clip(CURVE_LINKS // graph.n_links, 2, 20))
    missing, tables, equal = [], [], _equal_weights(graph)
    for attack, name in ATTACKS.items():
        if attack == "weight" and any(p.weights is None for p in graph.projections):
            missing.append("weakest links first: the links carry no weights")
            continue
        rng = np.random.default_rng(1 if attack == "random_links" else 0)  # orders of its own
        curve = percolation_curve(graph, attack=attack, runs=runs, points=CURVE_POINTS, rng=rng)
        curve = curve.assign(**reach_outputs(graph, attack, runs, CURVE_POINTS))
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
    said = pd.DataFrame([summarise_attack(name, rows) for name, rows in table.groupby("attack", sort=False)])
    notes = [
        f"Means over {runs} runs with bands from the 5 % to the 95 % quantile; degrees are those of the "
        "whole network, ties in random order. area: mean height of the curve. This is percolation in the "
        "classical sense. The section above is on links that lead nowhere. outputs: those of the last "
        "populations that a directed path from an input still reaches. Ranges hold 90 % of "
        "the runs. An attack is read against a random order.",
    ]
    if equal:
        notes.append("All weights have one magnitude, so weakest first is a random order of the links.")
    alt = (
        "Share of all nodes in the largest component against the share removed, one line for each of "
        f"{', '.join(said['attack'])}."
    )
    verdict = say_attacks(said) or "No order of removal loses half of the network sooner than a random one."
    section = Section(CURVES, verdict, figure, said, table, alt, notes, table_file="half-gone-at")
    return section, missing


def _equal_weights(graph: LayeredGraph) -> bool:
    """Whether all links carry weights of one magnitude, which then order nothing."""
    held = [np.abs(p.weights.data) for p in graph.projections if p.weights is not None and p.weights.nnz]
    return bool(held) and float(max(w.max() for w in held)) == float(min(w.min() for w in held))
