"""The exhibit of the controls: a row each, with both verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.sheet import Sheet
from analysis.s2.lag_cells import COUNT, P, cell, estimate, make_sheet, tabulate, write_p, write_steps
from analysis.s2.lag_controls import CHANCE_ALONE, SAME, compare_controls, measure_floors
from analysis.s2.lag_drawing import draw_controls
from analysis.s2.lag_figure import GRID_PAIRS, find_turned, share
from analysis.s2.lag_grid import Place
from analysis.s2.lag_networks import make_pairs, read_members
from analysis.s2.lag_plan import plan_conversions
from analysis.s2.lag_rows import FIRST, LATER, LONGER, NOTHING, OPEN, SHORTER
from netsci.sweep import Cell, Record

COLUMNS = (
    "dense",
    "sparse",
    "sparse less dense",
    "pairs (settings)",
    "p by pair",
    "p rank sums",
    "sparse longer",
    "settles first",
)
WORDS = {
    **{LONGER: "holds", SHORTER: "no, shorter", OPEN: "undecided", NOTHING: "no pair"},
    **{FIRST: "rate", LATER: "accuracy"},
}
NULL = {CHANCE_ALONE: "a null", SAME: "by construction"}


def make_tables(
    plan: Mapping[Cell, Place], seed: int, records: Mapping[Cell, Record], *, bootstrap: int = 2000
) -> Tables:
    """Return "table" (what claims speak of), "controls" (a row each) and "floor"; empty without a pair."""
    members = read_members(plan, records)
    controls = compare_controls(members, seed, bootstrap=bootstrap)
    _, counts = make_pairs(members)
    floors = measure_floors(members)
    rows: list[dict[str, Any]] = [cell("all", name, number, COUNT, number) for name, number in counts.items()]
    for line in controls.to_dict("records"):
        name = str(line["name"])
        rows += [estimate(name, "sparse less dense", line, "difference")]
        rows += [estimate(name, f"mean lag, {kind}", line, kind) for kind in ("dense", "sparse")]
        rows.append(cell(name, "p, one-sided", line["p_longer"], P, line["pairs"]))
        rows.append(cell(name, "p, two-sided", line["p_differ"], P, line["pairs"]))
        rows.append(cell(name, "pairs", line["pairs"], COUNT, line["pairs"]))
    for what, (column, wanted) in GRID_PAIRS.items():
        turned, number, holds = find_turned(controls, column, wanted)
        agree = len(turned) if not holds else number - len(turned)
        rows.append(cell("controls", f"{what} holds", agree, COUNT, number))
        rows.append(cell("controls", "number", number, COUNT, number))
    for floor in floors.itertuples():
        where = f"{floor.connectivity}, {floor.curve}"
        rows.append(cell(where, "share at the earliest time", 100 * floor.share, "percent", floor.n))
    table = tabulate(rows).drop_duplicates(["row", "column"], ignore_index=True)
    return {"table": table, "controls": controls, "floor": floors}


def sheet(tables: Tables) -> Sheet:
    """Return the controls as rows."""
    return make_sheet(tables["table"])


def arrange(tables: Tables) -> tuple[Pivot, Missing]:
    """Return the controls as people read them."""
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    for line in tables["controls"].to_dict("records"):
        null = bool(line["null"])
        texts = (
            f"{line['dense']:+.1f}",
            f"{line['sparse']:+.1f}",
            write_steps(line["difference"], line["difference_low"], line["difference_high"]),
            f"{line['pairs']:,} ({line['settings']})",
            write_p(line["p_longer"]),
            write_p(line["p_differ"]),
            NULL[str(line["kind"])] if null else WORDS[str(line["verdict"])],
            "" if null else WORDS[str(line["order"])],
        )
        rows.append((f"{line['heading']}|{line['name']}", tuple(PivotCell(ours=text) for text in texts)))
    shares = tables["floor"].set_index(["connectivity", "curve"])["share"]
    for curve in ("accuracy", "rate") if len(tables["controls"]) else ():
        said = [f"{100 * shares[kind, curve]:.0f} %" for kind in ("dense", "sparse")]
        said += [""] * (len(COLUMNS) - len(said))
        cells = tuple(PivotCell(ours=text) for text in said)
        rows.append((f"Share of networks that settle at the earliest step, 11|{curve}", cells))
    unit = (
        "Mean lags in steps; in brackets 95 % intervals that resample settings, each with all networks that "
        "were converted from its trained ones. The verdict is that of the interval. p-values, one-sided by "
        "pair and two-sided of rank sums, take every spiking network as independent, as S2 does. A null "
        "shows what chance or arithmetic does alone. By construction: lags are those of the setting of S2, "
        "of shuffled pairs in their means; such rows decide nothing."
    )
    return Pivot(COLUMNS, tuple(rows), unit), ()


def describe(scale: str, first_seed: int) -> dict[str, Any]:
    """Return the exhibit of the controls, but for what the literal says."""
    plan = plan_conversions(scale, first_seed)
    return share(scale) | {
        "cells": tuple(plan),
        "tabulate": partial(make_tables, plan, first_seed),
        "draw": partial(draw_controls, scale),
        "sheet": sheet,
        "pivot": arrange,
        "summarise": lambda tables: pd.DataFrame(tables["controls"]),
    }
