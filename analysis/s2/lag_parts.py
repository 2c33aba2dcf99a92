"""What a difference in lag is made of, which layer settles when, and when answers stop changing.

lag difference = accuracy later in sparse - rate later in sparse
last layer's rate, MASFR, accuracy, unchanged answers -> the step at which each settles
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.conversions import Curves
from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.sheet import Sheet
from analysis.s2 import lag_networks as nets
from analysis.s2.lag_cells import cell, make_sheet, tabulate, write_p, write_steps
from analysis.s2.lag_drawing import draw_parts
from analysis.s2.lag_figure import share
from analysis.s2.lag_grid import SNM, VGG_NET, Place
from analysis.s2.lag_networks import Member, Rule, drop_repeats, find_times, make_pairs, read_members
from analysis.s2.lag_plan import plan_conversions
from analysis.s2.lag_rows import GROUP, PURPOSE
from netsci.measure import ann_intervals, compare_layers, running_means
from netsci.sweep import Cell, Record

ALL, LAST = "all layers", "last"
TERMS = {"lag difference": "lag", "accuracy later": "accuracy", "rate later": "rate"}
KINDS = ("dense", "sparse")
PERCEPTRON = 3  # layers with weights
Lines = Iterator[dict[str, Any]]
COLUMNS = ["heading", "row", "part", "measure", "unit", "value", "low", "high", "pairs", "settings", "p"]
DECOMPOSED, SETTLES, ANSWERS = "sparse less dense", "settles", "answers"
MEASURES = {
    DECOMPOSED: "sparse less dense: lag = accuracy - rate",
    SETTLES: "rate of a layer settles later than MASFR",
    ANSWERS: "answers settle later than the last layer's rate, MASFR, or the accuracy",
}


def make_tables(
    plan: Mapping[Cell, Place], seed: int, records: Mapping[Cell, Record], *, bootstrap: int = 2000
) -> Tables:
    """Return "table" (what claims speak of) and "parts" (a row each); empty without a pair."""
    members = read_members(plan, records)
    pairs, _ = make_pairs(members)
    vgg, _ = make_pairs(members, kind=VGG_NET)
    groups = [*_groups(pairs), *([(VGG_NET, vgg)] if len(vgg) else [])]
    lines = [
        *decompose(groups, members, seed, bootstrap),
        *measure_layers(pairs, members, seed, bootstrap),
        *measure_answers(pairs, members, seed, bootstrap),
    ]
    parts = pd.DataFrame(lines, columns=COLUMNS)
    rows = [
        cell(str(r["row"]), str(r["part"]), r["value"], "steps", r["settings"], (r["low"], r["high"]))
        for r in parts.to_dict("records")
    ]
    return {"table": tabulate(rows).drop_duplicates(["row", "column"], ignore_index=True), "parts": parts}


def _groups(pairs: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield all pairs of perceptrons, then those of each data set and of each method."""
    if len(pairs):
        yield "all", pairs
        for (data, sparsity), rows in pairs.groupby(["data", "sparsity"], sort=False):
            yield f"{data}, {sparsity}", rows
        snm = nets.is_snm(pairs)
        for name, kept in ((SNM, snm), ("CS-QCFS", ~snm)):
            if kept.any():
                yield name, pairs[kept]


def _intervals(times: pd.DataFrame, seed: int, bootstrap: int) -> pd.DataFrame:
    found = ann_intervals(times, rng=np.random.default_rng([seed, PURPOSE]), bootstrap=bootstrap)
    return found.set_index(["group", "measure"])


def _line(what: tuple[str, str, str], found: Any, pairs: int, p: float = np.nan) -> dict[str, Any]:
    """Return a row. what : measure, row and part."""
    measure, row, part = what
    low, high = float(found["low"]), float(found["high"])
    if str(found["note"]).startswith("no interval"):
        low = high = float(found["value"])
    values = (MEASURES[measure], row, part, MEASURES[measure], "steps", float(found["value"]), low, high)
    return dict(zip(COLUMNS, (*values, pairs, int(found["anns"]), p), strict=True))


def decompose(
    groups: Sequence[tuple[str, pd.DataFrame]], members: Sequence[Member], seed: int, bootstrap: int
) -> Lines:
    """Yield the difference of the lag and its two parts, of each group of pairs."""
    for name, pairs in groups:
        rows = find_times(pairs, members, Rule())
        found = _intervals(rows, seed, bootstrap)
        for measure, part in TERMS.items():
            line = found.loc[(GROUP, measure)]
            yield _line((DECOMPOSED, name, part), line, int(line["n"]))


def read_layer(layer: int, curves: Curves) -> nets.Floats:
    """Return the running mean of a layer's firing rate (LASFR); layer counts those with neurons, from 0."""
    rates = curves.rates[curves.units > 0]
    return np.asarray(running_means(rates[layer]))


def name_layers(method: str) -> tuple[str, ...]:
    """Return the layers that have neurons: the read-out of CS-QCFS has none."""
    hidden = ("hidden 1", "hidden 2")
    return (*hidden, "output") if method == SNM else hidden


def _by_method(pairs: pd.DataFrame, members: Sequence[Member]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield a method and its pairs of networks of two hidden layers, whose layers have names."""
    curves = [members[n].curves for n in pairs["member"]]
    pairs = pairs[[one is not None and len(one.units) == PERCEPTRON for one in curves]]
    if pairs.empty:
        return
    snm = nets.is_snm(pairs)
    for name, kept in ((SNM, snm), ("CS-QCFS", ~snm)):
        rows = drop_repeats(pairs[kept])
        if not rows.empty:
            yield name, rows


def measure_layers(pairs: pd.DataFrame, members: Sequence[Member], seed: int, bootstrap: int) -> Lines:
    """Yield by how many steps the rate of each layer settles after MASFR, by method and kind."""
    for name, rows in _by_method(pairs, members):
        whole = find_times(rows, members, Rule())
        layers = name_layers(SNM if name == SNM else "")
        for number, layer in enumerate(layers):
            own = find_times(rows, members, Rule(rate=partial(read_layer, number)))
            both = whole.assign(accuracy_time=own["rate_time"], rate_time=whole["rate_time"])
            found = _intervals(both, seed, bootstrap)
            by_layer = pd.concat([whole.assign(layer=ALL), own.assign(layer=layer)], ignore_index=True)
            tested = compare_layers(by_layer, ALL, layer).set_index("group")["p_value"]
            last = f" ({LAST})" if number == len(layers) - 1 else ""
            for kind in KINDS:
                line = found.loc[(kind, "mean lag")]
                row = f"{name}, {layer}{last}"
                yield _line((SETTLES, row, kind), line, int(line["n"]), float(tested[kind]))


def measure_answers(pairs: pd.DataFrame, members: Sequence[Member], seed: int, bootstrap: int) -> Lines:
    """Yield how much later than last layer, MASFR and accuracy the share of unchanged answers settles."""
    for name, rows in _by_method(pairs, members):
        last = len(name_layers(SNM if name == SNM else "")) - 1
        unchanged = find_times(rows, members, Rule(accuracy=nets.read_unchanged))
        others = {
            "last layer": Rule(rate=partial(read_layer, last)),
            "MASFR": Rule(),
            "accuracy": Rule(rate=nets.read_accuracy),
        }
        for other, rule in others.items():
            times = find_times(rows, members, rule)["rate_time"]
            found = _intervals(unchanged.assign(rate_time=times), seed, bootstrap)
            for kind in KINDS:
                line = found.loc[(kind, "mean lag")]
                yield _line((ANSWERS, f"{name}, after {other}", kind), line, int(line["n"]))


def sheet(tables: Tables) -> Sheet:
    """Return rows and parts."""
    return make_sheet(tables["table"])


def arrange(tables: Tables) -> tuple[Pivot, Missing]:
    """Return the parts as people read them."""
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    for line in tables["parts"].to_dict("records"):
        said = write_steps(line["value"], line["low"], line["high"], 2)
        texts = (str(line["part"]), said, str(line["pairs"]), write_p(line["p"]))
        rows.append((f"{line['heading']}|{line['row']}", tuple(PivotCell(ours=text) for text in texts)))
    unit = (
        "In steps; in brackets 95 % intervals that resample settings. p: Wilcoxon's signed ranks, one-sided, "
        "that the layer settles later."
    )
    return Pivot(("what", "steps", "pairs or networks", "p"), tuple(rows), unit), ()


def describe(scale: str, first_seed: int) -> dict[str, Any]:
    """Return the exhibit, but for what the literal says."""
    plan = plan_conversions(scale, first_seed)
    return share(scale) | {
        "cells": tuple(plan),
        "tabulate": partial(make_tables, plan, first_seed),
        "draw": partial(draw_parts, scale),
        "sheet": sheet,
        "pivot": arrange,
        "summarise": lambda tables: tables["parts"],
    }
