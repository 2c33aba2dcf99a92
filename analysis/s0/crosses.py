"""S0's main row again: accuracies of MNIST 784-1568-10 by two choices, to find what closes its gap to dense.

s0-row-grid     networks by learning rate, on held-out training images
s0-row-ladder   first links by regrowth, on 12,000 images
s0-row          networks, trained on the images as they are and on shifted ones
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from analysis.engine.drawing import SCALES
from analysis.engine.exhibit import Tables
from analysis.engine.sheet import Sheet, sample_error
from analysis.engine.statistics import tidy
from analysis.engine.table import SMOKE as ON_DIGITS
from analysis.engine.training import cell
from analysis.s0.answers import seconds
from analysis.s0.grids import VALIDATION
from analysis.s0.recipes import SMOKE, SMOKE_NETS, SWEEP_IMAGES, TUNED
from netsci import plot
from netsci.sweep import Cell, Record
from netsci.train.cells import read_epoch
from netsci.train.presets import PRESETS
from netsci.train.recipe import Recipe

Changes = Mapping[str, Any]
MNIST = PRESETS["mnist-2fc"].replace(**TUNED["sparse"])
UNITS = 800  # of the networks with receptive fields, which have as many links as 784 x 1568 at 99 %
ACTIVE = ("least_activity", 0.05)
_FEWER = {"options": (("hidden", (UNITS,)),), "sparsity": 1.0 - 12_293 / (784 * UNITS)}
_FIELDS = {"initial": "brf_grid", "initial_options": (("sigma", 2.0), ACTIVE), **_FEWER}
_DEEP = {"options": (("hidden", (1568, 1568, 1568)),)}
PLAIN, SHIFTED = "as they are", "shifted"
IMAGES: dict[str, Changes] = {PLAIN: {}, SHIFTED: {"augment": "shift", "max_shift": 1, "bias": True}}
NETWORKS: dict[str, Changes] = {
    "dense": {"dense": True},
    "CH-SNN": {},
    "CH-SNN, active inputs": {"initial_options": (ACTIVE,)},
    "fields, evolved": _FIELDS,
    "fields, static": {**_FIELDS, "evolve_every": 0},
    "CH-SNN, three layers": _DEEP,
}
STARTS: dict[str, Changes] = {
    "random": {"initial": "uniform"},
    "SSCTI": {},
    "SSCTI, active inputs": {"initial_options": (ACTIVE,)},
    f"random, {UNITS} units": {"initial": "uniform", **_FEWER},
    f"fields, {UNITS} units": _FIELDS,
}
RULES: dict[str, Changes] = {
    "static": {"evolve_every": 0},
    "random regrowth": {"regrowth": "random"},
    "CH3-L3": {},
    "gradient regrowth": {"regrowth": "gradient"},
}
RATES = (1e-3, 2e-3, 5e-3, 1e-2)
TRIED = [network for network in NETWORKS if network != "fields, static"]  # takes the rate of the evolved one


@dataclass(frozen=True)
class Cross:
    """A table of accuracies: rows by columns, each with what it changes in a recipe.

    names : what rows and columns vary. base : the recipe that they change. chosen : further changes of a
    cell, by (row, column). seeds : their number. tested_on : images that an accuracy is of. x : the field of
    the recipe that columns vary, where it is a number.
    """

    names: tuple[str, str]
    rows: Mapping[str, Changes]
    columns: Mapping[str, Changes]
    base: Recipe
    chosen: Mapping[tuple[str, str], Changes] = field(default_factory=dict)
    seeds: int = 1
    tested_on: int = 10_000
    x: str = ""

    def recipes(self, scale: str, seed: int) -> dict[tuple[str, str], Recipe]:
        """Return the recipe of each cell."""
        found = {}
        for row, column in ((r, c) for r in self.rows for c in self.columns):
            changes = {**self.rows[row], **self.columns[column], **self.chosen.get((row, column), {})}
            recipe = self.base
            if scale == "smoke":
                recipe, changes = _shrink(recipe, changes)
            dense = changes.pop("dense", False)
            if dense:
                changes = {name: value for name, value in changes.items() if name not in _OF_LINKS}
            found[row, column] = recipe.replace(dense=dense, seed=seed, **changes)
        return found

    def cells(self, scale: str, first_seed: int) -> tuple[Cell, ...]:
        """Return the cells of all seeds, a cell that stands twice in the table once."""
        seeds = range(first_seed, first_seed + (1 if scale == "smoke" else self.seeds))
        found = (cell(recipe) for seed in seeds for recipe in self.recipes(scale, seed).values())
        return tuple(dict.fromkeys(found))

    def describe(self, scale: str, first_seed: int) -> dict[str, Any]:
        """Return its exhibit, but for what the literal says."""
        smoke = {"deviations": ON_DIGITS}
        long = {"needs": "NETSCI_DATA", "seconds": seconds}
        return {
            "cells": self.cells(scale, first_seed),
            "tabulate": partial(tabulate, self, scale),
            "draw": partial(draw, self, scale),
            "sheet": partial(sheet, self),
            "version": 1,
            "scale": scale,
            **(smoke if scale == "smoke" else long),
        }


_OF_LINKS = ("initial", "initial_options", "sparsity", "evolve_every", "regrowth")


def _shrink(recipe: Recipe, changes: Changes) -> tuple[Recipe, dict[str, Any]]:
    """Return recipe and changes of a row at the smoke scale: digits, 64 hidden units."""
    small = {**SMOKE, **SMOKE_NETS["2fc"], **({"validation": 100} if recipe.task.validation else {})}
    return recipe.replace(**small), {k: v for k, v in changes.items() if k not in ("options", "sparsity")}


def tabulate(cross: Cross, scale: str, records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the accuracy after the last epoch, and what processor time the run took."""
    rows = []
    for seed in sorted({c["seed"] for c in records}):
        for (row, column), recipe in cross.recipes(scale, seed).items():
            record = records.get(cell(recipe))
            if record is None:  # a long run that is not finished
                continue
            line = {cross.names[0]: row, cross.names[1]: column, "seed": seed}
            rows += tidy(line, {"accuracy": (100.0 * read_epoch(record, "accuracy"), "percent")})
    return {"table": pd.DataFrame(rows)}


def sheet(cross: Cross, tables: Tables) -> Sheet:
    """Return rows and columns as the table has them."""
    rows, columns = cross.names
    values = tables["table"].rename(columns={rows: "row", columns: "column"})
    units = dict.fromkeys(zip(values["row"], values["column"], strict=True), "percent")
    error = sample_error(lambda row: cross.tested_on)
    return Sheet(values[["row", "column", "seed", "value"]], units=units, error=error)


def draw(cross: Cross, scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracies: against the rate, or a dot a seed, rows downwards."""
    table = tables["table"]
    title = SCALES["smoke"] if scale == "smoke" else ""
    rows, columns = cross.names
    if cross.x:
        labels = {cross.x: "learning rate", "value": "validation accuracy (%)"}
        shown = table.assign(**{cross.x: [cross.columns[c][cross.x] for c in table[columns]]})
        kept: dict[str, Any] = {"labels": labels, "title": title, "log": "x", "backend": backend}
        return plot.lines(shown, x=cross.x, y="value", hue=rows, **kept)
    labels = {"value": "accuracy (%)"}
    return plot.points(table, x="value", y=rows, hue=columns, labels=labels, title=title, backend=backend)


# The best of s0-row-grid; the static network takes the rate of the evolved one.
CHOSEN = {
    "dense": 2e-3,
    "CH-SNN": 5e-3,
    "CH-SNN, active inputs": 1e-2,
    "fields, evolved": 5e-3,
    "fields, static": 5e-3,
    "CH-SNN, three layers": 5e-3,
}
EPOCHS = 30
_TUNING = MNIST.replace(epochs=10, validation=VALIDATION)
CROSSES = {
    "s0-row-grid": Cross(
        ("network", "rate"),
        {
            f"{network}, {images}": {**NETWORKS[network], **changes}
            for images, changes in IMAGES.items()
            for network in TRIED
        },
        {f"{rate:g}": {"lr": rate} for rate in RATES},
        _TUNING,
        tested_on=VALIDATION,
        x="lr",
    ),
    "s0-row": Cross(
        ("network", "images"),
        {network: {**changes, "lr": CHOSEN[network]} for network, changes in NETWORKS.items()},
        IMAGES,
        MNIST.replace(epochs=EPOCHS),
        seeds=3,
    ),
    "s0-row-ladder": Cross(
        ("first links", "regrowth"), STARTS, RULES, MNIST.replace(epochs=10, limit=SWEEP_IMAGES), seeds=3
    ),
}
