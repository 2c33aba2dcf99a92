"""The task of the digits exhibits: an MLP, dense, randomly sparse or evolving, trained by `netsci.train`."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from analysis.engine.digits_runs import PROJECTIONS
from netsci.graph import LayeredGraph, live_units
from netsci.measure import sparsity_index
from netsci.sparse import SparseLinear
from netsci.sweep import Record
from netsci.train import Moment, Recipe
from netsci.train import train as train_recipe

MODELS: dict[str, dict[str, Any]] = {"dense": {"dense": True}, "static": {"evolve_every": 0}, "chts": {}}


def train(*, model: str, seed: int, widths: tuple[int, ...], **values: Any) -> Record:
    """Train one model by a recipe (its values by name) and record every epoch.

    The output layer stays dense; it only loses the links of units that percolate away. "static" and "chts"
    start from the same uniform topology.
    """
    if model not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}; got {model!r}")
    torch.set_num_threads(1)
    options = (("bias", True), ("hidden", widths[1:-1]))
    recipe = Recipe.of({"options": options, "seed": seed, **values}).replace(**MODELS[model])
    log = Log(sparse=model != "dense")
    run = train_recipe(recipe, observe=log.add)
    return log.record(weights_of(run.model), run.inputs.source)


def weights_of(network: Any) -> list[NDArray[np.float32]]:
    """Return the weights of an MLP's layers, [presynaptic, postsynaptic], 0 where there is no link."""
    return [layer.weight.detach().numpy().T for layer in network.layers]


class Log:
    """What is kept of every epoch, 0 being the network before training.

    Sets of links are kept as flat row-major cells, epoch after epoch, with the end of each: `links` after the
    epoch and, where the topology evolved, what the step `removed`, `percolated` and `regrown`.
    """

    def __init__(self, *, sparse: bool) -> None:
        self.rows: dict[str, list[NDArray[np.float64]]] = {}
        self.cells: dict[str, list[NDArray[np.int32]]] = {}
        self.sparse = sparse

    def add(self, moment: Moment) -> None:
        """Add an epoch: what was measured, what the network is now, what evolution did."""
        network: Any = moment.model
        weights, step = weights_of(network), moment.evolution
        masks = [
            layer.links.toarray() if isinstance(layer, SparseLinear) else np.ones(weight.shape, bool)
            for layer, weight in zip(network.layers, weights, strict=True)
        ]
        live = live_units(LayeredGraph.from_masks(masks)).values()
        measured = {row["measure"]: row["value"] for row in moment.rows if row["layer"] == "all"}
        values: dict[str, ArrayLike] = {
            "accuracy": measured["accuracy"],
            "loss": measured.get("loss", np.nan),
            "overlap": np.full(len(masks), np.nan) if step is None else step.overlap,
            "links": [mask.sum() for mask in masks],
            "inactive": [(~units).sum() for units in live],
            "sparsity_index": [sparsity_index(weight) for weight in weights],
        }
        for name, value in values.items():
            self.rows.setdefault(name, []).append(np.asarray(value, dtype=np.float64))
        for layer in range(len(PROJECTIONS) if self.sparse else 0):
            self._keep(f"links_{layer}", masks[layer])
            for name in ("removed", "percolated", "regrown"):
                moved = np.zeros(0) if step is None else getattr(step, name)[layer].toarray()
                self._keep(f"{name}_{layer}", moved)

    def _keep(self, name: str, mask: ArrayLike) -> None:
        self.cells.setdefault(name, []).append(np.flatnonzero(mask).astype(np.int32))

    def record(self, weights: list[NDArray[np.float32]], source: str) -> Record:
        """Return the record: the rows by epoch, the sets of links, the last weights."""
        arrays: dict[str, NDArray[Any]] = {name: np.array(rows) for name, rows in self.rows.items()}
        for name, epochs in self.cells.items():
            arrays[name] = np.concatenate(epochs)
            arrays[f"{name}_ends"] = np.cumsum([len(cells) for cells in epochs])
        arrays |= {f"weights_{layer}": weight for layer, weight in enumerate(weights)}
        return Record(arrays, {"source": source})
