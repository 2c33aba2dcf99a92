"""S2 Figure 3 from real runs: saturation times of accuracy and firing rate, their lags, and S2's tests.

records -> pairs -> "table" (what claims speak of), "networks" (a row each), "density", "controls"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.exhibit import Missing, Tables
from analysis.engine.implied import read_values
from analysis.engine.page import Pivot, PivotCell
from analysis.engine.sheet import Key, Sheet
from analysis.s2.lag_cells import (
    COUNT,
    P,
    cell,
    estimate,
    make_sheet,
    tabulate,
    write_p,
    write_steps,
)
from analysis.s2.lag_controls import PRINTED, compare_controls
from analysis.s2.lag_drawing import draw_figure
from analysis.s2.lag_grid import GRID, VGG_NET, Place
from analysis.s2.lag_networks import Member, Rule, drop_repeats, find_times, make_pairs, read_members
from analysis.s2.lag_plan import plan_conversions, seconds
from analysis.s2.lag_rows import LONGER
from analysis.s2.lag_turns import CLAIMS, find_turns
from netsci.measure import lag_density
from netsci.sweep import Cell, Record

KINDS = ("dense", "sparse")
BOTH, AGAINST = "sparse minus dense", "sparse against dense"
HEADINGS = ("Data", "Method")  # of controls that are parts of the pairs
NO_LONGER = "; no lag is longer"


def make_tables(
    plan: Mapping[Cell, Place], seed: int, records: Mapping[Cell, Record], *, bootstrap: int = 2000
) -> Tables:
    """Return the tables of the figure; without a pair they are empty."""
    members = read_members(plan, records)
    pairs, counts = make_pairs(members)
    vgg, more = make_pairs(members, kind=VGG_NET)
    times = find_times(pairs, members, Rule())
    controls = compare_controls(members, seed, bootstrap=bootstrap)
    rows = list(_cells(controls, counts)) if len(controls) and controls["name"].iloc[0] == PRINTED else []
    rows += [cell(VGG_NET, name, number, COUNT, number) for name, number in more.items() if rows and len(vgg)]
    every = pd.concat([times, find_times(vgg, members, Rule())], ignore_index=True) if len(vgg) else times
    return {
        "table": tabulate(rows),
        "networks": list_networks(members, every),
        "density": lag_density(drop_repeats(times)),
        "controls": controls,
    }


def _cells(controls: pd.DataFrame, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return what the claims and the table show of the setting of S2, and of each data set."""
    base = controls.iloc[0].to_dict()
    rows = [cell("all", name, number, COUNT, number) for name, number in counts.items()]
    rows.append(cell("all", "pairs with both times", base["pairs"], COUNT, base["pairs"]))
    never = {kind: base[f"never_{kind}"] for kind in KINDS}
    rows += [cell(kind, "never settled", number, COUNT, number) for kind, number in never.items()]
    n = {"dense": base["n_dense"], "sparse": base["n_sparse"], "all": base["n_dense"] + base["n_sparse"]}
    for kind in KINDS:
        rows.append(estimate(kind, "mean lag", base, kind))
        rows.append(cell(kind, "mean of positive lags", base[f"positive_{kind}"], "steps", n[kind]))
    settings = base["settings"]
    for kind, number in n.items():
        rows.append(cell(kind, "p", base[f"p_{kind}"], P, settings))
        rows.append(cell(kind, "networks", number, COUNT, number))
    names = {"lag": "difference", "accuracy later": "accuracy_later", "rate later": "rate_later"}
    rows += [estimate(BOTH, column, base, name) for column, name in names.items()]
    ends = (-base["rate_later_high"], -base["rate_later_low"])
    rows.append(cell(BOTH, "rate earlier", -base["rate_later"], "steps", settings, ends))
    rows.append(cell(BOTH, "p", base["p_longer"], P, settings))
    rows.append(cell(BOTH, "p, settings swapped", base["p_settings"], P, settings))
    rows.append(estimate(AGAINST, "rank-biserial, positive lags", base, "effect_positive", "1"))
    rows.append(estimate(AGAINST, "rank-biserial, all lags", base, "effect", "1"))
    rows.append(cell(AGAINST, "p, positive lags", base["p_differ_positive"], P, settings))
    rows.append(cell(AGAINST, "p, all lags", base["p_differ"], P, settings))
    for part in controls[controls["heading"].isin(HEADINGS) | (controls["name"] == VGG_NET)].to_dict(
        "records"
    ):
        rows += [estimate(str(part["name"]), f"mean lag, {kind}", part, kind) for kind in KINDS]
        rows.append(estimate(str(part["name"]), "lag", part, "difference"))
    rows += count_turns(controls)
    return list({(row["row"], row["column"]): row for row in reversed(rows)}.values())[::-1]


def count_turns(controls: pd.DataFrame) -> list[dict[str, Any]]:
    """Return how many controls show each claim, its opposite, or neither."""
    rows = []
    for name in CLAIMS:
        turns = find_turns(controls, name)
        said = {"shown": turns.shown, "opposite": turns.opposite, "undecided": turns.undecided}
        rows += [
            cell("controls", f"{name}, {what}", len(names), COUNT, turns.number)
            for what, names in said.items()
        ]
        rows.append(cell("controls", "number", turns.number, COUNT, turns.number))
    return rows


def list_networks(members: Sequence[Member], times: pd.DataFrame) -> pd.DataFrame:
    """Return every spiking network of the grid with its accuracies and times, also those without a pair."""
    first = times.drop_duplicates("member").set_index("member") if len(times) else pd.DataFrame()
    rows = []
    for number, one in enumerate(members):
        if one.place.purpose != GRID:
            continue
        p, k = one.place, one.curves
        line: dict[str, Any] = {
            "network": p.kind,
            "data": p.data,
            "links": p.links,
            "rate_of_learning": p.rate,
            "batch": p.batch,
            "method": one.method,
            "ann_accuracy": np.nan if k is None else 100 * k.ann_accuracy,
            "accuracy": np.nan if k is None else 100 * float(k.accuracy[-1]),
            "pair": "at chance" if one.at_chance else "yes" if number in first.index else "no partner",
        }
        for name in ("accuracy_time", "rate_time"):
            line[name] = float(first.loc[number, name]) if number in first.index else np.nan
        rows.append({**line, "lag": line["accuracy_time"] - line["rate_time"]})
    names = ["network", "data", "links", "rate_of_learning", "batch", "method", "ann_accuracy", "accuracy"]
    return pd.DataFrame(rows, columns=None if rows else [*names, "pair", "accuracy_time", "rate_time", "lag"])


def read_printed() -> dict[Key, float]:
    """Return S2's p-values by the rows and columns of our table."""
    text = read_values("s2.text")
    found: dict[Key, float] = {
        (kind, "p"): text["3.3", f"wilcoxon_p_{kind}"] for kind in ("dense", "sparse", "all")
    }
    found[AGAINST, "p, positive lags"] = text["3.3", "mannwhitney_p"]
    return found


def sheet(tables: Tables) -> Sheet:
    """Return what claims speak of; they say under which controls they turn."""
    controls = tables["controls"]
    turned, first = (str(find_turns(controls, name)) for name in ("longer", "rate first"))
    remarks: dict[Key, str] = {(kind, "mean lag"): first for kind in KINDS}
    remarks |= {(BOTH, "lag"): turned, (AGAINST, "p, positive lags"): turned}
    if len(controls) and controls["verdict"].iloc[0] != LONGER:
        remarks[BOTH, "rate earlier"] = NO_LONGER
    return make_sheet(tables["table"], read_printed(), remarks)


WILCOXON = "Accuracy after the rate? Signed ranks, one-sided"
LONGER_LAGS = "Sparse lags longer?"
PARTS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (WILCOXON, tuple((name, name, "p") for name in ("dense", "sparse", "all"))),
    (
        LONGER_LAGS,
        (
            ("positive lags, rank sums, two-sided (S2)", AGAINST, "p, positive lags"),
            ("all lags, rank sums, two-sided", AGAINST, "p, all lags"),
            ("by pair, signed ranks, one-sided", BOTH, "p"),
            ("by setting, dense and sparse swapped, two-sided", BOTH, "p, settings swapped"),
        ),
    ),
)
COUNTED: dict[str, Key] = {  # how many networks or pairs a test is of
    **{kind: (kind, "networks") for kind in (*KINDS, "all")},
    AGAINST: ("all", "networks"),
    BOTH: ("all", "pairs with both times"),
}
SIZE: dict[Key, tuple[Key, ...]] = {  # what stands beside a p-value
    ("dense", "p"): (("dense", "mean lag"),),
    ("sparse", "p"): (("sparse", "mean lag"),),
    (AGAINST, "p, positive lags"): ((AGAINST, "rank-biserial, positive lags"),),
    (AGAINST, "p, all lags"): ((AGAINST, "rank-biserial, all lags"),),
    (BOTH, "p"): ((BOTH, "lag"),),
    (BOTH, "p, settings swapped"): ((BOTH, "lag"),),
}


def arrange(tables: Tables) -> tuple[Pivot, Missing]:
    """Return S2's p-values beside ours, with n and the size of what they test."""
    of = sheet(tables)
    rows: list[tuple[str, tuple[PivotCell, ...]]] = []
    for heading, parts in PARTS:
        for words, row, column in parts:
            key = (row, column)
            found = of.known.get(key)
            size = "; ".join(filter(None, (_say(of, one) for one in SIZE.get(key, ()))))
            cells = (
                PivotCell(
                    printed=write_p(of.printed.get(key, np.nan)),
                    ours=write_p(found.mean) if found else "",
                    reason="" if found else "no run is finished",
                ),
                PivotCell(ours=f"{of.known[COUNTED[row]].mean:.0f}" if found else ""),
                PivotCell(ours=size),
            )
            rows.append((f"{heading}|{words}", cells))
    unit = (
        "A p-value counts each spiking network as independent, as S2 does; the one by setting swaps dense "
        "and sparse of whole settings (data, rate, batch), which share trained networks. In brackets 95 % "
        "intervals that resample settings. Effects: mean lag in steps, or rank-biserial."
    )
    return Pivot(("p", "networks or pairs", "effect"), tuple(rows), unit), ()


def _say(of: Sheet, key: Key) -> str:
    """Return a value with its interval and what it is."""
    if key not in of.known:
        return ""
    found, unit = of.known[key], of.unit(key)
    digits, mark = (1, " steps") if unit == "steps" else (2, "")
    return write_steps(found.mean, found.low, found.high, digits) + mark


def describe(scale: str, first_seed: int) -> dict[str, Any]:
    """Return the exhibit of Figure 3, but for what the literal says."""
    plan = plan_conversions(scale, first_seed)
    return share(scale) | {
        "cells": tuple(plan),
        "tabulate": partial(make_tables, plan, first_seed),
        "draw": partial(draw_figure, scale),
        "sheet": sheet,
        "pivot": arrange,
        "summarise": lambda tables: tables["networks"],
    }


def share(scale: str) -> dict[str, Any]:
    """Return what all exhibits of the time lag share."""
    smoke = scale == "smoke"
    long: dict[str, Any] = {"needs": "NETSCI_DATA", "seconds": seconds}
    return {"scale": scale, "replicate": "setting", "version": 1, **({} if smoke else long)}
