"""Crosses: tables of accuracies by two choices, every cell a recipe, seeds as they come.

rows x columns -> recipe -> record -> accuracy after the last epoch, and the course of every epoch
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from analysis.engine.claims import Claim, Order
from analysis.engine.cross_table import Planned, estimate_cells, pivot, read_accuracies, rise
from analysis.engine.drawing import SCALES
from analysis.engine.entries import NO_GPU, UNFINISHED
from analysis.engine.exhibit import Missing, Tables
from analysis.engine.page import Pivot
from analysis.engine.pruned import LAST, Pruning, pruned_cell
from analysis.engine.sheet import Sheet, sample_error
from analysis.engine.statistics import tidy
from analysis.engine.table import SMOKE as ON_DIGITS
from analysis.engine.training import cell
from netsci import plot
from netsci.sweep import Cell, Record
from netsci.train.cells import read_epoch
from netsci.train.recipe import Recipe

Changes = Mapping[str, Any]
Key = tuple[str, str]
Shrink = Callable[[Recipe, Changes], tuple[Recipe, dict[str, Any]]]
SHOWN_AT_SMOKE = (2, 1)  # rows and columns at the smoke scale
PRUNED_AT_SMOKE = 2  # rows that are pruned
DENSE = "dense"  # the row whose networks are pruned
AXES = {"lr": "learning rate", "density": "share of links"}  # what a field of the recipe is called on an axis


@dataclass(frozen=True)
class Cross:
    """A table of accuracies: rows by columns, each with what it changes in a recipe.

    names : what rows and columns vary. base : the recipe that they change. A change `dense=True` drops
    all changes of the topology. chosen : further changes of a cell, by (row, column). left_out : cells
    that are not run. seeds : their number, fewer for rows, columns or cells in `seeds_of`. tested_on :
    images that an accuracy is of. x : the field of the recipe that columns vary, where it is a number;
    `values` are its values by column where they are not those of a field. panels : the panel of each
    column, where there are several. used : cells that other exhibits take as the best of their row, in
    their panel. courses : whether accuracy is drawn over epochs and over processor time, drawn : of these
    cells, if any are named. networks : rows whose networks stay beside their records, with the number of
    epochs between two of them, 0 for the last alone. pruned : more rows, networks of the row "dense" that
    are pruned. printed : the paper's accuracies in percent. shrink : makes recipe and changes of a row
    small, for the smoke scale. full : the base at the paper's scale, where it is another. seconds : how
    long a run takes on one core, infinity if it needs a GPU.
    """

    names: tuple[str, str]
    rows: Mapping[str, Changes]
    columns: Mapping[str, Changes]
    base: Recipe
    shrink: Shrink
    seconds: Callable[[Cell], float]
    chosen: Mapping[Key, Changes] = field(default_factory=dict)
    left_out: frozenset[Key] = frozenset()
    seeds: int = 1
    seeds_of: Mapping[str | Key, int] = field(default_factory=dict)
    tested_on: int = 10_000
    x: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    panels: Mapping[str, str] = field(default_factory=dict)
    used: tuple[Key, ...] = ()
    courses: bool = False
    drawn: frozenset[Key] = frozenset()
    networks: Mapping[str, int] = field(default_factory=dict)
    pruned: Mapping[str, Pruning] = field(default_factory=dict)
    printed: Mapping[Key, float] = field(default_factory=dict)
    full: Recipe | None = None

    def claims(self) -> tuple[Claim, ...]:
        """Return that each cell that is used is the best of its row, in its panel."""
        found: list[Claim] = []
        for row, column in self.used:
            panel = self.panels.get(column, "")
            others = [c for c in self.columns if self.panels.get(c, "") == panel and c != column]
            where = f", {panel}" if panel else ""
            words = f"The choice for {row}{where} is the best of its row"
            pairs = tuple(((row, column), (row, other)) for other in others)
            found.append(Order(words=words, place="our choice", main=not found, pairs=pairs))
        return tuple(found)

    def recipes(self, scale: str, seed: int) -> dict[Key, Recipe]:
        """Return the recipe of each cell, with this seed."""
        rows, columns = SHOWN_AT_SMOKE if scale == "smoke" else (None, None)
        keys = [(r, c) for r in list(self.rows)[:rows] for c in list(self.columns)[:columns]]
        return {key: self._recipe(key, scale, seed) for key in keys if key not in self.left_out}

    def plan(self, scale: str, first_seed: int) -> dict[Cell, list[tuple[Key, int]]]:
        """Return where each cell stands in the table: [((row, column), seed)]."""
        found: dict[Cell, list[tuple[Key, int]]] = {}
        for number in range(1 if scale == "smoke" else self.seeds):
            for key, one in self._cells(scale, first_seed + number).items():
                if number < min(self.seeds_of.get(name, self.seeds) for name in (*key, key)):
                    found.setdefault(one, []).append((key, first_seed + number))
        return found

    def _cells(self, scale: str, seed: int) -> dict[Key, Cell]:
        """Return the cells of one seed by row and column: those of recipes, then those that are pruned."""
        smoke = scale == "smoke"
        found: dict[Key, Cell] = {}
        for (row, column), recipe in self.recipes(scale, seed).items():
            networks = self.networks.get(row)
            # few epochs, and exhibits that share a run ask for the same of its networks
            found[row, column] = cell(recipe, networks=1 if smoke and networks else networks)
        for row, pruning in list(self.pruned.items())[: PRUNED_AT_SMOKE if smoke else None]:
            for column in self.columns:
                if (DENSE, column) in found and (row, column) not in self.left_out:
                    dense = found[DENSE, column]
                    known = scale == "desk" or pruning.after == LAST
                    found[row, column] = pruned_cell(
                        dense, pruning if known else self._stretch(pruning, dense)
                    )
        return found

    def _stretch(self, pruning: Pruning, dense: Cell) -> Pruning:
        """Return a pruning after as large a share of a dense run of another length, all epochs used."""
        every, epochs = dict(dense.aside)["networks"], dense["epochs"]
        after = round(pruning.after / self.base.optimisation.epochs * epochs / every) * every
        return replace(pruning, after=after, epochs=epochs - after)

    def describe(self, scale: str, first_seed: int) -> dict[str, Any]:
        """Return its exhibit, but for what the literal says."""
        smoke = {"deviations": ON_DIGITS}
        long = {"needs": "NETSCI_DATA", "seconds": self.seconds}
        return {
            "cells": tuple(self.plan(scale, first_seed)),
            "tabulate": partial(tabulate, self, self.plan(scale, first_seed)),
            "draw": partial(draw, self, scale),
            "sheet": partial(sheet, self),
            "pivot": partial(arrange, self, scale),
            "version": 3,
            "scale": scale,
            **({"claims": self.claims()} if self.used else {}),
            **(smoke if scale == "smoke" else long),
        }

    def _recipe(self, key: Key, scale: str, seed: int) -> Recipe:
        row, column = key
        changes = {**self.rows[row], **self.columns[column], **self.chosen.get(key, {})}
        recipe = self.full if self.full and scale == "paper" else self.base
        if scale == "smoke":
            recipe, changes = self.shrink(recipe, changes)
        if changes.get("dense", False):
            of_links = recipe.flat() if recipe.topology else {}
            of_task = recipe.replace(dense=True).flat()
            changes = {
                name: value for name, value in changes.items() if name in of_task or name not in of_links
            }
        return recipe.replace(**changes, seed=seed)


def tabulate(
    cross: Cross, plan: Mapping[Cell, list[tuple[Key, int]]], records: Mapping[Cell, Record]
) -> Tables:
    """Tabulate the accuracy after the last epoch and, for courses, after every epoch, with its time.

    "ends" holds how much the accuracy of each run at its end, and the standard error of an accuracy.
    """
    rows, courses, ends = [], [], []
    for one, places in plan.items():
        if one not in records:  # a long run that is not finished
            continue
        record = records[one]
        gain, error = rise(read_accuracies(record), cross.tested_on)
        for (row, column), seed in places:
            line = {cross.names[0]: row, cross.names[1]: column, "seed": seed}
            rows += tidy(line, {"accuracy": (100.0 * read_epoch(record, "accuracy"), "percent")})
            ends.append({**line, "rise": gain, "error": error})
            if cross.courses:
                courses.append(_course(record).assign(**line))
    order = {name: number for number, name in enumerate((*cross.rows, *cross.pruned))}
    names = [*cross.names, "seed", "measure", "value", "unit"]
    table = pd.DataFrame(rows, columns=None if rows else names)
    table = table.sort_values(cross.names[0], key=lambda of: of.map(order), kind="stable", ignore_index=True)
    last = pd.DataFrame(ends, columns=[*cross.names, "seed", "rise", "error"])
    more = {"courses": pd.concat(courses, ignore_index=True)} if courses else {}
    return {"table": table, "ends": last, **more}


def _course(record: Record) -> pd.DataFrame:
    """Return epoch, processor minutes since the start, and accuracy in percent."""
    measures, values, epochs = (record.arrays[f"table_{name}"] for name in ("measure", "value", "epoch"))
    tested = measures == "accuracy"
    of_epochs = dict(
        zip(epochs[measures == "processor seconds"], values[measures == "processor seconds"], strict=True)
    )
    spent = np.cumsum([of_epochs.get(epoch, 0.0) for epoch in epochs[tested]]) / 60.0
    return pd.DataFrame(
        {"epoch": epochs[tested], "processor minutes": spent, "accuracy": 100.0 * values[tested]}
    )


def sheet(cross: Cross, tables: Tables) -> Sheet:
    """Return rows and columns as the table has them.

    A run that diverged has no accuracy, and its cell decides no claim. But a choice that makes a network
    diverge is no good one, and counts as one without a right answer.
    """
    rows, columns = cross.names
    values = tables["table"].rename(columns={rows: "row", columns: "column"})
    lost = values[values["value"].isna()]
    failed = frozenset() if cross.used else frozenset(zip(lost["row"], lost["column"], strict=True))
    values = values.fillna({"value": 0.0}) if cross.used else values
    units = dict.fromkeys(zip(values["row"], values["column"], strict=True), "percent")
    error = sample_error(lambda row: cross.tested_on)
    units |= dict.fromkeys(cross.printed, "percent")
    columns_of_sheet = values[["row", "column", "seed", "value"]]
    return Sheet(columns_of_sheet, dict(cross.printed), units, error, failed=failed)


def arrange(cross: Cross, scale: str, tables: Tables) -> tuple[Pivot, Missing]:
    """Return the table as people read it, and what is not run."""
    planned: dict[str, dict[str, Planned]] = {}
    for one, places in cross.plan(scale, 0).items():
        reason = NO_GPU if math.isinf(cross.seconds(one)) else UNFINISHED
        for (row, column), _ in places:
            of_row = planned.setdefault(row, {})
            seeds = of_row[column].seeds + 1 if column in of_row else 1
            of_row[column] = Planned(reason, seeds)
    return pivot(cross.names, tuple(cross.columns), planned, tables, sheet(cross, tables))


def draw(cross: Cross, scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracies: courses, or means against a number that columns vary, or a dot a seed by row."""
    kept: dict[str, Any] = {"title": SCALES["smoke"] if scale == "smoke" else "", "backend": backend}
    table, (rows, columns) = tables["table"], cross.names
    if cross.courses and "courses" in tables:
        return _draw_courses(cross, tables["courses"], kept)
    if cross.x:
        labels = {cross.x: AXES.get(cross.x, columns), "value": "accuracy (%)"}
        values = cross.values or {name: changes[cross.x] for name, changes in cross.columns.items()}
        shown = table.assign(**{cross.x: [values[c] for c in table[columns]]})
        shown = shown.assign(panel=[cross.panels.get(c, "") for c in table[columns]])
        shown = shown.groupby([rows, "panel", cross.x], sort=False, as_index=False)["value"].mean(
            skipna=False
        )
        shown = shown.sort_values(cross.x, kind="stable")
        kept |= {"panel": "panel"} if cross.panels else {}
        return plot.lines(shown, x=cross.x, y="value", hue=rows, labels=labels, log="x", **kept)
    shown = estimate_cells(cross.names, cross.panels, tables, sheet(cross, tables))
    labels = {"value": "accuracy (%)", rows: ""}
    kept |= {"panel": "panel"} if cross.panels else {}
    return plot.points(shown, x="value", y=rows, hue="column", low="low", high="high", labels=labels, **kept)


def _draw_courses(cross: Cross, courses: pd.DataFrame, kept: Mapping[str, Any]) -> Any:
    """Draw the mean accuracy over seeds from the first epoch on, over epochs and over processor time."""
    rows, columns = cross.names
    keys = pd.Series(list(zip(courses[rows], courses[columns], strict=True)), index=courses.index)
    drawn = keys.isin(cross.drawn) if cross.drawn else pd.Series(data=True, index=courses.index)
    courses = courses[drawn & (courses["epoch"] > 0)]
    several = courses[columns].nunique() > 1
    name = courses[rows] + ((", " + courses[columns]) if several else "")
    courses = courses.assign(network=name)
    means = courses.groupby(["network", "epoch"], sort=False, as_index=False).mean(numeric_only=True)
    both = pd.concat(
        [
            means.assign(x=means[axis], panel=panel)
            for axis, panel in (("epoch", "over epochs"), ("processor minutes", "over processor minutes"))
        ]
    )
    labels = {"x": "", "accuracy": "accuracy (%)"}
    return plot.lines(
        both, x="x", y="accuracy", hue="network", panel="panel", labels=labels, share=False, **kept
    )
