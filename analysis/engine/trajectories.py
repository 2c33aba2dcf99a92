"""Converted networks along T as an exhibit: accuracy against energy or T, Pareto fronts, what claims read.

record of a converted cell -> courses: accuracy, energies and rate at every T -> figure
                           -> table: row (model, conversion), column (what of which network)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.engine.conversion_points import TOLERANCE
from analysis.engine.conversions import Curves, count_parts, leave_out, list_labels, read_curves
from analysis.engine.drawing import SCALES
from analysis.engine.entries import read_blocks
from analysis.engine.exhibit import Tables
from analysis.engine.sheet import Sheet, sample_error
from analysis.engine.statistics import tidy
from analysis.engine.trajectory_figure import draw_courses
from netsci.measure.energy_readings import LINKED
from netsci.sweep import Cell, Record

ENERGIES = {  # column -> reading of the first layer, count
    "repeated, estimate": ("repeated", "estimate"),
    "repeated, exact": ("repeated", "exact"),
    "once, estimate": ("once", "estimate"),
    "once, exact": ("once", "exact"),
}
KEYS = ["model", "conversion", "network", "seed"]
Planned = Mapping[Cell, tuple[str, str, int]]  # converted cell -> model, network, seed


@dataclass(frozen=True)
class Trajectories:
    """Networks whose conversions are drawn along T.

    plan(scale, first_seed) : converted cells, with model, network and seed. panels : (model, conversion, x),
    x being a column of `ENERGIES` or "T". title_of : what x is called. fronts : by which columns of
    `ENERGIES` fronts are judged. conversions : labels that are drawn as one, by their name: those of methods
    whose T is a window. images : test images, for what a single seed leaves open. window : of the saturation
    rule whose time is marked on panels over T, 0 for none. linked : networks whose estimate is that of the
    inputs that have a link: masks of smaller ones.
    """

    plan: Callable[[str, int], Planned]
    panels: Sequence[tuple[str, str, str]]
    seconds: Callable[[Cell], float]
    fronts: Sequence[str] = ()
    conversions: Mapping[str, Sequence[str]] | None = None
    images: int = 10_000
    window: int = 0
    linked: frozenset[str] = frozenset()

    def describe(self, scale: str, first_seed: int) -> dict[str, Any]:
        """Return its exhibit, but for what the literal says."""
        plan = self.plan(scale, first_seed)
        smoke = scale == "smoke"
        return {
            "cells": tuple(plan),
            "tabulate": partial(tabulate, self, plan),
            "draw": partial(draw, self, scale),
            "sheet": partial(make_sheet, self),
            "summarise": summarise,
            "version": 1,
            "scale": scale,
            **({} if smoke else {"needs": "NETSCI_DATA", "seconds": self.seconds}),
        }

    def names_of(self, record: Record) -> dict[str, list[str]]:
        """Return the labels in a record by the name of the conversion that they are drawn as."""
        known = list_labels(record)
        found = {one: [one] for one in known} if self.conversions is None else self.conversions
        return {name: [one for one in labels if one in known] for name, labels in found.items()}


def tabulate(of: Trajectories, plan: Planned, records: Mapping[Cell, Record]) -> Tables:
    """Return "table", what claims read, and "courses", a row for every T of every conversion and seed."""
    known = {cell: records[cell] for cell in plan if cell in records}  # some long runs are not finished
    courses = _join(of, plan, known)
    columns = ["row", "column", "seed", "measure", "value", "unit"]
    tables = {"table": pd.DataFrame(_values(of, plan, courses), columns=columns), "courses": courses}
    parts = {count_parts(record) for record in known.values()}
    several = parts.pop() if len(parts) == 1 else 0
    blocks = [
        {name: row[name] for name in ("row", "column", "seed", "value")} | {"block": block}
        for block in range(several)
        for row in _values(
            of, plan, _join(of, plan, {cell: leave_out(one, block) for cell, one in known.items()})
        )
    ]
    return tables | ({"blocks": pd.DataFrame(blocks)} if blocks else {})


def _join(of: Trajectories, plan: Planned, records: Mapping[Cell, Record]) -> pd.DataFrame:
    """Return the courses of all conversions in the records."""
    courses = []
    for cell, record in records.items():
        model, network, seed = plan[cell]
        for name, labels in of.names_of(record).items():
            known = [curves for label in labels if (curves := read_curves(record, label)) is not None]
            courses += [
                course(curves, linked=network in of.linked).assign(
                    model=model, conversion=name, network=network, seed=seed
                )
                for curves in known
            ]
    names = [*KEYS, "T", "accuracy", "ann accuracy", "own ANN", *ENERGIES]
    return pd.concat(courses, ignore_index=True)[names] if courses else pd.DataFrame(columns=names)


def _values(of: Trajectories, plan: Planned, courses: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what claims read, a row for each value and seed."""
    return [row for parts in (_ends(courses), _fronts(of, plan, courses)) for row in parts]


def course(curves: Curves, *, linked: bool = False) -> pd.DataFrame:
    """Return T, accuracy in percent, and energies of an image in microjoule of a conversion, a row a T.

    linked : whether the estimate is that of the inputs that have a link.
    """
    columns: dict[str, Any] = {"T": curves.steps, "accuracy": 100.0 * curves.accuracy}
    columns["ann accuracy"] = 100.0 * curves.ann_accuracy
    columns["own ANN"] = 1e-6 * curves.own_ann_pj()
    for name, (reading, count) in ENERGIES.items():
        own = LINKED if linked and count == "estimate" else count
        columns[name] = 1e-6 * curves.energy_pj(reading, own)
    return pd.DataFrame(columns)


def _ends(courses: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the highest accuracy of each network and conversion over T, and that of its ANN."""
    rows = []
    for key, of in courses.groupby(KEYS, sort=False):
        model, conversion, network, seed = key
        line = {"row": f"{model}, {conversion}", "seed": seed}
        for name, column in (("highest accuracy", "accuracy"), ("ANN", "ann accuracy")):
            measured = {"value": (float(of[column].max()), "percent")}
            rows += tidy(line | {"column": f"{name}, {network}"}, measured)
    return rows


def _fronts(of: Trajectories, plan: Planned, courses: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the share of the front, by energy, that each network holds, where all rivals are there.

    Rivals are the networks that all seeds of a model have in the plan, as far as a conversion has them.
    """
    rows = []
    rivals = _find_rivals(plan)
    there = courses.groupby(["model", "conversion"])["network"].unique().map(set)
    for key, joined in courses.groupby(["model", "conversion", "seed"], sort=False):
        model, conversion, seed = key
        compared = joined[joined["network"].isin(rivals[model])]
        networks = list(dict.fromkeys(compared["network"]))
        if len(networks) < max(2, len(rivals[model] & there[model, conversion])):
            continue
        for energy in of.fronts:
            best = find_front(compared[energy].to_numpy(float), compared["accuracy"].to_numpy(float))
            held = compared["network"][best]
            for network in networks:
                share = 100.0 * float((held == network).mean())
                line = {"row": f"{model}, {conversion}", "seed": seed}
                column = f"front held by {network}, {energy}"
                rows += tidy(line | {"column": column}, {"value": (share, "percent")})
    return rows


def _find_rivals(plan: Planned) -> dict[str, set[str]]:
    """Return the networks of each model that all of its seeds have in the plan."""
    seeds: dict[str, dict[str, set[int]]] = {}
    for model, network, seed in plan.values():
        seeds.setdefault(model, {}).setdefault(network, set()).add(seed)
    return {
        model: {name for name, own in of.items() if own == set().union(*of.values())}
        for model, of in seeds.items()
    }


def find_front(energy: NDArray[np.float64], accuracy: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which points no other one beats: none is as cheap and more accurate, or as accurate and cheaper.

    Examples
    --------
    >>> find_front(np.array([1.0, 2.0, 3.0]), np.array([50.0, 40.0, 60.0])).tolist()
    [True, False, True]
    """
    cheaper = energy[None, :] <= energy[:, None]
    better = accuracy[None, :] >= accuracy[:, None]
    strictly = (energy[None, :] < energy[:, None]) | (accuracy[None, :] > accuracy[:, None])
    return np.asarray(~(cheaper & better & strictly).any(axis=1))


def make_sheet(of: Trajectories, tables: Tables) -> Sheet:
    """Return rows (model, conversion) and columns (what of which network)."""
    values = tables["table"]
    keys = list(zip(values["row"], values["column"], strict=True))
    units = dict(zip(keys, values["unit"], strict=True))
    error = sample_error(lambda row: of.images)

    def spread(keys: Sequence[tuple[str, str]], means: Sequence[float]) -> float:
        return np.nan if any(column.startswith("front") for _, column in keys) else error(keys, means)

    shown = values[["row", "column", "seed", "value"]]
    left_out = {key: of for key, of in read_blocks(tables).items() if not key[1].startswith("front")}
    return Sheet(shown, {}, units, spread, left_out=left_out)


def summarise(tables: Tables) -> pd.DataFrame:
    """Return means over seeds with intervals, a row a network and T."""
    courses = tables["courses"]
    if courses.empty:
        return courses
    keys = [*KEYS[:3], "T"]
    return courses.groupby(keys, sort=False, as_index=False).mean().drop(columns="seed")


def draw(of: Trajectories, scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracy along x, the mean over seeds with a band, a panel a model and conversion."""
    title = SCALES["smoke"] if scale == "smoke" else ""
    how: dict[str, Any] = {"window": of.window, "tolerance": TOLERANCE, "title": title, "backend": backend}
    return draw_courses(tables["courses"], of.panels, **how)
