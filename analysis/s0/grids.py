"""The grids behind S0's exhibits: dense and sparse networks tuned alike, on held-out training images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from analysis.engine.claims import Claim, Order
from analysis.engine.drawing import SCALES
from analysis.engine.exhibit import Tables
from analysis.engine.sheet import Sheet, sample_error
from analysis.engine.statistics import tidy
from analysis.engine.table import SMOKE as ON_DIGITS
from analysis.engine.training import cell
from analysis.s0.costs import seconds
from analysis.s0.recipes import GRID, SMOKE, SMOKE_NETS, STP_EPOCHS, STP_LR, STP_SWEEP_LR, SWEEP_IMAGES, TUNED
from netsci import plot
from netsci.sweep import Cell, Record
from netsci.train.cells import read_epoch
from netsci.train.presets import PRESETS

VALIDATION = 10_000
NETWORKS = {"dense": "dense", "CH-SNN": "sparse"}  # as shown, and as the recipes call it
Choices = Mapping[str, Any]


@dataclass(frozen=True)
class Grid:
    """A grid: the preset that it varies, its choices, and those that the exhibits use, by network.

    A network that is not in `used` is compared only. used_by : the exhibits that use them.
    """

    preset: str
    changes: Choices
    choices: tuple[Choices, ...]
    used: Mapping[str, Choices]
    smoke: str
    used_by: str

    @property
    def names(self) -> list[str]:
        """What is chosen."""
        return list(self.choices[0])

    def column(self, chosen: Choices) -> str:
        """Return choices in words.

        >>> GRIDS["s0-stp-grid"].column({"lr": 0.01})
        'learning rate 0.01'
        """
        others = [str(chosen[name]).replace("_", " ") for name in self.names[1:]]
        return ", ".join([f"learning rate {chosen['lr']:g}", *others])

    def claims(self) -> tuple[Claim, ...]:
        """Return that what the exhibits use is the best of the grid."""
        found = []
        for network, key in NETWORKS.items():
            if key in self.used:
                best = (network, self.column(self.used[key]))
                cells = [(network, self.column(choice)) for choice in self.choices]
                words = f"The choice for {network} in {self.used_by} is the best of the grid"
                pairs = tuple((best, other) for other in cells if other != best)
                place, main = "our choice, not S0's", key == "sparse"
                found.append(Order(words=words, place=place, main=main, pairs=pairs))
        return tuple(found)

    def cells(self, scale: str, seed: int = 0) -> tuple[Cell, ...]:
        """Return the cells, dense ones first."""
        base = PRESETS[self.preset].replace(**self.changes, validation=VALIDATION, seed=seed)
        choices = self.choices
        if scale == "smoke":
            base = base.replace(**SMOKE, **SMOKE_NETS[self.smoke]).replace(validation=100)
            choices = choices[:2]
        recipes = [base.replace(**choice) for choice in choices]
        return tuple(cell(recipe.replace(dense=dense)) for dense in (True, False) for recipe in recipes)

    def describe(self, scale: str, seed: int) -> dict[str, Any]:
        """Return its exhibit, but for what the literal says; the tables take its best cells."""
        smoke = {"deviations": ON_DIGITS}
        long = {"needs": "NETSCI_DATA", "seconds": seconds}
        return {
            "cells": self.cells(scale, seed),
            "tabulate": partial(tabulate, self),
            "draw": partial(draw, self, scale),
            "sheet": partial(sheet, self),
            "claims": self.claims(),
            "version": 2,
            "scale": scale,
            **(smoke if scale == "smoke" else long),
        }


GRIDS = {
    "s0-grid": Grid("mnist-2fc", {"epochs": 10}, GRID, TUNED, "2fc", "Table 1"),
    "s0-stp-grid": Grid(
        "mnist-stp-3fc",
        {"epochs": STP_EPOCHS, "limit": SWEEP_IMAGES},
        tuple({"lr": lr} for lr in (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 2e-2)),
        {"sparse": {"lr": STP_SWEEP_LR}},
        "3fc",
        "Tables 3, 4 and 6 to 8",
    ),
    "s0-stp-grid-full": Grid(
        "mnist-stp-3fc",
        {"epochs": STP_EPOCHS},
        tuple({"lr": lr} for lr in (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
        {network: {"lr": lr} for network, lr in STP_LR.items()},
        "3fc",
        "Tables 2, 10 and 14",
    ),
}


def tabulate(grid: Grid, records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the validation accuracy of every cell."""
    rows = []
    for c, record in records.items():
        line = {"network": "dense" if c["dense"] else "CH-SNN", **{name: c[name] for name in grid.names}}
        accuracy = 100.0 * read_epoch(record, "accuracy")
        rows += tidy(line | {"seed": c["seed"]}, {"validation accuracy": (accuracy, "percent")})
    return {"table": pd.DataFrame(rows)}


def sheet(grid: Grid, tables: Tables) -> Sheet:
    """Return networks as rows and choices as columns."""
    table = tables["table"]
    columns = [grid.column(dict(line)) for _, line in table[grid.names].iterrows()]
    values = table.assign(row=table["network"], column=columns)[["row", "column", "seed", "value"]]
    units = dict.fromkeys(zip(values["row"], values["column"], strict=True), "percent")
    return Sheet(values, units=units, error=sample_error(lambda row: VALIDATION))


def draw(grid: Grid, scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracy against the learning rate; a panel for each network where more than it is chosen."""
    table = tables["table"]
    several = "loss" in grid.names
    if several:
        table = table.assign(choice=(table["loss"] + ", " + table["weights"]).str.replace("_", " "))
    of: dict[str, Any] = {"hue": "choice", "panel": "network"} if several else {"hue": "network"}
    labels = {"lr": "learning rate", "value": "validation accuracy (%)"}
    of |= {"title": SCALES["smoke"] if scale == "smoke" else "", "log": "x", "backend": backend}
    return plot.lines(table, x="lr", y="value", labels=labels, **of)
