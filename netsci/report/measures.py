"""The section with a table of measures, one row for each projection."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from netsci.graph import LayeredGraph, Projection, node_sparsity
from netsci.graph.ch.recovery import ch_auc
from netsci.measure import sparsity_index
from netsci.report.degrees import DegreeFit
from netsci.report.page import Section
from netsci.report.structure import LEVEL, MOST_LINKS, NAMES, Comparison, compare_structure
from netsci.report.words import count, decimal, group_reasons, list_names

MOST_SCORED = 1_000_000  # places of a matrix: the scores are a dense array
CH_RULE = "ch3_l3"
AUC = NAMES["ch3_l3_auc"]


def measures(
    graph: LayeredGraph, fits: list[DegreeFit], compared: Comparison | None = None
) -> tuple[Section, list[str]]:
    """Return the table of measures, one row for each projection."""
    compared = compare_structure(graph) if compared is None else compared
    inactive = node_sparsity(graph)["node_sparsity"].tolist()  # populations first, in order
    share = dict(zip(graph.sizes, inactive, strict=False))
    gammas = {(f.group, f.side): f.written for f in fits}
    rows, missing = [], []
    for p in graph.projections:
        index, why_index = _index(p)
        recovered, reasons = _score_links(p, compared)
        missing += [(p.name, why) for why in (why_index, *reasons) if why]
        row: dict[str, object] = {"projection": p.name, "links": p.n_links, "sparsity": float(p.sparsity)}
        if p.undirected:
            row |= {"node sparsity": share[p.target]}
            row |= {"gamma": gammas.get((p.name, "degree"), fits[0].written)}
        else:
            row |= {"node sparsity from": share[p.source], "node sparsity to": share[p.target]}
            row |= {f"gamma {side}": gammas.get((p.name, side)) for side in ("presynaptic", "postsynaptic")}
        rows.append(row | {"I(W)": index} | recovered)
    table = pd.DataFrame(rows) if rows else None
    section = Section("Measures", _verdict(rows, compared.replicates), table=table, notes=_notes(compared))
    return section, group_reasons(missing)


def _notes(compared: Comparison) -> list[str]:
    return [
        "sparsity: share of absent links. node sparsity: share of units on no path from input to output. "
        "gamma: degree exponent, flagged below. I(W): sparsity index of the weight matrix with absent links "
        f"as zeros, p = 0.5, q = 1; 0 if all entries are equal. {AUC}: chance that an existing link, scored "
        "as if it were absent, scores above an absent one. No value of it is random by itself: degrees alone "
        "put it below or above 0.5. It is read against same degrees, its mean in "
        f"{count(compared.replicates, 'random network')} with the same degrees as the layer; p is corrected "
        "as in the section on structure.",
    ]


def _verdict(rows: list[dict[str, object]], replicates: int) -> str:
    parts = []
    against = [r for r in rows if r["same degrees"] is not None]
    if span := _span(against, AUC):
        parts.append(
            f"CH3-L3 scores tell existing from absent links with AUC {span}; "
            f"{count(replicates, 'random network')} with the same degrees have "
            f"{_span(against, 'same degrees')} on average. {_judge(against)}"
        )
    if span := _span(rows, "I(W)"):
        parts.append(f"The weights' sparsity index I(W) is {span}.")
    return (
        " ".join(parts)
        or "The sparsity index of weights and the scores of links against networks of the same degrees are "
        "undefined here; the notes say why."
    )


def _judge(rows: list[dict[str, object]]) -> str:
    """Say in which layers the scores stand out, by their corrected p."""
    far = [
        f"{r['projection']} (corrected p = {float(str(r['p of AUC'])):.2g})"
        for r in rows
        if r["p of AUC"] is not None and float(str(r["p of AUC"])) < LEVEL
    ]
    if far:
        return f"{list_names(far)} {'stands' if len(far) == 1 else 'stand'} out."
    return "It does not stand out." if len(rows) == 1 else "No layer stands out."


def _span(rows: list[dict[str, object]], column: str) -> str:
    """Return the least and the largest value of a column with their projections, "" where none is defined."""
    found = [(float(str(r[column])), str(r["projection"])) for r in rows if r[column] is not None]
    if not found:
        return ""
    (low, first), (high, last) = min(found), max(found)
    if len(found) == 1:
        return f"{decimal(low)} ({first})"
    if decimal(low) == decimal(high):
        return f"{decimal(low)} in all {len(found)} projections where it is defined"
    return f"{decimal(low)} ({first}) to {decimal(high)} ({last})"


def _index(p: Projection) -> tuple[float | None, str]:
    if p.weights is None:
        return None, "I(W) is undefined, the links carry no weights"
    if not p.weights.nnz:
        return None, "I(W) is undefined, there is no link"
    return sparsity_index(p.weights), ""  # absent links are zeros of W


def _score_links(p: Projection, compared: Comparison) -> tuple[dict[str, object], list[str]]:
    """Return the AUC of CH scores with that of its null networks, and the reasons for what is absent."""
    known = compared.table[(compared.table["projection"] == p.name) & (compared.table["measure"] == AUC)]
    found: dict[str, object] = {AUC: None, "same degrees": None, "p of AUC": None}
    if why := _why_unscored(p, compared=len(known) == 1):
        return found, [why]
    value = float(known["value"].iloc[0]) if len(known) == 1 else ch_auc(p.links, CH_RULE)
    if math.isnan(value):
        return found, [f"{AUC} is undefined, all places have the same score"]
    found[AUC] = value
    if len(known) != 1:
        return found, [
            f"{AUC} stands alone: networks of the same degrees are drawn up to {MOST_LINKS:,} links"
        ]
    line = known.iloc[0]
    if not np.isfinite(line["z"]):
        return found, [f"{AUC} has no baseline, {line['note']}"]
    return found | {"same degrees": float(line["null_mean"]), "p of AUC": float(line["p_corrected"])}, []


def _why_unscored(p: Projection, *, compared: bool) -> str:
    rows, columns = p.shape
    if p.undirected or p.source == p.target:
        return f"{AUC} is computed for layers between two populations only"
    if not 0 < p.links.nnz < rows * columns:
        return f"{AUC} is undefined without both existing and absent links"
    if rows * columns > MOST_SCORED and not compared:
        return f"{AUC} is left out above {MOST_SCORED:,} places ({rows:,} x {columns:,})"
    return ""
