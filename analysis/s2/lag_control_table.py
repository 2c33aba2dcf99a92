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
from analysis.s2.lag_controls import CHANCE_ALONE, MATCHED, OTHER, SAME, compare_controls, measure_floors
from analysis.s2.lag_drawing import draw_controls
from analysis.s2.lag_figure import KINDS, count_turns, share
from analysis.s2.lag_grid import Place
from analysis.s2.lag_matching import ALL, measure_matching, say_matching
from analysis.s2.lag_networks import make_pairs, read_members
from analysis.s2.lag_plan import plan_conversions
from analysis.s2.lag_rows import FIRST, LATER, LONGER, NOTHING, OPEN, PARTLY, SHORTER
from netsci.sweep import Cell, Record

COLUMNS = (
    "dense",
    "sparse",
    "sparse less dense",
    "pairs (settings)",
    "p by setting",
    "p by pair",
    "p rank sums",
    "sparse longer",
    "settles first",
)
WORDS = {
    **{LONGER: "holds", SHORTER: "no, shorter", OPEN: "undecided", NOTHING: "no pair"},
    **{FIRST: "rate", LATER: "accuracy", PARTLY: "accuracy in one"},
}
NULL = {CHANCE_ALONE: "a null", SAME: "by construction", OTHER: "another quantity"}


def make_tables(
    plan: Mapping[Cell, Place], seed: int, records: Mapping[Cell, Record], *, bootstrap: int = 2000
) -> Tables:
    """Return "table" (what claims speak of), "controls" (a row each), "floor" and "matching"."""
    members = read_members(plan, records)
    controls = compare_controls(members, seed, bootstrap=bootstrap)
    _, counts = make_pairs(members)
    floors = measure_floors(members)
    rows: list[dict[str, Any]] = [cell("all", name, number, COUNT, number) for name, number in counts.items()]
    for line in controls.to_dict("records"):
        name = str(line["name"])
        rows += [estimate(name, "sparse less dense", line, "difference")]
        rows += [estimate(name, f"mean lag, {kind}", line, kind) for kind in KINDS]
        rows += [cell(name, f"never settled, {k}", line[f"never_{k}"], COUNT, line["pairs"]) for k in KINDS]
        rows.append(cell(name, "p, settings swapped", line["p_settings"], P, line["settings"]))
        rows.append(cell(name, "p, one-sided", line["p_longer"], P, line["pairs"]))
        rows.append(cell(name, "p, two-sided", line["p_differ"], P, line["pairs"]))
        rows.append(cell(name, "pairs", line["pairs"], COUNT, line["pairs"]))
    rows += count_turns(controls) if len(controls) else []
    matching = measure_matching(members)
    for line in matching[matching["data"] == ALL].to_dict("records"):
        before = line["pairs_before"]  # none of them may be left
        rows.append(cell(MATCHED, "matched pairs", line["pairs"], COUNT, before))
        rows += [cell(MATCHED, f"{kind} ANNs", line[kind], COUNT, before) for kind in KINDS]
        for name in ("gap_before", "gap"):
            rows.append(cell(MATCHED, name.replace("_", " "), line[name], "points", before))
    for floor in floors.itertuples():
        where = f"{floor.connectivity}, {floor.curve}"
        rows.append(cell(where, "share at the earliest time", 100 * floor.share, "percent", floor.n))
    table = tabulate(rows).drop_duplicates(["row", "column"], ignore_index=True)
    return {"table": table, "controls": controls, "floor": floors, "matching": matching}


def sheet(tables: Tables) -> Sheet:
    """Return the controls as rows."""
    return make_sheet(tables["table"])


def arrange(tables: Tables) -> tuple[Pivot, Missing]:
    """Return the controls as people read them."""
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    for line in tables["controls"].to_dict("records"):
        null = bool(line["null"])
        texts = (
            *(write_steps(line[kind]) for kind in KINDS),
            write_steps(line["difference"], line["difference_low"], line["difference_high"]),
            f"{line['pairs']:,} ({line['settings']})",
            *(write_p(line[name]) for name in ("p_settings", "p_longer", "p_differ")),
            NULL[str(line["kind"])] if null else WORDS[str(line["verdict"])],
            "" if null else WORDS[str(line["order"])],
        )
        rows.append((f"{line['heading']}|{line['name']}", tuple(PivotCell(ours=text) for text in texts)))
    shares = tables["floor"].set_index(["connectivity", "curve"])["share"]
    for curve in ("accuracy", "rate") if len(tables["controls"]) else ():
        said = [f"{100 * shares[kind, curve]:.0f} %" for kind in KINDS]
        rows.append((f"Share of networks that settle at the earliest step, 11|{curve}", _fill(said)))
    for line in tables["controls"].head(1).to_dict("records"):
        said = [f"{line[f'never_{kind}']:.0f}" for kind in KINDS]
        rows.append(("Number of networks that never settle|accuracy or rate", _fill(said)))
    return Pivot(COLUMNS, tuple(rows), f"{UNIT} {say_matching(tables['matching'])}".strip()), ()


def _fill(texts: list[str]) -> tuple[PivotCell, ...]:
    """Return the first cells of a row, and empty ones after them."""
    return tuple(PivotCell(ours=text) for text in (*texts, *[""] * (len(COLUMNS) - len(texts))))


UNIT = (
    "Mean lags in steps; in brackets 95 % intervals that resample settings (data, rate, batch), each with "
    "all networks that were converted from its trained ones. The verdict is that of the interval. p by "
    "setting, two-sided, swaps dense and sparse of whole settings; p-values by pair, one-sided, and of rank "
    "sums, two-sided, take every spiking network as independent, as S2 does. A null deals dense and sparse, "
    "or both times, at random, often: its brackets hold 95 % of all draws. By "
    "construction: lags are those of the setting of S2, of shuffled settings in their means. Another "
    "quantity: what the noise of the accuracy or the longer window adds to the lag; and the measured "
    "accuracy against layers that are silent up to their onset and constant after it, so the accuracy's "
    "times are real and only the rate is made. Rows of the three kinds decide nothing."
)


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
