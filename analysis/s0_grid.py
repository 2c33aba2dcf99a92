"""The grids behind S0's exhibits: dense and sparse networks tuned alike, on held-out training images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import pandas as pd

from analysis.engine.cells import Cell, Record
from analysis.runs import Exhibit, Tables
from analysis.s0_cost import seconds
from analysis.s0_entries import at_epoch
from analysis.s0_figures import SCALE_NOTES
from analysis.s0_plan import (
    GRID,
    SMOKE,
    SMOKE_NETS,
    STP_EPOCHS,
    STP_LR,
    STP_SWEEP_LR,
    SWEEP_IMAGES,
    TUNED,
    cell,
)
from analysis.s0_style import settled
from netsci import plot
from netsci.train.presets import PRESETS

VALIDATION = 10_000
EPOCHS = 10
NETWORKS = {"dense": "dense", "CH-SNN": "sparse"}  # as shown, and as the plan calls it
Choices = Mapping[str, Any]


@dataclass(frozen=True)
class Grid:
    """A grid: the preset that it varies, its choices, and those that the exhibits use, by network.

    A network that is not in `used` is compared only.
    """

    id: str
    title: str
    caption: str
    preset: str
    changes: Choices
    choices: tuple[Choices, ...]
    used: Mapping[str, Choices]
    used_by: str
    smoke: str

    @property
    def names(self) -> tuple[str, ...]:
        """What is chosen."""
        return tuple(self.choices[0])


BACK_PROPAGATED = Grid(
    "s0-grid",
    "S0 Table 1: choice of learning rate, loss with its read-out, and first weights",
    "MNIST 784-1568-10, T = 8, direct encoding, cosine course of the learning rate, Adam, batch 100; dense "
    "and sparse (99 %, CH-SNN) on the same grid of learning rate, loss with its read-out, and first weights: "
    "accuracy on 10,000 training images that were held out, after 10 epochs on the other 50,000, one seed. "
    "The membrane's decay, the optimiser and the other networks were not tuned. The test set is not used.",
    "mnist-2fc",
    {"epochs": EPOCHS},
    GRID,
    TUNED,
    "Table 1",
    "2fc",
)
STP = Grid(
    "s0-stp-grid",
    "S0 Tables 3, 4 and 6 to 8: choice of the learning rate of S-TP on 12,000 images",
    "MNIST 784-1568-1568-10, T = 50, rate coding, S-TP, Adam, batch 100; dense and sparse (95 %, CH-SNN): "
    "accuracy on 10,000 training images that were held out, after 5 epochs on 12,000 others, one seed. The "
    "test set is not used.",
    "mnist-stp-3fc",
    {"epochs": STP_EPOCHS, "limit": SWEEP_IMAGES},
    tuple({"lr": lr} for lr in (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 2e-2)),
    {"sparse": {"lr": STP_SWEEP_LR}},
    "the sweep of Tables 3, 4 and 6 to 8",
    "3fc",
)
STP_FULL = Grid(
    "s0-stp-grid-full",
    "S0 Tables 2, 10 and 14: choice of the learning rate of S-TP on 50,000 images",
    "MNIST 784-1568-1568-10, T = 50, rate coding, S-TP, Adam, batch 100; dense and sparse (95 %, CH-SNN): "
    "accuracy on 10,000 training images that were held out, after 5 epochs on the other 50,000, one seed. "
    "The test set is not used.",
    "mnist-stp-3fc",
    {"epochs": STP_EPOCHS},
    tuple({"lr": lr} for lr in (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
    {network: {"lr": lr} for network, lr in STP_LR.items()},
    "Tables 2, 10 and 14",
    "3fc",
)
GRIDS = (BACK_PROPAGATED, STP, STP_FULL)


def grid_exhibits(scale: str, seed: int) -> list[Exhibit]:
    """Return the exhibits of the grids; the tables take their best cells."""
    return [_exhibit(grid, scale, seed) for grid in GRIDS]


def _exhibit(grid: Grid, scale: str, seed: int) -> Exhibit:
    smoke = scale == "smoke"
    return Exhibit(
        grid.id,
        f"{grid.title} (smoke scale, digits)" if smoke else grid.title,
        f"Smoke scale, narrow networks on digits. In full: {grid.caption}" if smoke else grid.caption,
        _cells(grid, scale, seed),
        tabulate=partial(tabulate, grid),
        draw=partial(draw, grid, scale),
        verdict=partial(verdict, grid, scale),
        needs=None if smoke else "NETSCI_DATA",
        version=2,
        seconds=None if smoke else seconds,
    )


def grid_cells(scale: str, seed: int = 0) -> tuple[Cell, ...]:
    """Return the cells of the grid of Table 1, dense ones first."""
    return _cells(BACK_PROPAGATED, scale, seed)


def stp_grid_cells(scale: str, seed: int = 0) -> tuple[Cell, ...]:
    """Return the cells of S-TP's learning rates, dense ones first."""
    return _cells(STP, scale, seed)


def _cells(grid: Grid, scale: str, seed: int) -> tuple[Cell, ...]:
    base = PRESETS[grid.preset].replace(**grid.changes, validation=VALIDATION, seed=seed)
    choices = grid.choices
    if scale == "smoke":
        base = base.replace(**SMOKE, **SMOKE_NETS[grid.smoke]).replace(validation=100)
        choices = choices[:2]
    return tuple(
        cell(base.replace(**choice).replace(dense=dense)) for dense, choice in product((True, False), choices)
    )


def tabulate(grid: Grid, records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the validation accuracy of every cell."""
    rows = [
        {
            "network": "dense" if c["dense"] else "CH-SNN",
            **{name: c[name] for name in grid.names},
            "seed": c["seed"],
            "measure": "validation accuracy",
            "value": 100.0 * at_epoch(record, "accuracy"),
            "unit": "percent",
        }
        for c, record in records.items()
    ]
    return {"table": pd.DataFrame(rows)}


def best(grid: Grid, table: pd.DataFrame, network: str) -> dict[str, Any]:
    """Return the choices of the best cell of a network; of equals the first."""
    rows = table[table["network"] == network]
    row = rows.loc[rows["value"].idxmax()]
    return {name: row[name] for name in grid.names}


def draw(grid: Grid, scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracy against the learning rate; a panel for each network where more than it is chosen."""
    table = tables["table"]
    others = [name for name in ("loss", "weights") if name in grid.names]
    if others:
        words = table[others].apply(lambda row: ", ".join(row).replace("_", " "), axis=1)
        table = table.assign(choice=words)
    figure = plot.lines(
        table,
        x="lr",
        y="value",
        hue="choice" if others else "network",
        panel="network" if others else None,
        labels={"lr": "learning rate", "value": "validation accuracy (%)"},
        title=SCALE_NOTES["smoke"] if scale == "smoke" else "",
        log="x",
        backend=backend,
    )
    return settled(figure, backend)


def verdict(grid: Grid, scale: str, tables: Tables) -> str:
    """Say which cells are best, and whether the exhibits use them."""
    words = []
    for network, key in NETWORKS.items():
        found = best(grid, tables["table"], network)
        rows = tables["table"][tables["table"]["network"] == network]
        lowest, top = rows["value"].min(), rows["value"].max()
        used = grid.used.get(key)
        compared = f"taken for {grid.used_by}"
        if used is None:
            compared = "which no table takes: it is here to be compared"
        elif found != dict(used):
            compared += f": {_words(used)}"
        if found["lr"] in (rows["lr"].min(), rows["lr"].max()):
            compared = f"at the edge of the grid; {compared}"
        if scale == "smoke":
            compared = "smoke scale, on digits: nothing is chosen here"
        words.append(f"{network}: {_words(found)}, {top:.2f} % (worst {lowest:.2f} %), {compared}")
    return f"Best on held-out images: {'; '.join(words)}."


def _words(found: Choices) -> str:
    """Return choices in words."""
    words = [f"learning rate {found['lr']:g}"]
    if "loss" in found:
        words.append(f"{found['loss'].replace('_', ' ')} of the {found['readout']}")
    if "weights" in found:
        words.append(f"weights {found['weights'].replace('_', ' ')}")
    return ", ".join(words)
