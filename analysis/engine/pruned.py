"""Networks that are pruned after training, as cells: of which run, by which method, and what comes after.

    run of a dense network -> network that it left (`engine.networks`) -> pruned -> [trained on] -> record

What runs such a cell is `analysis.engine.pruned_run`, which needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.engine.names import RUN_NAMES
from netsci.sweep import Cell, Task

TASK = Task("s1-pruned", "analysis.engine.pruned_run:run", RUN_NAMES)
VERSION = 1  # of the numbers that TASK makes
LAST = -1  # the network after the last epoch of its run
CHANNELS, MASK = "channels", "mask"


@dataclass(frozen=True)
class Pruning:
    """How a trained network is pruned.

    method : a name in `netsci.prune.METHODS`, or "depgraph". sparsity : share of links that go, or pairs of a
    kind of layer and its share. form : of DepGraph, "mask" (the full shapes) or "channels" (the smaller
    network, which is tested and not trained on). after : epoch of the dense run whose network is pruned, -1
    for the last. epochs : for which it is then trained, its links frozen. rate : of this training, as a share
    of that of the dense run. dropout : of this training, None for that of the dense run.
    """

    method: str
    sparsity: float | tuple[tuple[str, float], ...]
    form: str = MASK
    after: int = LAST
    epochs: int = 0
    rate: float = 0.1
    dropout: float | None = None

    def __post_init__(self) -> None:
        if self.form == CHANNELS and self.epochs:
            raise ValueError(
                f"epochs must be 0 with form='channels', which no recipe can build; got {self.epochs}: take "
                "form='mask', which computes the same and is trained on"
            )
        if self.dropout is not None and not self.epochs:
            raise ValueError(f"dropout must be None without epochs of training; got {self.dropout}")


def pruned_cell(dense: Cell, pruning: Pruning) -> Cell:
    """Return the cell that prunes a network which the run of another cell leaves.

    dense : that cell, made with `networks`. Its name is part of the new name, and so is all that decides the
    network.

    Raises ValueError for a cell that leaves no networks, or none after that epoch.
    """
    every = dict(dense.aside).get("networks")
    if every is None:
        raise ValueError(f"{dense.name} leaves no networks: give its recipe's cell the argument networks")
    if pruning.after != LAST and (not every or pruning.after % every):
        raise ValueError(
            f"after must be {LAST} or a multiple of {every or 'no number'}, after which {dense.name} leaves "
            f"a network; got {pruning.after}"
        )
    chosen = dict(pruning.sparsity) if isinstance(pruning.sparsity, tuple) else pruning.sparsity
    how: dict[str, Any] = {
        name: getattr(pruning, name) for name in ("method", "form", "after", "rate", "dropout")
    }
    if not pruning.epochs:
        how["rate"] = 0.0  # nothing is trained
    return Cell.of(
        TASK,
        version=VERSION,
        data=dense.data,
        kept=dense.kept,
        aside={"dense": dense, "networks": 0},
        dataset=dense["dataset"],
        seed=dense["seed"],
        origin=dense.name,
        sparsity=chosen,
        epochs=pruning.epochs,
        **how,
    )


def dense_values(cell: Cell) -> Mapping[str, Any]:
    """Return the parameters of the run whose network a cell prunes, or its own if it prunes none."""
    dense = dict(cell.aside).get("dense")
    return dict(cell.parameters if dense is None else dense.parameters)
