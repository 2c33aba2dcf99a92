"""The grids behind S0's exhibits: dense and sparse networks tuned alike, on held-out training images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import pandas as pd

from analysis.engine.cells import Cell, Record
from analysis.engine.claims import Claim, Order
from analysis.engine.exhibit import Exhibit, Tables
from analysis.engine.sheet import Sheet, sampled
from analysis.engine.table import SMOKE as ON_DIGITS
from analysis.engine.training import at_epoch, cell
from analysis.s0.answers import seconds
from analysis.s0.drawing import SCALES
from analysis.s0.recipes import GRID, SMOKE, SMOKE_NETS, STP_EPOCHS, STP_LR, STP_SWEEP_LR, SWEEP_IMAGES, TUNED
from netsci import plot
from netsci.train.presets import PRESETS

VALIDATION = 10_000
EPOCHS = 10
NETWORKS = {"dense": "dense", "CH-SNN": "sparse"}  # as shown, and as the recipes call it
ACCURACY = "validation accuracy"
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

    @property
    def claims(self) -> tuple[Claim, ...]:
        """That what the exhibits use is the best of the grid."""
        return tuple(
            Order(
                words=f"What {self.used_by} takes for {network} is the best of the grid",
                place="our choice, not S0's",
                main=key == "sparse",
                pairs=tuple(
                    ((network, self.column(self.used[key])), (network, self.column(other)))
                    for other in self.choices
                    if other != self.used[key]
                ),
            )
            for network, key in NETWORKS.items()
            if key in self.used
        )

    def column(self, chosen: Choices) -> str:
        """Return choices in words.

        >>> STP.column({"lr": 0.01})
        'learning rate 0.01'
        """
        others = [str(chosen[name]).replace("_", " ") for name in self.names[1:]]
        return ", ".join([f"learning rate {chosen['lr']:g}", *others])

    def cells(self, scale: str, seed: int = 0) -> tuple[Cell, ...]:
        """Return the cells, dense ones first."""
        base = PRESETS[self.preset].replace(**self.changes, validation=VALIDATION, seed=seed)
        choices = self.choices
        if scale == "smoke":
            base = base.replace(**SMOKE, **SMOKE_NETS[self.smoke]).replace(validation=100)
            choices = choices[:2]
        pairs = product((True, False), choices)
        return tuple(cell(base.replace(**choice).replace(dense=dense)) for dense, choice in pairs)


_STP = (
    "Accuracy of S-TP's network on 10,000 training images that were held out, after 5 epochs on {} others, one "
    "seed; sparse ones lack 95 % of the links. The test set is not used."
)
GRIDS = (
    BACK_PROPAGATED := Grid(
        "s0-grid",
        "S0 Table 1: choice of learning rate, loss with its read-out, and first weights",
        "Accuracy of MNIST 784-1568-10 on 10,000 training images that were held out, after 10 epochs on the other "
        "50,000, one seed; sparse ones lack 99 % of the links. The membrane's decay, the optimiser and other "
        "networks were not tuned. The test set is not used.",
        "mnist-2fc",
        {"epochs": EPOCHS},
        GRID,
        TUNED,
        "Table 1",
        "2fc",
    ),
    STP := Grid(
        "s0-stp-grid",
        "S0 Tables 3, 4 and 6 to 8: choice of the learning rate of S-TP on 12,000 images",
        _STP.format("12,000"),
        "mnist-stp-3fc",
        {"epochs": STP_EPOCHS, "limit": SWEEP_IMAGES},
        tuple({"lr": lr} for lr in (1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 2e-2)),
        {"sparse": {"lr": STP_SWEEP_LR}},
        "the sweep",
        "3fc",
    ),
    Grid(
        "s0-stp-grid-full",
        "S0 Tables 2, 10 and 14: choice of the learning rate of S-TP on 50,000 images",
        _STP.format("50,000"),
        "mnist-stp-3fc",
        {"epochs": STP_EPOCHS},
        tuple({"lr": lr} for lr in (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
        {network: {"lr": lr} for network, lr in STP_LR.items()},
        "Tables 2, 10 and 14",
        "3fc",
    ),
)


def exhibit(grid: Grid, scale: str, seed: int) -> Exhibit:
    """Return the exhibit of a grid; the tables take its best cells."""
    smoke = scale == "smoke"
    return Exhibit(
        id=grid.id,
        title=grid.title + (" (smoke scale, digits)" if smoke else ""),
        paper="S0",
        place="our choice",
        caption=grid.caption,
        cells=grid.cells(scale, seed),
        tabulate=partial(tabulate, grid),
        draw=partial(draw, grid, scale),
        sheet=partial(sheet, grid),
        claims=grid.claims,
        deviations=ON_DIGITS if smoke else (),
        needs=None if smoke else "NETSCI_DATA",
        version=2,
        seconds=None if smoke else seconds,
        scale=scale,
    )


def tabulate(grid: Grid, records: Mapping[Cell, Record]) -> Tables:
    """Tabulate the validation accuracy of every cell."""
    rows = [
        {
            "network": "dense" if c["dense"] else "CH-SNN",
            **{name: c[name] for name in grid.names},
            "seed": c["seed"],
            "measure": ACCURACY,
            "value": 100.0 * at_epoch(record, "accuracy"),
            "unit": "percent",
        }
        for c, record in records.items()
    ]
    return {"table": pd.DataFrame(rows)}


def sheet(grid: Grid, tables: Tables) -> Sheet:
    """Return networks as rows and choices as columns."""
    table = tables["table"]
    columns = [grid.column(dict(line)) for _, line in table[list(grid.names)].iterrows()]
    values = table.assign(row=table["network"], column=columns)[["row", "column", "seed", "value"]]
    units = dict.fromkeys(zip(values["row"], values["column"], strict=True), "percent")
    return Sheet(values, units=units, error=sampled(lambda row: VALIDATION))


def draw(grid: Grid, scale: str, tables: Tables, backend: str) -> Any:
    """Draw accuracy against the learning rate; a panel for each network where more than it is chosen."""
    table = tables["table"]
    others = [name for name in ("loss", "weights") if name in grid.names]
    if others:
        words = table[others].apply(lambda row: ", ".join(row).replace("_", " "), axis=1)
        table = table.assign(choice=words)
    return plot.lines(
        table,
        x="lr",
        y="value",
        hue="choice" if others else "network",
        panel="network" if others else None,
        labels={"lr": "learning rate", "value": "validation accuracy (%)"},
        title=SCALES["smoke"] if scale == "smoke" else "",
        log="x",
        backend=backend,
    )
